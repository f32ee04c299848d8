"""mbsync's `.mbsyncstate` (isync 1.4): which messages of the two sides belong together. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

SYNC_STATE = b".mbsyncstate"

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
