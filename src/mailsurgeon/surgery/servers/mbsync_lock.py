"""The record lock that mbsync (isync 1.4) holds on a folder's `.uidvalidity` while it works there.

It is an fcntl lock of the whole file. Ours belongs to the open file, not to the process (F_OFD_*),
so that it survives when this program opens and closes the file elsewhere.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import time
from contextlib import suppress

from mailsurgeon.maildir.server_entry import Server, ServerLock
from mailsurgeon.surgery.fsops.failures import StepRefused, os_errors_at
from mailsurgeon.surgery.servers.folder_place import FolderPlace
from mailsurgeon.surgery.servers.lock_wait import LockWait
from mailsurgeon.text import visible

_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FLOCK = struct.Struct("hhqqi4x")  # type, whence, start, length, process
_HELD = frozenset({errno.EACCES, errno.EAGAIN})
_PAUSE = 0.1  # seconds between two tries


def lock_for_mbsync(place: FolderPlace, _server: Server, lock: ServerLock, wait: LockWait) -> None:
    """Takes the lock under which mbsync assigns UIDs, if the folder has a `.uidvalidity`;
    `place.stack` releases it. Raises StepRefused and HardError.
    """
    shown = place.shown(lock.home, lock.name)
    folder = place.directory(lock.home)
    if folder is None:
        return
    with os_errors_at(shown), suppress(FileNotFoundError, NotADirectoryError):
        place.stack.callback(os.close, hold(folder, lock.name, shown, wait))


def remove_dead(_directory: int, _name: bytes, _process: int, _host: str) -> None:
    """Does nothing: the kernel drops a record lock when its process ends."""


def hold(directory: int, name: bytes, shown: bytes, wait: LockWait) -> int:
    """Locks the file `name` and returns its descriptor; closing it releases the lock.

    Waits as `wait` says. Raises StepRefused, naming the holder, when it stays held, also when
    it is not a plain file, and OSError (FileNotFoundError: no such file, so nothing to lock).
    """
    handle = os.open(name, _OPEN, dir_fd=directory)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise StepRefused(f"{visible(shown)} is not a plain file")
        _wait(handle, shown, wait)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _wait(handle: int, shown: bytes, wait: LockWait) -> None:
    deadline = time.monotonic() + wait.seconds
    waiting = False
    while not _lock(handle):
        holder = _holder(handle)
        if wait.cancelled() or time.monotonic() >= deadline:
            raise StepRefused(f"{visible(shown)} is held by {holder}; try again later")
        if not waiting:
            waiting = True
            wait.on_wait(f"waiting for {visible(shown)}, held by {holder}")
        wait.pause(_PAUSE)


def _lock(handle: int) -> bool:
    wanted = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, wanted)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def _holder(handle: int) -> str:
    wanted = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    found = _FLOCK.unpack(fcntl.fcntl(handle, fcntl.F_OFD_GETLK, wanted))
    process = found[4]
    return f"process {process}" if process > 0 else "another process"
