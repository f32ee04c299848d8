"""Walks a spool and finds its folders, its other directories and the directories with files.

The walk lists directories and opens no message. It never follows symlinks.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase

from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.folder_names import FS, MAILDIRPP
from mailsurgeon.maildir.reserved import (
    SUBDIRS,
    is_domain,
    is_listed,
    is_of_a_home,
    is_servers_directory,
    is_servers_file,
    keeps_state,
    makes_folder,
    marks_folder,
    never_a_folder,
    never_leftover,
)
from mailsurgeon.maildir.server_entry import Home
from mailsurgeon.maildir.spool import join
from mailsurgeon.survey.index.rows import NotExamined, Place
from mailsurgeon.survey.walk.foreign_stores import (
    MBOX,
    ForeignStore,
    another_kind,
    foreign_stores,
    is_mbox,
)
from mailsurgeon.survey.walk.found import Directory, FoundFolder, Misplaced, Walk
from mailsurgeon.survey.walk.listing import Listing, linked_subdirs
from mailsurgeon.survey.walk.unchanged import (
    ListedByReader,
    UnchangedFiles,
    none_by_reader,
    none_unchanged,
    unchanged_in,
)

_KEPT = 400_000
"""The most names that listings keep in memory after a walk; a name takes about 90 bytes."""
LEVELS = 100
"""How deep directories are looked into, far deeper than folders lie. The kernel looks up each path
from the top, so that the time for a chain of directories grows with the square of its length."""
TOO_DEEP = f"lies more than {LEVELS} directories deep"
NOT_FOLLOWED = "a symlink to a directory is not followed"
FILE_NOT_FOLLOWED = "a symlink is not followed"
ANOTHERS = "another user's spool; open it by itself"
_NOT_OPENED = " is not opened"
_SPECIAL = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
_ROOT_HOMES = (Home.ROOT, Home.CONTROL_ROOT)


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


def passed_over(root: bytes, path: bytes) -> bool:
    """Whether a walk skips a directory because it belongs to a server or to another program. One
    with both cur and new is a folder in spite of its name: a user may have called it so."""
    name = path.rpartition(b"/")[2]
    if not is_servers_directory(name):
        return False
    inside = (os.path.join(root, path, subdir) for subdir in (b"cur", b"new"))
    return never_a_folder(name) or not all(
        os.path.isdir(subdir) and not os.path.islink(subdir) for subdir in inside
    )


def walk(
    root: bytes,
    exclude: tuple[str, ...] = (),
    layout: str = FS,
    listing: Callable[[bytes], Listing] = Listing,
    only: Collection[bytes] | None = None,
    own: Collection[bytes] = (),
    unchanged: UnchangedFiles = none_unchanged,
    by_reader: ListedByReader = none_by_reader,
) -> Walk:
    """Walks the tree below `root` (absolute). Raises OSError when the root cannot be read.

    In the `fs` layout a root without cur and new only contains folders and is not one itself.
    `listing` lists the directory at an absolute path, or raises OSError. With `only`, cur, new and
    tmp of other folders are skipped. `own`: directories that a server is configured to keep its
    files in, relative to the root. A cur, new or tmp that `unchanged` knows is not listed, nor are
    those of a folder that a reader may list.
    """
    found = Walk()
    walker = _Walker(root, found, exclude, layout, listing, only, own, unchanged, by_reader)
    walker.visit(b"", None, listing(root))
    found.loose = _hollow(found)
    found.list_folder = walker.list_folder
    return found


class _Walker:
    def __init__(
        self,
        root: bytes,
        found: Walk,
        exclude: tuple[str, ...],
        layout: str,
        listing: Callable[[bytes], Listing],
        only: Collection[bytes] | None,
        own: Collection[bytes],
        unchanged: UnchangedFiles,
        by_reader: ListedByReader,
    ) -> None:
        self.unchanged = unchanged
        self.by_reader = by_reader
        self.root = root
        self.found = found
        self.exclude = exclude
        self.layout = layout
        self.listing = listing
        self.only = only
        self.own = own
        self.kept = 0  # names in listings that are kept

    def visit(self, path: bytes, folder: bytes | None, listing: Listing) -> None:
        """Walks a directory outside cur, new and tmp; `folder` is the nearest folder around it."""
        # A list of waiting directories, because deep trees would exceed Python's stack.
        waiting = [(path, folder, listing)]
        while waiting:
            path, folder, listing = waiting.pop()
            linked = linked_subdirs(os.path.join(self.root, path), listing)
            present = [*listing.directories, *linked]
            is_folder = makes_folder(path, self.layout, present, listing.files)
            if is_folder and self._is_another_users(path):
                self._skip(path, ANOTHERS)
                continue
            stores = self._foreign(path, folder, listing, is_folder)
            if path in stores:
                continue
            present = frozenset[bytes]()
            if is_folder:
                present = frozenset(name for name in SUBDIRS if name in listing.directories)
                folder = path
                self._folder(path, present, listing, linked)
            else:
                if any(map(keeps_state, listing.files)):
                    self.found.kept.append(path)
                elif path:
                    self.found.loose.append(path)
                self._files(path, folder, Place.NESTED, listing)
            place = Place.ROOT if is_folder else Place.NESTED
            self._servers_places(path, folder, place, listing)
            for name in sorted(listing.directories, reverse=True):
                inner = join(path, name)
                if name in present or inner in stores or inner in self.own:
                    continue
                below = None if passed_over(self.root, inner) else self._list(inner)
                if below:
                    waiting.append((inner, folder, below))

    def _folder(
        self, path: bytes, present: frozenset[bytes], listing: Listing, linked: frozenset[bytes]
    ) -> None:
        servers = tuple(name for name in listing.files if keeps_state(name))
        others = {*listing.files, *listing.symlinks, *listing.others}
        taken = frozenset(name for name in SUBDIRS if name in others and name not in linked)
        self.found.folders[path] = FoundFolder(path, present, servers, linked, taken)
        if not path:
            names = (*listing.files, *listing.directories, *listing.symlinks)
            self.found.home = any(map(is_of_a_home, names))
        self._files(path, path, Place.ROOT, listing)
        if self.only is not None and path not in self.only:
            return
        known: dict[bytes, int] = {}
        if present and not self.exclude:
            if self.by_reader(path, present):
                places = tuple(Place(name.decode()) for name in sorted(present))
                first = join(path, places[0].encode())
                self.found.directories.append(Directory(first, path, places[0], whole=places))
                return
            known = unchanged_in(path, present, self.unchanged, self._list)
        self._subdirs(path, present, known)

    def _subdirs(self, path: bytes, present: frozenset[bytes], known: Mapping[bytes, int]) -> None:
        for name in sorted(present):
            place, files = Place(name.decode()), known.get(name)
            if files is None:
                self._subdir(join(path, name), path, place)
            elif files:
                settled = Directory(join(path, name), path, place, files, unchanged=True)
                self.found.directories.append(settled)

    def list_folder(self, path: bytes) -> list[Directory]:
        """Lists the cur, new and tmp of a folder after all; returns what is to be examined."""
        before = len(self.found.directories)
        self._subdirs(path, self.found.folders[path].present, {})
        return self.found.directories[before:]

    def _is_another_users(self, path: bytes) -> bool:
        """Whether a Maildir is `DOMAIN/USER` in a maildir++ root, a spool of its own."""
        domain, slash, user = path.partition(b"/")
        return (
            self.layout == MAILDIRPP
            and bool(slash)
            and b"/" not in user
            and b"" in self.found.folders
            and domain not in self.found.folders
            and is_domain(domain)
        )

    def _foreign(
        self, path: bytes, folder: bytes | None, listing: Listing, is_folder: bool
    ) -> set[bytes]:
        """Notes the stores of other kinds that a directory holds or is; returns their paths."""
        stores = foreign_stores(self.root, path, listing, folder=is_folder)
        if not path and self.layout == MAILDIRPP:
            stores += [
                ForeignStore(name, MBOX, None)
                for name in listing.files
                if is_listed(name, self.layout) and is_mbox(os.path.join(self.root, name))
            ]
        inner = path if is_folder else folder
        for store in stores:
            self.found.stores.append((store, folder if store.path == path else inner))
            self._skip(store.path, another_kind(store))
        return {store.path for store in stores}

    def _is_servers_place(self, path: bytes, place: Place, name: bytes) -> bool:
        """Whether a server keeps a regular file of this name in a directory."""
        if place is Place.TMP:
            return name in server_files.TABLE.in_tmp
        if place is not Place.ROOT and path:
            return False
        file = server_files.TABLE.file(name)
        return not (file is None or file.directory or (path and file.home in _ROOT_HOMES))

    def _servers_places(
        self, path: bytes, folder: bytes | None, place: Place, listing: Listing
    ) -> None:
        """Notes what is no regular file in the place of a server's."""
        for name in (*listing.directories, *listing.symlinks, *listing.others):
            inner = join(path, name)
            if not self._is_servers_place(path, place, name):
                continue
            # In fs a user may have called a folder so, where no server keeps anything.
            users = self.layout == FS and os.path.isdir(os.path.join(self.root, inner, b"cur"))
            if not users or any(map(keeps_state, listing.files)):
                self.found.misplaced.append(Misplaced(inner, folder))

    def _subdir(self, path: bytes, folder: bytes, place: Place) -> None:
        """Lists a folder's cur, new or tmp and the directories below, none of which is a folder."""
        listing = self._list(path)
        if listing is None:
            return
        self._files(path, folder, place, listing)
        if place is Place.TMP:
            self._servers_places(path, folder, place, listing)
        waiting = [join(path, name) for name in listing.directories]
        while waiting:
            inner = waiting.pop()
            below = self._list(inner)
            if below:
                self._files(inner, folder, Place.NESTED, below)
                waiting += [join(inner, name) for name in below.directories]

    def _files(self, path: bytes, folder: bytes | None, place: Place, listing: Listing) -> None:
        self._tell_symlinks(path, place, listing)
        self._tell_special(path, folder, place, listing)
        names, others = names_to_examine(place, listing)
        files = len(names) + len(others)
        if not files:
            return
        self.kept += files
        kept = listing if self.kept <= _KEPT else None
        self.found.directories.append(Directory(path, folder, place, files, kept))

    def _tell_symlinks(self, path: bytes, place: Place, listing: Listing) -> None:
        filed = place in (Place.CUR, Place.NEW)
        for name in listing.symlinks:
            if filed and not name.startswith(b"."):
                continue  # examined
            if not filed and self._leads_to_directory(path, name):
                self._skip(join(path, name), NOT_FOLLOWED)
            elif not is_servers_file(name):
                self._skip(join(path, name), FILE_NOT_FOLLOWED)

    def _tell_special(
        self, path: bytes, folder: bytes | None, place: Place, listing: Listing
    ) -> None:
        if place is Place.NESTED and not folder and (folder is None or self.found.home):
            return  # sockets of programs, in somebody's home
        for name in listing.others:
            if place in (Place.CUR, Place.NEW) and not name.startswith(b"."):
                continue  # examined
            if not self._is_servers_place(path, place, name):
                self._skip(join(path, name), self._special(join(path, name)))

    def _special(self, path: bytes) -> str:
        try:
            kind = stat.S_IFMT(os.lstat(os.path.join(self.root, path)).st_mode)
        except OSError as error:
            return error.strerror or "cannot be read"
        return f"{_SPECIAL.get(kind, 'a device')}{_NOT_OPENED}"

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


def is_harmless(reason: str) -> bool:
    """Whether what a walk passed over for this reason is no regular file and no directory."""
    return reason in (NOT_FOLLOWED, FILE_NOT_FOLLOWED) or reason.endswith(_NOT_OPENED)


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
