"""`purge`: deletes something from the quarantine for good. It cannot be undone."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, NoReturn, Self

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import StepRefused, os_errors_at
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.steps.base import Step, Where, link_data, present


@dataclass(frozen=True, slots=True)
class Purge(Step):
    """`source`: what it deletes. `of`: the id of the step that quarantined it."""

    action: ClassVar[str] = "purge"

    source: bytes
    _: KW_ONLY
    of: int

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Deletes a file or an empty directory."""
        if not isinstance(self.source, QuarantinePath):
            raise StepRefused("it is not in the quarantine")
        parent, name = places.locate(self.source)
        status = at.look(parent, name)
        reason = at.difference(status, self.expected) if self.expected else ""
        if status is None or reason:
            raise StepRefused(reason or "it is gone")
        with os_errors_at(self.source):
            if stat.S_ISDIR(status.st_mode):
                _remove_directory(parent, name)
            else:
                os.unlink(name, dir_fd=parent)

    def recover(self, places: Places, _folders: LockedFolders) -> bool:
        """Whether it is gone."""
        try:
            return at.look(*places.locate(self.source)) is None
        except (FileNotFoundError, NotADirectoryError):
            return True

    def inverse(self) -> NoReturn:
        """Always raises StepRefused."""
        raise StepRefused(f"a step of the kind '{self.action}' cannot be taken back")

    def facts(self) -> dict[str, Any]:
        """The step whose file it deletes."""
        return present(purges=self.of, **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """Makes a purge from its row."""
        if where.source is None:
            raise ValueError("a purge has a path")
        of = int(data["purges"])
        return cls(where.source, where.target, where.expected, of=of, **link_data(data))

    @property
    def purges(self) -> int:
        """Same as `of`."""
        return self.of


def _remove_directory(parent: int, name: bytes) -> None:
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise StepRefused("something is still in it") from error
        raise
