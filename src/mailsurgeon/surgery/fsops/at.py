"""The calls that change the file system, all through directory descriptors.

None follows a symlink, and no rename replaces anything. They raise OSError, which
`failures.os_errors_at` turns into `StepRefused` (this one step cannot be done) or `HardError` (the
disk is full, read-only or failing: stop).
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from mailsurgeon.surgery.fsops.as_owner import files_as_owner, files_as_root
from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.fsops.failures import NotDurable
from mailsurgeon.survey.index.rows import indexed_time
from mailsurgeon.text import visible

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_THROUGH = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_READ = _READ_THROUGH | os.O_NOFOLLOW
_RENAME_NOREPLACE = 1
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})
NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK})
"""Errors of link(2) where the file system has no hard links, or no more of this file."""
NO_SAFE_RENAME = (
    "the file system can neither rename without replacing nor make hard links, so nothing was"
    " changed; repair a copy on another one (ext4, xfs, btrfs) and copy that back"
)
RESERVED = 0o700
"""The mode of the empty directory that reserves a name."""

_OPENAT2 = 437
"""The number of openat2(2), the same on all architectures; libc has no function for it."""
_RESOLVE_NO_XDEV = 0x01

_C = ctypes.CDLL(None, use_errno=True)
_renameat2 = getattr(_C, "renameat2", None)
_sync_file_range = getattr(_C, "sync_file_range", None)
_RANGE_WRITE = 2


def open_directory(name: bytes, parent: int | None = None) -> int:
    """Opens the directory `name` and returns its descriptor. Raises OSError, also for a symlink."""
    return os.open(name, _DIRECTORY, dir_fd=parent)


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def is_mount_point(parent: int, name: bytes) -> bool:
    """Whether something is mounted at the directory `name`, also a part of the same file system.

    Where the kernel has no openat2(2) (before Linux 5.6), only another file system is noticed.
    """
    how = _OpenHow(os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, 0, _RESOLVE_NO_XDEV)
    opened = _C.syscall(_OPENAT2, parent, name, ctypes.byref(how), ctypes.sizeof(how))
    if opened >= 0:
        os.close(opened)
        return False
    if ctypes.get_errno() == errno.EXDEV:
        return True
    status = look(parent, name)
    return status is not None and status.st_dev != os.fstat(parent).st_dev


def look(parent: int, name: bytes) -> os.stat_result | None:
    """The status of `name` itself (of a symlink, not of its target); None if it is missing."""
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def expectation(status: os.stat_result) -> Expected:
    """What a step expects of a file or directory that now has this status."""
    if stat.S_ISDIR(status.st_mode):
        return Expected(status.st_dev, status.st_ino, -1, -1)
    mtime_ns = indexed_time(status.st_mtime_ns)
    return Expected(status.st_dev, status.st_ino, status.st_size, mtime_ns)


def same_inode(status: os.stat_result | None, expected: Expected) -> bool:
    """Whether this is the very file or directory that was expected, whatever its contents."""
    if status is None:
        return False
    return status.st_ino == expected.inode and status.st_dev == expected.device


def difference(status: os.stat_result | None, expected: Expected) -> str:
    """Says how a file differs from what was expected; empty if it does not."""
    if status is None:
        return "it is gone"
    if status.st_ino != expected.inode or status.st_dev != expected.device:
        return "another file has taken its place"
    if expected.size != -1 and status.st_size != expected.size:
        return "its size has changed"
    times = indexed_time(status.st_mtime_ns), indexed_time(expected.mtime_ns)
    if expected.mtime_ns != -1 and times[0] != times[1]:
        return "its time has changed"
    return ""


def rename_no_replace(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
    """Renames without replacing. Raises OSError; EEXIST when the target exists.

    Where the file system has no such rename (renameat2; NFS, for one), link() gives a file its
    second name and unlink() removes the first, and `reserve_and_rename` moves a directory. A crash
    in between leaves a file with both names, or an empty directory at the target; recovery finishes
    the one and removes the other.
    """
    if _renameat2 is not None:
        if _renameat2(source_dir, source, target_dir, target, _RENAME_NOREPLACE) == 0:
            return
        code = ctypes.get_errno()
        if code not in _UNSUPPORTED:
            raise OSError(code, os.strerror(code))
    status = look(source_dir, source)
    if status is not None and stat.S_ISDIR(status.st_mode):
        reserve_and_rename(source_dir, source, target_dir, target)
    else:
        link_and_unlink(source_dir, source, target_dir, target)


def reserve_and_rename(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
    """Renames a directory on file systems that cannot refuse to replace. Raises OSError.

    The target's name is reserved by an empty directory, which the rename replaces; if somebody puts
    something into that meanwhile, the rename fails (POSIX, rename()).
    """
    os.mkdir(target, RESERVED, dir_fd=target_dir)
    try:
        os.rename(source, target, src_dir_fd=source_dir, dst_dir_fd=target_dir)
    except OSError as error:
        with suppress(OSError):
            os.rmdir(target, dir_fd=target_dir)
        if error.errno == errno.ENOTEMPTY:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from error
        raise


def drop_reservation(parent: int, name: bytes, owner: int) -> None:
    """Removes the empty directory with which a killed run reserved a name. Raises OSError."""
    status = look(parent, name)
    if status is None or not stat.S_ISDIR(status.st_mode) or status.st_uid != owner:
        return
    if stat.S_IMODE(status.st_mode) & ~stat.S_ISGID != RESERVED:
        return
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
            raise


def link_and_unlink(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
    """Renames a file on file systems that cannot refuse to replace. Raises OSError."""
    try:
        os.link(source, target, src_dir_fd=source_dir, dst_dir_fd=target_dir, follow_symlinks=False)
    except OSError as error:
        if error.errno in NO_LINKS:
            raise OSError(error.errno, NO_SAFE_RENAME) from error
        raise
    try:
        drop_second_name(source_dir, source, target_dir, target)
    except OSError:
        with suppress(OSError):
            drop_second_name(target_dir, target, source_dir, source)
        raise


def drop_second_name(parent: int, name: bytes, kept_dir: int, kept: bytes) -> None:
    """Unlinks `name`; raises OSError unless `kept` names the same inode."""
    one, other = look(parent, name), look(kept_dir, kept)
    if one is None or other is None or not os.path.samestat(one, other):
        raise OSError(errno.EEXIST, "another file has taken the name")
    os.unlink(name, dir_fd=parent)


def make_directory(
    parent: int, name: bytes, mode: int, owner: tuple[int, int] | None = None
) -> None:
    """Makes a directory with exactly these permission bits; as root, with this owner and group."""
    os.mkdir(name, mode & 0o777, dir_fd=parent)
    finish_directory(parent, name, mode, owner)


def finish_directory(
    parent: int, name: bytes, mode: int, owner: tuple[int, int] | None = None
) -> None:
    """Sets the permission bits (the umask removed some) and the owner of a directory just made.

    Changes the owner only while the directory is empty: otherwise somebody may have swapped it.
    """
    made = open_directory(name, parent)
    try:
        status = os.fstat(made)
        if owner and os.geteuid() == 0 and (status.st_uid, status.st_gid) != owner:
            with files_as_root():
                _check_empty(made)
                os.fchown(made, *owner)
        if stat.S_IMODE(os.fstat(made).st_mode) != mode:
            os.fchmod(made, mode)
        if mode & stat.S_ISGID and not os.fstat(made).st_mode & stat.S_ISGID:
            # Without an error, the kernel drops it for whoever is not in the group (chmod(2)).
            with files_as_root():
                _check_empty(made)
                os.fchmod(made, mode)
    finally:
        os.close(made)


def _check_empty(directory: int) -> None:
    if os.listdir(directory):
        raise OSError(errno.EEXIST, "another directory has taken its place")


def hand_over_empty(directory: int, owner: tuple[int, int]) -> None:
    """Gives `owner` a directory that root made for him but was killed before handing over.

    Only an empty one: a directory with something in it may not be ours.
    """
    status = os.fstat(directory)
    if os.geteuid() == 0 and status.st_uid == 0 != owner[0] and not os.listdir(directory):
        os.fchown(directory, *owner)


@contextmanager
def held(parent: int, name: bytes) -> Generator[tuple[int, os.stat_result]]:
    """Yields an O_PATH descriptor for `name`, which follows no symlink, and its status."""
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        yield handle, os.fstat(handle)
    finally:
        os.close(handle)


def _through(handle: int) -> bytes:
    """A path to what an O_PATH descriptor holds, valid even after a rename."""
    return b"/proc/self/fd/%d" % handle


@contextmanager
def changeable(handle: int, parent: int, name: bytes) -> Generator[bytes | int]:
    """Yields what `os.chmod`, `os.chown` and `os.utime` take for the file or directory `name` that
    the O_PATH descriptor `handle` holds, which no rename can exchange.

    It is a path in /proc; without /proc a descriptor for reading. Raises OSError, also when
    it cannot be opened for reading then.
    """
    path = _through(handle)
    if os.path.lexists(path):
        yield path
        return
    try:
        opened = os.open(name, _READ, dir_fd=parent)
    except PermissionError as error:
        reason = "cannot be changed while /proc is missing, for it cannot be read; mount /proc"
        raise OSError(error.errno, reason) from error
    try:
        if not os.path.samestat(os.fstat(opened), os.fstat(handle)):
            raise OSError(errno.ESTALE, "another file has taken its place")
        yield opened
    finally:
        os.close(opened)


def as_its_owner(directory: int, owner: tuple[int, int]) -> AbstractContextManager[None]:
    """Gives this thread the rights of `owner` for a while, if the directory is that user's."""
    return files_as_owner(owner) if os.fstat(directory).st_uid == owner[0] else nullcontext()


def sync(directory: int) -> None:
    """Makes the names in a directory durable. Raises OSError; then they may not be.

    EINVAL comes from file systems that have no fsync(2) of directories and write names at once, or
    on syncfs(2).
    """
    try:
        os.fsync(directory)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        os.sync()


def begin_writing(handle: int) -> None:
    """Begins to write a file's data to the disk, without waiting (sync_file_range(2)).

    It promises nothing; fsync(2) does. But when several files are begun before the first is synced,
    the file system needs one commit for all of them.
    """
    if _sync_file_range is not None:
        _sync_file_range(handle, ctypes.c_int64(0), ctypes.c_int64(0), _RANGE_WRITE)


def sync_itself(target: bytes | int, path: bytes) -> None:
    """Makes mode, owner and times of what `changeable` has yielded durable; `path` is to be shown.

    We cannot fsync a file we may not open for reading; the file system's own journal has to do.
    Raises NotDurable.
    """
    try:
        opened = os.dup(target) if isinstance(target, int) else os.open(target, _READ_THROUGH)
    except PermissionError:
        return
    try:
        os.fsync(opened)
    except OSError as error:
        raise NotDurable(f"{visible(path)}: {os.strerror(error.errno or 0)}") from error
    finally:
        os.close(opened)


def open_beneath(root: int, path: bytes) -> int:
    """Opens the directory `path` below `root` one component at a time, and returns it."""
    here = os.dup(root)
    try:
        for component in path.split(b"/") if path else ():
            if component in (b"", b".", b".."):
                raise OSError(errno.EINVAL, "not a plain path")
            further = open_directory(component, here)
            os.close(here)
            here = further
    except BaseException:
        os.close(here)
        raise
    return here


def make_beneath(root: int, path: bytes, mode: int, owner: tuple[int, int] | None) -> int:
    """Like `open_beneath`, but makes missing directories."""
    here = os.dup(root)
    try:
        for component in path.split(b"/") if path else ():
            if component in (b"", b".", b".."):
                raise OSError(errno.EINVAL, "not a plain path")
            if look(here, component) is None:
                hand = as_its_owner(here, owner) if owner else nullcontext()
                with hand, suppress(FileExistsError):
                    make_directory(here, component, mode, owner)
                sync(here)
            further = open_directory(component, here)
            os.close(here)
            here = further
    except BaseException:
        os.close(here)
        raise
    return here
