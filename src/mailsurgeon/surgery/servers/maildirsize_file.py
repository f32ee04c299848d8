"""Appends a line to the spool's `maildirsize`, as servers do. There is no lock.

A server that doubts the sum counts the mail again and replaces the file; the new sum then already
includes everything done by that time.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager

from mailsurgeon.maildir.lists.maildirsize import OVERFULL, line, parse_maildirsize
from mailsurgeon.maildir.server_files import MAILDIRSIZE
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import HardError, NotDurable, StepRefused, os_errors_at
from mailsurgeon.surgery.servers.dotlock import DRAFT_SUFFIX, remove_own
from mailsurgeon.surgery.servers.files import read_file
from mailsurgeon.text import visible

_APPEND = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def inode_and_size(root: int) -> tuple[int, int] | None:
    """Inode and size (bytes) of the `maildirsize` in the directory open as `root`.

    None when there is none, or it must not be touched: it is not a plain file, belongs to another
    user, is read-only, or has grown so long that servers count again whatever it says.
    """
    status = at.look(root, MAILDIRSIZE)
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size > OVERFULL:
        return None
    if status.st_uid != os.fstat(root).st_uid or not status.st_mode & stat.S_IWUSR:
        return None
    return status.st_ino, status.st_size


def append(root: int, before: tuple[int, int], size: int, messages: int) -> None:
    """Adds these bytes and messages to the sum, durably, in one write; in a new file if the old
    one has other names (hard links).

    `before`: what `inode_and_size` returned before the counted changes began. If a server has
    counted again since, the file has another inode and is left alone. So is one whose sum would
    fall below zero, since it counts less than there is: a server would take that for damage.
    Raises StepRefused, HardError, and NotDurable when the line may or may not be there.
    """
    new = line(size, messages)
    with os_errors_at(MAILDIRSIZE), _opened(root) as handle:
        if handle is None or os.fstat(handle).st_ino != before[0]:
            return
        _check(os.fstat(handle))
        zeros = os.pread(handle, len(new), before[1]) == bytes(len(new))
        if not zeros and _falls_below_zero(os.pread(handle, OVERFULL, 0), size, messages):
            return
        if os.fstat(handle).st_nlink > 1:
            _write_anew(root, before[1], new)
            return
        if zeros:
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
    """Whether the line was appended since `before`, or a server has counted again, so that it need
    not be. Raises StepRefused and HardError.
    """
    with os_errors_at(MAILDIRSIZE), _opened(root) as handle:
        if handle is None or os.fstat(handle).st_ino != before[0]:
            return True
        since = os.pread(handle, 1 << 20, before[1])
    return line(size, messages) in since.splitlines(keepends=True)


def _falls_below_zero(data: bytes, size: int, messages: int) -> bool:
    found = parse_maildirsize(data)
    after = found.bytes + size, found.messages + messages
    return min(size, messages) < 0 and min(after) < 0


def _write_anew(root: int, position: int, new: bytes) -> None:
    """Replaces the file by one with the line: its other names (hard links) may be a backup's."""
    found = read_file(root, MAILDIRSIZE, MAILDIRSIZE)
    filled = found.data[:position] + new + found.data[position + len(new) :]
    if found.data[position : position + len(new)] != bytes(len(new)):
        if found.data and not found.data.endswith(b"\n"):
            raise StepRefused(f"{visible(MAILDIRSIZE)}: its last line has no newline")
        filled = found.data + new
    found.write(filled, None, MAILDIRSIZE + DRAFT_SUFFIX)
    found.settled(filled)


def tidy(root: int) -> None:
    """Removes the draft of a new file that a killed run left."""
    with os_errors_at(MAILDIRSIZE):
        remove_own(root, MAILDIRSIZE + DRAFT_SUFFIX)


def _fill(handle: int, new: bytes, position: int) -> None:
    """Fills in a line whose length survived a power cut, but whose bytes are zeros."""
    fcntl.fcntl(handle, fcntl.F_SETFL, 0)  # with O_APPEND, pwrite appends (Linux, pwrite(2))
    os.pwrite(handle, new, position)
    _sync(handle)


def _sync(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        raise NotDurable(f"{visible(MAILDIRSIZE)}: {os.strerror(error.errno or 0)}") from error


@contextmanager
def _opened(root: int) -> Generator[int | None]:
    """Opens the file; yields None if there is none. Raises OSError for a symlink."""
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
