"""Reads one message file: plain, compressed or encrypted, in pieces, with bounds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from errno import EINVAL, ENXIO
from typing import TypeVar

from mailsurgeon.diagnosis.encrypted import encryption_fault
from mailsurgeon.diagnosis.facts import ENCRYPTED, PLAIN
from mailsurgeon.maildir.message import (
    HEAD_LIMIT,
    ZERO_RUN,
    Content,
    Piece,
    Traits,
    Zeros,
    analyse,
    body_start,
)
from mailsurgeon.survey.read.decompress import (
    LZ4_MAGIC,
    PIECE,
    NoLibrary,
    TooMuch,
    Undecodable,
    decompress,
)

# What Dovecot 2.3.19 takes for compressed or encrypted (compression.c, istream-decrypt.c).
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    *((b"BZh%d" % level, "bzip2") for level in range(1, 10)),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (LZ4_MAGIC, "lz4"),
    (b"CRYPTED\x03", ENCRYPTED),
)
PACKED = tuple(magic for magic, _ in _MAGIC)
"""The first bytes of files that are compressed or encrypted."""
SPARSE = 4 * 1024 * 1024
"""Larger files are searched for holes, which are not read: a file of 2 TB may occupy 4 KB."""
UNOCCUPIED = 512 * 1024 * 1024
"""The bytes that are read of a file beyond those it occupies, where the file system does not tell
where its holes are."""


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's encoding and content; None if the content is encrypted or could not be looked into.

    `broken`: why a server that unpacks the file fails; `skipped`: why the content, or a part of
    it, was not looked into, although it may be sound. `twice`: what the file unpacks to is packed
    once more.
    """

    encoding: str
    content: Content | None
    broken: str | None = None
    skipped: str | None = None
    twice: bool = False


class TooSparse(Exception):
    """The file is far larger than what it occupies, and where its holes are cannot be known."""


_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def open_file(directory: int, name: bytes) -> int:
    """Opens a file for reading; `directory` is the descriptor of its directory.

    Returns a descriptor. Never follows a symlink and never blocks on a FIFO. Raises OSError.
    """
    return os.open(name, _READING, dir_fd=directory)


def read_message(descriptor: int, size: int) -> Reading:
    """Reads the first `size` bytes of a file, not what is appended meanwhile. Raises OSError."""
    pieces = read_pieces(descriptor, size)
    encoding = PLAIN
    try:
        first = next(pieces, b"")
        source = _chain(first, pieces)
        if isinstance(first, Zeros) or not (encoding := encoding_of(first)):
            return _reading(PLAIN, analyse(source))
        if encoding == ENCRYPTED:
            end = os.pread(descriptor, len(ZERO_RUN), max(size - len(ZERO_RUN), 0))
            return Reading(ENCRYPTED, None, encryption_fault(first, end, size))
        plain = decompress(expanded(_few_zeros(source)), encoding, _occupied(descriptor, size))
        text = next(plain, b"")
        content = analyse(_chain(text, plain))
        return _reading(encoding, content, twice=text.startswith(PACKED))
    except Undecodable as error:
        return Reading(encoding, None, broken=str(error))
    except (TooMuch, NoLibrary) as error:
        return Reading(encoding, None, skipped=str(error))
    except TooSparse:
        reason = "far larger than what it occupies on the disk: not read"
        return Reading(encoding, None, skipped=reason)


def _reading(encoding: str, content: Content, *, twice: bool = False) -> Reading:
    skipped = None
    if content.traits & Traits.LONG_HEADER and not content.traits & Traits.ZEROS:
        skipped = f"its header is longer than {HEAD_LIMIT:,} bytes: the rest of it was not read"
    return Reading(encoding, content, skipped=skipped, twice=twice)


def read_pieces(descriptor: int, size: int) -> Iterator[Piece]:
    """The first `size` bytes of a file, in pieces of at most PIECE bytes and in runs of NULs.

    Raises OSError, and TooSparse when reading would cost far more than the file occupies.
    """
    if size <= SPARSE:
        yield from _whole_pieces(descriptor, 0, size)
        return
    left = _occupied(descriptor, size) + UNOCCUPIED
    at = 0
    while at < size:
        start = min(_seek(descriptor, at, os.SEEK_DATA, size), size)
        if start > at:
            yield Zeros(start - at)
        end = min(_seek(descriptor, start, os.SEEK_HOLE, size), size)
        for piece in _whole_pieces(descriptor, start, end):
            left -= len(piece)
            if left < 0:
                raise TooSparse
            yield piece
            start += len(piece)
        if start < end:
            return  # it was cut meanwhile
        at = end


def _occupied(descriptor: int, size: int) -> int:
    """The bytes that the first `size` bytes of a file occupy on the disk, at most."""
    return min(size, os.fstat(descriptor).st_blocks * 512)


def _whole_pieces(descriptor: int, at: int, end: int) -> Iterator[bytes]:
    while at < end:
        piece = os.pread(descriptor, min(end - at, PIECE), at)
        if not piece:
            return
        at += len(piece)
        yield piece


def _seek(descriptor: int, at: int, whence: int, size: int) -> int:
    """Where the next data or hole begins. A file system that does not know it has data alone."""
    if at >= size:
        return size
    try:
        return os.lseek(descriptor, at, whence)
    except OSError as error:
        if error.errno == ENXIO:  # no more data
            return size
        if error.errno == EINVAL:
            return at if whence == os.SEEK_DATA else size
        raise


def expanded(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """The same bytes with the NULs of each hole, in pieces of at most PIECE bytes."""
    for piece in pieces:
        if isinstance(piece, Zeros):
            for start in range(0, piece.length, PIECE):
                yield bytes(min(PIECE, piece.length - start))
        else:
            yield piece


def encoding_of(head: bytes) -> str:
    """The encoding that a file's first bytes show; PLAIN for text."""
    for magic, encoding in _MAGIC:
        if head.startswith(magic):
            return encoding
    return PLAIN


def digests(descriptor: int, size: int) -> tuple[bytes | None, bytes | None]:
    """The digest of all bytes of a file, and the digest of its body with CRLF read as LF.

    The body follows the header block; its digest is None when the body is blank, or when the file
    cannot be decompressed. Both are None when the file has so many holes that the NULs they stand
    for cannot all be digested. Raises OSError.
    """
    whole = hashlib.blake2b(digest_size=16)
    packed = b""
    body = _BodyDigest()
    try:
        source = _digested(whole, expanded(_few_zeros(read_pieces(descriptor, size))))
        first = next(source, b"")
        encoding = encoding_of(first)
        source = _chain(first, source)
        if encoding == PLAIN:
            for piece in source:
                body.update(piece)
            return whole.digest(), body.digest()
        try:
            if encoding != ENCRYPTED:
                for piece in decompress(source, encoding, _occupied(descriptor, size)):
                    body.update(piece)
                packed = body.digest() or b""
        except (Undecodable, TooMuch, NoLibrary):
            packed = b""
        for _ in source:
            pass
    except TooSparse:
        return None, None
    return whole.digest(), packed or None


def _digested(whole: hashlib.blake2b, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        whole.update(piece)
        yield piece


def _few_zeros(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same pieces. Raises TooSparse when there are more than UNOCCUPIED bytes of holes."""
    left = UNOCCUPIED
    for piece in pieces:
        if isinstance(piece, Zeros):
            left -= piece.length
            if left < 0:
                raise TooSparse
        yield piece


class _BodyDigest:
    """Takes a whole text in pieces and digests the part after the header block."""

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


def _chain(first: _T, rest: Iterable[_T]) -> Iterator[_T]:
    if first:
        yield first
    yield from rest
