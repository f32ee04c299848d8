"""The progress and the result of a survey."""

from __future__ import annotations

from collections.abc import Callable
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
