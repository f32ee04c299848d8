"""How bad a problem is."""

from __future__ import annotations

from enum import IntEnum


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
