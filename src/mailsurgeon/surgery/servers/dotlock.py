"""Dotlocks of mail servers, and our own.

A server's dotlock is a file whose content is `PID:HOST`, without a newline. We write ours under
another name first and then link it into place, so that nobody ever sees it empty, and the second
name shows whose it is after a crash; a server that makes its lock with O_EXCL or link() notices no
difference. Dovecot's rule says when a lock is stale (file-dotlock.c): its process on this host is
gone; or, where that is unknown, neither the lock nor the file it guards has changed for two
minutes. It is unknown for other hosts, and in a container, where a process of another one with the
same host name cannot be seen.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import time
from contextlib import suppress

from mailsurgeon.host.processes import lives
from mailsurgeon.maildir.server_entry import Server, ServerLock
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_owner, files_as_root
from mailsurgeon.surgery.fsops.failures import StepRefused, os_errors_at
from mailsurgeon.surgery.servers.folder_place import FolderPlace
from mailsurgeon.surgery.servers.lock_wait import LockWait
from mailsurgeon.text import visible

STALE_SECONDS = 120.0
STALE_SUFFIX = b".stale"
DEAD_SUFFIX = b".dead"
DRAFT_SUFFIX = b".mailsurgeon"

_PLAIN_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class DotLock:
    """A server's lock that we hold. It stays with the directory, even if that is renamed.

    The file stays open, so that its inode number is not reused for another file.
    """

    def __init__(self, directory: int, name: bytes, handle: int) -> None:
        self._directory = os.dup(directory)
        self._name = name
        self._handle = handle

    def release(self) -> None:
        """Removes the lock if it is still ours; puts back a stale one that we set aside."""
        try:
            try:
                self._remove()
            except PermissionError:  # a step of ours has given the directory to another user
                with files_as_root():
                    self._remove()
        finally:
            self.close()

    def _remove(self) -> None:
        now = at.look(self._directory, self._name)
        if now is not None and os.path.samestat(now, os.fstat(self._handle)):
            _unlink_if_possible(self._directory, self._name)
        for suffix in (DRAFT_SUFFIX, DEAD_SUFFIX):
            remove_own(self._directory, self._name + suffix)
        _put_back(self._directory, self._name)

    def close(self) -> None:
        """Closes the descriptors of a lock that is not in place."""
        os.close(self._handle)
        os.close(self._directory)


def _unlink_if_possible(directory: int, name: bytes) -> None:
    """Unlinks a lock; tries twice, since every server waits for one that stays. Raises OSError."""
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)


def own_mark() -> bytes:
    """The content of our locks: `PID:HOST`."""
    return b"%d:%s" % (os.getpid(), os.fsencode(socket.gethostname()))


def lock_by_dotlock(place: FolderPlace, server: Server, lock: ServerLock, wait: LockWait) -> None:
    """Takes a server's dotlock on a folder that the server opens; `place.stack` releases it.

    Takes none if the lock's directory is missing: without tmp, Courier does not open a folder.
    Raises as `take` does.
    """
    if not place.is_opened_by(server, lock.home):
        return
    directory = place.directory(lock.home)
    if directory is None:
        return
    shown = place.shown(lock.home, lock.name)
    with os_errors_at(shown):
        held = take(directory, lock.name, lock.guards, shown, wait)
    place.stack.callback(_release, held, place.places.owner)
    place.named.add(lock.home)


def _release(lock: DotLock, owner: tuple[int, int]) -> None:
    with files_as_owner(owner):
        lock.release()


def take(directory: int, name: bytes, guarded: bytes, shown: bytes, wait: LockWait) -> DotLock:
    """Takes the dotlock `name` in `directory`; `guarded` is the file it guards.

    Waits as `wait` says. Raises StepRefused, naming the holder, when it stays held, and
    OSError when the lock cannot be made.
    """
    deadline = time.monotonic() + wait.seconds
    waiting = False
    while True:
        lock = _place(directory, name)
        if lock is not None:
            return lock
        holder = _holder(directory, name, guarded)
        if not holder:
            continue
        if wait.cancelled() or time.monotonic() >= deadline:
            raise StepRefused(f"{visible(shown)} is held by {holder}; try again later")
        if not waiting:
            waiting = True
            wait.on_wait(f"waiting for {visible(shown)}, held by {holder}")
        wait.pause(0.1)


def _place(directory: int, name: bytes) -> DotLock | None:
    """Puts our lock into place; None if there is one already."""
    if at.look(directory, name) is not None:
        return None
    draft = name + DRAFT_SUFFIX
    remove_own(directory, draft)
    handle = os.open(draft, _NEW_FILE, 0o644, dir_fd=directory)
    lock = None
    try:
        lock = DotLock(directory, name, handle)  # before it is in place: it needs a descriptor
        os.write(handle, own_mark())
        _second_name(directory, draft, name)
        return lock
    except BaseException as error:
        if lock is None:
            os.close(handle)
        else:
            lock.close()
        if not isinstance(error, OSError):
            raise
        with suppress(OSError):
            remove_own(directory, draft)
        if isinstance(error, FileExistsError):
            return None
        raise


def _second_name(directory: int, draft: bytes, name: bytes) -> None:
    """Links the draft to the lock's name; the draft's name then marks a dead lock as ours."""
    try:
        os.link(draft, name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
            raise
        at.rename_no_replace(directory, draft, directory, name)  # no hard links on this file system


def _is_ours(directory: int, name: bytes, lock: os.stat_result) -> bool:
    """Whether a killed run of ours left this lock."""
    draft = at.look(directory, name + DRAFT_SUFFIX)
    return draft is not None and os.path.samestat(draft, lock)


def remove_own(directory: int, name: bytes) -> None:
    """Removes a draft that a killed run of ours left; leaves anything but a plain file."""
    status = at.look(directory, name)
    if status is not None and stat.S_ISREG(status.st_mode):
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)


def _holder(directory: int, name: bytes, guarded: bytes) -> str:
    """Describes the holder of a lock; empty if the lock is gone, or was stale and is set aside."""
    try:
        handle = os.open(name, _PLAIN_READ, dir_fd=directory)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"something that cannot be read ({os.strerror(error.errno or 0)})"
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return "something that is not a file"
        mark = os.read(handle, 512)
    finally:
        os.close(handle)
    process, here = parse_mark(mark)
    if (here or not mark.strip(b"\0")) and _is_ours(directory, name, status):
        # We are the spool's only writer, so the run that made it is dead, even if a process has its
        # number now. A power cut may have emptied the file, or brought it back.
        _remove(directory, name, status)
        return ""
    alive = lives(process, but_us=True) if process and here else None
    if alive:
        return f"process {process}"
    if alive is None and not _untouched(status, at.look(directory, guarded)):
        return f"{visible(mark)}" if mark else "an unknown process"
    if _is_ours(directory, name, status):
        _remove(directory, name, status)
    else:
        _set_aside(directory, name, status, STALE_SUFFIX)
    return ""


def parse_mark(mark: bytes) -> tuple[int, bool]:
    """The process a lock names (0 for none), and whether it is one of this host."""
    process, colon, host = mark.strip().partition(b":")
    if not (process.isdigit() and len(process) < 10):
        return 0, False
    return int(process), bool(colon) and host == os.fsencode(socket.gethostname())


def _untouched(lock: os.stat_result, guarded: os.stat_result | None) -> bool:
    latest = max(lock.st_mtime, lock.st_ctime, guarded.st_mtime if guarded else 0.0)
    return time.time() - latest > STALE_SECONDS


def _set_aside(directory: int, name: bytes, stale: os.stat_result, suffix: bytes) -> bool:
    """Renames a stale lock; puts it back if somebody has replaced it by another meanwhile."""
    aside = name + suffix
    remove_own(directory, aside)
    try:
        at.rename_no_replace(directory, name, directory, aside)
    except FileNotFoundError:
        return False
    moved = at.look(directory, aside)
    if moved is not None and not os.path.samestat(moved, stale):
        with suppress(FileExistsError):
            at.rename_no_replace(directory, aside, directory, name)
        return False
    return True


def _remove(directory: int, name: bytes, lock: os.stat_result) -> None:
    """Removes a lock that a dead run of ours left, and no other."""
    if _set_aside(directory, name, lock, DEAD_SUFFIX):
        remove_own(directory, name + DEAD_SUFFIX)
    remove_own(directory, name + DRAFT_SUFFIX)


def _put_back(directory: int, name: bytes) -> None:
    """Puts a stale lock of somebody else back, because it was not ours to remove.

    If a server has made its own lock meanwhile, as it would for a stale one, nobody needs the old
    one any more.
    """
    aside = name + STALE_SUFFIX
    with suppress(FileNotFoundError):
        try:
            at.rename_no_replace(directory, aside, directory, name)
        except FileExistsError:
            remove_own(directory, aside)


def remove_of_dead(directory: int, name: bytes, process: int, host: str) -> None:
    """Removes what a killed run of ours left of a lock, and nobody else's lock.

    `process` is the one that began the operation. A lock that also has our second name is ours
    whatever it says: a power cut may have emptied it, or another process may have the number now.
    The caller is the spool's only writer, so whoever made the lock is dead.
    """
    if host != socket.gethostname():
        return
    status, holder = _read_mark(directory, name)
    if status is not None and _is_ours(directory, name, status):
        _remove(directory, name, status)
    elif status is not None and holder:
        if holder == process and lives(process, but_us=True) is False:
            _remove(directory, name, status)
    else:
        for suffix in (DEAD_SUFFIX, DRAFT_SUFFIX):
            remove_own(directory, name + suffix)
    _put_back(directory, name)


def _read_mark(directory: int, name: bytes) -> tuple[os.stat_result | None, int]:
    """The lock's status and the process of this host it names; None and 0 if it cannot be read."""
    try:
        handle = os.open(name, _PLAIN_READ, dir_fd=directory)
    except OSError:
        return None, 0
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return None, 0
        holder, here = parse_mark(os.read(handle, 512))
    finally:
        os.close(handle)
    return status, holder if here else 0
