"""Decompresses mail in pieces: gzip, bzip2, xz, zstd, and Dovecot's framing of LZ4.

The memory used and the total output are bounded, because a hostile file may expand without end.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

PIECE = 1024 * 1024
PLAIN_LIMIT = 64 * 1024 * 1024
RATIO = 16
"""A compressed message may expand to PLAIN_LIMIT bytes and RATIO times its size; one that goes
beyond is not looked at. Text shrinks to a fourth, base64 to three fourths, a bomb to a thousandth.
"""

LZ4_MAGIC = b"Dovecot-LZ4\x0d\x2a\x9b\xc5"
_LZ4_LARGEST = 16 * 1024 * 1024
_ZSTD_PORTION = 256
_PORTION = 16 * 1024  # bytes given to an unpacker at once: it copies its unused input at each call


CUT = "ends in the middle"


class Undecodable(Exception):
    """The compressed text is cut or damaged: a server fails to read it too."""


class TooMuch(Exception):
    """The text expands to more, or needs more memory, than a message is worth."""


class NoLibrary(Exception):
    """A library that unpacks this kind is missing here."""


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


def decompress(pieces: Iterable[bytes], encoding: str, size: int = 0) -> Iterator[bytes]:
    """The decompressed text, in pieces, of a file that occupies `size` bytes.

    Raises Undecodable when it is cut or damaged, TooMuch when it expands too far, NoLibrary when it
    cannot be unpacked here.
    """
    left = PLAIN_LIMIT + RATIO * size
    try:
        for text in _gathered(_UNPACKERS[encoding](pieces)):
            left -= len(text)
            if left < 0:
                raise TooMuch(f"expands to more than {(PLAIN_LIMIT + RATIO * size):,} bytes")
            yield text
    except ImportError as error:
        raise NoLibrary(f"{encoding}: the Python library that unpacks it is missing") from error
    except lzma.LZMAError as error:
        if "limit" in str(error):
            raise TooMuch("unpacking it needs too much memory") from error
        raise Undecodable("damaged") from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise Undecodable("damaged") from error


def _gathered(texts: Iterable[bytes]) -> Iterator[bytes]:
    """The same text, with small pieces joined to pieces of about PIECE bytes."""
    held: list[bytes] = []
    size = 0
    for text in texts:
        if held and size + len(text) > PIECE:
            yield b"".join(held)
            held, size = [], 0
        held.append(text)
        size += len(text)
    if held:
        yield b"".join(held)


def _portions(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), size):
            yield piece[start : start + size]


def _unpack(
    start: Callable[[], _Decompressor],
    pieces: Iterable[bytes],
    follows: Callable[[bytes], bytes] = lambda rest: rest,
) -> Iterator[bytes]:
    """The decompressed text in pieces of at most PIECE bytes; several members may follow one
    another. `follows` takes what comes after a member, and returns what another is made from."""
    unpacker: _Decompressor | None = None
    begun = False
    for piece in _portions(pieces, _PORTION):
        while piece:
            if unpacker is None and begun:
                piece = follows(piece)
                if not piece:
                    break
            begun = True
            unpacker = unpacker or start()
            yield from _unpack_piece(unpacker, piece)
            piece = b""
            if unpacker.eof:
                piece, unpacker = unpacker.unused_data, None
    if unpacker is not None:
        raise Undecodable(CUT)


def _unpack_piece(unpacker: _Decompressor, piece: bytes) -> Iterator[bytes]:
    more = True
    while more and not unpacker.eof:
        text = unpacker.decompress(piece, PIECE)
        if text:
            yield text
        # zlib returns input that it has not used yet; bz2 and lzma keep it.
        piece = getattr(unpacker, "unconsumed_tail", b"")
        more = bool(piece) or len(text) == PIECE or not getattr(unpacker, "needs_input", True)


def _unpack_gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    return _unpack(lambda: zlib.decompressobj(wbits=31), pieces)  # type: ignore[arg-type,return-value]


def _unpack_bzip2(pieces: Iterable[bytes]) -> Iterator[bytes]:
    # Dovecot reads the first stream and ignores what follows it.
    return _unpack(bz2.BZ2Decompressor, pieces, lambda _rest: b"")


def _unpack_xz(pieces: Iterable[bytes]) -> Iterator[bytes]:
    # NULs may follow a stream (2.2 of the format). Level 9 needs 65 MiB.
    def start() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(memlimit=72 * 1024 * 1024)

    return _unpack(start, pieces, lambda rest: rest.lstrip(b"\0"))


def _unpack_zstd(pieces: Iterable[bytes]) -> Iterator[bytes]:
    import zstandard

    reader = zstandard.ZstdDecompressor(max_window_size=1 << 26)
    unpacker: zstandard.ZstdDecompressionObj | None = None
    # One call decompresses all its input, so only small portions keep a bomb's output small.
    for portion in _portions(pieces, _ZSTD_PORTION):
        while portion:
            unpacker = unpacker or reader.decompressobj()
            try:
                text = unpacker.decompress(portion)
            except zstandard.ZstdError as error:
                if "memory" in str(error):
                    raise TooMuch("unpacking it needs too much memory") from error
                raise Undecodable("damaged") from error
            if text:
                yield text
            portion = b""
            if unpacker.eof:
                portion, unpacker = unpacker.unused_data, None
    if unpacker is not None:
        raise Undecodable(CUT)


def _unpack_lz4(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Dovecot's own framing: a magic, the largest chunk's size, then blocks, each after its
    length."""
    from lz4.block import LZ4BlockError
    from lz4.block import decompress as unpack_block

    source = _Source(pieces)
    source.exactly(len(LZ4_MAGIC))
    largest = int.from_bytes(source.exactly(4), "big")
    if largest > _LZ4_LARGEST:
        raise Undecodable("damaged")
    while header := source.read(4):
        if len(header) < 4:
            return  # Dovecot takes a length that is cut for the end
        length = int.from_bytes(header, "big")
        if length > 2 * _LZ4_LARGEST:
            raise Undecodable("damaged")
        try:
            yield unpack_block(source.exactly(length), uncompressed_size=largest)
        except LZ4BlockError as error:
            raise Undecodable("damaged") from error


class _Source:
    """Reads any number of bytes at a time from a series of pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        while len(self._rest) - self._at < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest, self._at = self._rest[self._at :] + piece, 0
        found = self._rest[self._at : self._at + size]
        self._at += len(found)
        return found

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes. Raises Undecodable when there are fewer."""
        found = self.read(size)
        if len(found) < size:
            raise Undecodable(CUT)
        return found


_UNPACKERS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "gzip": _unpack_gzip,
    "bzip2": _unpack_bzip2,
    "xz": _unpack_xz,
    "zstd": _unpack_zstd,
    "lz4": _unpack_lz4,
}
