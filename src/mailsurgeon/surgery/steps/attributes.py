"""`chmod`, `chown` and `utime`: what a file or directory has beside its name and bytes."""

from __future__ import annotations

import os
import stat
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Self

from mailsurgeon.surgery.fsops import as_owner, at
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.steps.base import Alters, Step, Where, link_data, present
from mailsurgeon.surgery.steps.shell_words import ShellWords


@dataclass(frozen=True, slots=True)
class _Attribute(Step):
    """What is done to `source` itself (b"" is the spool's root); its name stays."""

    @property
    def may_join(self) -> bool:
        """It is done to one thing."""
        return True

    @abstractmethod
    def _is_set(self, status: os.stat_result) -> bool:
        """Whether a thing is as it is to be."""

    def recover(self, places: Places, _folders: LockedFolders) -> bool:
        """Whether the thing is as it is to be."""
        assert self.source is not None
        if self.source:
            status = at.look(*places.locate(self.source))
        else:
            status = os.fstat(places.directories.root)
        return status is not None and self._is_set(status)

    def _on_itself(
        self, places: Places, act: Callable[[bytes, os.stat_result], None], *, alone: bool
    ) -> None:
        """Acts on what `source` is, held open, so that nothing can be put in its place."""
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
                # A second name of somebody else's file may be a trap: what is changed is then his.
                alone = alone or status.st_uid != places.owner[0]
                if alone and stat.S_ISREG(status.st_mode) and status.st_nlink != 1:
                    raise StepRefused("the file has other names (hard links) that would change too")
                with as_owner.files_as_root():  # the thing itself is held, whatever it belongs to
                    act(at.through(handle), status)
                    at.sync_itself(handle, self.source)
        except FileNotFoundError:
            raise StepRefused("it is gone") from None


@dataclass(frozen=True, slots=True)
class ChangeMode(_Attribute):
    """`before`, `after`: permission bits."""

    action: ClassVar[str] = "chmod"
    alters: ClassVar[Alters] = Alters.RIGHTS

    _: KW_ONLY
    before: int
    after: int

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Gives it the mode `after`."""

        def change(path: bytes, status: os.stat_result) -> None:
            if stat.S_IMODE(status.st_mode) != self.before:
                raise StepRefused("its mode has changed")
            os.chmod(path, self.after)

        self._on_itself(places, change, alone=True)

    def _is_set(self, status: os.stat_result) -> bool:
        return stat.S_IMODE(status.st_mode) == self.after

    def inverse(self) -> ChangeMode:
        """Gives it the mode it had."""
        return replace(self, target=None, before=self.after, after=self.before)

    def facts(self) -> dict[str, Any]:
        """Both modes."""
        return present(before=self.before, after=self.after, **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """A `chmod` from its row."""
        return cls(*where, before=int(data["before"]), after=int(data["after"]), **link_data(data))

    def shell(self, words: ShellWords) -> Iterator[str]:
        """`chmod`."""
        yield f"chmod {self.after:o} -- {words.path(self.source or b'')}"


@dataclass(frozen=True, slots=True)
class ChangeOwner(_Attribute):
    """`before`, `after`: user and group, by number."""

    action: ClassVar[str] = "chown"
    alters: ClassVar[Alters] = Alters.RIGHTS
    needs_root: ClassVar[bool] = True

    _: KW_ONLY
    before: tuple[int, int]
    after: tuple[int, int]

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Gives it to `after`."""

        def change(path: bytes, status: os.stat_result) -> None:
            if (status.st_uid, status.st_gid) != self.before:
                raise StepRefused("its owner has changed")
            os.chown(path, *self.after)

        self._on_itself(places, change, alone=True)

    def _is_set(self, status: os.stat_result) -> bool:
        return (status.st_uid, status.st_gid) == self.after

    def inverse(self) -> ChangeOwner:
        """Gives it back."""
        return replace(self, target=None, before=self.after, after=self.before)

    def facts(self) -> dict[str, Any]:
        """Both owners."""
        return present(before=list(self.before), after=list(self.after), **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """A `chown` from its row."""
        before, after = data["before"], data["after"]
        return cls(
            *where,
            before=(int(before[0]), int(before[1])),
            after=(int(after[0]), int(after[1])),
            **link_data(data),
        )

    def shell(self, words: ShellWords) -> Iterator[str]:
        """`chown`."""
        owner, group = self.after
        yield f"chown -h {owner}:{group} -- {words.path(self.source or b'')}"


@dataclass(frozen=True, slots=True)
class ChangeTime(_Attribute):
    """`before`, `after`: the time of the last modification, in ns since the epoch."""

    action: ClassVar[str] = "utime"
    alters: ClassVar[Alters] = Alters.DATE

    _: KW_ONLY
    before: int
    after: int

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Gives it the time `after`."""

        def change(path: bytes, status: os.stat_result) -> None:
            if status.st_mtime_ns != self.before:
                raise StepRefused("its time has changed")
            os.utime(path, ns=(status.st_atime_ns, self.after))
            # A time that the file system cannot hold is silently another (ext4: 1901 to 2446).
            if os.stat(path).st_mtime_ns != self.after:
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
                raise StepRefused("the file system cannot hold that time")

        self._on_itself(places, change, alone=False)

    def _is_set(self, status: os.stat_result) -> bool:
        return status.st_mtime_ns == self.after

    def inverse(self) -> ChangeTime:
        """Gives it the time it had; until then it is expected to have the new one."""
        expected = self.expected and replace(self.expected, mtime_ns=self.after)
        return replace(
            self, target=None, expected=expected, before=self.after, after=self.before
        )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """Both times."""
        return present(before=self.before, after=self.after, **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """A `utime` from its row."""
        return cls(*where, before=int(data["before"]), after=int(data["after"]), **link_data(data))

    def shell(self, words: ShellWords) -> Iterator[str]:
        """`touch`."""
        seconds, rest = divmod(self.after, 10**9)
        yield f"touch -h -m -d @{seconds}.{rest:09d} -- {words.path(self.source or b'')}"
