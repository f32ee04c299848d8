"""Compressed mail as servers store it, made without any tool where the format is simple enough."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from collections.abc import Callable

_CHUNK = 64 * 1024


def zstd(data: bytes) -> bytes:
    """A zstd frame of raw blocks, its size in the header (RFC 8878, 3.1.1)."""
    out = struct.pack("<IBQ", 0xFD2FB528, 0b1110_0000, len(data))
    pieces = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)] or [b""]
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        out += (len(piece) << 3 | last).to_bytes(3, "little") + piece
    return out


def lz4(data: bytes) -> bytes:
    """Dovecot's own container: magic, largest chunk, then chunks of one LZ4 block each."""
    out = b"Dovecot-LZ4\x0d\x2a\x9b\xc5" + struct.pack(">I", _CHUNK)
    for start in range(0, len(data), _CHUNK):
        block = lz4_block(data[start : start + _CHUNK])
        out += struct.pack(">I", len(block)) + block
    return out


def lz4_block(data: bytes) -> bytes:
    """An LZ4 block: matches of four bytes and more, found by a table of the last place seen."""
    out = bytearray()
    seen: dict[bytes, int] = {}
    start = here = 0
    # The format wants the last 12 bytes without a match beginning there, the last 5 as literals.
    while here < len(data) - 12:
        key = data[here : here + 4]
        before = seen.get(key)
        seen[key] = here
        if before is None or here - before > 0xFFFF:
            here += 1
            continue
        length = 4
        while here + length < len(data) - 5 and data[before + length] == data[here + length]:
            length += 1
        out += _sequence(data[start:here], here - before, length)
        here += length
        start = here
    return bytes(out + _sequence(data[start:], None, 4))


def _sequence(literals: bytes, offset: int | None, length: int) -> bytes:
    first, second = len(literals), length - 4
    out = bytearray([min(first, 15) << 4 | min(second, 15)])
    out += _more(first) + literals
    if offset is not None:
        out += struct.pack("<H", offset) + _more(second)
    return bytes(out)


def _more(number: int) -> bytes:
    if number < 15:
        return b""
    full, rest = divmod(number - 15, 255)
    return b"\xff" * full + bytes([rest])


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
    "lz4": lz4,
}
