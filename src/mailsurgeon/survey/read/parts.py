"""The parts into which a survey takes directories, each for one call of a reader."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from mailsurgeon.survey.index.rows import DirectorySeals
from mailsurgeon.survey.index.slice import Slice, SliceResult
from mailsurgeon.survey.read.examine import examine
from mailsurgeon.survey.read.sealed import SealedDirectories, SealedResult, still_sealed
from mailsurgeon.survey.read.whole_folder import WholeFolder, WholeResult, examine_folder
from mailsurgeon.survey.walk.found import Directory

Task = Slice | SealedDirectories | WholeFolder
PartResult = SliceResult | SealedResult | WholeResult | None


@dataclass(slots=True)
class Look:
    """A directory under examination, with `files` names. `seals` has a packed seal for each slice,
    in name order. The index will keep `stamp` (see DirectorySeals). `names` is empty if the index
    knew nothing."""

    directory: Directory
    known: DirectorySeals
    started: int  # unix ns
    names: list[bytes]
    before: list[bytes]
    files: int = 0
    stamp: str = ""
    seals: list[bytes] = field(default_factory=list[bytes])
    waiting: int = 0
    same: bool = True
    messages: int = 0
    bytes: int = 0

    def expect(self, slices: int) -> None:
        """Waits for the results of so many slices."""
        self.waiting = slices
        self.seals = [b""] * slices


@dataclass(slots=True)
class SlicePart:
    """One slice of a directory: its number among the slices, and the ids of entries that its result
    replaces (`stale`)."""

    look: Look
    number: int
    task: Slice
    stale: Collection[int] = ()

    @property
    def directories(self) -> Sequence[Directory]:
        return (self.look.directory,)


@dataclass(slots=True)
class SealedPart:
    """Directories that seem unchanged."""

    directories: Sequence[Directory]
    task: SealedDirectories


@dataclass(slots=True)
class FolderPart:
    """A whole folder. `directories`: its cur, new and tmp. `others`: its other directories, to be
    examined once its names have been judged together."""

    directories: Sequence[Directory]
    others: Sequence[Directory]
    started: int  # unix ns
    task: WholeFolder


Part = SlicePart | SealedPart | FolderPart


def examine_part(task: Task) -> PartResult:
    """The work of a reader. Raises OSError only when too many files are open."""
    if isinstance(task, Slice):
        return examine(task)
    if isinstance(task, SealedDirectories):
        return still_sealed(task)
    return examine_folder(task)
