"""Finds the mail root that a home directory, or another one that is no Maildir, stands for."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass

from mailsurgeon.maildir.reserved import SUBDIRS, is_of_a_home
from mailsurgeon.survey.walk.foreign_stores import ForeignStore
from mailsurgeon.survey.walk.found import FoundFolder
from mailsurgeon.survey.walk.listing import linked_subdirs
from mailsurgeon.survey.walk.watched import directories

MAIL_ROOTS = (b"Maildir", b"mail", b"Mail", b".maildir", b".mail")
"""Usual names of mail roots in a home directory."""
USUAL_ROOTS = (b"Maildir", b"mail", b".maildir")
"""Those tried without a SPOOL, in their order."""
_SPOOLS_NAMES = (b"Maildir", b".maildir")
_DEEPEST = 4
"""The most directories that stand for one another: links can go in circles."""


@dataclass(frozen=True, slots=True)
class FoldersBelow:
    """The folders below a directory by path, and the stores of other kinds there."""

    folders: dict[bytes, FoundFolder]
    stores: list[ForeignStore]


def find_folders(root: bytes) -> FoldersBelow:
    """The folders below `root`, found without listing their messages.

    Raises OSError when the root cannot be read; skips other directories that cannot be read.
    """
    found = FoldersBelow({}, [])
    for path, listing, folder in directories(root, stores=found.stores):
        if folder:
            linked = linked_subdirs(os.path.join(root, path), listing)
            own = frozenset(name for name in SUBDIRS if name in listing.directories)
            found.folders[path] = FoundFolder(path, own | linked)
    return found


def is_maildir(path: bytes) -> bool:
    """Whether the directory at an absolute path has cur or new."""
    return any(os.path.isdir(os.path.join(path, name)) for name in (b"cur", b"new"))


def mail_root_in(root: bytes) -> bytes:
    """The mail root that a directory stands for: itself, or the only one in it. Paths are absolute
    and without symlinks. Raises OSError when the directory cannot be read.

    A directory that is no Maildir stands for its only child with Maildirs that has a usual name. In
    a home directory other Maildirs may be anything. Elsewhere those beside it are folders of one
    spool with it; only those deeper down say nothing against a `Maildir`. Without such a child it
    stands for the only Maildir below that lies in no other, if that is called `Maildir` or the
    directory is a home.
    """
    for _ in range(_DEEPEST):
        inner = _inner_root(root)
        if inner is None or inner == root:
            break
        root = inner
    return root


def _inner_root(root: bytes) -> bytes | None:
    names = os.listdir(root)
    if is_maildir(root):
        return None
    home = any(map(is_of_a_home, names))
    usual = usual_roots(root)
    if len(usual) > 1:
        return None
    for place, name in usual.items():
        if home or _is_alone(root, place, name):
            return place
        return None
    topmost = _topmost(find_folders(root).folders)
    if len(topmost) == 1 and (home or os.path.basename(topmost[0]) in _SPOOLS_NAMES):
        return os.path.join(root, topmost[0])
    return None


def usual_roots(root: bytes) -> dict[bytes, bytes]:
    """The directories that hold Maildirs and have a usual name in `root`, by their real paths. A
    symlink counts if root has made it, or the owner of what it leads to."""
    found: dict[bytes, bytes] = {}
    for name in MAIL_ROOTS:
        path = os.path.join(root, name)
        try:
            status, target = os.lstat(path), os.stat(path)
            if not stat.S_ISDIR(target.st_mode) or status.st_uid not in (0, target.st_uid):
                continue
            place = os.path.realpath(path)
            if is_maildir(place) or find_folders(place).folders:
                found.setdefault(place, name)
        except OSError:
            continue
    return found


def _is_alone(root: bytes, place: bytes, name: bytes) -> bool:
    """Whether what lies beside a mail root does not make it a folder of one spool with that."""
    others = [other for other in os.listdir(root) if other != name]
    beside = [path for path in (os.path.join(root, other) for other in others) if path != place]
    if name in _SPOOLS_NAMES and is_maildir(place):
        return not any(map(is_maildir, beside))
    own = os.path.relpath(place, root).split(b"/")[0]
    children = {path.partition(b"/")[0] for path in find_folders(root).folders}
    return children <= {name, own}


def _topmost(folders: Mapping[bytes, FoundFolder]) -> list[bytes]:
    found: list[bytes] = []
    for path in sorted(folders, key=lambda path: path.split(b"/")):
        if not found or not path.startswith(found[-1] + b"/"):
            found.append(path)
    return found


def usual_spool(environment: Mapping[str, str]) -> bytes | None:
    """The spool of the user with these environment variables: $MAIL if it is a Maildir, else the
    first directory with a usual name in the home that is one or holds some. None without any."""
    mail, home = environment.get("MAIL", ""), environment.get("HOME", "")
    if mail and is_maildir(os.fsencode(mail)):
        return os.fsencode(mail)
    for name in USUAL_ROOTS if home else ():
        path = os.path.join(os.fsencode(home), name)
        try:
            if find_folders(path).folders:
                return path
        except OSError:
            continue
    return None
