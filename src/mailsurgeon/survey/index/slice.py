"""What crosses to a worker process and back: a slice of a directory, and what came of it.

Both are plain values that can be pickled, and need nothing but the spool's own files: a worker may
be a process of this machine or of another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mailsurgeon.diagnosis.facts import Finding, FolderFacts, Moment
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.survey.index.sql import Value


class Facts(NamedTuple):
    """One row of `files`, without id and directory; the columns in their order."""

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
    plain_size: int | None = None  # None where nothing is packed: it is the size
    virtual_size: int | None = None
    message_id: str | None = None
    sender: str | None = None
    subject: str | None = None
    date: int | None = None
    looks_like: str | None = None


FULL_COLUMNS = ("id", "directory", *Facts._fields)
QUICK_COLUMNS = (*FULL_COLUMNS[:3], *FULL_COLUMNS[4:12])
"""What a quick survey says of a regular file."""
USUAL_COLUMNS = (*QUICK_COLUMNS, *(
    "traits", "virtual_size", "message_id", "sender", "subject", "date",
))  # fmt: skip
"""What a full one says of a regular file that is neither packed nor unreadable."""

Known = Mapping[bytes, tuple[int, Facts]]
"""Rows of the index by name, with their ids."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some names of one directory, to be examined together.

    `number` is the directory's in the index; `first` the id of the first name's row, if it becomes
    a new one, and so on. `regular`: a listing said that all are regular files. `seal`: what the
    slice came to when it was last examined; where it comes to the same, nothing has changed.
    `known`: rows of the last survey, to be believed where the file's status is still that of the
    row and its ctime lies before `trusted` (ns): what changed later might have left no trace.
    What changed after `settled` (ns) is in the same way too young for a seal.
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
    seal: bytes = b""
    known: Known | None = None
    trusted: int = 0
    settled: int = 0


@dataclass(slots=True)
class SliceResult:
    """What came of a slice.

    `seal` is empty where the next survey must look again whatever it finds. `same`: the slice is
    as its seal says; `changed`: it is not, and was not looked at further. Else `usual` are new rows
    of USUAL_COLUMNS (of QUICK_COLUMNS in a quick survey), one after the other in one flat list,
    `others` new and changed rows, `findings` the problems by row, and `gone` the ids of rows whose
    file is no message after all. `messages` and `bytes` count what is one.
    """

    seal: bytes = b""
    same: bool = False
    changed: bool = False
    usual: list[Value] = field(default_factory=list[Value])
    others: list[tuple[int, Facts]] = field(default_factory=list[tuple[int, Facts]])
    findings: list[tuple[int, Finding]] = field(default_factory=list[tuple[int, Finding]])
    not_examined: list[NotExamined] = field(default_factory=list[NotExamined])
    gone: list[int] = field(default_factory=list[int])
    messages: int = 0
    bytes: int = 0


def parts(names: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    """Names in parts of at most `size`."""
    for start in range(0, len(names), size):
        yield names[start : start + size]
