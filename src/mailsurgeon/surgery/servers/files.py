"""Reads, replaces, makes and removes servers' own files. Call it only under their locks.

A new version is written under a name of ours and made durable, then renamed over the old file,
which must be unchanged since it was read.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import ExitStack
from dataclasses import dataclass

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import HardError, NotDurable, StepRefused, os_errors_at
from mailsurgeon.surgery.fsops.kept_attributes import make_alike, set_owner_and_mode
from mailsurgeon.surgery.servers.dotlock import remove_own
from mailsurgeon.text import visible

LARGEST_SMALL_FILE = 1 << 20
"""Size in bytes above which a file is not read."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Manner:
    """Owner, group and permission bits for a new file."""

    uid: int
    gid: int
    mode: int


@dataclass(frozen=True, slots=True)
class ServerFile:
    """One file as it was read; `status` is None, and `data` empty, if it did not exist.

    The caller closes the descriptor `directory`; `shown` is the path to show.
    """

    directory: int
    name: bytes
    shown: bytes
    data: bytes = b""
    status: os.stat_result | None = None

    def replace(self, new: bytes, manner: Manner, draft: bytes) -> None:
        """Replaces the file by `new`, durably, and reads it back.

        The file keeps its owner, group, mode, ACL and extended attributes; a new one gets what
        `manner` says. Its mtime grows
        by a second at least: Dovecot compares whole seconds. `draft`: the temporary name.
        Raises StepRefused or HardError when nothing has changed, and NotDurable.
        """
        self.write(new, manner, draft)
        self.settled(new)

    def remove(self) -> None:
        """Removes the file, durably. Raises as `replace` does."""
        with os_errors_at(self.shown):
            self._check_unchanged()
            os.unlink(self.name, dir_fd=self.directory)
        self.settled(None)

    def write(self, new: bytes, manner: Manner | None, draft: bytes) -> None:
        """The first half of `replace`; the rename is not durable until `settled`."""
        with os_errors_at(self.shown):
            self._write(new, manner, draft)

    def _write(self, new: bytes, manner: Manner | None, draft: bytes) -> None:
        self._begin(new, manner, draft)
        try:
            self._sync_draft(draft)
            self._put_in_place(draft)
        except BaseException:
            remove_own(self.directory, draft)
            raise

    # The same in parts, so that the drafts of several files reach the disk together

    def begin(self, new: bytes, manner: Manner | None, draft: bytes) -> None:
        """Writes the draft, which is not durable yet; leaves none if it raises an error."""
        with os_errors_at(self.shown):
            self._begin(new, manner, draft)

    def sync_draft(self, draft: bytes) -> None:
        """Makes a draft durable."""
        with os_errors_at(self.shown):
            self._sync_draft(draft)

    def put_in_place(self, draft: bytes) -> None:
        """Renames a draft that is durable over the file, or to its name if there was none."""
        with os_errors_at(self.shown):
            self._put_in_place(draft)

    def _begin(self, new: bytes, manner: Manner | None, draft: bytes) -> None:
        remove_own(self.directory, draft)
        with ExitStack() as stack:
            old = self._held(stack)
            handle = os.open(draft, _NEW, 0o600, dir_fd=self.directory)
            stack.callback(os.close, handle)
            try:
                self._finish(handle, new, old, manner)
            except BaseException:
                remove_own(self.directory, draft)
                raise

    def _sync_draft(self, draft: bytes) -> None:
        handle = os.open(draft, _READ, dir_fd=self.directory)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _put_in_place(self, draft: bytes) -> None:
        self._check_unchanged()
        if self.status is None:
            at.rename_no_replace(self.directory, draft, self.directory, self.name)
        else:
            os.rename(draft, self.name, src_dir_fd=self.directory, dst_dir_fd=self.directory)

    def _held(self, stack: ExitStack) -> int | None:
        """The old file, open; None if there was none. Raises StepRefused if it is another now."""
        if self.status is None:
            return None
        try:
            handle = os.open(self.name, _READ, dir_fd=self.directory)
        except FileNotFoundError:
            raise self._changed() from None
        stack.callback(os.close, handle)
        if _identity(os.fstat(handle)) != _identity(self.status):
            raise self._changed()
        return handle

    def _finish(self, handle: int, new: bytes, alike: int | None, manner: Manner | None) -> None:
        view = memoryview(new)
        while view:
            view = view[os.write(handle, view) :]
        if alike is not None:
            make_alike(handle, alike)
        elif manner is not None:
            set_owner_and_mode(handle, manner.uid, manner.gid, manner.mode)
        else:
            os.fchmod(handle, 0o600)
        old, written = self.status, os.fstat(handle).st_mtime
        if old is not None and int(written) <= int(old.st_mtime):
            os.utime(handle, (int(old.st_mtime) + 1, int(old.st_mtime) + 1))
        at.begin_writing(handle)

    def _check_unchanged(self) -> None:
        now = at.look(self.directory, self.name)
        if (now is None) != (self.status is None) or (
            now and self.status and _identity(now) != _identity(self.status)
        ):
            raise self._changed()

    def _changed(self) -> StepRefused:
        return StepRefused(
            f"{visible(self.shown)} was changed by somebody who does not hold its lock"
        )

    def settled(self, wanted: bytes | None) -> ServerFile:
        """Makes the directory durable and checks that the file holds `wanted` (None: is gone).

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
    """Reads a file; a missing one has no `status`.

    Raises StepRefused for anything but a plain, writable file of `owner` with at most `limit`
    bytes, and HardError.
    """
    with os_errors_at(shown):
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
