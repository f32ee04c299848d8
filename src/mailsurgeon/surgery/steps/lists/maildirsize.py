"""`maildirsize`: adds one line to the spool's quota file, the sum of the acts of one batch.

The engine journals this step before it appends the line.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, NoReturn, Self

from mailsurgeon.maildir.server_files import MAILDIRSIZE
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import StepRefused, os_errors_at
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers import maildirsize_file
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.steps.base import Step, Where, link_data, present
from mailsurgeon.surgery.steps.shell_words import ShellWords


@dataclass(frozen=True, slots=True)
class CountQuota(Step):
    """`size`, `messages`: what the line adds, in bytes and messages. `before`: the file's inode and
    size before it was appended. `acts`: the numbers of the acts it counts.
    """

    action: ClassVar[str] = "maildirsize"

    _: KW_ONLY
    size: int
    messages: int
    before: tuple[int, int]
    acts: tuple[int, ...] = ()

    @property
    def _line(self) -> tuple[tuple[int, int], int, int]:
        return self.before, self.size, self.messages

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Appends the line unless it is there already."""
        with quota_home(places) as home:
            maildirsize_file.tidy(home)
            if not maildirsize_file.appended(home, *self._line):
                maildirsize_file.append(home, *self._line)

    def recover(self, places: Places, _folders: LockedFolders) -> bool:
        """Whether the line is there or no longer needed."""
        with quota_home(places) as home:
            return maildirsize_file.appended(home, *self._line)

    def inverse(self) -> NoReturn:
        """Always raises StepRefused: the acts of an undo are counted by a step of their own."""
        raise StepRefused(f"a step of the kind '{self.action}' cannot be taken back")

    def facts(self) -> dict[str, Any]:
        """The line, and the acts it counts."""
        return present(
            bytes=self.size, messages=self.messages, before=list(self.before),
            acts=list(self.acts), **self.link_facts(),
        )  # fmt: skip

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """Makes a step from its row."""
        inode, length = data["before"]
        return cls(
            *where,
            size=int(data["bytes"]),
            messages=int(data["messages"]),
            before=(int(inode), int(length)),
            acts=tuple(map(int, data.get("acts", ()))),
            **link_data(data),
        )

    def shell(self, words: ShellWords) -> Iterator[str]:
        """Appends the line."""
        place = words.quota(MAILDIRSIZE)
        yield words.call("count_quota", place, str(self.size), str(self.messages))

    @property
    def counted_acts(self) -> Sequence[int]:
        """Same as `acts`."""
        return self.acts


def counting(places: Places, size: int, messages: int, acts: Iterable[int]) -> CountQuota | None:
    """The step that adds these bytes and messages; None if the spool has no `maildirsize`.

    Raises StepRefused and HardError.
    """
    with quota_home(places) as home:
        before = maildirsize_file.inode_and_size(home)
    if before is None:
        return None
    return CountQuota(
        MAILDIRSIZE, None, size=size, messages=messages, before=before, acts=tuple(sorted(acts))
    )  # fmt: skip


@contextmanager
def quota_home(places: Places) -> Generator[int]:
    """Opens the directory of `maildirsize`. Raises StepRefused and HardError."""
    if places.spool.control is None:
        yield places.directories.root
        return
    path = places.spool.quota_home
    with os_errors_at(path):
        home = at.open_directory(os.path.realpath(path))
    try:
        yield home
    finally:
        os.close(home)
