"""The input and output of a worker process: a slice of a directory, and its result.

Both are plain values that can be pickled. A worker needs only them and the spool's own files, since
it may run on this machine or on another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mailsurgeon.diagnosis.facts import Finding, FolderFacts, Moment
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.survey.index.sql import Value


class Facts(NamedTuple):
    """One row of `files` without id and directory, with the columns in their order."""

    filename: bytes
    kind: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    mode: int
    uid: int
    gid: int
    nlink: int
    errno: int | None = None
    traits: int = 0
    encoding: str = ""
    plain_size: int | None = None  # None for uncompressed files, where it equals `size`
    virtual_size: int | None = None
    message_id: str | None = None
    sender: str | None = None
    subject: str | None = None
    date: int | None = None
    looks_like: str | None = None
    broken: str | None = None  # why a server fails to unpack it
    skipped: str | None = None  # why its content was not looked into, although it may be sound


FULL_COLUMNS = ("id", "directory", *Facts._fields)
QUICK_COLUMNS = (*FULL_COLUMNS[:3], *FULL_COLUMNS[4:12])
"""The columns that a quick survey fills for a regular file."""
USUAL_COLUMNS = (*QUICK_COLUMNS, *(
    "traits", "virtual_size", "message_id", "sender", "subject", "date",
))  # fmt: skip
"""The columns that a full survey fills for a regular file that is readable and uncompressed."""


class Packed(NamedTuple):
    """A packed slice (see `packed.py`), as a row of `slices` without its id and its directory.

    `last`: the highest id; `number`: how many messages; `full`: whether they have been read; `low`,
    `high`: the first and last of their names, which are sorted; `earliest`, `latest`: of their
    mtimes (ns); `digests`: those of the Message-IDs
    one after another, empty after a quick survey; `numbers`: statuses and names; `texts`:
    Message-IDs, senders and subjects.
    """

    last: int
    number: int
    full: int
    low: bytes
    high: bytes
    earliest: int
    latest: int
    digests: bytes
    numbers: bytes
    texts: bytes


Known = Mapping[bytes, tuple[int, Facts]]
"""Rows of the index by name, with their ids."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some names of one directory, to be examined together.

    `number` is the directory's id in the index. New rows get the ids from `first` on, in the order
    of `names`. `regular`: all were regular files when they were listed. `packs`: healthy messages
    are to be packed. `seal` is a digest from the last survey; if it still fits, nothing has
    changed. `known` has the rows of the last survey; a row holds if the file's status is the same
    and its ctime lies before `trusted` (ns), since a later change might have left no trace. For the
    same reason a slice with a file that changed after `settled` (ns) gets no seal.
    """

    root: bytes
    directory: bytes
    place: str
    names: Sequence[bytes]
    folder: FolderFacts
    moment: Moment
    number: int = 0
    first: int = 1
    regular: bool = False
    packs: bool = False
    seal: bytes = b""
    known: Known | None = None
    trusted: int = 0
    settled: int = 0


@dataclass(slots=True)
class SliceResult:
    """The result of examining a slice.

    `seal` is empty if the next survey must examine the slice again in any case. `same`: the slice
    still fits its seal; `changed`: it does not, and was not examined further. Otherwise `packed`
    has the healthy messages if the slice `packs`, `usual` has the values of other new rows with
    USUAL_COLUMNS (QUICK_COLUMNS in a quick survey) in one flat list, `others` has further new and
    changed rows, `findings` has problems with the ids of their rows, and `gone` has the ids of rows
    whose file is gone or is not a message. `vanished`: a file was gone that had been listed.
    `messages` and `bytes` count the messages.
    """

    seal: bytes = b""
    same: bool = False
    changed: bool = False
    packed: Packed | None = None
    usual: list[Value] = field(default_factory=list[Value])
    others: list[tuple[int, Facts]] = field(default_factory=list[tuple[int, Facts]])
    findings: list[tuple[int, Finding]] = field(default_factory=list[tuple[int, Finding]])
    not_examined: list[NotExamined] = field(default_factory=list[NotExamined])
    gone: list[int] = field(default_factory=list[int])
    vanished: bool = False
    messages: int = 0
    bytes: int = 0

    def set_directory(self, number: int, *, full: bool) -> None:
        """Sets the id of the directory in the new rows, which a reader does not know if the
        directory is new. `full`: the messages have been read."""
        width = len(USUAL_COLUMNS if full else QUICK_COLUMNS)
        self.usual[1::width] = [number] * (len(self.usual) // width)


def parts(names: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    """The names in parts of at most `size` names."""
    for start in range(0, len(names), size):
        yield names[start : start + size]
