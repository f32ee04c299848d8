"""`mkdir` and `rmdir`: make or remove an empty directory."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.steps.base import Alters, Step, Where, link_data, present
from mailsurgeon.surgery.steps.shell_words import ShellWords

_PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class _OneDirectory(Step):
    """`mode` (permission bits, taken from a sibling), `uid` and `gid`: for the directory when made.

    Takes no lock: servers make and remove directories without one, and Courier's lock is a file in
    such a directory.
    """

    locks: ClassVar[bool] = False

    _: KW_ONLY
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None

    @property
    def path(self) -> bytes:
        """The directory's path."""
        path = self.target if self.source is None else self.source
        assert path is not None
        return path

    @property
    def owner(self) -> tuple[int, int] | None:
        """The owner and group it gets; None if unknown."""
        return None if self.uid is None or self.gid is None else (self.uid, self.gid)

    @property
    def _mode(self) -> int:
        return _PRIVATE if self.mode is None else self.mode

    def facts(self) -> dict[str, Any]:
        """Mode and owner, which redoing an undone `mkdir` needs."""
        return present(mode=self.mode, uid=self.uid, gid=self.gid, **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """Makes a step from its row."""
        numbers = {key: int(data[key]) for key in ("mode", "uid", "gid") if key in data}
        return cls(*where, **numbers, **link_data(data))


@dataclass(frozen=True, slots=True)
class MakeDirectory(_OneDirectory):
    """Makes the directory `target`."""

    action: ClassVar[str] = "mkdir"
    alters: ClassVar[Alters] = Alters.DIRECTORY

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Makes the directory with exactly its mode and owner; refused if it exists."""
        parent, name = places.locate(self.path)
        try:
            at.make_directory(parent, name, self._mode, self.owner)
        except FileExistsError:
            raise StepRefused("it is there already") from None

    def recover(self, places: Places, _folders: LockedFolders) -> bool:
        """Whether the directory exists; sets its mode and owner if so."""
        parent, name = places.locate(self.path)
        status = at.look(parent, name)
        if status is None or not stat.S_ISDIR(status.st_mode):
            return False
        at.finish_directory(parent, name, self._mode, self.owner)
        return True

    def inverse(self) -> RemoveDirectory:
        """Removes the directory."""
        return RemoveDirectory(
            self.path, None, None, self.folder, None,
            mode=self.mode, uid=self.uid, gid=self.gid,
            inverts=self.inverts, repeats=self.repeats, keys=self.keys,
        )  # fmt: skip

    def shell(self, words: ShellWords) -> Iterator[str]:
        """A `mkdir` command; root gives the directory to its owner."""
        yield f"mkdir -m {self._mode & 0o777:o} -- {words.path(self.path)}"
        if self.owner is not None:
            uid, gid = self.owner
            yield words.call("own", f"{uid}:{gid}", words.path(self.path))
        if self._mode & ~0o777:
            yield f"chmod {self._mode:o} -- {words.path(self.path)}"


@dataclass(frozen=True, slots=True)
class RemoveDirectory(_OneDirectory):
    """Removes the empty directory `source`."""

    action: ClassVar[str] = "rmdir"

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Removes the directory; refused if it is gone or not empty."""
        parent, name = places.locate(self.path)
        try:
            os.rmdir(name, dir_fd=parent)
        except FileNotFoundError:
            raise StepRefused("it is gone") from None
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise StepRefused("it is no longer empty") from None
            raise

    def recover(self, places: Places, _folders: LockedFolders) -> bool:
        """Whether it is gone."""
        parent, name = places.locate(self.path)
        return at.look(parent, name) is None

    def inverse(self) -> MakeDirectory:
        """Makes the directory again."""
        return MakeDirectory(
            None, self.path, None, self.folder, None,
            mode=self.mode, uid=self.uid, gid=self.gid,
            inverts=self.inverts, repeats=self.repeats, keys=self.keys,
        )  # fmt: skip

    def shell(self, words: ShellWords) -> Iterator[str]:
        """A `rmdir` command."""
        yield f"rmdir -- {words.path(self.path)}"
