"""The servers' own files: read, replaced whole, made, taken away. Under their locks only.

A file is written under a name of our own first, made durable, and then renamed into its place,
which must be as it was when it was read.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from dataclasses import dataclass

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_root
from mailsurgeon.surgery.fsops.failures import HardError, NotDurable, StepRefused, told
from mailsurgeon.surgery.servers.dotlock import remove_own
from mailsurgeon.text import visible

LARGEST_SMALL_FILE = 1 << 20
"""Bytes of a file that is read at all."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Manner:
    """Owner, group and permission bits that a new file gets."""

    uid: int
    gid: int
    mode: int


@dataclass(frozen=True, slots=True)
class ServerFile:
    """One file as it was read; `status` is None, and `data` empty, when there was none.

    `directory` is a descriptor that outlives this object; `shown` is the path for people.
    """

    directory: int
    name: bytes
    shown: bytes
    data: bytes = b""
    status: os.stat_result | None = None

    def replace(self, new: bytes, manner: Manner, draft: bytes) -> None:
        """Puts `new` in the file's place, durably, and reads it back.

        The file keeps its owner, group and mode; a new one gets those of `manner`. Its mtime is
        later by a second at least: Dovecot compares whole seconds. `draft`: our own name for it
        until then. Raises StepRefused or HardError, nothing having changed, and NotDurable.
        """
        self.write(new, manner, draft)
        self.settled(new)

    def remove(self) -> None:
        """Takes the file away, durably. Raises as `replace` does."""
        with told(self.shown):
            self._check_unchanged()
            os.unlink(self.name, dir_fd=self.directory)
        self.settled(None)

    def write(self, new: bytes, manner: Manner | None, draft: bytes) -> None:
        """The first half of `replace`: nothing is known to be durable yet."""
        with told(self.shown):
            self._write(new, manner, draft)

    def _write(self, new: bytes, manner: Manner | None, draft: bytes) -> None:
        remove_own(self.directory, draft)
        handle = os.open(draft, _NEW, 0o600, dir_fd=self.directory)
        try:
            self._finish(handle, new, manner)
            self._check_unchanged()
            if self.status is None:
                at.rename_no_replace(self.directory, draft, self.directory, self.name)
            else:
                os.rename(draft, self.name, src_dir_fd=self.directory, dst_dir_fd=self.directory)
        except BaseException:
            remove_own(self.directory, draft)
            raise
        finally:
            os.close(handle)

    def _finish(self, handle: int, new: bytes, manner: Manner | None) -> None:
        old = self.status
        if old is not None:
            manner = Manner(old.st_uid, old.st_gid, stat.S_IMODE(old.st_mode))
        made = os.fstat(handle)
        if manner and (made.st_uid, made.st_gid) != (manner.uid, manner.gid):
            with files_as_root():  # the owner may be no member of the file's group
                os.fchown(handle, manner.uid, manner.gid)
        os.fchmod(handle, manner.mode if manner else 0o600)
        view = memoryview(new)
        while view:
            view = view[os.write(handle, view) :]
        written = os.fstat(handle).st_mtime
        if old is not None and int(written) <= int(old.st_mtime):
            os.utime(handle, (int(old.st_mtime) + 1, int(old.st_mtime) + 1))
        os.fsync(handle)

    def _check_unchanged(self) -> None:
        now = at.look(self.directory, self.name)
        if (now is None) != (self.status is None) or (
            now and self.status and _identity(now) != _identity(self.status)
        ):
            raise StepRefused(f"{visible(self.shown)} was changed by somebody without lock")

    def settled(self, wanted: bytes | None) -> ServerFile:
        """Makes the directory durable and looks whether the file is as wanted (None: gone).

        Returns the file as it now is. Raises NotDurable.
        """
        try:
            at.sync(self.directory)
            again = read_file(self.directory, self.name, self.shown, limit=sys.maxsize)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise NotDurable(f"{visible(self.shown)}: {reason}") from error
        except (StepRefused, HardError) as error:
            raise NotDurable(str(error)) from error
        if (again.data if again.status else None) != wanted:
            line = f"{visible(self.shown)}: it does not read back as it was written"
            raise NotDurable(line)
        return again


def read_file(
    directory: int,
    name: bytes,
    shown: bytes,
    owner: int | None = None,
    limit: int = LARGEST_SMALL_FILE,
) -> ServerFile:
    """Reads a file, which need not be there.

    Raises StepRefused for anything but a plain, writable file of `owner` with at most `limit`
    bytes, and HardError.
    """
    with told(shown):
        try:
            handle = os.open(name, _READ, dir_fd=directory)
        except FileNotFoundError:
            return ServerFile(directory, name, shown)
        except OSError as error:
            if error.errno == errno.ELOOP:
                line = f"{visible(shown)} is a symbolic link, not a plain file"
                raise StepRefused(line) from None
            if error.errno == errno.ENXIO:
                raise StepRefused(f"{visible(shown)} is not a plain file") from None
            raise
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            _check(status, shown, owner, limit)
            return ServerFile(directory, name, shown, file.read(status.st_size + 1), status)


def _check(status: os.stat_result, shown: bytes, owner: int | None, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise StepRefused(f"{visible(shown)} is not a plain file")
    if status.st_size > limit:
        raise StepRefused(f"{visible(shown)} is too large ({status.st_size:,} bytes)")
    if owner is not None and status.st_uid != owner:
        raise StepRefused(f"{visible(shown)} belongs to somebody else (uid {status.st_uid})")
    if not status.st_mode & stat.S_IWUSR:
        raise StepRefused(f"{visible(shown)} is read-only")


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
