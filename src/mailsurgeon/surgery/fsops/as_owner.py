"""Runs file operations with the owner's rights inside the spool, and root's elsewhere.

When root works in a directory that another user can change, it takes on that user's identity: files
it makes belong to him, and no trick with names or symlinks reaches anything he could not reach
himself. On Linux this identity belongs to the thread and covers file access only (setfsuid(2)); the
journal, which is root's, is written beside it. On other systems, and for users other than root,
nothing changes.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

_C = ctypes.CDLL(None)
_setfsuid = getattr(_C, "setfsuid", None)
_setfsgid = getattr(_C, "setfsgid", None)
_ROOT = (0, 0)


@contextmanager
def files_as_owner(owner: tuple[int, int]) -> Generator[None]:
    """Gives this thread the file access of `owner` (user and group ids) until the block ends.

    Changes nothing unless we are root, on a platform with setfsuid.
    """
    if os.geteuid() != 0 or _setfsuid is None or _setfsgid is None:
        yield
        return
    user, group = owner
    group_before = _setfsgid(group)
    user_before = _setfsuid(user)
    try:
        yield
    finally:
        _setfsuid(user_before)
        _setfsgid(group_before)


def files_as_root() -> AbstractContextManager[None]:
    """Gives this thread root's file access again, inside a `files_as_owner` block."""
    return files_as_owner(_ROOT)
