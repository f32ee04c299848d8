"""Maps names in the table of servers to the modules that handle the lists and locks.

A new server needs an entry in `maildir/server_files.py` and, here, one line for each of its lists
that must follow a rename and one for each of its locks.
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
    """A server's list with messages by base name, which must follow a rename."""

    @property
    def name(self) -> bytes:
        """Its file name in the table."""
        ...

    def changes_for(
        self, renames: Sequence[tuple[bytes, bytes]], changes: Sequence[Change]
    ) -> list[Change]:
        """The changes that renames (old base, new base) need, or `changes` adapted to the list as
        it is now. Raises StepRefused when they cannot be made; makes none yet.
        """
        ...

    def write(self, changes: Sequence[Change]) -> list[Change]:
        """Makes those of the changes that belong to this list, durably; returns them as made.

        Raises StepRefused or HardError when nothing has changed, and NotDurable.
        """
        ...

    def keys(self) -> set[tuple[int, bytes]]:
        """The UIDs (0 where the list has none) and base names in it."""
        ...

    def tidy(self) -> None:
        """Removes the draft of a new file that a killed run left."""
        ...


OpenList = Callable[[FolderPlace, KnownFile], Callable[[], Ledger | None]]
"""Opens the directory of a list once the server's locks are held; returns a function that reads the
list later, or returns None if there is none. Both raise StepRefused and HardError."""


@dataclass(frozen=True, slots=True)
class LockKind:
    """How to take locks of one kind, and to remove one that a killed run of ours left.

    `take` waits as LockWait says, and the place's stack releases the lock. It takes none where the
    server has left no files, or the lock's directory is missing. It raises StepRefused when the
    lock stays held or cannot be made, HardError and OSError. `remove_dead` gets the directory, the
    lock's name, and the process and host of the killed run; it raises OSError.
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
