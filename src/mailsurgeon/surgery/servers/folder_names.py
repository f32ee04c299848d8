"""Who is in a folder: its messages by base name.

Two files of one base name in a folder are one message to a server, so whoever renames looks first.
A folder is looked at anew for every batch and again under its lock, and listed where it may have
changed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.survey.index.rows import GRANULARITY


@lru_cache(maxsize=1024)
def served_in(folder: bytes) -> tuple[bytes, bytes]:
    """The directories of a folder that servers look for mail in: cur and new."""
    return (folder + b"/cur", folder + b"/new") if folder else (b"cur", b"new")


@lru_cache(maxsize=1024)
def folder_around(directory: bytes) -> bytes | None:
    """The folder that a directory is the cur or new of; None when it is neither."""
    if directory in (b"cur", b"new"):
        return b""
    return directory[:-4] if directory.endswith((b"/cur", b"/new")) else None


class _Listing:
    """The names in one directory, and which of them have a base name."""

    def __init__(self, names: Sequence[str] = (), seen: tuple[int, ...] | None = None) -> None:
        """`seen`: what the directory looked like when it was listed, if that tells of changes."""
        self.names = set(names)
        self.seen = seen
        bases = [name.partition(":")[0] for name in names]
        self._one = dict(zip(bases, names, strict=True))
        self._several: dict[str, set[str]] = {}  # of the base names that more than one has
        if len(self._one) != len(names):
            for base, name in zip(bases, names, strict=True):
                self._add(base, name)

    def __contains__(self, base: str) -> bool:
        return base in self._one

    def of(self, base: str) -> Collection[str]:
        """The names with this base name."""
        if (several := self._several.get(base)) is not None:
            return sorted(several)
        one = self._one.get(base)
        return () if one is None else (one,)

    def add(self, name: str) -> None:
        """Notes a name that has come."""
        self.names.add(name)
        self._add(name.partition(":")[0], name)

    def _add(self, base: str, name: str) -> None:
        other = self._one.setdefault(base, name)
        if other != name:
            self._several.setdefault(base, {other}).add(name)

    def discard(self, name: str) -> None:
        """Notes a name that has gone."""
        self.names.discard(name)
        base = name.partition(":")[0]
        if base in self._several:
            left = self._several[base]
            left.discard(name)
            self._one[base] = min(left)
            if len(left) == 1:
                del self._several[base]
        elif self._one.get(base) == name:
            del self._one[base]


class Occupants:
    """The messages in a folder's cur and new by base name; listed when first asked for."""

    def __init__(self, places: Places, folder: bytes) -> None:
        self._places = places
        self._known = {directory: _Listing() for directory in served_in(folder)}
        self._fresh = False

    def look_again(self) -> None:
        """What is asked next is answered by a new look at the disk."""
        self._fresh = False

    def namesake(self, path: bytes, besides: bytes) -> bytes | None:
        """Another file here with the base name of `path`, other than `besides`."""
        directory, _, name = path.rpartition(b"/")
        if directory not in self._known:
            return None
        base = os.fsdecode(name).partition(":")[0]
        for where, listing in self._listed().items():
            if base not in listing:
                continue
            for other in listing.of(base):
                found = where + b"/" + os.fsencode(other)
                if found not in (path, besides):
                    return found
        return None

    def bears(self, wanted: Callable[[bytes], bool]) -> bool:
        """Whether the filename of any message here is as `wanted` tells."""
        return any(
            wanted(os.fsencode(name))
            for listing in self._listed().values()
            for name in listing.names
        )

    def left(self, directory: bytes, name: bytes) -> None:
        """Notes that a file has gone from cur or new."""
        if self._fresh:
            self._known[directory].discard(os.fsdecode(name))

    def came(self, directory: bytes, name: bytes) -> None:
        """Notes that a file has come to cur or new."""
        if self._fresh:
            self._known[directory].add(os.fsdecode(name))

    def _listed(self) -> dict[bytes, _Listing]:
        if not self._fresh:
            for directory, known in self._known.items():
                self._known[directory] = self._looked(directory, known)
            self._fresh = True
        return self._known

    def _looked(self, directory: bytes, known: _Listing) -> _Listing:
        """What is in a directory now; `known` is what was.

        A directory that has not changed is not listed again. Its own times tell so where the last
        change was long enough before it was listed: of two changes at once they tell of one.
        """
        try:
            handle = self._places.directory(directory)
            seen = _state(os.fstat(handle))
            if known.seen == seen:
                return known
            settled = time.time_ns() - GRANULARITY > seen[2]
            names = os.listdir(handle)
        except (FileNotFoundError, NotADirectoryError):
            return _Listing()
        if len(names) == len(known.names) and known.names.issuperset(names):
            known.seen = seen if settled else None
            return known
        return _Listing(names, seen if settled else None)


def _state(status: os.stat_result) -> tuple[int, ...]:
    """What changes with what is in a directory, the time of the last change third."""
    return status.st_dev, status.st_ino, status.st_ctime_ns, status.st_mtime_ns


class Register:
    """The occupants of folders, kept from one look at a folder to the next."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[bytes, Occupants] = {}

    def look(self, folder: bytes) -> Occupants:
        """A folder's occupants as they are from now on."""
        found = self._known.get(folder)
        if found is None:
            found = self._known[folder] = Occupants(self._places, folder)
        found.look_again()
        return found

    def keep(self, folders: Collection[bytes]) -> None:
        """Forgets all but these."""
        for folder in self._known.keys() - folders:
            del self._known[folder]
