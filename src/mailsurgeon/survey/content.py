"""Reads one message file: plain, compressed or encrypted, in pieces, with bounds."""

from __future__ import annotations

import bz2
import hashlib
import lzma
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from mailsurgeon.diagnosis.facts import ENCRYPTED, PLAIN, UNDECODABLE
from mailsurgeon.maildir.message import Content, analyse, body_start

PIECE = 1024 * 1024
PLAIN_LIMIT = 512 * 1024 * 1024
"""Bytes a compressed message may unfold to; beyond that it counts as not to be decompressed."""

_ZSTD_PORTION = 256
_LZ4_MAGIC = b"Dovecot-LZ4\x0d\x2a\x9b\xc5"
_LZ4_LARGEST = 16 * 1024 * 1024
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"Dovecot-LZ4", "lz4"),
    (b"CRYPTED", ENCRYPTED),
)


class Undecodable(Exception):
    """The compressed text is damaged, too large, or of a kind this program cannot read."""


class _Decompressor(Protocol):
    def decompress(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The unpacked text in pieces. Raises Undecodable, also when it grows beyond PLAIN_LIMIT."""
    total = 0
    try:
        for text in _UNPACKERS[encoding](pieces):
            total += len(text)
            if total > PLAIN_LIMIT:
                raise Undecodable("unpacks to too much")
            yield text
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise Undecodable(str(error)) from error


def _unpack(unpacker: _Decompressor, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What pieces unpack to, itself in pieces of at most PIECE bytes."""
    for piece in pieces:
        more = True
        while more and not unpacker.eof:
            text = unpacker.decompress(piece, PIECE)
            if text:
                yield text
            # zlib hands back what it has not read yet; bz2 and lzma keep it.
            piece = getattr(unpacker, "unconsumed_tail", b"")
            more = bool(piece) or len(text) == PIECE or not getattr(unpacker, "needs_input", True)
        if unpacker.eof:
            return
    raise Undecodable("ends in the middle")


def _unpack_gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    return _unpack(zlib.decompressobj(wbits=31), pieces)  # type: ignore[arg-type]  # same shape


def _unpack_bzip2(pieces: Iterable[bytes]) -> Iterator[bytes]:
    return _unpack(bz2.BZ2Decompressor(), pieces)


def _unpack_xz(pieces: Iterable[bytes]) -> Iterator[bytes]:
    return _unpack(lzma.LZMADecompressor(memlimit=256 * 1024 * 1024), pieces)


def _unpack_zstd(pieces: Iterable[bytes]) -> Iterator[bytes]:
    import zstandard

    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    for piece in pieces:
        # One call unpacks all it is given: by small portions no bomb grows large in one go.
        for start in range(0, len(piece), _ZSTD_PORTION):
            try:
                text = unpacker.decompress(piece[start : start + _ZSTD_PORTION])
            except zstandard.ZstdError as error:
                raise Undecodable(str(error)) from error
            if text:
                yield text
            if unpacker.eof:
                return
    raise Undecodable("ends in the middle")


def _unpack_lz4(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Dovecot's own framing: magic, the largest chunk's size, then length and block in turn."""
    from lz4.block import LZ4BlockError
    from lz4.block import decompress as unpack_block

    source = _Source(pieces)
    source.exactly(len(_LZ4_MAGIC))
    largest = int.from_bytes(source.exactly(4), "big")
    if largest > _LZ4_LARGEST:
        raise Undecodable("chunks too large")
    while header := source.read(4):
        length = int.from_bytes(header, "big")
        if len(header) < 4 or length > 2 * _LZ4_LARGEST:
            raise Undecodable("ends in the middle")
        try:
            yield unpack_block(source.exactly(length), uncompressed_size=largest)
        except LZ4BlockError as error:
            raise Undecodable(str(error)) from error


class _Source:
    """Pieces as something to read from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        while len(self._rest) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest += piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes. Raises Undecodable when there are fewer."""
        found = self.read(size)
        if len(found) < size:
            raise Undecodable("ends in the middle")
        return found


_UNPACKERS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "gzip": _unpack_gzip,
    "bzip2": _unpack_bzip2,
    "xz": _unpack_xz,
    "zstd": _unpack_zstd,
    "lz4": _unpack_lz4,
}


def digests(descriptor: int, size: int) -> tuple[bytes, bytes | None]:
    """Of a file: the digest of all bytes, and that of its body (CRLF read as LF).

    The body is what follows the header block; its digest is None when it is blank, or when the
    file cannot be unpacked. Raises OSError.
    """
    whole = hashlib.blake2b(digest_size=16)
    packed = b""
    body = _BodyDigest()
    pieces = read_pieces(descriptor, size)
    first = next(pieces, b"")
    encoding = encoding_of(first)

    def hashed() -> Iterator[bytes]:
        for piece in _chain(first, pieces):
            whole.update(piece)
            yield piece

    if encoding == PLAIN:
        for piece in hashed():
            body.update(piece)
        return whole.digest(), body.digest()
    source = hashed()
    try:
        if encoding != ENCRYPTED:
            for piece in decompress(source, encoding):
                body.update(piece)
            packed = body.digest() or b""
    except Undecodable:
        packed = b""
    for _ in source:
        pass
    return whole.digest(), packed or None


class _BodyDigest:
    """Digest of what follows the header block, given the whole text in pieces."""

    def __init__(self) -> None:
        self._head = b""
        self._hash = hashlib.blake2b(digest_size=16)
        self._inside = False
        self._blank = True
        self._carry = b""

    def update(self, piece: bytes) -> None:
        if not self._inside:
            self._head += piece
            start = body_start(self._head)
            if start is None:
                return
            self._inside = True
            piece, self._head = self._head[start:], b""
        piece = self._carry + piece
        self._carry = b"\r" if piece.endswith(b"\r") else b""
        if self._carry:
            piece = piece[:-1]
        piece = piece.replace(b"\r\n", b"\n")
        self._blank = self._blank and not piece.strip()
        self._hash.update(piece)

    def digest(self) -> bytes | None:
        self._hash.update(self._carry)
        return None if self._blank else self._hash.digest()


def _chain(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
