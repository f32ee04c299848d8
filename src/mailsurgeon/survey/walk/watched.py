"""The directories of a spool that a watcher observes, and the changes in them that matter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from fnmatch import fnmatchcase
from typing import NamedTuple

from mailsurgeon.maildir.folder_names import FS
from mailsurgeon.maildir.reserved import (
    SUBDIRS,
    is_servers_directory,
    is_servers_file,
    makes_folder,
    never_leftover,
)
from mailsurgeon.maildir.spool import join
from mailsurgeon.survey.walk.foreign_stores import ForeignStore, foreign_stores
from mailsurgeon.survey.walk.listing import Listing, linked_subdirs
from mailsurgeon.survey.walk.walk import passed_over


class DirectoryKind(Enum):
    """What a directory contains: messages, deliveries under way, or folders and misfiled mail."""

    MAIL = "mail"
    TMP = "tmp"
    OUTER = "outer"


class Watched(NamedTuple):
    """A watched directory. `folder` is the folder it belongs to, or the nearest one around it, or
    else the root, `b""`."""

    folder: bytes
    kind: DirectoryKind


class ListedDirectory(NamedTuple):
    """A directory outside cur, new and tmp of folders, by its path relative to the spool."""

    path: bytes
    listing: Listing
    folder: bool


def directories(
    root: bytes,
    exclude: tuple[str, ...] = (),
    layout: str = FS,
    stores: list[ForeignStore] | None = None,
) -> Iterator[ListedDirectory]:
    """Every directory outside cur, new and tmp that may contain a folder, with its entries.

    The root comes first. Leaves out servers' own directories, and stores of other kinds, which are
    appended to `stores`. Raises OSError when the root cannot be read; skips other directories that
    cannot be read.
    """
    waiting: list[tuple[bytes, Listing]] = [(b"", Listing(root))]
    while waiting:
        path, listing = waiting.pop()
        present = [*listing.directories, *linked_subdirs(os.path.join(root, path), listing)]
        folder = makes_folder(path, layout, present, listing.files)
        found = foreign_stores(root, path, listing, folder=folder)
        if stores is not None:
            stores += found
        foreign = {store.path for store in found}
        if path in foreign:
            continue
        yield ListedDirectory(path, listing, folder)
        for name in listing.directories:
            inner = join(path, name)
            if (folder and name in SUBDIRS) or inner in foreign:
                continue
            if passed_over(root, inner) or _excluded(inner, exclude):
                continue
            try:
                waiting.append((inner, Listing(os.path.join(root, inner))))
            except OSError:
                continue


def watched_places(
    root: bytes, exclude: tuple[str, ...] = (), layout: str = FS
) -> dict[bytes, Watched]:
    """The directories to watch, by path relative to `root`. Raises OSError like `directories`."""
    found: dict[bytes, Watched] = {}
    for path, listing, is_folder in directories(root, exclude, layout):
        above = found.get(path.rpartition(b"/")[0])
        folder = above.folder if above and path else b""
        if is_folder:
            folder = path
        found[path] = Watched(folder, DirectoryKind.OUTER)
        for name in SUBDIRS if is_folder else ():
            if name in listing.directories:
                kind = DirectoryKind.TMP if name == b"tmp" else DirectoryKind.MAIL
                found[join(path, name)] = Watched(folder, kind)
    return found


def concerns_mail(kind: DirectoryKind, name: bytes) -> bool:
    """Whether a survey would examine a file of this name in a directory of this kind.

    Other changes must not cause surveys: servers write indexes, lists and locks all the time.
    """
    if kind is DirectoryKind.MAIL:
        return not name.startswith(b".nfs")
    if kind is DirectoryKind.TMP:
        return not never_leftover(name)
    return not is_servers_file(name)


def concerns_folders(kind: DirectoryKind, name: bytes) -> bool:
    """Whether a directory of this name, in a directory of this kind, may be a folder or a part of
    one."""
    return kind is DirectoryKind.OUTER and not is_servers_directory(name)


def _excluded(path: bytes, patterns: tuple[str, ...]) -> bool:
    text = os.fsdecode(path)
    return any(
        fnmatchcase(text, pattern) or fnmatchcase(text.rpartition("/")[2], pattern)
        for pattern in patterns
    )
