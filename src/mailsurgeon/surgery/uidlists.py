"""The servers' lists of UIDs on the disk: read, replaced, and read back. Under their locks only."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from mailsurgeon.maildir.uidlist import Change, Editor, UidlistError, parse
from mailsurgeon.surgery import fs
from mailsurgeon.surgery.identity import acting_as_root
from mailsurgeon.surgery.locks import remove_own
from mailsurgeon.survey.dovecot import uidl_is_name
from mailsurgeon.text import visible

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class ListFile:
    """One list as it was read. `directory` is a descriptor that outlives this object."""

    directory: int
    name: bytes
    shown: bytes
    data: bytes
    status: os.stat_result
    _editor: Editor | None = None

    def changes_for(
        self, renames: Sequence[tuple[bytes, bytes]], changes: Sequence[Change]
    ) -> list[Change]:
        """The changes that carry records over to new base names, or what `changes` come to now.

        Raises StepRefused when they cannot be made; nothing is made yet.
        """
        try:
            if self._editor is None:
                self._editor = Editor(self.data)
            own = [change for change in changes if change.list == self.name]
            wanted = own or self._editor.plan(renames, uidl_is_name=uidl_is_name())
            return self._named(self._editor.preview(wanted))
        except UidlistError as error:
            raise self._damaged(error) from error

    def write(self, changes: Sequence[Change]) -> list[Change]:
        """Makes those of the changes that are this list's, durably, and reads the file back;
        returns them as they were made.

        Raises StepRefused or HardError, the old file being in its place, and NotDurable, the new
        one perhaps being there.
        """
        try:
            editor = self._editor or Editor(self.data)
            self._editor = None  # it no longer is what the file is
            made = self._named(editor.apply(c for c in changes if c.list == self.name))
        except UidlistError as error:
            raise self._damaged(error) from error
        new = editor.data()
        if new == self.data:
            return made
        self.rewrite(new)
        return made

    def keys(self) -> set[tuple[int, bytes]]:
        """The UIDs and base names listed; none when the list is damaged."""
        try:
            return {(record.uid, record.base) for record in parse(self.data).records}
        except UidlistError:
            return set()

    def _named(self, changes: Sequence[Change]) -> list[Change]:
        return [change._replace(list=self.name) for change in changes]

    def rewrite(self, new: bytes) -> None:
        """Puts `new` in the file's place, durably, and reads it back. Raises as `write` does."""
        with fs.told(self.shown):
            self._replace(new)
        self._look_again(new)

    def _look_again(self, new: bytes) -> None:
        shown = visible(self.shown)
        try:
            fs.sync(self.directory)
            again = read(self.directory, self.name, self.shown)
        except OSError as error:
            raise fs.NotDurable(f"{shown}: {os.strerror(error.errno or 0)}") from error
        except (fs.StepRefused, fs.HardError) as error:
            raise fs.NotDurable(str(error)) from error
        if again is None or again.data != new:
            raise fs.NotDurable(f"{shown}: it does not read back as it was written")
        self.data, self.status, self._editor = again.data, again.status, None

    def _replace(self, new: bytes) -> None:
        draft = self.name + b".mailsurgeon"
        remove_own(self.directory, draft)
        handle = os.open(draft, _NEW, 0o600, dir_fd=self.directory)
        try:
            made = os.fstat(handle)
            if (made.st_uid, made.st_gid) != (self.status.st_uid, self.status.st_gid):
                with acting_as_root():  # the owner may be no member of the file's group
                    os.fchown(handle, self.status.st_uid, self.status.st_gid)
            os.fchmod(handle, stat.S_IMODE(self.status.st_mode))
            view = memoryview(new)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
            now = fs.look(self.directory, self.name)
            if now is None or not _unchanged(now, self.status):
                raise fs.StepRefused(f"{visible(self.shown)} was changed by somebody without lock")
            os.rename(draft, self.name, src_dir_fd=self.directory, dst_dir_fd=self.directory)
        except BaseException:
            remove_own(self.directory, draft)
            raise
        finally:
            os.close(handle)

    def _damaged(self, error: UidlistError) -> fs.StepRefused:
        return fs.StepRefused(
            f"{visible(self.shown)} is damaged ({error}), so the UID could not be kept;"
            " repair it first (fix --only uidlist-damaged)"
        )


def read(directory: int, name: bytes, shown: bytes, owner: int | None = None) -> ListFile | None:
    """Reads a list; None when there is none.

    Raises StepRefused for anything but a plain, writable file of `owner`, and HardError.
    """
    with fs.told(shown):
        there = fs.look(directory, name)
        if there is None:
            return None
        if stat.S_ISLNK(there.st_mode):
            raise fs.StepRefused(f"{visible(shown)} is a symbolic link, not a plain file")
        handle = os.open(name, _READ, dir_fd=directory)
        try:
            status = os.fstat(handle)
            _check(status, shown, owner)
            chunks: list[bytes] = []
            while chunk := os.read(handle, 1 << 20):
                chunks.append(chunk)
        finally:
            os.close(handle)
    return ListFile(directory, name, shown, b"".join(chunks), status)


def _check(status: os.stat_result, shown: bytes, owner: int | None) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise fs.StepRefused(f"{visible(shown)} is not a plain file")
    if owner is not None and status.st_uid != owner:
        raise fs.StepRefused(f"{visible(shown)} belongs to somebody else (uid {status.st_uid})")
    if not status.st_mode & stat.S_IWUSR:
        raise fs.StepRefused(f"{visible(shown)} is read-only")


def _unchanged(one: os.stat_result, other: os.stat_result) -> bool:
    return os.path.samestat(one, other) and (one.st_size, one.st_mtime_ns) == (
        other.st_size,
        other.st_mtime_ns,
    )
