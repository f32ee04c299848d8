"""Walks a spool and finds its folders, its other directories and the directories with files.

The walk lists directories and opens no file. It never follows symlinks.
"""

from __future__ import annotations

import os
import stat
import time
from bisect import bisect_left
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.maildir.folder_names import FS, MAILDIRPP
from mailsurgeon.maildir.reserved import (
    SUBDIRS,
    is_servers_directory,
    is_servers_file,
    keeps_state,
    marks_folder,
    never_a_folder,
    never_leftover,
)
from mailsurgeon.maildir.spool import join
from mailsurgeon.survey.index.rows import GRANULARITY, NotExamined, Place

_KEPT = 400_000
"""The most names that listings keep in memory after a walk; a name takes about 90 bytes."""
LEVELS = 100
"""How deep directories are looked into, far deeper than folders lie. The kernel looks up each path
from the top, so that the time for a chain of directories grows with the square of its length."""
TOO_DEEP = f"lies more than {LEVELS} directories deep"
NOT_FOLLOWED = "a symlink to a directory is not followed"


@dataclass(slots=True)
class Directory:
    """A directory whose files a survey examines.

    `path` and `folder` are relative to the spool; `folder` is the nearest enclosing folder (b""
    is the root), None without one. `files` is the number of entries to examine.
    """

    path: bytes
    folder: bytes | None
    place: Place
    files: int = 0
    listing: Listing | None = None

    def take_listing(self) -> Listing | None:
        """The walk's listing, returned once and then forgotten, because listings take memory."""
        listing, self.listing = self.listing, None
        return listing


@dataclass(slots=True)
class FoundFolder:
    """A folder: a directory that has cur, new or tmp, or a file by which a server marks a
    folder."""

    path: bytes
    present: frozenset[bytes]
    servers_files: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Walk:
    """The result of a walk. `loose`: directories that neither are folders nor contain any."""

    folders: dict[bytes, FoundFolder] = field(default_factory=dict)
    directories: list[Directory] = field(default_factory=list)
    loose: list[bytes] = field(default_factory=list)
    not_examined: list[NotExamined] = field(default_factory=list)


class Listing:
    """The names in one directory, by kind; `files` is sorted. Creating one raises OSError."""

    __slots__ = ("_changed", "_listed", "directories", "files", "others", "symlinks")

    def __init__(self, path: bytes) -> None:
        self._changed = os.stat(path).st_mtime_ns
        self._listed = time.time_ns()
        self.files: list[bytes] = []
        self.directories: list[bytes] = []
        self.symlinks: list[bytes] = []
        self.others: list[bytes] = []
        add = self.files.append
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    add(entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    self.directories.append(entry.name)
                elif entry.is_symlink():
                    self.symlinks.append(entry.name)
                else:
                    self.others.append(entry.name)
        self.files.sort()

    def stands(self, path: bytes) -> bool:
        """Whether the directory at `path` still has these entries. Raises OSError.

        Its time must be the same, and so much older than the listing that no later change can bear
        the same time.
        """
        changed = os.stat(path).st_mtime_ns
        return changed == self._changed and changed < self._listed - GRANULARITY


def without_prefix(names: list[bytes], prefix: bytes) -> list[bytes]:
    """The sorted names that do not begin with `prefix`, whose last character is ASCII."""
    start = bisect_left(names, prefix)
    end = bisect_left(names, prefix[:-1] + bytes([prefix[-1] + 1]))
    return names[:start] + names[end:] if start < end else names


def names_to_examine(place: Place, listing: Listing) -> tuple[list[bytes], list[bytes]]:
    """The names that a survey examines in a directory of this place: first those of regular files,
    then all others, each sorted."""
    if place in (Place.CUR, Place.NEW):
        others = [name for name in listing.symlinks if not name.startswith(b".")]
        others += [name for name in listing.others if not name.startswith(b".")]
        # An NFS client renames a file to `.nfs*` when it is deleted while open. Giving that another
        # name would bring the deleted message back.
        return without_prefix(listing.files, b".nfs"), sorted(others + listing.directories)
    if place is Place.TMP:
        return [name for name in listing.files if not never_leftover(name)], []
    names = [name for name in listing.files if not is_servers_file(name)]
    if place is not Place.ROOT:
        names = [name for name in names if not name.startswith(b".") and not marks_folder(name)]
    return names, []


def walk(
    root: bytes,
    exclude: tuple[str, ...] = (),
    layout: str = FS,
    listing: Callable[[bytes], Listing] = Listing,
    only: Collection[bytes] | None = None,
) -> Walk:
    """Walks the tree below `root` (absolute). Raises OSError when the root cannot be read.

    In the `fs` layout a root without cur, new and tmp only contains folders and is not one itself.
    `listing` lists the directory at an absolute path, or raises OSError. With `only`, cur, new and
    tmp of other folders are skipped.
    """
    found = Walk()
    _Walker(root, found, exclude, layout, listing, only).visit(b"", None, listing(root))
    found.loose = _hollow(found)
    return found


def passed_over(root: bytes, path: bytes) -> bool:
    """Whether a walk skips a directory because it belongs to a server. A directory with cur, new or
    tmp is a folder in spite of its name: a user may have a folder called `.notmuch`."""
    name = path.rpartition(b"/")[2]
    if not is_servers_directory(name):
        return False
    inside = (os.path.join(root, path, subdir) for subdir in SUBDIRS)
    return never_a_folder(name) or not any(
        os.path.isdir(subdir) and not os.path.islink(subdir) for subdir in inside
    )


class _Walker:
    def __init__(
        self,
        root: bytes,
        found: Walk,
        exclude: tuple[str, ...],
        layout: str,
        listing: Callable[[bytes], Listing],
        only: Collection[bytes] | None,
    ) -> None:
        self.root = root
        self.found = found
        self.exclude = exclude
        self.layout = layout
        self.listing = listing
        self.only = only
        self.kept = 0  # names in listings that are kept

    def visit(self, path: bytes, folder: bytes | None, listing: Listing) -> None:
        """Walks a directory outside cur, new and tmp; `folder` is the nearest folder around it."""
        # A list of waiting directories, because deep trees would exceed Python's stack.
        waiting = [(path, folder, listing)]
        while waiting:
            path, folder, listing = waiting.pop()
            present = frozenset(name for name in SUBDIRS if name in listing.directories)
            if present or (any(map(marks_folder, listing.files)) and not self._is_parent(path)):
                servers = tuple(name for name in listing.files if keeps_state(name))
                self.found.folders[path] = FoundFolder(path, present, servers)
                folder = path
                self._files(path, folder, Place.ROOT, listing)
                wanted = self.only is None or path in self.only
                for name in sorted(present) if wanted else ():
                    self._subdir(join(path, name), folder, Place(name.decode()))
            else:
                if path:
                    self.found.loose.append(path)
                self._files(path, folder, Place.NESTED, listing)
            for name in sorted(listing.directories, reverse=True):
                if name in present or passed_over(self.root, join(path, name)):
                    continue
                inner = self._list(join(path, name))
                if inner:
                    waiting.append((join(path, name), folder, inner))

    def _is_parent(self, path: bytes) -> bool:
        """In the fs layout a root that only has servers' files is not a folder."""
        return not path and self.layout != MAILDIRPP

    def _subdir(self, path: bytes, folder: bytes, place: Place) -> None:
        """Lists a folder's cur, new or tmp and the directories below, none of which is a folder."""
        listing = self._list(path)
        if listing is None:
            return
        self._files(path, folder, place, listing)
        waiting = [join(path, name) for name in listing.directories]
        while waiting:
            inner = waiting.pop()
            below = self._list(inner)
            if below:
                self._files(inner, folder, Place.NESTED, below)
                waiting += [join(inner, name) for name in below.directories]

    def _files(self, path: bytes, folder: bytes | None, place: Place, listing: Listing) -> None:
        for name in listing.symlinks:
            if place not in (Place.CUR, Place.NEW) and self._leads_to_directory(path, name):
                self._skip(join(path, name), NOT_FOLLOWED)
        names, others = names_to_examine(place, listing)
        files = len(names) + len(others)
        if not files:
            return
        self.kept += files
        kept = listing if self.kept <= _KEPT else None
        self.found.directories.append(Directory(path, folder, place, files, kept))

    def _leads_to_directory(self, path: bytes, name: bytes) -> bool:
        try:
            mode = os.stat(os.path.join(self.root, join(path, name))).st_mode
        except OSError:
            return False
        return stat.S_ISDIR(mode)

    def _list(self, path: bytes) -> Listing | None:
        if self.exclude and _excluded(path, self.exclude):
            self._skip(path, "excluded")
            return None
        if path.count(b"/") >= LEVELS:
            self._skip(path, TOO_DEEP)
            return None
        try:
            return self.listing(os.path.join(self.root, path))
        except OSError as error:
            if no_more_files(error):
                raise
            self._skip(path, error.strerror or "cannot be read")
            return None

    def _skip(self, path: bytes, reason: str) -> None:
        self.found.not_examined.append(NotExamined(path, reason))


def _excluded(path: bytes, patterns: tuple[str, ...]) -> bool:
    text = os.fsdecode(path)
    last = text.rpartition("/")[2]
    return any(fnmatchcase(text, pattern) or fnmatchcase(last, pattern) for pattern in patterns)


def _hollow(found: Walk) -> list[bytes]:
    """The loose directories that contain no folder at any depth."""
    parents: set[bytes] = set()
    for folder in found.folders:
        while folder:
            folder = folder.rpartition(b"/")[0]
            parents.add(folder)
    return sorted(path for path in found.loose if path not in parents)


def guess_layout(folders: dict[bytes, FoundFolder]) -> str:
    """The layout, by the topmost Maildirs below the root: maildir++ if most are called `.NAME`."""
    topmost = [path for path in folders if path and not _inside_folder(path, folders)]
    if not topmost:
        return MAILDIRPP
    dotted = sum(1 for path in topmost if path.startswith(b".") and b"/" not in path)
    return MAILDIRPP if dotted * 2 > len(topmost) else FS


def _inside_folder(path: bytes, folders: dict[bytes, FoundFolder]) -> bool:
    parent = path.rpartition(b"/")[0]
    while parent:
        if parent in folders:
            return True
        parent = parent.rpartition(b"/")[0]
    return False
