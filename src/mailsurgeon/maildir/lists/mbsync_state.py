"""Reads the files that mbsync (isync 1.4) keeps in a folder. Pure.

`.mbsyncstate` pairs the messages of the two sides; `.uidvalidity` has the last assigned UID.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PUSHED = re.compile(rb"(?m)^MaxPushedUid (\d{1,10})$")
_PAIR = re.compile(rb"(?m)^\d{1,10} (\d{1,10})(?: |$)")


@dataclass(frozen=True, slots=True)
class SyncState:
    """The highest UID of the near side that mbsync has examined (`pushed`), and the UIDs that have
    a message on the far side (`paired`)."""

    pushed: int
    paired: frozenset[int]

    def forgot(self, uid: int) -> bool:
        """Whether mbsync regards this UID as done, although it has no pair; it never uploads such a
        message."""
        return uid <= self.pushed and uid not in self.paired


def parse_sync_state(data: bytes) -> SyncState | None:
    """The facts about the near side, which is the Maildir that the file lies in; None without them.

    The file has a header of `NAME NUMBER` lines, an empty line, and a line `FAR NEAR FLAGS` for
    each pair.
    """
    header, _, pairs = data.partition(b"\n\n")
    pushed = _PUSHED.search(header)
    if not pushed:
        return None
    return SyncState(int(pushed[1]), frozenset(int(match[1]) for match in _PAIR.finditer(pairs)))


def highest_uid_given(data: bytes) -> int | None:
    """The highest assigned UID in a `.uidvalidity`; None without one.

    The first line is the UIDVALIDITY, the second this UID.
    """
    lines = data.split()
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else None
