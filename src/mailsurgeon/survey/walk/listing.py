"""The names in one directory, by kind."""

from __future__ import annotations

import os
import time
from itertools import islice
from typing import NamedTuple

from mailsurgeon.maildir.reserved import SUBDIRS
from mailsurgeon.survey.index.rows import GRANULARITY

_AT_ONCE = 2000  # entries in memory: each takes several times as much as its name
_BUSY = 10 * 10**9  # a directory that has not changed for so many ns will hardly do so just now
_TRIES = 3


def linked_subdirs(path: bytes, listing: Listing) -> frozenset[bytes]:
    """Which of cur, new and tmp in the directory at an absolute path are symlinks to
    directories."""
    return frozenset(
        name
        for name in SUBDIRS
        if name in listing.symlinks and os.path.isdir(os.path.join(path, name))
    )


class DirectoryStamp(NamedTuple):
    """What changes in a directory's status when a name comes or goes. Nobody can set `ctime_ns`."""

    mtime_ns: int
    ctime_ns: int
    inode: int


def directory_stamp(path: bytes) -> DirectoryStamp:
    """The stamp of the directory at `path`. Raises OSError."""
    status = os.stat(path)
    return DirectoryStamp(status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def stamp_text(stamp: DirectoryStamp) -> str:
    """The stamp as the index keeps it."""
    return " ".join(map(str, stamp))


class Listing:
    """The names in one directory, by kind; `files` is sorted. `stamp` was taken before them.

    A file that gets another name while its directory is read may be missed under both (POSIX,
    readdir()), so a directory that has changed meanwhile is read again, a few times at most. With
    `most` it has no more than one name above that number. Creating one raises OSError.
    """

    __slots__ = ("_listed", "directories", "files", "others", "stamp", "symlinks")

    def __init__(self, path: bytes, most: int | None = None) -> None:
        self.stamp = directory_stamp(path)
        self._read(path, most)
        for _ in range(_TRIES - 1):
            if max(self.stamp.mtime_ns, self.stamp.ctime_ns) < self._listed - _BUSY:
                return
            now = directory_stamp(path)
            if now == self.stamp:
                return
            self.stamp = now
            self._read(path, most)

    def _read(self, path: bytes, most: int | None) -> None:
        self._listed = time.time_ns()
        self.files: list[bytes] = []
        self.directories: list[bytes] = []
        self.symlinks: list[bytes] = []
        self.others: list[bytes] = []
        with os.scandir(path) as entries:
            left = islice(entries, None if most is None else most + 1)
            while some := list(islice(left, _AT_ONCE)):
                files = [entry.name for entry in some if entry.is_file(follow_symlinks=False)]
                self.files += files
                if len(files) < len(some):
                    self._sort_out(some)
        self.files.sort()

    def _sort_out(self, entries: list[os.DirEntry[bytes]]) -> None:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                continue
            if entry.is_dir(follow_symlinks=False):
                self.directories.append(entry.name)
            elif entry.is_symlink():
                self.symlinks.append(entry.name)
            else:
                self.others.append(entry.name)

    def stands(self, path: bytes) -> bool:
        """Whether the directory at `path` still has these entries. Raises OSError.

        Its time must be the same, and so much older than the listing that no later change can bear
        the same time.
        """
        changed = os.stat(path).st_mtime_ns
        return changed == self.stamp.mtime_ns and changed < self._listed - GRANULARITY

    @property
    def settled(self) -> bool:
        """Whether every later change in the directory gives it another stamp."""
        return max(self.stamp.mtime_ns, self.stamp.ctime_ns) < self._listed - GRANULARITY

    @property
    def only_files(self) -> bool:
        """Whether there is nothing but regular files."""
        return not (self.directories or self.symlinks or self.others)

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all."""
        return self.only_files and not self.files
