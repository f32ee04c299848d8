"""The file systems at and below a directory: between which a rename can go, and on which inotify
misses changes."""

from __future__ import annotations

import os
import re
from functools import cached_property

_SHARED = frozenset(
    (
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "9p", "virtiofs", "afs", "coda", "lustre",
        "beegfs", "gpfs", "gfs2", "ocfs2", "orangefs", "glusterfs", "fuse", "vboxsf", "prl_fs",
    )
)  # fmt: skip
"""File systems that other computers or processes may change, which causes no event here."""
_ESCAPED = re.compile(rb"\\([0-7]{3})")


class FileSystems:
    """The file systems in the tree below `root`. Each directory is looked at once.

    A rename goes only within one file system and one mount: two bind mounts of one file system have
    one device, and two subvolumes of btrfs one mount (rename(2), EXDEV).
    """

    def __init__(self, root: bytes, mounts: str) -> None:
        self._root = root
        self._mounts = mounts
        self._known: dict[bytes, tuple[int, bytes] | None] = {}

    def of(self, directory: bytes) -> tuple[int, bytes]:
        """The device and the mount point of a directory, or of the nearest one above that exists;
        both paths are relative to the root, and the mount point is empty at the root and above."""
        while (found := self._looked_at(directory)) is None and directory:
            directory = directory.rpartition(b"/")[0]
        return found or (0, b"")

    def is_mount_point(self, path: bytes) -> bool:
        """Whether something is mounted at this path."""
        return path in self._points

    def _looked_at(self, directory: bytes) -> tuple[int, bytes] | None:
        if directory not in self._known:
            try:
                device = os.stat(os.path.join(self._root, directory), follow_symlinks=False).st_dev
                self._known[directory] = device, self._point_of(directory)
            except OSError:
                self._known[directory] = None
        return self._known[directory]

    def _point_of(self, path: bytes) -> bytes:
        return max((point for point in self._points if _lies_in(path, point)), key=len, default=b"")

    @cached_property
    def _points(self) -> frozenset[bytes]:
        """The mount points below the root."""
        places = (_mount(line)[0] for line in _lines(self._mounts))
        inside = os.path.join(self._root, b"")
        return frozenset(
            place[len(inside) :] for place in places if place and place.startswith(inside)
        )


def shared_file_system(root: bytes, mounts: str) -> str:
    """The type (`nfs4`, `fuse.sshfs`) of a file system that others may change.

    `root` lies on it, or it is mounted below `root`. Returns "" without one, or if the list of
    mounts cannot be read. `mounts` is the path of a list as in proc_pid_mountinfo(5).
    """
    around, below = (b"", ""), ""
    for line in _lines(mounts):
        place, kind = _mount(line)
        if place is None:
            continue
        if _lies_in(root, place):
            if len(place) >= len(around[0]):  # a later mount on one place hides an earlier one
                around = place, kind
        elif _lies_in(place, root) and _is_shared(kind):
            below = kind
    return around[1] if _is_shared(around[1]) else below


def _lines(mounts: str) -> list[bytes]:
    """The lines of the list of mounts; none if it cannot be read."""
    try:
        with open(mounts, "rb") as file:
            return file.read().splitlines()
    except OSError:
        return []


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
