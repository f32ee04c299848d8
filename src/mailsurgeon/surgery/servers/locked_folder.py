"""Folders under their servers' locks, and the lists in which servers name their messages."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.maildir.server_entry import Home
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_owner
from mailsurgeon.surgery.fsops.failures import HardError, NotDurable, StepRefused
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers import registry, uidlist_file
from mailsurgeon.surgery.servers.folder_names import Occupants, Register, folder_around
from mailsurgeon.surgery.servers.folder_place import FolderPlace, control_directory
from mailsurgeon.surgery.servers.lock_wait import LockWait
from mailsurgeon.surgery.servers.registry import Ledger
from mailsurgeon.text import visible


class LockedFolder:
    """One folder while we hold its servers' locks. Made by `lock_folders`.

    `lists`: a reader for each list that follows a rename, in the order the lists are written.
    """

    def __init__(
        self,
        places: Places,
        path: bytes,
        lists: Sequence[Callable[[], Ledger | None]],
        occupants: Occupants,
        named: Collection[Home],
    ) -> None:
        """`named`: where a lock has a name that goes when it is released."""
        self.path = path
        self.occupants = occupants
        self.named = named
        self._places = places
        self._lists = lists
        self._ledgers: list[Ledger] | None = None

    @property
    def ledgers(self) -> list[Ledger]:
        """The servers' lists by base name, read once: lists of UIDs, and Courier's keywords.
        Raises StepRefused for a list that must not be touched.
        """
        if self._ledgers is None:
            with files_as_owner(self._places.owner):
                found = [read() for read in self._lists]
            self._ledgers = [one for one in found if one is not None]
        return self._ledgers

    def tidy(self) -> None:
        """Removes drafts that a killed run left beside the lists. Raises StepRefused, HardError."""
        with files_as_owner(self._places.owner):
            for one in self.ledgers:
                one.tidy()

    def uidlist(self, name: bytes) -> uidlist_file.ListFile:
        """The list of UIDs with this file name. Raises StepRefused if there is none."""
        for one in self.ledgers:
            if isinstance(one, uidlist_file.ListFile) and one.name == name:
                return one
        raise StepRefused("it is gone")

    def check_uids(self, renames: list[tuple[bytes, bytes]], changes: list[Change]) -> list[Change]:
        """The record changes one act needs, for its renames or, in an undo, its own changes.
        Raises StepRefused when a list cannot be changed.
        """
        planned: list[Change] = []
        for one in self.ledgers:
            planned += one.changes_for(renames, changes)
        return planned

    def lists_base(self, base: bytes) -> bool:
        """Whether a list of UIDs has this base name. Raises StepRefused as `ledgers` does."""
        return any(one.has(base) for one in self.ledgers if isinstance(one, uidlist_file.ListFile))

    def draft(self, changes: Sequence[Change]) -> None:
        """Begins to write the lists of UIDs that these changes need, under other names. Raises
        StepRefused and HardError."""
        with files_as_owner(self._places.owner):
            for one in self._files():
                one.draft(changes)

    def sync_drafts(self) -> None:
        """Makes what `draft` wrote durable. Raises StepRefused and HardError."""
        with files_as_owner(self._places.owner):
            for one in self._files():
                one.sync_draft()

    def drop_drafts(self) -> None:
        """Removes what `draft` wrote, as far as it is not in place. Raises HardError and
        StepRefused."""
        with files_as_owner(self._places.owner):
            for one in self._files():
                one.drop_draft()

    def put(self, changes: Sequence[Change]) -> None:
        """Makes record changes in all lists or in none; `settle` makes them durable. After `draft`
        it gets the same changes.

        Raises StepRefused, HardError and NotDurable.
        """
        written: list[tuple[Ledger, list[Change]]] = []
        with files_as_owner(self._places.owner):
            for one in self.ledgers:
                try:
                    put = one.put if isinstance(one, uidlist_file.ListFile) else one.write
                    written.append((one, put(changes)))
                except (StepRefused, HardError) as error:
                    _take_back(written, error)
                    raise

    def settle(self) -> None:
        """Makes what `put` wrote durable, and reads it back. Raises NotDurable."""
        with files_as_owner(self._places.owner):
            for one in self._files():
                one.settle()

    def _files(self) -> Iterator[uidlist_file.ListFile]:
        return (one for one in self.ledgers if isinstance(one, uidlist_file.ListFile))


LockedFolders = Mapping[bytes, LockedFolder]
"""The folders whose locks we hold, by paths relative to the spool."""


def occupants_at(folders: LockedFolders, directory: bytes) -> Occupants | None:
    """The messages of the folder with this cur or new; None if we do not hold its lock."""
    folder = None if isinstance(directory, QuarantinePath) else folder_around(directory)
    locked = folders.get(folder) if folder is not None else None
    return locked.occupants if locked else None


def _take_back(written: list[tuple[Ledger, list[Change]]], error: Exception) -> None:
    """Undoes what was written to other lists before one failed. Raises NotDurable."""
    for ledger, made in reversed(written):
        try:
            ledger.write([change.back for change in made])
        except (StepRefused, HardError) as second:
            raise NotDurable(f"{error}; and it could not be taken back: {second}") from error


def name_of(places: Places, folder: bytes) -> str:
    """The folder's name for display; pass it through `visible` before showing it."""
    return folder_name(folder, places.spool.layout)


def lock_folders(
    places: Places,
    paths: Iterable[bytes],
    wait: LockWait,
    stack: ExitStack,
    register: Register,
) -> dict[bytes, LockedFolder]:
    """Locks folders as their servers and mbsync expect, in sorted order; `stack` releases them.

    Takes no lock of a server that has left no file in the folder. Raises StepRefused when a lock
    stays held or cannot be made, HardError on a failing file system.
    """
    with files_as_owner(places.owner):
        return {path: _lock_folder(places, path, wait, stack, register) for path in sorted(paths)}


def _lock_folder(
    places: Places, path: bytes, wait: LockWait, stack: ExitStack, register: Register
) -> LockedFolder:
    place = FolderPlace(places, path, stack)
    lists: list[Callable[[], Ledger | None]] = []
    for server in server_files.TABLE.servers:
        for lock in server.locks:
            registry.LOCKS[lock.name].take(place, server, lock, wait)
        known = (file for file in server.files if file.name in registry.LISTS)
        lists += [registry.LISTS[file.name](place, file) for file in known]
    return LockedFolder(places, path, lists, register.look(path), place.named)


def sync_let_go(places: Places, folders: LockedFolders) -> None:
    """Makes the removal of these folders' locks durable. Raises NotDurable.

    After a power cut, a file system without a journal may bring back a lock's name. Its inode
    number may belong to another file by then, for example to a directory with something in it.
    """
    for path, folder in sorted(folders.items()):
        try:
            with files_as_owner(places.owner):
                _sync_lock_places(places, path, folder.named)
        except OSError as error:
            line = f"{visible(path or b'INBOX')}: {os.strerror(error.errno or 0)}"
            raise NotDurable(line) from error


def _sync_lock_places(places: Places, path: bytes, named: Iterable[Home]) -> None:
    for home in sorted(named, key=lambda home: home.value):
        if home is Home.CONTROL:
            _sync_control(places, path)
        else:
            with suppress(FileNotFoundError, NotADirectoryError):
                at.sync(places.directory(_where(path, home)))


def _sync_control(places: Places, path: bytes) -> None:
    control, _ = control_directory(places, path)
    if control is not None:
        try:
            at.sync(control)
        finally:
            os.close(control)


def _where(path: bytes, home: Home) -> bytes:
    return os.path.join(path, b"tmp") if home is Home.TMP else path


def remove_dead_locks(places: Places, path: bytes, process: int, host: str) -> None:
    """Removes the locks that a killed run of ours left in a folder, and no others.

    `process` and `host` are those of that run. Locks that cannot be removed stay.
    """
    for lock in server_files.TABLE.locks:
        with suppress(OSError), files_as_owner(places.owner):
            directory = places.directory(_where(path, lock.home))
            registry.LOCKS[lock.name].remove_dead(directory, lock.name, process, host)
