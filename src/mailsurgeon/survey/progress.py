"""How far a survey is, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Advance = Callable[[str, int, int], None]
"""Told the stage, how much of it is done, and its total (0: not known)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a survey is. `stage`: "listing", "reading" or "comparing"; `waiting`: the directory
    (relative to the spool) that has not answered for some seconds."""

    stage: str
    done: int
    total: int
    waiting: bytes | None = None


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """What a survey came to. `depth`: "quick" or "full"; `seconds` of wall time."""

    depth: str
    seconds: float
    folders: int
    messages: int
    bytes: int
    not_examined: int
    cancelled: bool
