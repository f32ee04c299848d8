"""The calls that change the file system, all through directory descriptors.

Nothing here follows a symlink, and no rename replaces anything. Errors come as `StepRefused`
(this one thing cannot be done) or `HardError` (the disk is full, read-only or failing: stop).
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
from mailsurgeon.text import visible

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RENAME_NOREPLACE = 1
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})

_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def open_directory(name: bytes, parent: int | None = None) -> int:
    """A descriptor of the directory `name`; a symlink there is refused (OSError)."""
    return os.open(name, _DIRECTORY, dir_fd=parent)


def look(parent: int, name: bytes) -> os.stat_result | None:
    """What `name` is, itself and not what it points to; None when there is nothing."""
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def expectation(status: os.stat_result) -> Expected:
    """What a step expects of a thing that is now as `status` says."""
    if stat.S_ISDIR(status.st_mode):
        return Expected(status.st_dev, status.st_ino, -1, -1)
    return Expected(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def same_inode(status: os.stat_result | None, expected: Expected) -> bool:
    """Whether this is the very file or directory that was expected, whatever its contents."""
    if status is None:
        return False
    return status.st_ino == expected.inode and status.st_dev == expected.device


def difference(status: os.stat_result | None, expected: Expected) -> str:
    """In words how a thing differs from what was expected of it; empty when it does not."""
    if status is None:
        return "it is gone"
    if status.st_ino != expected.inode or status.st_dev != expected.device:
        return "another file has taken its place"
    if expected.size != -1 and status.st_size != expected.size:
        return "its size has changed"
    if expected.mtime_ns != -1 and status.st_mtime_ns != expected.mtime_ns:
        return "its time has changed"
    return ""


def rename_no_replace(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
    """Renames and never replaces. Raises OSError; EEXIST when the target is there.

    Where the file system knows no such rename, a file gets its second name by link() and then
    loses its first; a crash in between leaves both names of one inode, which recovery knows.
    """
    if _renameat2 is not None:
        if _renameat2(source_dir, source, target_dir, target, _RENAME_NOREPLACE) == 0:
            return
        code = ctypes.get_errno()
        if code not in _UNSUPPORTED:
            raise OSError(code, os.strerror(code))
    link_and_unlink(source_dir, source, target_dir, target)


def link_and_unlink(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
    """The rename of file systems that cannot refuse to replace; for files only."""
    os.link(source, target, src_dir_fd=source_dir, dst_dir_fd=target_dir, follow_symlinks=False)
    try:
        drop_second_name(source_dir, source, target_dir, target)
    except OSError:
        with suppress(OSError):
            drop_second_name(target_dir, target, source_dir, source)
        raise


def drop_second_name(parent: int, name: bytes, kept_dir: int, kept: bytes) -> None:
    """Unlinks `name`, which must be a second name of the inode that `kept` names."""
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
    """Gives a directory just made its permission bits (the umask took some) and its owner.

    Only an empty one is given away: another may have been put in its place by now.
    """
    made = open_directory(name, parent)
    try:
        status = os.fstat(made)
        if owner and os.geteuid() == 0 and (status.st_uid, status.st_gid) != owner:
            with files_as_root():
                if os.listdir(made):
                    raise OSError(errno.EEXIST, "another directory has taken its place")
                os.fchown(made, *owner)
        if stat.S_IMODE(os.fstat(made).st_mode) != mode:
            os.fchmod(made, mode)
    finally:
        os.close(made)


def hand_over_empty(directory: int, owner: tuple[int, int]) -> None:
    """Gives a directory to `owner` that root had made for him and was killed before it did.

    Only an empty one: one that holds anything is not known to be ours.
    """
    status = os.fstat(directory)
    if os.geteuid() == 0 and status.st_uid == 0 != owner[0] and not os.listdir(directory):
        os.fchown(directory, *owner)


@contextmanager
def held(parent: int, name: bytes) -> Generator[tuple[int, os.stat_result]]:
    """A descriptor for `name` that reads nothing and follows nothing, and what it is."""
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        yield handle, os.fstat(handle)
    finally:
        os.close(handle)


def through(handle: int) -> bytes:
    """A path that names what an O_PATH descriptor holds, whatever becomes of its name."""
    return b"/proc/self/fd/%d" % handle


def as_its_owner(directory: int, owner: tuple[int, int]) -> AbstractContextManager[None]:
    """Acting with the rights of `owner` for a while, if the directory is that user's."""
    return files_as_owner(owner) if os.fstat(directory).st_uid == owner[0] else nullcontext()


def sync(directory: int) -> None:
    """Makes the names in a directory durable. Raises OSError: then nothing is known to be."""
    os.fsync(directory)


def sync_itself(handle: int, path: bytes) -> None:
    """Makes mode, owner and times of what an O_PATH descriptor holds durable.

    What may not be opened for reading is left to the file system's own journal. Raises
    NotDurable.
    """
    try:
        opened = os.open(through(handle), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:
        return
    try:
        os.fsync(opened)
    except OSError as error:
        raise NotDurable(f"{visible(path)}: {os.strerror(error.errno or 0)}") from error
    finally:
        os.close(opened)


def open_beneath(root: int, path: bytes) -> int:
    """A descriptor of the directory `path` below `root`, each component opened in its turn."""
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
    """Like `open_beneath`, and makes the directories that are missing."""
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
