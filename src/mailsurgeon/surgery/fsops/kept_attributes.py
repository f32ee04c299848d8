"""Gives a file that is written anew all that the old one had beside its contents.

These are owner, group and mode, the POSIX ACL (acl(5)), and extended attributes (xattr(7)).
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from mailsurgeon.surgery.fsops.as_owner import files_as_root

_ACL = "system.posix_acl_access"
_RIGHTS = frozenset((_ACL, "system.nfs4_acl", "system.richacl"))
"""Lists of who may do what: without them the mode means something else."""
_LABELS = frozenset(("security.selinux", "security.SMACK64"))
"""A security module may forbid to set these, and then gives a new file its own."""


def set_owner_and_mode(handle: int, uid: int, gid: int, mode: int) -> None:
    """Sets owner, group and permission bits of an open file. Raises OSError."""
    made = os.fstat(handle)
    if (made.st_uid, made.st_gid) != (uid, gid):
        with files_as_root():  # the owner may not be a member of the file's group
            os.fchown(handle, uid, gid)
    os.fchmod(handle, mode)
    privileged = mode & stat.S_ISUID or (mode & stat.S_ISGID and mode & stat.S_IXGRP)
    if stat.S_IMODE(os.fstat(handle).st_mode) != mode and not privileged:
        # Without an error, the kernel drops setgid for whoever is not in the group (chmod(2)).
        # Only a program can be privileged, and no file that its owner can write may become one.
        with files_as_root():
            os.fchmod(handle, mode)


def make_alike(new: int, old: int) -> None:
    """Gives the open file `new` the owner, mode, ACL and attributes of the open file `old`.

    Call it after writing, which may clear bits of the mode. Nobody gets a right meanwhile that he
    does not have on `old`. Raises OSError.
    """
    status = os.fstat(old)
    made = os.fstat(new)
    if (made.st_uid, made.st_gid) != (status.st_uid, status.st_gid):
        with files_as_root():
            os.fchown(new, status.st_uid, status.st_gid)
    _copy_attributes(new, old)
    # With an ACL, the group's bits are its mask, which this sets to what it is already.
    set_owner_and_mode(new, status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))


def _copy_attributes(new: int, old: int) -> None:
    there, made = _names(old), _names(new)
    for name in made & _RIGHTS - there:
        os.removexattr(new, name)  # from the directory's default ACL
    for name in sorted(there):
        if name in _RIGHTS or name.startswith("user."):
            os.setxattr(new, name, os.getxattr(old, name))
        elif name in _LABELS:
            with suppress(OSError), files_as_root():
                value = os.getxattr(old, name)
                if name not in made or os.getxattr(new, name) != value:
                    os.setxattr(new, name, value)


def _names(handle: int) -> frozenset[str]:
    """The names of a file's attributes; none on a file system without any."""
    try:
        return frozenset(os.listxattr(handle))
    except OSError:
        return frozenset()
