"""Parses the dates in a header: the texts of Received and Date as seconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999; a header may claim any date."""

_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# RFC 5322 3.3 as nearly all programs write it; the slow parser handles any other form.
USUAL_DATE = (
    rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), {1,3})?(\d\d? [A-Z][a-z][a-z] [12]\d\d\d)"
    rb" (\d\d:\d\d):(\d\d) ([+-]\d{4})(?: \(\w{1,60}\))?"
)
"""A regular expression for a date that `usual_date` takes the parts of: day, hour and minute,
second, zone. No longer than what `dates_of` keeps of a text."""
_USUAL = re.compile(USUAL_DATE + rb"\Z")
_MOST = 20_000  # days that are remembered: 50 years


class _Days(dict[bytes, int | None]):
    """Maps a day such as `13 Mar 2011` to its start in UTC, in seconds since 1970; None if its
    month is none. No day is out of range: the 32nd is the day after the 31st."""

    def __missing__(self, text: bytes) -> int | None:
        day, name, year = text.decode().split(" ")
        start = None
        if name in _MONTHS:
            first = date(int(year), _MONTHS.index(name) + 1, 1)
            start = (first.toordinal() - _EPOCH + int(day) - 1) * 86_400
        if len(self) >= _MOST:
            self.clear()
        self[text] = start
        return start


class _Clock(dict[bytes, int]):
    """Maps `07:06`, or a zone such as `-0130`, to seconds."""

    def __missing__(self, text: bytes) -> int:
        seconds = int(text[-2:]) * 60 + int(text[-5:-3] if b":" in text else text[1:3]) * 3600
        self[text] = seconds = -seconds if text.startswith(b"-") else seconds
        return seconds


_days, _clock = _Days(), _Clock()
_seconds = {b"%02d" % second: second for second in range(100)}


def header_date(texts: tuple[str, str]) -> int | None:
    """Seconds since 1970 of the first text that parses, or None. The texts: topmost Received,
    Date."""
    for text in texts:
        if text:
            match = _USUAL.match(text.encode("latin-1", "replace"))
            seconds = usual_date(match.groups()) if match else None
            if seconds is None:
                seconds = _any_date(text)
            if seconds is not None:
                return seconds
    return None


def usual_date(parts: Sequence[bytes]) -> int | None:
    """The seconds since 1970 of a date, given the groups of USUAL_DATE; None if its month is
    none."""
    day, clock, second, zone = parts
    start = _days[day]
    return None if start is None else start + _clock[clock] + _seconds[second] - _clock[zone]


def _any_date(text: str) -> int | None:
    from email.utils import mktime_tz, parsedate_tz  # slow to load, seldom needed

    try:
        parsed = parsedate_tz(text)
        if parsed and 100 <= parsed[0] < 1000:  # three digits count from 1900 (RFC 5322 4.3)
            parsed = (parsed[0] + 1900, *parsed[1:])
        seconds = int(mktime_tz(parsed)) if parsed else None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    if seconds is None or not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        return None
    return seconds
