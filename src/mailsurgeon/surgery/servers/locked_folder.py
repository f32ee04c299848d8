"""Folders under their servers' locks, and their lists of UIDs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Protocol

from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.maildir.lists.uidlist import (
    COURIER_KEYWORDS,
    COURIER_UIDLIST,
    DOVECOT_UIDLIST,
    Change,
)
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_owner
from mailsurgeon.surgery.fsops.failures import HardError, NotDurable, StepRefused, told
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers import courier_keywords_file, dotlock, mbsync_lock, uidlist_file
from mailsurgeon.surgery.servers.folder_names import Occupants, Register
from mailsurgeon.surgery.servers.lock_wait import LockWait
from mailsurgeon.text import visible

_DOVECOT_TRACES = (
    b"dovecot-uidlist", b"dovecot.index.log", b"dovecot.index", b"dovecot-keywords",
    b"dovecot-uidvalidity", b"dovecot.list.index.log", b"dovecot.mailbox.log",
    b"dovecot.index.cache",
)  # fmt: skip


class Ledger(Protocol):
    """A server's file that tells messages by their base names, and must follow a rename."""

    @property
    def name(self) -> bytes: ...

    def changes_for(
        self, renames: Sequence[tuple[bytes, bytes]], changes: Sequence[Change]
    ) -> list[Change]: ...

    def write(self, changes: Sequence[Change]) -> list[Change]: ...

    def keys(self) -> set[tuple[int, bytes]]: ...

    def tidy(self) -> None: ...


class LockedFolder:
    """One folder while its servers' locks are ours. Made by `lock_folders`."""

    def __init__(
        self,
        places: Places,
        path: bytes,
        control: int | None,
        shown: bytes,
        keywords: int | None,
        occupants: Occupants,
    ) -> None:
        self.path = path
        self._places = places
        self.occupants = occupants
        self._control = control
        self._shown = shown
        self._keywords = keywords
        self._ledgers: list[Ledger] | None = None

    @property
    def ledgers(self) -> list[Ledger]:
        """What the servers keep by base name here, read once: their lists of UIDs, and Courier's
        keywords. Raises StepRefused for one not to be touched.
        """
        if self._ledgers is None:
            with files_as_owner(self._places.owner):
                self._ledgers = list(self._read())
        return self._ledgers

    def _read(self) -> Iterator[Ledger]:
        owner, by_name = self._places.owner[0], self._places.uidl_is_name
        if self._control is not None:
            shown = os.path.join(self._shown, DOVECOT_UIDLIST)
            one = uidlist_file.read_list_file(
                self._control, DOVECOT_UIDLIST, shown, owner, uidl_is_name=by_name
            )
            if one is not None:
                yield one
        with suppress(FileNotFoundError, NotADirectoryError):
            home = self._places.directory(self.path)
            shown = os.path.join(self.path, COURIER_UIDLIST)
            one = uidlist_file.read_list_file(
                home, COURIER_UIDLIST, shown, owner, uidl_is_name=by_name
            )
            if one is not None:
                yield one
        if self._keywords is not None:
            shown = os.path.join(self.path, COURIER_KEYWORDS)
            yield courier_keywords_file.read_courier_keywords(self._keywords, shown, owner)

    def tidy(self) -> None:
        """Takes away what a killed run has left beside the lists. Raises StepRefused, HardError."""
        with files_as_owner(self._places.owner):
            for one in self.ledgers:
                one.tidy()

    def uidlist(self, name: bytes) -> uidlist_file.ListFile:
        """One of the lists of UIDs by its name. Raises StepRefused when there is none."""
        for one in self.ledgers:
            if isinstance(one, uidlist_file.ListFile) and one.name == name:
                return one
        raise StepRefused("it is gone")

    def check_uids(self, renames: list[tuple[bytes, bytes]], changes: list[Change]) -> list[Change]:
        """The record changes for one act, given its renames or (when undone) its own changes."""
        planned: list[Change] = []
        for one in self.ledgers:
            planned += one.changes_for(renames, changes)
        return planned

    def write(self, changes: Sequence[Change]) -> None:
        """Makes record changes in all ledgers, or in none. Raises StepRefused and HardError."""
        written: list[tuple[Ledger, list[Change]]] = []
        with files_as_owner(self._places.owner):
            for one in self.ledgers:
                try:
                    written.append((one, one.write(changes)))
                except (StepRefused, HardError) as error:
                    _take_back(written, error)
                    raise


LockedFolders = Mapping[bytes, LockedFolder]
"""The folders whose locks are held, by their paths relative to the spool."""


def _take_back(written: list[tuple[Ledger, list[Change]]], error: Exception) -> None:
    """Undoes what was written to other ledgers before one could not be."""
    for ledger, made in reversed(written):
        try:
            ledger.write([change.back for change in made])
        except (StepRefused, HardError) as second:
            raise NotDurable(f"{error}; and it could not be taken back: {second}") from error


def name_of(places: Places, folder: bytes) -> str:
    """The folder's name for people; not yet made visible."""
    return folder_name(folder, places.spool.layout)


def lock_folders(
    places: Places,
    paths: Iterable[bytes],
    patience: LockWait,
    stack: ExitStack,
    register: Register,
) -> dict[bytes, LockedFolder]:
    """Locks folders as their servers and mbsync expect, in sorted order; `stack` releases them.

    A directory that no server has left a trace in is not locked. Raises StepRefused when a lock
    stays held or cannot be made, HardError on a failing file system.
    """
    with files_as_owner(places.owner):
        return {
            path: _lock_folder(places, path, patience, stack, register) for path in sorted(paths)
        }


def _lock_folder(
    places: Places, path: bytes, patience: LockWait, stack: ExitStack, register: Register
) -> LockedFolder:
    control, shown = _control(places, path, stack)
    if control is not None and _served_by_dovecot(places, control):
        lock_shown = os.path.join(shown, dotlock.UIDLIST_LOCK)
        with told(lock_shown):
            lock = dotlock.take(
                control, dotlock.UIDLIST_LOCK, DOVECOT_UIDLIST, lock_shown, patience
            )
        stack.callback(_release, lock, places.owner)
    keywords = _lock_for_courier(places, path, patience, stack)
    _lock_for_mbsync(places, path, patience, stack)
    return LockedFolder(places, path, control, shown, keywords, register.look(path))


def sync_let_go(places: Places, paths: Iterable[bytes]) -> None:
    """Makes it durable that the locks of these folders are gone. Raises NotDurable.

    After a power cut, on a file system without a journal of its own, their names might be back,
    and mean what has got their inode number since: a directory that something was put into.
    """
    for path in sorted(paths):
        try:
            with files_as_owner(places.owner):
                _sync_lock_places(places, path)
        except OSError as error:
            line = f"{visible(path or b'INBOX')}: {os.strerror(error.errno or 0)}"
            raise NotDurable(line) from error


def _sync_lock_places(places: Places, path: bytes) -> None:
    control, _ = control_directory(places, path)
    if control is not None:
        try:
            at.sync(control)
        finally:
            os.close(control)
    with suppress(FileNotFoundError, NotADirectoryError):
        at.sync(places.directory(os.path.join(path, b"tmp")))


def _release(lock: dotlock.DotLock, owner: tuple[int, int]) -> None:
    with files_as_owner(owner):
        lock.release()


def _lock_for_courier(
    places: Places, path: bytes, patience: LockWait, stack: ExitStack
) -> int | None:
    """Takes Courier's lock where Courier has been; returns its directory of keywords, if any.

    Without `tmp` there is no place for the lock, and Courier does not open the folder.
    """
    try:
        home = os.dup(places.directory(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    stack.callback(os.close, home)
    if all(at.look(home, name) is None for name in (COURIER_UIDLIST, COURIER_KEYWORDS)):
        return None
    tmp = _subdirectory(home, path, b"tmp", stack)
    if tmp is not None:
        shown = os.path.join(path, b"tmp", dotlock.COURIER_LOCK)
        with told(shown):
            lock = dotlock.take(tmp, dotlock.COURIER_LOCK, COURIER_UIDLIST, shown, patience)
        stack.callback(_release, lock, places.owner)
    return _subdirectory(home, path, COURIER_KEYWORDS, stack)


def _subdirectory(home: int, path: bytes, name: bytes, stack: ExitStack) -> int | None:
    """A descriptor of a folder's directory; None when it is missing. StepRefused for a symlink."""
    with told(os.path.join(path, name)), suppress(FileNotFoundError):
        found = at.open_directory(name, home)
        stack.callback(os.close, found)
        return found
    return None


def _lock_for_mbsync(places: Places, path: bytes, patience: LockWait, stack: ExitStack) -> None:
    """Holds the record lock that mbsync gives out UIDs under, where it keeps a count of them."""
    shown = os.path.join(path, mbsync_lock.UIDVALIDITY)
    with told(shown), suppress(FileNotFoundError, NotADirectoryError):
        home = places.directory(path)
        handle = mbsync_lock.hold(home, mbsync_lock.UIDVALIDITY, shown, patience)
        stack.callback(os.close, handle)


def control_directory(places: Places, folder: bytes) -> tuple[int | None, bytes]:
    """An own descriptor of the directory that holds a folder's uidlist, and its shown path.

    None when there is no such directory.
    """
    spool = places.spool
    if spool.control is None:
        with suppress(FileNotFoundError, NotADirectoryError):
            return os.dup(places.directory(folder)), folder
        return None, folder
    path = spool.control_of(folder)
    with suppress(FileNotFoundError, NotADirectoryError):
        root = at.open_directory(os.path.realpath(spool.control))
        try:
            return at.open_beneath(root, spool.control_name(folder)), path
        finally:
            os.close(root)
    return None, path


def _control(places: Places, folder: bytes, stack: ExitStack) -> tuple[int | None, bytes]:
    with told(folder or b"INBOX"):
        control, shown = control_directory(places, folder)
    if control is not None:
        stack.callback(os.close, control)
    return control, shown


def _served_by_dovecot(places: Places, control: int) -> bool:
    if places.spool.control is not None:
        return True
    roots = (control, places.directories.root)
    return any(at.look(root, name) for root in roots for name in _DOVECOT_TRACES)
