"""Finds the facts in the bytes of a message: is it mail, its header, Message-ID, sizes and end.

Pure functions of bytes. A file comes as a sequence of pieces, so that the header (`HEAD_LIMIT`) and
not the file limits the memory needed. Header: RFC 5322 2.2 and 3.6; multiparts: RFC 2046 5.1.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from enum import IntEnum
from itertools import chain
from typing import NamedTuple

from mailsurgeon.maildir.boundary import boundary_of
from mailsurgeon.text import visible

HEAD_LIMIT = 4 * 1024 * 1024
"""The bytes of a file that are kept in memory, at most; of a longer header only these are read."""
ZERO_RUN = bytes(512)
"""As many NULs at the end show a loss: a crash leaves whole blocks of them."""
LONGEST_ID = 998
"""The bytes of a Message-ID that count: the longest line that RFC 5322 2.1.1 allows."""
SHOWN, LONGEST_SHOWN = 200, 1600
"""The characters of sender and subject that are kept, and the bytes that they are taken from."""

# No pattern here repeats a group without bound or searches a long text from many positions: with
# either, one hostile message could use up memory and time.
_BLANK = re.compile(rb"[ \t\r\n\f\v]*")
_SEPARATOR = re.compile(rb">?From [^\n]*\n")
_FIELD_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_KNOWN = (
    b"from", b"to", b"cc", b"date", b"subject", b"received", b"return-path", b"message-id",
    b"delivered-to", b"mime-version", b"content-type",
)  # fmt: skip
_ANOTHER_MESSAGE = re.compile(
    rb"\n\r?\nFrom (?=[^\r\n]*\d:\d\d)[^\r\n]*\r?\n[!-9;-~]+[ \t]*:"
)  # fmt: skip
_ANOTHER_REACH = 2000  # bytes of such a From line and field name
_END_OF_FIELD = re.compile(rb"\n(?![ \t])")
_RUN_SEARCHED = 4096  # NULs of a hole that are searched: more than any pattern here can span
_WORD = re.compile(
    rb"=\?([A-Za-z0-9][\w.:-]{0,39})\?(?:[Qq]\?((?:[!-<>@-~]|=[0-9A-Fa-f]{2})*)"
    rb"|[Bb]\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?))\?=",
    re.ASCII,
)
_ODD = re.compile(rb"[^\t -~]")
_ADDRESS = re.compile(r"\s*\"?([^\"<]*?)\"?\s*<([^>]*)>")


class Traits(IntEnum):
    """Yes-or-no facts about a message's content: bits of one number, which the index stores."""

    READ = 1  # the content has been read; without this bit the others mean nothing
    MAIL = 2  # it is mail
    MBOX = 4  # several messages in one file
    FROM_LINE = 8  # begins with an mbox From line
    FIRST_FIELD = 16  # the first line that is not blank is a header field
    KNOWN_FIELD = 32  # the header block has one of the fields that mail has
    HEADER_CUT = 64  # the header block ends at the end of the file, without a newline
    HEADER_ONLY = 128  # nothing after the header block
    MULTIPART = 256  # the top part is a multipart with a boundary
    CLOSED = 512  # its closing boundary is there
    ZEROS = 1024  # it is all NULs, or ends in at least as many as ZERO_RUN
    OPAQUE = 2048  # the content could not be looked into, so no other bit but READ is set
    TWICE = 4096  # what the file unpacks to is packed once more
    LONG_HEADER = 8192  # the header block goes on beyond what was kept in memory


class Zeros(NamedTuple):
    """A piece of a file that is a hole, so that its NULs need not be read."""

    length: int


Piece = bytes | Zeros


@dataclass(frozen=True, slots=True)
class Content:
    """The facts of a message. Sizes in bytes; texts decoded, made visible and cut.

    `virtual_size` (W): the size plus one for each LF without a CR before it. `message_id`: as
    written, with its angle brackets; None without one. `dates`: the texts of the topmost Received
    (after its semicolon) and of Date.
    """

    traits: int
    size: int
    virtual_size: int
    message_id: str | None
    sender: str
    subject: str
    dates: tuple[str, str]
    looks_like: str


def analyse(pieces: Iterable[Piece]) -> Content:
    """Analyses one message, given in pieces. Never raises, whatever the bytes are."""
    source = iter(pieces)
    head, lone, source = _gather(source)
    size = len(head)
    start = _header_start(head)
    end, body = _header_end(head, start)
    header = Header(head[start:end])
    traits = _header_traits(head, header)
    boundary = boundary_of(header.field(b"content-type"))
    closer = _Closer(boundary) if boundary else None
    if closer:
        traits |= Traits.MULTIPART
        closer.look(head[body:])
    another = _Search(_ANOTHER_MESSAGE, _ANOTHER_REACH) if traits & Traits.FROM_LINE else None
    if another:
        another.look(head[start:])
    last = head[-len(ZERO_RUN) :]
    for piece in source:
        if isinstance(piece, Zeros):
            size += piece.length
            piece = bytes(min(piece.length, _RUN_SEARCHED))
        else:
            size += len(piece)
            lone += _lone_feeds(piece, last[-1:])
        last = (piece if len(piece) > len(ZERO_RUN) else last + piece)[-len(ZERO_RUN) :]
        if closer:
            closer.look(piece)
        if another:
            another.look(piece)
    if closer and closer.seen:
        traits |= Traits.CLOSED
    if another and another.seen:
        traits = (traits | Traits.MBOX) & ~Traits.MAIL
    if body >= size:
        traits |= Traits.HEADER_ONLY
    if end == len(head) == size and not head.endswith(b"\n"):
        traits |= Traits.HEADER_CUT
    if end == len(head) < size:
        traits |= Traits.LONG_HEADER
    if size and not last.strip(b"\0") and len(last) == min(size, len(ZERO_RUN)):
        traits |= Traits.ZEROS
    return Content(
        traits,
        size,
        size + lone,
        message_id_of(header.field(b"message-id") or b""),
        sender_of(header.field(b"from") or b""),
        decoded(header.field(b"subject") or b""),
        dates_of(header.field(b"received") or b"", header.field(b"date") or b""),
        "" if traits & (Traits.FIRST_FIELD | Traits.KNOWN_FIELD) else looks_like(head),
    )


def _gather(source: Iterator[Piece]) -> tuple[bytes, int, Iterator[Piece]]:
    """The first HEAD_LIMIT bytes or more, their lone LFs, and the pieces that follow them."""
    parts, length = list[bytes](), 0
    for piece in source:
        if isinstance(piece, Zeros):
            count = min(piece.length, HEAD_LIMIT - length)
            if count < piece.length:
                source = chain((Zeros(piece.length - count),), source)
            piece = bytes(count)
        parts.append(piece)
        length += len(piece)
        if length >= HEAD_LIMIT:
            break
    head = parts[0] if len(parts) == 1 else b"".join(parts)
    return head, _lone_feeds(head, b""), source


def _lone_feeds(piece: bytes, before: bytes) -> int:
    """The LFs of `piece` without a CR before them; `before` is the byte before the piece."""
    feeds = piece.count(b"\n")
    if feeds and b"\r" in piece:
        feeds -= piece.count(b"\r\n")
    if before == b"\r" and piece.startswith(b"\n"):
        feeds -= 1
    return feeds


def _header_start(head: bytes) -> int:
    """The offset of the header block: after blank lines and one From line of an mbox."""
    start = _after_blank(head, 0)
    separator = _SEPARATOR.match(head, start)
    return _after_blank(head, separator.end()) if separator else start


def _after_blank(head: bytes, start: int) -> int:
    """The offset of the first line at or after `start` that is not blank."""
    space = _BLANK.match(head, start)
    end = head.rfind(b"\n", start, space.end() if space else start)
    return end + 1 if end >= 0 else start


def _header_end(head: bytes, start: int) -> tuple[int, int]:
    """The offsets of the end of the header block (after its last newline) and of the body."""
    bare = head.find(b"\n\n", start)
    paired = head.find(b"\n\r\n", start, bare + 1 if bare >= 0 else len(head))
    if paired >= 0:
        return paired + 1, paired + 3
    return (bare + 1, bare + 2) if bare >= 0 else (len(head), len(head))


def body_start(head: bytes) -> int | None:
    """The offset of the body; None if `head` does not reach the end of the header block."""
    end, body = _header_end(head, _header_start(head))
    return None if end == len(head) and len(head) < HEAD_LIMIT else body


class Header:
    """A header block; finds fields by name."""

    def __init__(self, block: bytes) -> None:
        self.block = b"\n" + block
        self._lower = self.block.lower()
        first = _FIELD_NAME.match(block)
        self.first_name = first[1].lower() if first else None

    def field(self, name: bytes) -> bytes | None:
        """The unfolded value of the first field with this name (lower case); None without one."""
        start = self._value(name)
        if start is None:
            return None
        end = _END_OF_FIELD.search(self.block, start)
        value = self.block[start : end.start() if end else None]
        return value.replace(b"\r\n", b"").replace(b"\n", b"").strip()

    def has(self, name: bytes) -> bool:
        """Whether the header has a field with this name (lower case)."""
        return self._value(name) is not None

    def _value(self, name: bytes) -> int | None:
        """The offset of the value of the first field with this name."""
        found = re.search(rb"\n" + re.escape(name) + rb"[ \t]*:", self._lower)
        return found.end() if found else None


def _header_traits(head: bytes, header: Header) -> int:
    traits = int(Traits.READ)
    if header.first_name is not None:
        traits |= Traits.FIRST_FIELD
    if header.first_name in _KNOWN or any(header.has(name) for name in _KNOWN):
        traits |= Traits.KNOWN_FIELD
        if header.first_name is not None:
            traits |= Traits.MAIL
    if head.startswith(b"From "):
        traits |= Traits.FROM_LINE
    return traits


class _Search:
    """Searches for a pattern that may extend over two pieces.

    `reach`: how many bytes it searches again with the next piece. `rest`: text before the first
    one.
    """

    def __init__(self, pattern: re.Pattern[bytes], reach: int, rest: bytes = b"") -> None:
        self._pattern = pattern
        self._reach = reach
        self.rest = rest
        self.seen = False

    def look(self, piece: bytes) -> None:
        """Takes the next piece."""
        text = self.rest + piece
        self.seen = self.seen or self._pattern.search(text) is not None
        self.rest = text[-self._reach :]


class _Closer(_Search):
    """Searches the body of a multipart for its closing boundary: at the start of a line, whatever
    follows it there (RFC 2046 5.1.1)."""

    def __init__(self, boundary: bytes) -> None:
        mark = b"\n--" + boundary + b"--"
        super().__init__(re.compile(re.escape(mark)), len(mark), b"\n")


def message_id_of(value: bytes) -> str | None:
    """The Message-ID in a field's unfolded value, with its angle brackets; None without one."""
    start = value.find(b"<")
    end = value.find(b">", start) if start >= 0 else -1
    identity = value[start + 1 : end].strip() if end >= 0 else value
    # SQLite stores no surrogates, so bytes that are not UTF-8 become escapes.
    text = identity[:LONGEST_ID].decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    if end >= 0:
        return f"<{text}>" if text else None
    return text or None


def dates_of(received: bytes, date: bytes) -> tuple[str, str]:
    """The texts of two unfolded values: a Received's date (after its last semicolon outside of a
    comment at the end, RFC 5322 3.6.7) and a Date."""
    before, opening, comment = received.rpartition(b"(")
    if opening and b";" in comment and comment.rstrip().endswith(b")"):
        received = before
    stamp = received.rpartition(b";")[2].strip()
    return stamp[:100].decode("latin-1"), date[:100].decode("latin-1")


def sender_of(value: bytes) -> str:
    """The first author as `Name <address>` or `address`, else the whole text."""
    text = decoded(value)
    found = _ADDRESS.match(text)
    if not found:
        return text
    return f"{found[1]} <{found[2]}>" if found[1] else found[2]


def decoded(value: bytes) -> str:
    """A header value with encoded words (RFC 2047) decoded, made visible, cut to SHOWN
    characters."""
    value = value[:LONGEST_SHOWN]
    if b"=?" not in value:
        return visible(value, SHOWN)
    usual = _usual_words(value)
    if usual is not None:
        return visible(usual, SHOWN)
    try:
        parts = decode_header(value.decode("utf-8", "surrogateescape"))
        text = "".join(_word(word, charset) for word, charset in parts)
    except (ValueError, LookupError, AssertionError, MessageError):
        return visible(value, SHOWN)
    return visible(text, SHOWN)


def _usual_words(value: bytes) -> str | None:
    """The decoded value if it is ASCII and all its encoded words are well formed, else None.

    This gives the same result as the library, many times faster: white space between encoded words
    is not part of the text (RFC 2047 6.2), and neighbours in one charset are decoded together.
    """
    if _ODD.search(value):
        return None
    words = list(_WORD.finditer(value))
    if value.count(b"=?") != len(words):
        return None
    texts: list[tuple[bytes, bytes]] = []
    end = 0
    for word in words:
        between = value[end : word.start()]
        if between and (end == 0 or not between.isspace()):
            texts.append((between, b""))
        charset, quoted, packed = word.groups()
        data = a2b_qp(quoted, header=True) if packed is None else a2b_base64(packed)
        charset = charset.lower()
        if texts and texts[-1][1] == charset:
            texts[-1] = (texts[-1][0] + data, charset)
        else:
            texts.append((data, charset))
        end = word.end()
    try:
        decoded = [data.decode(charset.decode() or "ascii", "replace") for data, charset in texts]
    except (LookupError, UnicodeError):
        return None
    return "".join([*decoded, value[end:].decode("ascii")])


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
    """A guess, in a few words, at what a file is that is not mail."""
    text = head[:512].lstrip()
    for magic, kind in _KINDS:
        if text.startswith(magic):
            return kind
    if not text:
        return "blank lines" if head else "nothing"
    return "binary data" if b"\0" in head[:4096] else "plain text"
