"""Whose rights an act is done with: inside the spool its owner's, elsewhere root's own.

What root does in a directory that somebody else can change, it does for that somebody: with his
identity, so that what is made belongs to him and no trick with names reaches what he could not
reach himself. Linux keeps such an identity a thread, for file access alone (setfsuid(2)); the
journal, which is root's, goes on beside it. Elsewhere, and for anybody but root, nothing changes.
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
    """File access by this thread is that of `owner` (user and group ids) for a while.

    Nothing changes unless we are root, on a platform that can do it.
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
    """File access by this thread is our own again for a while, where it was lent."""
    return files_as_owner(_ROOT)
