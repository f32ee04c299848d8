"""Rules for the files in which servers and mbsync keep sums and states. Pure."""

from __future__ import annotations

import re

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.lists.maildirsize import Sum, parse_maildirsize

NOT_READABLE = "servers cannot read it"
OFF = "the sum is not that of the messages"
IN_ROOT = "marks the spool itself as a folder of another one"
MOST_OFF_PART = 100  # one part in so many
MOST_OFF_BYTES = 1024 * 1024

_LIMIT = re.compile(rb"[\x20-\x7e]*\Z")
_UIDVALIDITY = re.compile(rb"\s*[+-]?\d+\s+[+-]?\d+")


def wrong_quota(data: bytes | None, counted: Sum | None, other: Sum | None) -> Finding | None:
    """`wrong-quota` for a `maildirsize` of these bytes (None: it cannot be read); else None.

    `counted`: the sum of the messages as its server counts them; None before a full survey.
    `other`: the same with Trash if that leaves it out, and the other way round, since servers may
    be set so.
    """
    if data is None:
        return _quota({"reason": NOT_READABLE})
    found = parse_maildirsize(data)
    if found.damaged or not _LIMIT.match(found.limit):
        return _quota({"reason": NOT_READABLE})
    if counted is None or any(_near(found.bytes, one.bytes) for one in (counted, other) if one):
        return None
    return _quota(
        {
            "reason": OFF,
            "bytes": [found.bytes, counted.bytes],
            "messages": [found.messages, counted.messages],
        }
    )


def quota_mark_in_root() -> Finding:
    """`wrong-quota`, for a `maildirfolder` in the spool's root: programs that meet it look for the
    quota in the directory above (README.maildirquota of Courier)."""
    return _quota({"reason": IN_ROOT})


def _quota(detail: dict[str, object]) -> Finding:
    return Finding("wrong-quota", Severity.WARNING, detail, "quarantine")


def _near(named: int, right: int) -> bool:
    off = abs(named - right)
    return off <= MOST_OFF_BYTES or off * MOST_OFF_PART <= right


def damaged_uidvalidity(data: bytes) -> Finding | None:
    """`sync-state-damaged` for mbsync's `.uidvalidity` that does not begin with two numbers; else
    None. mbsync 1.4.4 ignores what follows them (drv_maildir.c)."""
    if _UIDVALIDITY.match(data):
        return None
    return _sync("it is empty" if not data else "it is not two numbers")


def damaged_sync_state(data: bytes) -> Finding | None:
    """`sync-state-damaged` for an `.mbsyncstate` that mbsync 1.4.4 refuses because it is empty,
    holds NULs or breaks off; else None."""
    if not data:
        return _sync("it is empty")
    if b"\0" in data:
        return _sync("it holds NUL bytes")
    # A file of mbsync 1.0 has no header of `NAME NUMBER` lines.
    if not data.endswith(b"\n") or (data[:1].isalpha() and b"\n\n" not in data):
        return _sync("it breaks off")
    return None


def _sync(reason: str) -> Finding:
    return Finding("sync-state-damaged", Severity.ERROR, {"reason": reason}, None)
