"""`chmod`, `chown` and `utime`: change a file's or directory's mode, owner or time."""

from __future__ import annotations

import os
import stat
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Self

from mailsurgeon.surgery.fsops import as_owner, at
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.folder_names import folder_around, path_now
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.steps.base import Alters, OccupantsAt, Step, Where, link_data, present
from mailsurgeon.surgery.steps.shell_words import ShellWords


@dataclass(frozen=True, slots=True)
class _Attribute(Step):
    """A change to `source` itself (b"" is the spool's root), which keeps its name."""

    @property
    def may_join(self) -> bool:
        """Always: the step changes one file or directory."""
        return True

    @abstractmethod
    def _is_set(self, status: os.stat_result) -> bool:
        """Whether the attribute has its new value."""

    def found(self, places: Places, occupants: OccupantsAt) -> Self:
        """The step for a message whose flags a client has changed meanwhile. Raises OSError."""
        if not (self.source and self.expected and (self.is_linked or self._is_served)):
            return self
        with suppress(FileNotFoundError, NotADirectoryError):
            if at.same_inode(at.look(*places.locate(self.source)), self.expected):
                return self
        around = occupants(self.source.rpartition(b"/")[0])
        now = path_now(places, self.source, self.expected, around)
        return self if now is None else replace(self, source=now)

    @property
    @abstractmethod
    def values(self) -> Sequence[tuple[str, str]]:
        """The attribute before and after."""

    @property
    def _is_served(self) -> bool:
        """Whether it is a file in cur or new of a folder, which clients rename as they please."""
        return folder_around((self.source or b"").rpartition(b"/")[0]) is not None

    def recover(self, places: Places, _folders: LockedFolders) -> bool:
        """Whether the attribute has its new value."""
        assert self.source is not None
        if self.source:
            status = at.look(*places.locate(self.source))
        else:
            status = os.fstat(places.directories.root)
        return status is not None and self._is_set(status)

    def _on_itself(
        self, places: Places, act: Callable[[bytes | int, os.stat_result], None], links: int = 1
    ) -> None:
        """Runs `act` on an open descriptor of `source`, so that nobody can swap the file.

        Refuses a file with more than `links` names (hard links): the others may be a backup's.
        """
        assert self.source is not None
        if self.source:
            parent, name = places.locate(self.source)
        else:
            parent, name = places.directories.root, b"."
        try:
            with at.held(parent, name) as (handle, status):
                reason = at.difference(status, self.expected) if self.expected else ""
                if reason:
                    raise StepRefused(reason)
                if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                    raise StepRefused("it is no plain file and no directory")
                # With a hard link, an attacker could make us change somebody else's file.
                if status.st_uid != places.owner[0]:
                    links = 1
                if stat.S_ISREG(status.st_mode) and status.st_nlink > links:
                    raise StepRefused("the file has other names (hard links) that would change too")
                with (
                    as_owner.files_as_root(),  # the descriptor fixes the file, whoever owns it
                    at.changeable(handle, parent, name) as target,
                ):
                    act(target, status)
                    at.sync_itself(target, self.source)
        except FileNotFoundError:
            raise StepRefused("it is gone") from None


@dataclass(frozen=True, slots=True)
class ChangeMode(_Attribute):
    """Changes permission bits from `before` to `after`."""

    action: ClassVar[str] = "chmod"
    alters: ClassVar[Alters] = Alters.RIGHTS

    _: KW_ONLY
    before: int
    after: int

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Sets the mode `after`; refused if the mode is not `before`."""

        def change(path: bytes | int, status: os.stat_result) -> None:
            if stat.S_IMODE(status.st_mode) != self.before:
                raise StepRefused("its mode has changed")
            os.chmod(path, self.after)

        self._on_itself(places, change)

    def _is_set(self, status: os.stat_result) -> bool:
        return stat.S_IMODE(status.st_mode) == self.after

    @property
    def values(self) -> Sequence[tuple[str, str]]:
        """Both modes in octal."""
        return [(f"{self.before:04o}", f"{self.after:04o}")]

    def inverse(self) -> ChangeMode:
        """Sets the mode `before`."""
        return replace(self, target=None, before=self.after, after=self.before)

    def facts(self) -> dict[str, Any]:
        """Both modes."""
        return present(before=self.before, after=self.after, **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """Makes a `chmod` step from its row."""
        return cls(*where, before=int(data["before"]), after=int(data["after"]), **link_data(data))

    def shell(self, words: ShellWords) -> Iterator[str]:
        """A `chmod` command."""
        yield f"chmod {self.after:o} -- {words.path(self.source or b'')}"


@dataclass(frozen=True, slots=True)
class ChangeOwner(_Attribute):
    """Changes the owner from `before` to `after` (user and group ids)."""

    action: ClassVar[str] = "chown"
    alters: ClassVar[Alters] = Alters.RIGHTS
    needs_root: ClassVar[bool] = True

    _: KW_ONLY
    before: tuple[int, int]
    after: tuple[int, int]

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Sets the owner `after`; refused if the owner is not `before`."""

        def change(path: bytes | int, status: os.stat_result) -> None:
            if (status.st_uid, status.st_gid) != self.before:
                raise StepRefused("its owner has changed")
            os.chown(path, *self.after)

        self._on_itself(places, change)

    def _is_set(self, status: os.stat_result) -> bool:
        return (status.st_uid, status.st_gid) == self.after

    @property
    def values(self) -> Sequence[tuple[str, str]]:
        """Both owners as numbers of user and group."""
        return [(_owner_text(self.before), _owner_text(self.after))]

    def inverse(self) -> ChangeOwner:
        """Sets the owner `before`."""
        return replace(self, target=None, before=self.after, after=self.before)

    def facts(self) -> dict[str, Any]:
        """Both owners."""
        return present(before=list(self.before), after=list(self.after), **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """Makes a `chown` step from its row."""
        before, after = data["before"], data["after"]
        return cls(
            *where,
            before=(int(before[0]), int(before[1])),
            after=(int(after[0]), int(after[1])),
            **link_data(data),
        )

    def shell(self, words: ShellWords) -> Iterator[str]:
        """A `chown` command."""
        owner, group = self.after
        yield f"chown -h {owner}:{group} -- {words.path(self.source or b'')}"


@dataclass(frozen=True, slots=True)
class ChangeTime(_Attribute):
    """Changes the time of last modification from `before` to `after` (ns since the epoch).

    `links`: the file's number of names (hard links), all in the spool; None stands for one.
    """

    action: ClassVar[str] = "utime"
    alters: ClassVar[Alters] = Alters.DATE

    _: KW_ONLY
    before: int
    after: int
    links: int | None = None

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Sets the time `after`; refused if the time is not `before`."""

        def change(path: bytes | int, status: os.stat_result) -> None:
            if status.st_mtime_ns != self.before:
                raise StepRefused("its time has changed")
            os.utime(path, ns=(status.st_atime_ns, self.after))
            # A file system silently clips a time it cannot hold (ext4: 1901 to 2446).
            if os.stat(path).st_mtime_ns != self.after:
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
                raise StepRefused("the file system cannot hold that time")

        self._on_itself(places, change, self.links or 1)

    def _is_set(self, status: os.stat_result) -> bool:
        return status.st_mtime_ns == self.after

    @property
    def values(self) -> Sequence[tuple[str, str]]:
        """Both times in the local zone."""
        return [(_time_text(self.before), _time_text(self.after))]

    def inverse(self) -> ChangeTime:
        """Sets the time `before`; expects the file to have the time `after`."""
        expected = self.expected and replace(self.expected, mtime_ns=self.after)
        return replace(
            self, target=None, expected=expected, before=self.after, after=self.before
        )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """Both times, and the number of names if there are several."""
        links = None if self.links == 1 else self.links
        return present(before=self.before, after=self.after, links=links, **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """Makes a `utime` step from its row."""
        return cls(
            *where,
            before=int(data["before"]),
            after=int(data["after"]),
            links=data.get("links"),
            **link_data(data),
        )

    def shell(self, words: ShellWords) -> Iterator[str]:
        """A `touch` command."""
        seconds, rest = divmod(self.after, 10**9)
        yield f"touch -h -m -d @{seconds}.{rest:09d} -- {words.path(self.source or b'')}"


def _owner_text(owner: tuple[int, int]) -> str:
    return f"{owner[0]}:{owner[1]}"


def _time_text(time_ns: int) -> str:
    """A time in the local zone; as seconds if no calendar has it."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_ns // 10**9))
    except (OverflowError, OSError, ValueError):
        return f"{time_ns // 10**9} s"
