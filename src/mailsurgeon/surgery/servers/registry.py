"""Which module reads and writes a server's list, and which takes a lock, by the table's names.

A new server is an entry in `maildir/server_files.py` and, here, one line for each of its lists that
must follow a rename and one for each of its locks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.maildir.server_entry import KnownFile, Server, ServerLock
from mailsurgeon.maildir.server_files import (
    COURIER_KEYWORDS,
    COURIER_LOCK,
    COURIER_UIDLIST,
    DOVECOT_UIDLIST,
    DOVECOT_UIDLIST_LOCK,
    MBSYNC_UIDVALIDITY,
)
from mailsurgeon.surgery.servers import courier_keywords_file, dotlock, mbsync_lock, uidlist_file
from mailsurgeon.surgery.servers.folder_place import FolderPlace
from mailsurgeon.surgery.servers.lock_wait import LockWait


class Ledger(Protocol):
    """A server's list that names messages by their base names, and must follow a rename."""

    @property
    def name(self) -> bytes:
        """Of its entry in the table."""
        ...

    def changes_for(
        self, renames: Sequence[tuple[bytes, bytes]], changes: Sequence[Change]
    ) -> list[Change]:
        """The changes that renames (old base, new base) need, or what `changes` come to now.

        Raises StepRefused when they cannot be made; nothing is made yet.
        """
        ...

    def write(self, changes: Sequence[Change]) -> list[Change]:
        """Makes those of the changes that are this list's, durably; returns them as made.

        Raises StepRefused or HardError, nothing having changed, and NotDurable.
        """
        ...

    def keys(self) -> set[tuple[int, bytes]]:
        """The UIDs (0 where the list has none) and base names in it."""
        ...

    def tidy(self) -> None:
        """Takes away what a killed run has left of a new file not yet in its place."""
        ...


OpenList = Callable[[FolderPlace, KnownFile], Callable[[], Ledger | None]]
"""Opens what a list lies in, as soon as the server's locks are held; gives what reads the list
later, None when there is none. Both raise StepRefused and HardError."""


@dataclass(frozen=True, slots=True)
class LockKind:
    """How locks of one kind are taken, and removed where a killed run of ours has left one.

    `take` waits as it is told and lets the lock go by the stack of the place; it takes none where
    the server has left nothing, or has no place for it. It raises StepRefused when the lock stays
    held or cannot be made, HardError and OSError. `remove_dead` gets the directory, the lock's
    name, and the process and host of the run; it raises OSError.
    """

    take: Callable[[FolderPlace, Server, ServerLock, LockWait], None]
    remove_dead: Callable[[int, bytes, int, str], None]


_DOTLOCK = LockKind(dotlock.lock_by_dotlock, dotlock.remove_of_dead)
_RECORD_LOCK = LockKind(mbsync_lock.lock_for_mbsync, mbsync_lock.remove_dead)

LOCKS: dict[bytes, LockKind] = {
    DOVECOT_UIDLIST_LOCK: _DOTLOCK,
    COURIER_LOCK: _DOTLOCK,
    MBSYNC_UIDVALIDITY: _RECORD_LOCK,
}
LISTS: dict[bytes, OpenList] = {
    DOVECOT_UIDLIST: uidlist_file.open_uidlist,
    COURIER_UIDLIST: uidlist_file.open_uidlist,
    COURIER_KEYWORDS: courier_keywords_file.open_keywords,
}
