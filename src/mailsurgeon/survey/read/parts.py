"""The parts into which a survey takes directories, each for one call of a reader."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from mailsurgeon.survey.index.rows import DirectorySeals
from mailsurgeon.survey.index.slice import Slice
from mailsurgeon.survey.read.sealed import SealedDirectory
from mailsurgeon.survey.walk.walk import Directory


@dataclass(slots=True)
class Look:
    """A directory under examination. `seals` has a packed seal for each slice, in name order. The
    index will keep `stamp` (see DirectorySeals)."""

    directory: Directory
    known: DirectorySeals
    started: int  # unix ns
    names: list[bytes]
    before: list[bytes]
    stamp: str = ""
    seals: list[bytes] = field(default_factory=list[bytes])
    waiting: int = 0
    same: bool = True
    messages: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Part:
    """One slice of a directory, or a whole directory that seems unchanged: its number among the
    slices, the ids of entries that its result replaces (`stale`), and the start of its examination
    (`since`, monotonic seconds)."""

    look: Look
    number: int
    task: Slice | SealedDirectory
    stale: Collection[int] = ()
    since: float = 0.0
