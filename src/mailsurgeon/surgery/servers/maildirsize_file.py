"""The spool's `maildirsize` on the disk: one line appended, as servers do it. There is no lock.

A server that finds the sum doubtful counts anew and puts a new file in the place of the old one;
what was done by then is in its sum.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager

from mailsurgeon.maildir.lists.maildirsize import OVERFULL, line
from mailsurgeon.maildir.server_files import MAILDIRSIZE
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import HardError, NotDurable, StepRefused, told
from mailsurgeon.text import visible

_APPEND = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def inode_and_size(root: int) -> tuple[int, int] | None:
    """Inode and size (bytes) of the `maildirsize` in the directory open as `root`.

    None when there is none, or it is not to be touched: no plain file, or not its owner's, or
    grown so long that servers count anew whatever it says.
    """
    status = at.look(root, MAILDIRSIZE)
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size > OVERFULL:
        return None
    if status.st_uid != os.fstat(root).st_uid or not status.st_mode & stat.S_IWUSR:
        return None
    return status.st_ino, status.st_size


def append(root: int, before: tuple[int, int], size: int, messages: int) -> None:
    """Adds so many bytes and messages to the sum, durably, in one write.

    `before`: as `inode_and_size` gave it when what is counted began. A file that has come into its
    place since is left alone: a server has counted anew. Raises StepRefused, HardError, and
    NotDurable when the line may be there or not.
    """
    new = line(size, messages)
    with told(MAILDIRSIZE), _opened(root) as handle:
        if handle is None or os.fstat(handle).st_ino != before[0]:
            return
        _check(os.fstat(handle))
        if os.pread(handle, len(new), before[1]) == bytes(len(new)):
            _fill(handle, new, before[1])
            return
        length = os.fstat(handle).st_size
        if length and os.pread(handle, 1, length - 1) != b"\n":
            raise StepRefused(f"{visible(MAILDIRSIZE)}: its last line has no newline")
        written = os.write(handle, new)
        _sync(handle)
        if written != len(new):
            raise HardError(f"{visible(MAILDIRSIZE)}: {os.strerror(errno.ENOSPC)}")


def appended(root: int, before: tuple[int, int], size: int, messages: int) -> bool:
    """Whether that line was appended since `before`, or need not be: a server has counted anew.

    Raises StepRefused and HardError.
    """
    with told(MAILDIRSIZE), _opened(root) as handle:
        if handle is None or os.fstat(handle).st_ino != before[0]:
            return True
        since = os.pread(handle, 1 << 20, before[1])
    return line(size, messages) in since.splitlines(keepends=True)


def _fill(handle: int, new: bytes, position: int) -> None:
    """A power cut has kept the room for a line, and not what it said."""
    fcntl.fcntl(handle, fcntl.F_SETFL, 0)  # else it would be appended
    os.pwrite(handle, new, position)
    _sync(handle)


def _sync(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        raise NotDurable(f"{visible(MAILDIRSIZE)}: {os.strerror(error.errno or 0)}") from error


@contextmanager
def _opened(root: int) -> Generator[int | None]:
    """The file, open; None when there is none. A symlink is an OSError."""
    try:
        handle = os.open(MAILDIRSIZE, _APPEND, dir_fd=root)
    except FileNotFoundError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise StepRefused(f"{visible(MAILDIRSIZE)} is not a plain file")
