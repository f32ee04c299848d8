"""A problem: one damage found at one place, with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Severity(IntEnum):
    """How bad a problem is; higher is worse."""

    INFO = 0
    WARNING = 1
    ERROR = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        """The name used in JSON and on the command line."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Problem:
    """One damage at one place.

    `path` is relative to the spool (bytes); `detail` is JSON-ready, file names in it are text with
    surrogate escapes; `remedy` is the repair proposed, None where there is none.
    """

    code: str
    severity: Severity
    path: bytes
    detail: Mapping[str, Any]
    remedy: str | None
