"""Directories and files for the user alone, whatever the umask."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def make_private_directory(path: Path) -> None:
    """Makes a directory, and those above it that are missing. Raises OSError."""
    if path.is_dir():
        return
    if path.parent != path:
        make_private_directory(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)


def make_private_file(path: Path) -> None:
    """Makes an empty file, unless there is something of that name. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path, _NEW, 0o600))


def is_open_to_others(directory: Path) -> bool:
    """Whether others may change what is in a directory, or exchange it for another.

    The directory itself must be the user's, or root's. Those above may belong to somebody: root
    often works in a home that was handed down to it. Raises OSError.
    """
    place = directory.resolve()
    status = place.stat()
    # Who owns `/` is root, seen from a container.
    if status.st_uid not in (os.geteuid(), 0, Path("/").stat().st_uid):
        return True
    return _may_write(status, 0o022) or any(
        _may_write(above.stat(), 0o002) and not above.stat().st_mode & stat.S_ISVTX
        for above in place.parents
    )


def _may_write(status: os.stat_result, others: int) -> bool:
    """Groups are not asked of directories above, since a user's own group often owns a home."""
    return bool(status.st_mode & others)
