"""Reads the main facts of a usual uidlist in one search, much faster than `parse_uidlist`."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailsurgeon.maildir.lists.uidlist import UidlistError, numbering, places_of

_V3 = re.compile(rb"(?m)^(\d{1,20}) ((?:[A-Za-z][^ \n]* )*):([^/\n]+)$")
_SIZE_FIELD = re.compile(rb"\n\d+ (?:[A-Za-z][^ \n]* )*[SW]\d")


class ListGlance(NamedTuple):
    """`highest`: the last record's UID, 0 without any. `sizes`: a record has an S or W field."""

    highest: int
    sizes: bool


def glance_at_list(data: bytes) -> ListGlance | None:
    """The facts of a whole `dovecot-uidlist` of version 3. None for other files, and if a server
    would reject one of the lines; `parse_uidlist` then finds out why."""
    header, newline, body = data.partition(b"\n")
    if not newline or not header.startswith(b"3 ") or places_of(body, 3) is None:
        return None
    try:
        numbering(data)
    except UidlistError:
        return None
    last = body[body.rfind(b"\n", 0, -1) + 1 :]
    return ListGlance(int(last.partition(b" ")[0] or 0), _has_sizes(body))


def _has_sizes(body: bytes) -> bool:
    # Few lists have a field that begins with S or W, so most need no search line by line.
    return (b" S" in body or b" W" in body) and _SIZE_FIELD.search(b"\n" + body) is not None


def uid_in_list(data: bytes, base: bytes) -> int | None:
    """The UID of a base name in a list that `glance_at_list` accepts; None if it has no record."""
    end = data.find(b":" + base + b"\n")
    while end >= 0:
        start = data.rfind(b"\n", 0, end) + 1
        found = _V3.match(data, start)
        if found and start and found[3] == base:
            return int(found[1])
        end = data.find(b":" + base + b"\n", end + 1)
    return None
