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
import pwd
import shlex
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

from mailsurgeon.errors import Refused

_C = ctypes.CDLL(None)
_setfsuid = getattr(_C, "setfsuid", None)
_setfsgid = getattr(_C, "setfsgid", None)
_prctl = getattr(_C, "prctl", None)
_ROOT = (0, 0)
_NOBODY = -1  # an id that nobody has: setfsuid(2) then only returns the present one
_GET_SECUREBITS = 27  # prctl(2)
_NO_SETUID_FIXUP = 1 << 2  # capabilities(7): root's capabilities stay whatever the user id is
_NO_CAPABILITY = "CAP_SETUID or CAP_SETGID is missing"


def _now(call: Callable[[int], int]) -> int:
    """The id that setfsuid or setfsgid has set."""
    return call(_NOBODY) & 0xFFFF_FFFF


@contextmanager
def files_as_owner(owner: tuple[int, int]) -> Generator[None]:
    """Gives this thread the file access of `owner` (user and group ids) until the block ends.

    Changes nothing unless we are root, on a platform with setfsuid. Raises Refused if the kernel
    does not let us.
    """
    if os.geteuid() != 0 or _setfsuid is None or _setfsgid is None:
        yield
        return
    user, group = owner
    group_before = _setfsgid(group)
    user_before = _setfsuid(user)
    try:
        # Both calls fail in silence; only the ids that they leave tell (setfsuid(2)).
        if user and (_now(_setfsuid), _now(_setfsgid)) != owner:
            raise Refused(f"root may not act as uid {user} here: {_NO_CAPABILITY}")
        yield
    finally:
        _setfsuid(user_before)
        _setfsgid(group_before)


def refuse_rights_of_root(owner: tuple[int, int], shown: str) -> None:
    """Raises Refused if we are root and cannot take on the rights of `owner`, whose spool `shown`
    is: its promise is that nothing is done with root's own.
    """
    if os.geteuid() != 0 or _setfsuid is None or owner[0] == 0:
        return
    try:
        with files_as_owner(owner):
            pass
        if _prctl is None or not _prctl(_GET_SECUREBITS, 0, 0, 0, 0) & _NO_SETUID_FIXUP:
            return
        why = "its securebits keep root's capabilities (no-setuid-fixup)"
    except Refused:
        why = _NO_CAPABILITY
    raise Refused(
        f"{shown}: root cannot take on the rights of its owner here ({why}), and does nothing with"
        f" its own; nothing was changed. Run mailsurgeon as the owner: {_as_owner(*owner)}"
    )


def _as_owner(user: int, group: int) -> str:
    """The command that runs this program as that user, where that is allowed."""
    try:
        name = pwd.getpwuid(user).pw_name
    except (KeyError, OSError):
        return f"setpriv --reuid {user} --regid {group} --clear-groups mailsurgeon ..."
    return f"runuser -u {shlex.quote(name)} -- mailsurgeon ..."


def files_as_root() -> AbstractContextManager[None]:
    """Gives this thread root's file access again, inside a `files_as_owner` block."""
    return files_as_owner(_ROOT)
