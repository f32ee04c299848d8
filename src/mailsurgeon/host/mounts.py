"""Finds file systems on which inotify misses changes, at or below a directory."""

from __future__ import annotations

import os
import re

_SHARED = frozenset(
    (
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "9p", "virtiofs", "afs", "coda", "lustre",
        "beegfs", "gpfs", "gfs2", "ocfs2", "orangefs", "glusterfs", "fuse", "vboxsf", "prl_fs",
    )
)  # fmt: skip
"""File systems that other computers or processes may change, which causes no event here."""
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def shared_file_system(root: bytes, mounts: str) -> str:
    """The type (`nfs4`, `fuse.sshfs`) of a file system that others may change.

    `root` lies on it, or it is mounted below `root`. Returns "" without one, or if the list of
    mounts cannot be read. `mounts` is the path of a list as in proc_pid_mountinfo(5).
    """
    try:
        with open(mounts, "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return ""
    around, below = (b"", ""), ""
    for line in lines:
        place, kind = _mount(line)
        if place is None:
            continue
        if _lies_in(root, place):
            if len(place) >= len(around[0]):  # a later mount on one place hides an earlier one
                around = place, kind
        elif _lies_in(place, root) and _is_shared(kind):
            below = kind
    return around[1] if _is_shared(around[1]) else below


def _mount(line: bytes) -> tuple[bytes | None, str]:
    # proc_pid_mountinfo(5): ... root, mount point, options, optional fields, "-", type, ...
    before, dash, after = line.partition(b" - ")
    fields = before.split(b" ")
    if not dash or len(fields) < 5:
        return None, ""
    place = _ESCAPED.sub(lambda match: bytes((int(match[1], 8) & 0xFF,)), fields[4])
    return place, os.fsdecode(after.split(b" ")[0])


def _lies_in(path: bytes, place: bytes) -> bool:
    return path == place or path.startswith(place.rstrip(b"/") + b"/")


def _is_shared(kind: str) -> bool:
    return kind in _SHARED or kind.startswith("fuse.")
