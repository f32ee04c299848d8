"""Walks a spool: which folders there are, what else lies about, and where the files are.

Only directories are read here; no file is opened. Symlinks are never followed.
"""

from __future__ import annotations

import os
import stat
import time
from bisect import bisect_left
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

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
"""Names of all listings kept after a walk: about 90 bytes each."""
NOT_FOLLOWED = "a symlink to a directory is not followed"


@dataclass(slots=True)
class Directory:
    """One directory whose files are to be looked at.

    `path` and `folder` are relative to the spool; `folder` is the nearest enclosing folder (b""
    is the root) and None where there is none. `files` counts what is to be examined.
    """

    path: bytes
    folder: bytes | None
    place: Place
    files: int = 0
    listing: Listing | None = None

    def take_listing(self) -> Listing | None:
        """The listing that the walk made, handed out once: many names are much."""
        listing, self.listing = self.listing, None
        return listing


@dataclass(slots=True)
class FoundFolder:
    """A folder: a directory with cur, new or tmp, or with a server's mark of one."""

    path: bytes
    present: frozenset[bytes]
    servers_files: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Walk:
    """What a walk found. `loose`: directories that are no folder and have none below them."""

    folders: dict[bytes, FoundFolder] = field(default_factory=dict)
    directories: list[Directory] = field(default_factory=list)
    loose: list[bytes] = field(default_factory=list)
    not_examined: list[NotExamined] = field(default_factory=list)


class Listing:
    """One directory's entries by kind, files in order; names are bytes. Raises OSError."""

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
        """Whether the directory has not changed since: its time is the same, and older than a
        change could hide behind. Raises OSError."""
        changed = os.stat(path).st_mtime_ns
        return changed == self._changed and changed < self._listed - GRANULARITY


def without_prefix(names: list[bytes], prefix: bytes) -> list[bytes]:
    """Those of some names in order that do not begin so; `prefix` ends in an ASCII character."""
    start = bisect_left(names, prefix)
    end = bisect_left(names, prefix[:-1] + bytes([prefix[-1] + 1]))
    return names[:start] + names[end:] if start < end else names


def names_to_examine(place: Place, listing: Listing) -> tuple[list[bytes], list[bytes]]:
    """The names of a directory that a survey examines, by where the directory lies: those of
    regular files and all others, each in order."""
    if place in (Place.CUR, Place.NEW):
        others = [name for name in listing.symlinks if not name.startswith(b".")]
        others += [name for name in listing.others if not name.startswith(b".")]
        # A file deleted over NFS while it was open: renaming it would bring it back.
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

    `layout`: in `fs` a root with none of cur, new and tmp is a parent and no folder. `listing`
    lists a directory by its absolute path, or raises OSError. `only`: cur, new and tmp of other
    folders than these are not looked into.
    """
    found = Walk()
    _Walker(root, found, exclude, layout, listing, only).visit(b"", None, listing(root))
    found.loose = _hollow(found)
    return found


def passed_over(root: bytes, path: bytes) -> bool:
    """Whether a directory is a server's own. One with cur, new or tmp is a folder, whatever its
    name: `.notmuch` may be one."""
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
        """A directory outside cur, new and tmp; `folder` is the nearest folder around it."""
        # Depth is bounded by the longest path, not by Python's stack: siblings wait in a list.
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
        """In the fs layout a root that only bears servers' files is no folder."""
        return not path and self.layout != MAILDIRPP

    def _subdir(self, path: bytes, folder: bytes, place: Place) -> None:
        """A folder's cur, new or tmp; below it nothing is a folder."""
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
        try:
            return self.listing(os.path.join(self.root, path))
        except OSError as error:
            self._skip(path, error.strerror or "cannot be read")
            return None

    def _skip(self, path: bytes, reason: str) -> None:
        self.found.not_examined.append(NotExamined(path, reason))


def _excluded(path: bytes, patterns: tuple[str, ...]) -> bool:
    text = os.fsdecode(path)
    last = text.rpartition("/")[2]
    return any(fnmatchcase(text, pattern) or fnmatchcase(last, pattern) for pattern in patterns)


def _hollow(found: Walk) -> list[bytes]:
    """Directories with no folder in or below them."""
    parents: set[bytes] = set()
    for folder in found.folders:
        while folder:
            folder = folder.rpartition(b"/")[0]
            parents.add(folder)
    return sorted(path for path in found.loose if path not in parents)


def guess_layout(folders: dict[bytes, FoundFolder]) -> str:
    """How folders nest, by the topmost Maildirs below the root: mostly `.NAME` is maildir++."""
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
