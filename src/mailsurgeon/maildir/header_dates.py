"""Parses the dates in a header: the texts of Received and Date as seconds since 1970."""

from __future__ import annotations

import re
from datetime import date

_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999; a header may claim any date."""

_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# RFC 5322 3.3 as nearly all programs write it; the slow parser handles any other form.
USUAL_DATE = (
    rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +)?(\d\d?) ([A-Z][a-z][a-z] [12]\d\d\d)"
    rb" (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)(?: \(\w{1,60}\))?"
)
"""A regular expression for a date that `usual_date` takes the parts of."""
_USUAL = re.compile(USUAL_DATE + rb"\Z")


class _FirstDays(dict[bytes, int | None]):
    """Maps a month such as `Jan 2018` to the day before it, in seconds since 1970; None if it is no
    month."""

    def __missing__(self, month: bytes) -> int | None:
        name, _, year = month.decode().partition(" ")
        day = None
        if name in _MONTHS:
            first = date(int(year), _MONTHS.index(name) + 1, 1)
            day = (first.toordinal() - _EPOCH - 1) * 86_400
        self[month] = day
        return day


_first_day = _FirstDays()


def header_date(texts: tuple[str, str]) -> int | None:
    """Seconds since 1970 of the first text that parses, or None. The texts: topmost Received,
    Date."""
    for text in texts:
        if text:
            match = _USUAL.match(text.encode("latin-1", "replace"))
            seconds = usual_date(match) if match else None
            if seconds is None:
                seconds = _any_date(text)
            if seconds is not None:
                return seconds
    return None


def usual_date(match: re.Match[bytes]) -> int | None:
    """The seconds since 1970 of a date found by USUAL_DATE; None if its month is none."""
    day, month, hours, minutes, seconds, sign, zone_hours, zone_minutes = match.groups()
    first = _first_day[month]
    if first is None:
        return None
    zone = int(zone_hours) * 3600 + int(zone_minutes) * 60
    at = first + int(day) * 86_400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return at + zone if sign == b"-" else at - zone


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
