"""Healthy mail of many shapes, each with its own Message-ID, a header date and a body."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

_WORDS = (
    b"budget meeting spool backup kernel Monday release invoice garden patch question answer "
    b"ticket printer library concert deploy weather server minutes holiday draft review"
).split()
_ZONES = (("+0000", 0), ("+0100", 60), ("-0500", -300), ("+0530", 330), ("GMT", 0))


@dataclass(frozen=True)
class Letter:
    """The parts of one message, before it has a shape. `date` is in unix seconds."""

    message_id: bytes
    date: int
    date_text: bytes
    subject: bytes
    text: list[bytes]  # lines without their ends; not blank

    def fields(self, *, without: str = "") -> list[bytes]:
        """The header fields, one a line, `without` one of them."""
        lines = [
            b"From: Ada Example <ada@planted.example>",
            b"To: bob@planted.example",
            b"Subject: " + self.subject,
            b"Message-ID: " + self.message_id,
            b"Date: " + self.date_text,
        ]
        return [line for line in lines if not without or not line.startswith(without.encode())]


@dataclass(frozen=True)
class Mail:
    """One message: its bytes, its Message-ID in angle brackets, its header date."""

    content: bytes
    message_id: bytes
    date: int


def letter(random: Random, message_id: bytes, date: int) -> Letter:
    """Words for one message."""
    lines = [
        b" ".join(random.choices(_WORDS, k=random.randint(3, 11)))
        for _ in range(random.randint(2, 12))
    ]
    # No two letters share a body.
    lines.append(b"reference " + message_id.strip(b"<>").replace(b"@", b" at "))
    subject = b" ".join(random.choices(_WORDS, k=3))
    return Letter(message_id, date, date_text(random, date), subject, lines)


def date_text(random: Random, date: int) -> bytes:
    """A header date, in one of the zones and forms mail has."""
    zone, minutes = random.choice(_ZONES)
    form = random.choice(("%a, %d %b %Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%a, %d %b %Y %H:%M"))
    seconds = date + minutes * 60
    if not form.endswith("%S"):
        seconds -= seconds % 60
    text = f"{time.strftime(form, time.gmtime(seconds))} {zone}"
    return (text + random.choice(("", " (some zone)"))).encode()


def join(lines: list[bytes], eol: bytes = b"\n") -> bytes:
    """The lines, each with its end."""
    return b"".join(line + eol for line in lines)


def plain(letter: Letter, eol: bytes = b"\n") -> bytes:
    """A message of one part."""
    return join([*letter.fields(), b"", *letter.text], eol)


def multipart(letter: Letter, eol: bytes = b"\n", *, closed: bool = True) -> bytes:
    """Two parts under one boundary; `closed` with the boundary that ends them."""
    head = [b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="=_top_1"']
    body = [
        b"--=_top_1", b"Content-Type: text/plain", b"", *letter.text,
        b"--=_top_1", b"Content-Type: text/html", b"", b"<p>hello</p>",
    ]  # fmt: skip
    return join([*letter.fields(), *head, b"", *body, *([b"--=_top_1--"] if closed else [])], eol)


def _crlf(_random: Random, letter: Letter) -> bytes:
    return plain(letter, b"\r\n")


def _lf(_random: Random, letter: Letter) -> bytes:
    return plain(letter)


def _mixed(random: Random, letter: Letter) -> bytes:
    lines = [*letter.fields(), b"", *letter.text, b"a lone\rreturn"]
    return b"".join(line + random.choice((b"\n", b"\r\n")) for line in lines)


def _multipart(random: Random, letter: Letter) -> bytes:
    return multipart(letter, random.choice((b"\n", b"\r\n")))


def _unclosed(_random: Random, letter: Letter) -> bytes:
    return multipart(letter, closed=False)  # bad style, but with the size its name says


def _nested(_random: Random, letter: Letter) -> bytes:
    inner = b"----=_inner"
    head = [b"MIME-Version: 1.0", b"Content-Type: MULTIPART/Mixed;", b"\tBoundary=outer"]
    lines = [
        *letter.fields(), *head, b"", b"This is a preamble.", b"--outer",
        b'Content-Type: multipart/alternative; boundary="' + inner + b'"', b"",
        b"--" + inner, b"", *letter.text, b"--" + inner + b"--", b"",
        b"--outer", b"Content-Type: message/rfc822", b"",
        b"From: inside@planted.example", b"Message-ID: <the-one-inside@planted.example>", b"",
        b"Inside.", b"--outer--", b"An epilogue.",
    ]  # fmt: skip
    return join(lines)


def _encoded_words(_random: Random, letter: Letter) -> bytes:
    lines = letter.fields(without="Subject")
    lines.insert(2, b"Subject: =?utf-8?B?" + b64encode("Grüße".encode()) + b"?=\n =?l1?Q?=FC?=")
    return join([*lines, b"", *letter.text])


def _folded_id(random: Random, letter: Letter) -> bytes:
    eol = random.choice((b"\n", b"\r\n"))
    lines = letter.fields(without="Message-ID")
    name = random.choice((b"Message-ID:", b"message-id:", b"MESSAGE-ID:"))
    lines[1:1] = [name, b"\t" + letter.message_id + b" (put in by the relay)"]
    return join([*lines, b"", *letter.text], eol)


def _no_final_newline(_random: Random, letter: Letter) -> bytes:
    return plain(letter).rstrip(b"\n")


def _big(random: Random, letter: Letter) -> bytes:
    return plain(letter) + join([b"0123456789abcdef" * 4] * random.randint(2000, 5000))


def _eight_bit(_random: Random, letter: Letter) -> bytes:
    lines = [*letter.fields(), "X-Umlaut: Grüße".encode("latin-1"), "X-Utf8: Grüße".encode(), b""]
    return join([*lines, *letter.text, "schöne Grüße".encode("latin-1"), b"\x00\xff\xfe"])


def _received(_random: Random, letter: Letter) -> bytes:
    """The topmost Received gives the date; the sender's own clock stood still in 1994."""
    lines = letter.fields(without="Date")
    trace = [
        b"Return-Path: <ada@planted.example>",
        b"Received: from a.planted.example by b.planted.example\n\twith ESMTP; " + letter.date_text,
        b"Received: from c.planted.example; Sat, 01 Jan 1994 00:00:00 +0000",
    ]
    return join([*trace, *lines, b"Date: Sat, 01 Jan 1994 00:00:00 +0000", b"", *letter.text])


def _bad_received(_random: Random, letter: Letter) -> bytes:
    """The topmost Received has no date to read: the Date field counts."""
    lines = [b"Received: from a.planted.example by b.planted.example; yesterday, or so"]
    return join([*lines, *letter.fields(), b"", *letter.text])


def _blank_first(random: Random, letter: Letter) -> bytes:
    return random.choice((b"\n", b"\r\n\r\n", b" \t\n")) + plain(letter)


def _bad_line(random: Random, letter: Letter) -> bytes:
    lines = letter.fields()
    lines.insert(random.randint(1, 3), b"this line is no header field")
    return join([*lines, b"", *letter.text])


def _long_line(random: Random, letter: Letter) -> bytes:
    return plain(letter) + b"x" * random.randint(5_000, 90_000) + b"\n"


def _quotes_mbox(_random: Random, letter: Letter) -> bytes:
    """Lines that look like an mbox's, in the body of a message that is none."""
    more = [
        b"",
        b">From ada Mon Jan  1 00:00:00 2018",
        b"From now on we meet at noon.",
        b"--",
        b"x",
    ]
    return join([*letter.fields(), b"", *letter.text, *more])


SHAPES: dict[str, Callable[[Random, Letter], bytes]] = {
    "lf": _lf,
    "crlf": _crlf,
    "mixed": _mixed,
    "multipart": _multipart,
    "unclosed": _unclosed,
    "nested": _nested,
    "encoded-words": _encoded_words,
    "folded-id": _folded_id,
    "no-final-newline": _no_final_newline,
    "big": _big,
    "eight-bit": _eight_bit,
    "received": _received,
    "bad-received": _bad_received,
    "blank-first": _blank_first,
    "bad-line": _bad_line,
    "long-line": _long_line,
    "quotes-mbox": _quotes_mbox,
}
_RARE = ("big", "long-line")
_WEIGHTS = [1 if name in _RARE else 8 for name in SHAPES]


def healthy(
    random: Random, message_id: bytes, date: int, shape: str = "", *, closed: bool = False
) -> Mail:
    """A message nothing is wrong with; of any shape when none is named.

    `closed`: not of a shape whose multipart lacks its end, which reads as cut when a size is wrong.
    """
    while not shape or (closed and shape == "unclosed"):
        shape = random.choices(list(SHAPES), _WEIGHTS)[0]
    return Mail(SHAPES[shape](random, letter(random, message_id, date)), message_id, date)
