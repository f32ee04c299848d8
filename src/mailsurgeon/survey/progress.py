"""The progress and the result of a survey."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Advance = Callable[[str, int, int], None]
"""Called with the stage, how much of it is done, and its total (0: unknown)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a survey. `stage` is "listing", "reading" or "comparing"; `waiting` is a
    directory (relative to the spool) that has not answered for some seconds."""

    stage: str
    done: int
    total: int
    waiting: bytes | None = None


class Extent:
    """How many names a survey examines: those that were counted, and an estimate for directories
    that nobody has listed yet, by the space that they take on the disk."""

    def __init__(self, counted: int, unlisted: Mapping[bytes, int]) -> None:
        """`unlisted`: the space that the directories of each folder take, in any unit."""
        self._counted = counted
        self._left = dict(unlisted)
        self._unlisted = sum(self._left.values())
        self._space = self._names = 0

    def listed(self, folder: bytes, names: int) -> None:
        """A folder turns out to have so many names."""
        space = self._left.pop(folder, 0)
        self._unlisted -= space
        self._space += space
        self._names += names
        self._counted += names

    @property
    def total(self) -> int:
        """The number of names; 0 if it cannot be estimated yet."""
        if not self._left:
            return self._counted
        if not self._names or not self._space:
            return 0
        return self._counted + max(1, self._unlisted * self._names // self._space)


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """The result of a survey. `depth` is "quick" or "full"; `seconds` is wall time."""

    depth: str
    seconds: float
    folders: int
    messages: int
    bytes: int
    not_examined: int
    cancelled: bool
