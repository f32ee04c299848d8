"""Directories and files for the user alone, whatever the umask."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def make_directory(path: Path) -> None:
    """Makes a directory, and those above it that are missing. Raises OSError."""
    if path.is_dir():
        return
    if path.parent != path:
        make_directory(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)


def make_file(path: Path) -> None:
    """Makes an empty file, unless there is something of that name. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path, _NEW, 0o600))


def is_open_to_others(directory: Path) -> bool:
    """Whether somebody else may change what is in a directory, or put another in its place.

    The user, root and who owns `/` (root, seen from a container) are trusted. Groups are with the
    directories above, since a user's own group often owns a home. Raises OSError.
    """
    place = directory.resolve()
    return _is_open(place, 0o022, sticky=False) or any(
        _is_open(above, 0o002, sticky=True) for above in place.parents
    )


def _is_open(directory: Path, others: int, *, sticky: bool) -> bool:
    status = directory.stat()
    if status.st_uid not in (os.geteuid(), 0, Path("/").stat().st_uid):
        return True
    kept = sticky and status.st_mode & stat.S_ISVTX  # only its owner can take away what is there
    return bool(status.st_mode & others) and not kept
