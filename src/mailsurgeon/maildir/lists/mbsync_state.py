"""What mbsync (isync 1.4) keeps in a folder: which messages of the two sides belong together
(`.mbsyncstate`), and how far it has given out UIDs (`.uidvalidity`). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PUSHED = re.compile(rb"(?m)^MaxPushedUid (\d{1,10})$")
_PAIR = re.compile(rb"(?m)^\d{1,10} (\d{1,10})(?: |$)")


@dataclass(frozen=True, slots=True)
class SyncState:
    """`pushed`: up to which UID of the near side mbsync has looked; `paired`: those it knows."""

    pushed: int
    paired: frozenset[int]

    def forgot(self, uid: int) -> bool:
        """Whether mbsync takes this UID for one it is done with: it never uploads that message."""
        return uid <= self.pushed and uid not in self.paired


def parse_sync_state(data: bytes) -> SyncState | None:
    """What the file says of the near side, the Maildir it lies in; None when it says nothing.

    A header of `NAME NUMBER` lines, an empty line, and a line `FAR NEAR FLAGS` for each pair.
    """
    header, _, pairs = data.partition(b"\n\n")
    pushed = _PUSHED.search(header)
    if not pushed:
        return None
    return SyncState(int(pushed[1]), frozenset(int(match[1]) for match in _PAIR.finditer(pairs)))


def highest_uid_given(data: bytes) -> int | None:
    """The highest UID that a `.uidvalidity` says was given out; None when it says none.

    Its first line is the UIDVALIDITY, its second that UID.
    """
    lines = data.split()
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else None
