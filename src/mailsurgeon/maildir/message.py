"""What the bytes of a message say: is it mail, its header, its Message-ID, its sizes, its end.

Pure functions of bytes. A file comes as a sequence of pieces, so that memory is bounded by the
header (`HEAD_LIMIT`) and not by the file. Header rules: RFC 5322 2.2 and 3.6; multiparts: RFC 2046 5.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.header import decode_header
from enum import IntFlag

from mailsurgeon.text import visible

HEAD_LIMIT = 16 * 1024 * 1024
"""Bytes of a file kept in memory at most; a header longer than this counts as cut there."""
SHOWN = 200
"""Characters of sender and subject kept."""

_LEADING = re.compile(rb"(?:[ \t\r\f\v]*\n)*(?:>?From [^\n]*\n)?(?:[ \t\r\f\v]*\n)*")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_KNOWN = re.compile(
    rb"(?im)^(?:From|To|Cc|Date|Subject|Received|Return-Path|Message-ID|Delivered-To"
    rb"|MIME-Version|Content-Type)[ \t]*:"
)
_ANOTHER_MESSAGE = re.compile(
    rb"\n\r?\nFrom [^\r\n]*\d:\d\d[^\r\n]*\r?\n[!-9;-~]+[ \t]*:"
)  # fmt: skip
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_BRACKETED = re.compile(rb"<([^>]*)>")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_BOUNDARY = re.compile(rb'(?i);[\s]*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))')
_MULTIPART = re.compile(rb"(?i)\s*multipart/")
_FIELDS: dict[bytes, re.Pattern[bytes]] = {
    name: re.compile(rb"(?im)^" + name + rb"[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)")
    for name in (b"Message-ID", b"From", b"Subject", b"Date", b"Received", b"Content-Type")
}
_ADDRESS = re.compile(r"\s*\"?([^\"<]*?)\"?\s*<([^>]*)>")


class Traits(IntFlag):
    """Yes-or-no facts of a message's content, in one number for the index."""

    READ = 1  # the content has been looked at; without it the others mean nothing
    MAIL = 2  # it is mail
    MBOX = 4  # several messages in one file
    FROM_LINE = 8  # begins with an mbox From line
    FIRST_FIELD = 16  # the first line that is not blank is a header field
    KNOWN_FIELD = 32  # the header block holds one of the fields that mail has
    HEADER_CUT = 64  # the header block ends at the end of the file, without a newline
    HEADER_ONLY = 128  # nothing after the header block
    MULTIPART = 256  # the top part is a multipart with a boundary
    CLOSED = 512  # its closing boundary is there


@dataclass(frozen=True, slots=True)
class Content:
    """What the bytes say. Sizes in bytes; texts decoded, made visible and cut.

    `virtual_size` (W) is bytes plus LFs not preceded by CR. `message_id` is as written, without
    angle brackets, None when there is none. `dates`: the texts of the topmost Received (after its
    semicolon) and of Date.
    """

    traits: Traits
    size: int
    virtual_size: int
    message_id: str | None
    sender: str
    subject: str
    dates: tuple[str, str]
    looks_like: str


def analyse(pieces: Iterable[bytes]) -> Content:
    """Looks at one message, given in pieces. Never raises, whatever the bytes are."""
    source = iter(pieces)
    head, size, lone = _gather(source)
    start = _LEADING.match(head).end()  # type: ignore[union-attr]  # matches the empty string
    end, body = _header_end(head, start)
    header = head[start:end]
    traits = _header_traits(head, start, header)
    boundary = _boundary(header) if b"ultipart/" in header or b"ULTIPART/" in header else None
    closer = _Closer(boundary) if boundary else None
    if closer:
        traits |= Traits.MULTIPART
        closer.look(head[body:])
    last = head[-1:]
    for piece in source:
        size += len(piece)
        lone += _lone_feeds(piece, last)
        last = piece[-1:] or last
        if closer:
            closer.look(piece)
    if closer and closer.found:
        traits |= Traits.CLOSED
    if body >= size:
        traits |= Traits.HEADER_ONLY
    if end == len(head) == size and not header.endswith(b"\n"):
        traits |= Traits.HEADER_CUT
    if Traits.MBOX in traits:
        traits &= ~Traits.MAIL
    return Content(
        traits,
        size,
        size + lone,
        _message_id(header),
        _sender(field(header, b"From")),
        decoded(field(header, b"Subject") or b""),
        _dates(header),
        "" if traits & (Traits.FIRST_FIELD | Traits.KNOWN_FIELD) else looks_like(head),
    )


def _gather(source: Iterator[bytes]) -> tuple[bytes, int, int]:
    """The first pieces as one head of at least HEAD_LIMIT bytes, its size and lone LFs."""
    head = next(source, b"")
    if len(head) < HEAD_LIMIT:
        more = [head]
        length = len(head)
        for piece in source:
            more.append(piece)
            length += len(piece)
            if length >= HEAD_LIMIT:
                break
        if len(more) > 1:
            head = b"".join(more)
    return head, len(head), _lone_feeds(head, b"")


def _lone_feeds(piece: bytes, before: bytes) -> int:
    """LFs of `piece` that no CR precedes; `before` is the byte that came before the piece."""
    feeds = piece.count(b"\n")
    if feeds and b"\r" in piece:
        feeds -= piece.count(b"\r\n")
    if before == b"\r" and piece.startswith(b"\n"):
        feeds -= 1
    return feeds


def _header_end(head: bytes, start: int) -> tuple[int, int]:
    """Where the header block ends (its last newline included), and where the body begins."""
    found = _EMPTY_LINE.search(head, start)
    return (found.start() + 1, found.end()) if found else (len(head), len(head))


def _header_traits(head: bytes, start: int, header: bytes) -> Traits:
    traits = Traits.READ
    if _FIELD.match(header):
        traits |= Traits.FIRST_FIELD
    if _KNOWN.search(header):
        traits |= Traits.KNOWN_FIELD
    if Traits.FIRST_FIELD in traits and Traits.KNOWN_FIELD in traits:
        traits |= Traits.MAIL
    if head.startswith(b"From "):
        traits |= Traits.FROM_LINE
        if _ANOTHER_MESSAGE.search(head, start):
            traits |= Traits.MBOX
    return traits


class _Closer:
    """Looks for the closing boundary of a multipart in pieces that may cut it anywhere."""

    def __init__(self, boundary: bytes) -> None:
        mark = re.escape(b"--" + boundary + b"--")
        self.line = re.compile(rb"(?:^|\n)" + mark + rb"[ \t]*(?:\r?\n|\r?$)")
        self.reach = len(boundary) + 16
        self.rest = b"\n"
        self.found = False

    def look(self, piece: bytes) -> None:
        text = self.rest + piece
        self.found = self.found or self.line.search(text) is not None
        self.rest = text[-self.reach :]


def _boundary(header: bytes) -> bytes | None:
    value = field(header, b"Content-Type")
    if value is None or not _MULTIPART.match(value):
        return None
    found = _BOUNDARY.search(value)
    if not found:
        return None
    quoted, plain = found.groups()
    return plain or re.sub(rb"\\(.)", rb"\1", quoted or b"") or None


def field(header: bytes, name: bytes) -> bytes | None:
    """The unfolded value of the first field of this name in a header block, None without one."""
    found = _FIELDS[name].search(header)
    return _FOLD.sub(b"", found[1]).strip() if found else None


def _message_id(header: bytes) -> str | None:
    value = field(header, b"Message-ID")
    if not value:
        return None
    found = _BRACKETED.search(value)
    identity = found[1].strip() if found else value
    # SQLite keeps no surrogates; bytes that are not UTF-8 are written out.
    return identity.decode("utf-8", "backslashreplace").replace("\0", "\\x00") or None


def _dates(header: bytes) -> tuple[str, str]:
    received = (field(header, b"Received") or b"").rpartition(b";")[2]
    date = field(header, b"Date") or b""
    return received.strip()[:100].decode("latin-1"), date[:100].decode("latin-1")


def _sender(value: bytes | None) -> str:
    text = decoded(value or b"")
    found = _ADDRESS.match(text)
    return (found[1] or found[2]) if found else text


def decoded(value: bytes) -> str:
    """A header value with its encoded words (RFC 2047) read, made visible, cut to SHOWN."""
    value = value[: SHOWN * 8]
    if b"=?" not in value:
        return visible(value, SHOWN)
    try:
        parts = decode_header(value.decode("utf-8", "surrogateescape"))
        text = "".join(_word(word, charset) for word, charset in parts)
    except (ValueError, LookupError, AssertionError):
        return visible(value, SHOWN)
    return visible(text, SHOWN)


def _word(word: bytes | str, charset: str | None) -> str:
    if isinstance(word, str):
        return word
    try:
        return word.decode(charset or "utf-8", "replace")
    except LookupError:
        return word.decode("latin-1")


_KINDS = (
    (b"%PDF", "a PDF"), (b"PK\x03\x04", "a ZIP archive"), (b"\x7fELF", "a program"),
    (b"\x89PNG", "a PNG picture"), (b"\xff\xd8\xff", "a JPEG picture"), (b"GIF8", "a GIF picture"),
    (b"<?xml", "XML"), (b"<!DOCTYPE", "HTML"), (b"<html", "HTML"), (b"#!", "a script"),
    (b"{", "JSON or the like"), (b"SQLite format 3", "an SQLite database"),
)  # fmt: skip


def looks_like(head: bytes) -> str:
    """A guess at what a file is that is no mail, in a few words."""
    text = head[:512].lstrip()
    for magic, kind in _KINDS:
        if text.startswith(magic):
            return kind
    if not text:
        return "blank lines" if head else "nothing"
    return "binary data" if b"\0" in head[:4096] else "plain text"
