"""Folders under their servers' locks: who is in them now, and their lists of UIDs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress

from mailsurgeon.maildir.names import folder_name
from mailsurgeon.maildir.uidlist import Change, base_name
from mailsurgeon.surgery import fs, locks, uidlists
from mailsurgeon.surgery.locks import Patience
from mailsurgeon.surgery.places import Places

_DOVECOT_TRACES = (
    b"dovecot-uidlist", b"dovecot.index.log", b"dovecot.index", b"dovecot-keywords",
    b"dovecot-uidvalidity", b"dovecot.list.index.log", b"dovecot.mailbox.log",
    b"dovecot.index.cache",
)  # fmt: skip


class Occupants:
    """The messages in a folder's cur and new by base name; listed when first asked for."""

    def __init__(self, places: Places, folder: bytes) -> None:
        self._places = places
        self._served = tuple(os.path.join(folder, part) for part in (b"cur", b"new"))
        self._bases: dict[bytes, set[bytes]] | None = None

    def holds(self, path: bytes) -> bool:
        """Whether a path lies directly in this folder's cur or new."""
        return os.path.dirname(path) in self._served

    def namesake(self, path: bytes, besides: bytes) -> bytes | None:
        """Another file here with the base name of `path`, other than `besides`."""
        if not self.holds(path):
            return None
        others = self._listed().get(base_name(os.path.basename(path)), ())
        return next((other for other in others if other not in (path, besides)), None)

    def moved(self, source: bytes, target: bytes) -> None:
        """Notes that a file has gone from `source` and come to `target`."""
        if self._bases is not None:
            if self.holds(source):
                self._bases.get(base_name(os.path.basename(source)), set()).discard(source)
            if self.holds(target):
                base = base_name(os.path.basename(target))
                self._bases.setdefault(base, set()).add(target)

    def _listed(self) -> dict[bytes, set[bytes]]:
        if self._bases is None:
            self._bases = {}
            for directory in self._served:
                with suppress(FileNotFoundError, NotADirectoryError):
                    for name in map(os.fsencode, os.listdir(self._places.directory(directory))):
                        path = os.path.join(directory, name)
                        self._bases.setdefault(base_name(name), set()).add(path)
        return self._bases


class LockedFolder:
    """One folder while its server's locks are ours. Made by `lock_folders`."""

    def __init__(self, places: Places, path: bytes, control: int | None, shown: bytes) -> None:
        self.path = path
        self._places = places
        self.occupants = Occupants(places, path)
        self._owner = places.owner[0]
        self._control = control
        self._shown = shown
        self._lists: list[uidlists.ListFile] | None = None

    @property
    def lists(self) -> list[uidlists.ListFile]:
        """The servers' lists of UIDs, read once. Raises StepRefused for one not to be touched."""
        if self._lists is None:
            found: list[uidlists.ListFile] = []
            if self._control is not None:
                shown = os.path.join(self._shown, uidlists.DOVECOT)
                one = uidlists.read(self._control, uidlists.DOVECOT, shown, self._owner)
                found += [one] if one else []
            self._lists = found
        return self._lists

    def list_named(self, name: bytes, patience: Patience, stack: ExitStack) -> uidlists.ListFile:
        """One of the servers' lists by its name; Courier's comes with Courier's lock.

        `stack` releases the lock. Raises StepRefused when there is none, or it is not to be
        touched.
        """
        if name == uidlists.DOVECOT:
            found = next(iter(self.lists), None)
        else:
            with fs.told(os.path.join(self.path, b"tmp", locks.COURIER_LOCK)):
                parent = self._places.directory(os.path.join(self.path, b"tmp"))
                shown = os.path.join(self.path, b"tmp", locks.COURIER_LOCK)
                lock = locks.take(parent, locks.COURIER_LOCK, name, shown, patience)
            stack.callback(lock.release)
            home = self._places.directory(self.path)
            found = uidlists.read(home, name, os.path.join(self.path, name), self._owner)
        if found is None:
            raise fs.StepRefused("it is gone")
        return found

    def check_uids(self, renames: list[tuple[bytes, bytes]], changes: list[Change]) -> list[Change]:
        """The record changes for one act, given its renames or (when undone) its own changes."""
        planned: list[Change] = []
        for one in self.lists:
            planned += one.changes_for(renames, changes)
        return planned


def name_of(places: Places, folder: bytes) -> str:
    """The folder's name for people; not yet made visible."""
    return folder_name(folder, places.spool.layout)


def lock_folders(
    places: Places, paths: Iterable[bytes], patience: Patience, stack: ExitStack
) -> dict[bytes, LockedFolder]:
    """Locks folders as their servers expect, in sorted order; `stack` releases them.

    A directory that no server has left a trace in is not locked. Raises StepRefused when a lock
    stays held or cannot be made, HardError on a failing file system.
    """
    found: dict[bytes, LockedFolder] = {}
    for path in sorted(paths):
        control, shown = _control(places, path, stack)
        if control is not None and _served_by_dovecot(places, control):
            lock_shown = os.path.join(shown, locks.UIDLIST_LOCK)
            with fs.told(lock_shown):
                lock = locks.take(
                    control, locks.UIDLIST_LOCK, uidlists.DOVECOT, lock_shown, patience
                )
            stack.callback(lock.release)
        found[path] = LockedFolder(places, path, control, shown)
    return found


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
        root = fs.open_directory(os.path.realpath(spool.control))
        try:
            return fs.open_beneath(root, spool.control_name(folder)), path
        finally:
            os.close(root)
    return None, path


def _control(places: Places, folder: bytes, stack: ExitStack) -> tuple[int | None, bytes]:
    with fs.told(folder or b"INBOX"):
        control, shown = control_directory(places, folder)
    if control is not None:
        stack.callback(os.close, control)
    return control, shown


def _served_by_dovecot(places: Places, control: int) -> bool:
    if places.spool.control is not None:
        return True
    roots = (control, places.directories.root)
    return any(fs.look(root, name) for root in roots for name in _DOVECOT_TRACES)
