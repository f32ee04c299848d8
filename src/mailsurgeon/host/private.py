"""Makes directories and files that only the user can access, in spite of the umask."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def make_private_directory(path: Path) -> None:
    """Makes a directory, and all missing directories above it. Raises OSError."""
    if path.is_dir():
        return
    if path.parent != path:
        make_private_directory(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)


def make_private_file(path: Path) -> None:
    """Makes an empty file unless something has that name already. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path, _NEW, 0o600))


def is_open_to_others(directory: Path) -> bool:
    """Whether other users may change the contents of a directory, or put another in its place.

    The directory itself must belong to the user or to root. The directories above may belong to
    somebody else: root often works with the HOME of another user. Raises OSError.
    """
    place = directory.resolve()
    status = place.stat()
    # In a container root may have another user id; it is the one that owns `/`.
    if status.st_uid not in (os.geteuid(), 0, Path("/").stat().st_uid):
        return True
    return _may_write(status, 0o022) or any(
        _may_write(above.stat(), 0o002) and not above.stat().st_mode & stat.S_ISVTX
        for above in place.parents
    )


def _may_write(status: os.stat_result, others: int) -> bool:
    """Whether the permission bits `others` allow writing. For the directories above, callers leave
    out the group's bit, since a user's own group often owns a home."""
    return bool(status.st_mode & others)
