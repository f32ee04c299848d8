"""The messages of a folder by base name.

Servers take two files with one base name in a folder for one message, so check before a rename.
Each batch checks the folder twice, before it takes the lock and under it, and lists the directory
only if it may have changed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

from mailsurgeon.maildir.filename import split
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.fsops.paths import parent_of
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.survey.index.rows import GRANULARITY

_LISTED_AGAIN = 3
"""How often a folder is listed again while its lock is held, for files that are not found."""


@lru_cache(maxsize=1024)
def served_in(folder: bytes) -> tuple[bytes, bytes]:
    """The directories of a folder that servers search for mail: cur and new."""
    return (folder + b"/cur", folder + b"/new") if folder else (b"cur", b"new")


@lru_cache(maxsize=1024)
def folder_around(directory: bytes) -> bytes | None:
    """The folder whose cur or new this directory is; None if it is neither."""
    if directory in (b"cur", b"new"):
        return b""
    return directory[:-4] if directory.endswith((b"/cur", b"/new")) else None


def _base(name: str) -> str:
    if name.startswith(":"):
        return os.fsdecode(split(os.fsencode(name))[0])
    return name.partition(":")[0]


class _Listing:
    """The names in one directory, also by base name."""

    def __init__(self, names: Sequence[str] = (), seen: tuple[int, ...] | None = None) -> None:
        """`seen`: the directory's state when listed; None if that cannot show later changes."""
        self.names = set(names)
        self.seen = seen
        bases = [name.partition(":")[0] for name in names]
        if "" in bases:  # of a few, or of none
            bases = [_base(name) for name in names]
        self._one = dict(zip(bases, names, strict=True))
        self._several: dict[str, set[str]] = {}  # base names that several files share
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
        """Adds a file name."""
        self.names.add(name)
        base = name.partition(":")[0] or _base(name)
        if base not in self._one:
            self._one[base] = name
        else:
            self._add(base, name)

    def _add(self, base: str, name: str) -> None:
        other = self._one.setdefault(base, name)
        if other != name:
            self._several.setdefault(base, {other}).add(name)

    def discard(self, name: str) -> None:
        """Removes a file name."""
        self.names.discard(name)
        base = _base(name)
        if base in self._several:
            left = self._several[base]
            left.discard(name)
            self._one[base] = min(left)
            if len(left) == 1:
                del self._several[base]
        elif self._one.get(base) == name:
            del self._one[base]


class Occupants:
    """The messages in a folder's cur and new by base name; listed when first needed."""

    def __init__(self, places: Places, folder: bytes) -> None:
        self._places = places
        self._known = {directory: _Listing() for directory in served_in(folder)}
        self._fresh = False
        self._inodes: dict[int, list[bytes]] | None = None
        self._listings_left = _LISTED_AGAIN

    def look_again(self) -> None:
        """Makes the next lookup check the disk again."""
        self._fresh = False
        self._inodes = None
        self._listings_left = _LISTED_AGAIN

    def names_of(self, expected: Expected) -> list[bytes]:
        """The paths in cur and new under which this very file lies now, whatever its name.

        Clients rename a file when a flag changes, and need no lock for it. So a name that is gone
        again when it is looked at is searched for anew, a few times. Raises OSError.
        """
        while True:
            if self._inodes is None:
                self._inodes = self._by_inode()
            listed = self._inodes.get(expected.inode, ())
            found = [path for path in listed if self._is(path, expected)]
            if found or not self._listings_left:
                return found
            self._listings_left -= 1
            self._inodes = None

    def _is(self, path: bytes, expected: Expected) -> bool:
        try:
            return at.same_inode(at.look(*self._places.locate(path)), expected)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _by_inode(self) -> dict[int, list[bytes]]:
        found: dict[int, list[bytes]] = {}
        for directory in self._known:
            for name, inode in _inodes_in(self._places, directory):
                found.setdefault(inode, []).append(directory + b"/" + name)
        return found

    def namesake(self, path: bytes, besides: bytes) -> bytes | None:
        """Another file here, except `besides`, with the base name of `path`; None without one."""
        directory, _, filename = path.rpartition(b"/")
        if directory not in self._known:
            return None
        name = os.fsdecode(filename)
        base = _base(name)
        if not base:  # a server gives each such name another
            return None
        for where, listing in self._listed().items():
            if base not in listing:
                continue
            for other in listing.of(base):
                if other == name and where == directory:
                    continue
                found = where + b"/" + os.fsencode(other)
                if found != besides:
                    return found
        return None

    def may_have_base(self, name: bytes) -> bool:
        """Whether a file here has the base name of the filename `name`, or may have it."""
        base = name.partition(b":")[0].decode(errors="surrogateescape")
        cur, new = self._listed().values()
        return not base or base in cur or base in new

    def bears(self, wanted: Callable[[bytes], bool]) -> bool:
        """Whether `wanted` is true for the filename of any message here."""
        return any(
            wanted(os.fsencode(name))
            for listing in self._listed().values()
            for name in listing.names
        )

    def left(self, directory: bytes, name: bytes) -> None:
        """Notes that a file has left cur or new."""
        if self._fresh:
            self._known[directory].discard(os.fsdecode(name))

    def came(self, directory: bytes, name: bytes) -> None:
        """Notes that a file has arrived in cur or new."""
        if self._fresh:
            self._known[directory].add(os.fsdecode(name))

    def _listed(self) -> dict[bytes, _Listing]:
        if not self._fresh:
            for directory, known in self._known.items():
                self._known[directory] = self._looked(directory, known)
            self._fresh = True
        return self._known

    def _looked(self, directory: bytes, known: _Listing) -> _Listing:
        """Lists a directory again, unless it is unchanged since `known`.

        Equal times prove that only if the last change was well before the listing: two changes
        within the clock's granularity leave the same times.
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


def path_now(
    places: Places,
    path: bytes,
    expected: Expected,
    occupants: Occupants | None,
    besides: bytes | None = None,
) -> bytes | None:
    """The path of the very file `expected` now, which was known as `path`; None if it is gone.

    Searches the file's own directory; with `occupants`, cur and new of its folder. Of several hard
    links it takes one with the same base name, and never `besides`. Raises OSError.
    """
    directory, name = parent_of(path), path.rpartition(b"/")[2]
    if occupants is not None:
        found = occupants.names_of(expected)
    else:
        inside = directory + b"/" if directory[-1:] not in (b"", b"/") else directory
        names = [one for one, inode in _inodes_in(places, directory) if inode == expected.inode]
        found = [
            inside + one
            for one in names
            if at.same_inode(at.look(*places.locate(inside + one)), expected)
        ]
    base = name.partition(b":")[0]
    others = [one for one in found if one != besides]
    alike = [one for one in others if one.rpartition(b"/")[2].partition(b":")[0] == base]
    return min(alike or others, default=None)


def _inodes_in(places: Places, directory: bytes) -> list[tuple[bytes, int]]:
    """The names in a directory, each with its inode number; none if it is missing."""
    try:
        with os.scandir(places.directory(directory)) as entries:
            return [(os.fsencode(entry.name), entry.inode()) for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _state(status: os.stat_result) -> tuple[int, ...]:
    """What changes along with a directory's contents; the time of the last change comes third."""
    return status.st_dev, status.st_ino, status.st_ctime_ns, status.st_mtime_ns


class Register:
    """The messages of folders, kept between checks of a folder."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[bytes, Occupants] = {}

    def look(self, folder: bytes) -> Occupants:
        """A folder's messages, which its next lookup checks on the disk."""
        found = self._known.get(folder)
        if found is None:
            found = self._known[folder] = Occupants(self._places, folder)
        found.look_again()
        return found

    def keep(self, folders: Collection[bytes]) -> None:
        """Forgets all folders but these."""
        for folder in self._known.keys() - folders:
            del self._known[folder]
