"""Reads one message file: plain, compressed or encrypted, in pieces, with bounds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailsurgeon.diagnosis.facts import ENCRYPTED, PLAIN, UNDECODABLE
from mailsurgeon.maildir.message import Content, analyse, body_start
from mailsurgeon.survey.read.decompress import LZ4_MAGIC, PIECE, Undecodable, decompress

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (LZ4_MAGIC, "lz4"),
    (b"CRYPTED", ENCRYPTED),
)
PACKED = tuple(magic for magic, _ in _MAGIC)
"""The first bytes of files that are compressed or encrypted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's encoding, and its content; None if it is encrypted or cannot be decompressed."""

    encoding: str
    content: Content | None


_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def open_file(directory: int, name: bytes) -> int:
    """Opens a file for reading; `directory` is the descriptor of its directory.

    Returns a descriptor. Never follows a symlink and never blocks on a FIFO. Raises OSError.
    """
    return os.open(name, _READING, dir_fd=directory)


def read_message(descriptor: int, size: int) -> Reading:
    """Reads the first `size` bytes of a file, not what is appended meanwhile. Raises OSError."""
    pieces = read_pieces(descriptor, size)
    first = next(pieces, b"")
    encoding = encoding_of(first)
    if encoding == PLAIN:
        return Reading(PLAIN, analyse(_chain(first, pieces)))
    if encoding == ENCRYPTED:
        return Reading(ENCRYPTED, None)
    try:
        return Reading(encoding, analyse(decompress(_chain(first, pieces), encoding)))
    except Undecodable:
        return Reading(UNDECODABLE, None)


def read_pieces(descriptor: int, size: int) -> Iterator[bytes]:
    """The first `size` bytes of a file in pieces of at most PIECE bytes."""
    while size > 0:
        piece = os.read(descriptor, min(size, PIECE))
        if not piece:
            return
        size -= len(piece)
        yield piece


def encoding_of(head: bytes) -> str:
    """The encoding that a file's first bytes show; PLAIN for text."""
    for magic, encoding in _MAGIC:
        if head.startswith(magic):
            return encoding
    return PLAIN


def digests(descriptor: int, size: int) -> tuple[bytes, bytes | None]:
    """The digest of all bytes of a file, and the digest of its body with CRLF read as LF.

    The body follows the header block; its digest is None when the body is blank, or when the file
    cannot be decompressed. Raises OSError.
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


def _chain(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
