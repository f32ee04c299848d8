"""Finds the facts of a usual message, the same as `message.analyse`, at a fraction of the cost.

A survey reads hundreds of thousands of messages that begin with a header field and have a blank
line and a body. For those, one pass of searches is enough; all others need `analyse`. The two must
always agree, except on closing boundaries, which this module does not search for.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mailsurgeon.maildir.header_dates import USUAL_DATE, header_date, usual_date
from mailsurgeon.maildir.message import (
    SHOWN,
    ZERO_RUN,
    Traits,
    dates_of,
    decoded,
    message_id_of,
    sender_of,
)

USUAL = int(Traits.READ | Traits.MAIL | Traits.FIRST_FIELD | Traits.KNOWN_FIELD)
"""The traits of every usual message, without MULTIPART and CLOSED."""

_FIRST_FIELD = re.compile(rb"(?!>?From )[!-9;-~]+:")
_USUAL_ID = re.compile(rb"<[!-;=?-~]{1,998}>\Z")
_END = re.compile(rb"\n(?![ \t])")
# The rest of a topmost Received as nearly all programs write it: its date comes last.
_STAMP = re.compile(
    rb"[^;\n]*(?:\n[ \t][^;\n]*)*;(?:[ \t]|\r?\n(?=[ \t]))*" + USUAL_DATE + rb"\r?\n(?![ \t])"
)
_COLON = ord(":")
_CACHED = 200  # bytes; a longer sender is not cached


class Glance(NamedTuple):
    """The facts, as in `Content`; `virtual_size` in bytes, `date` in seconds since 1970."""

    virtual_size: int
    message_id: str | None
    sender: str
    subject: str
    date: int | None


Peek = tuple[int, str | None, bytes, bytes, int | None]
"""The facts of a Glance, sender and subject as they stand in the header, unfolded."""


def glance(data: bytes) -> Glance | None:
    """The facts of a whole message file; None if it is not a usual one. Never raises."""
    seen = peek(data)
    if seen is None:
        return None
    virtual, identity, sender, subject, date = seen
    return Glance(virtual, identity, sender_shown(sender), subject_shown(subject), date)


def peek(data: bytes) -> Peek | None:
    """As `glance`, without the texts that only a list of messages shows."""
    if _FIRST_FIELD.match(data) is None or data.endswith(ZERO_RUN):
        return None
    end = data.find(b"\n\n") + 1
    feeds = len(data) - len(data.replace(b"\n", b""))  # `count` takes twice as long
    if b"\r" in data:
        feeds -= data.count(b"\r\n")
        paired = data.find(b"\n\r\n", 0, end or len(data)) + 1
        body = paired + 2 if paired else end + 1
        end = paired or end
    else:
        body = end + 1
    if not end or body >= len(data):
        return None
    lower = b"\n" + data[: end + 1].lower()  # with the first byte of the blank line
    sender = _value(data, lower, b"\nfrom")
    if sender is None:  # `analyse` has to decide whether it is mail
        return None
    identity = _value(data, lower, b"\nmessage-id") or b""
    seconds, start = None, lower.find(b"\nreceived")
    if start >= 0 and lower[start + 9] == _COLON:
        stamp = _STAMP.match(data, start + 9)  # behind the colon: `data` is shifted by one byte
        seconds = usual_date(stamp) if stamp else None
    return (
        len(data) + feeds,
        identity.decode() if _USUAL_ID.match(identity) else message_id_of(identity),
        sender,
        _value(data, lower, b"\nsubject") or b"",
        _date(data, lower) if seconds is None else seconds,
    )


def _value(data: bytes, lower: bytes, name: bytes) -> bytes | None:
    """The unfolded value of the first field with this name; `lower` is `data` shifted by one
    byte."""
    start = lower.find(name)
    if start < 0:
        return None
    start += len(name)
    if lower[start] != _COLON:  # white space before it, or a longer name
        found = re.compile(name + rb"[ \t]*:").search(lower, start - len(name))
        if found is None:
            return None
        start = found.end() - 1
    end = lower.find(b"\n", start)
    if lower[end + 1] not in b" \t":
        return data[start : end - 1].strip()
    found = _END.search(lower, end + 1)
    end = found.start() if found else len(lower)
    return data[start : end - 1].replace(b"\r\n", b"").replace(b"\n", b"").strip()


def _date(data: bytes, lower: bytes) -> int | None:
    stamp = _value(data, lower, b"\nreceived")
    # Date is seldom needed: nearly every message has a Received field.
    seconds = header_date(dates_of(stamp, b"")) if stamp else None
    if seconds is not None:
        return seconds
    return header_date(dates_of(b"", _value(data, lower, b"\ndate") or b""))


_sender = lru_cache(maxsize=4096)(sender_of)


def sender_shown(value: bytes) -> str:
    """The sender in an unfolded From, as `sender_of` has it."""
    return _sender(value) if len(value) <= _CACHED else sender_of(value)


def subject_shown(value: bytes) -> str:
    """An unfolded Subject, as `decoded` has it."""
    if len(value) <= SHOWN and value.isascii() and b"=?" not in value:
        text = value.decode("ascii")
        if text.isprintable():
            return text
    return decoded(value)
