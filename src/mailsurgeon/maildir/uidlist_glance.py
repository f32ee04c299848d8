"""A quick look at a usual uidlist: what `uidlist.parse` would say, line by line, in one search."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailsurgeon.maildir.uidlist import HIGHEST_UID, UidlistError, numbering

_V3 = re.compile(rb"(?m)^(\d{1,10}) ((?:[A-Za-z][^ \n]* )*):([^/\n]+)$")
_SIZE_FIELD = re.compile(rb"\n\d+ (?:[A-Za-z][^ \n]* )*[SW]\d")


class ListGlance(NamedTuple):
    """`highest`: the last record's UID, 0 without one. `sizes`: a record has an S or W field."""

    highest: int
    sizes: bool


def glance_at_list(data: bytes) -> ListGlance | None:
    """Looks at a whole `dovecot-uidlist` of version 3; None when it is any other, or when a server
    would reject one of its lines: `parse` tells why."""
    header, newline, body = data.partition(b"\n")
    if not newline or not header.startswith(b"3 ") or (body and not body.endswith(b"\n")):
        return None
    try:
        numbering(data)
    except UidlistError:
        return None
    records = _V3.findall(body)
    if len(records) != body.count(b"\n"):
        return None
    if not records:
        return ListGlance(0, False)
    uids = [int(uid) for uid, _, _ in records]
    ordered = uids == sorted(set(uids))
    if not ordered or uids[0] == 0 or uids[-1] > HIGHEST_UID:
        return None
    if len({base for _, _, base in records}) != len(records):
        return None
    return ListGlance(uids[-1], _SIZE_FIELD.search(data) is not None)


def uid_in_list(data: bytes, base: bytes) -> int | None:
    """The UID of a base name in a list that `glance_at_list` accepts; None without a record."""
    end = data.find(b":" + base + b"\n")
    while end >= 0:
        start = data.rfind(b"\n", 0, end) + 1
        found = _V3.match(data, start)
        if found and start and found[3] == base:
            return int(found[1])
        end = data.find(b":" + base + b"\n", end + 1)
    return None
