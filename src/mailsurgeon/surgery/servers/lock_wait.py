"""How long we wait for a server's lock, how the wait is reported, and where a process may stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

WAIT_SECONDS = 30.0


class SuspendAsked(Exception):
    """Somebody has asked this process to stop (Ctrl+Z) while it waits for a lock."""


@dataclass(frozen=True, slots=True)
class Stops:
    """Where the process may stop (Ctrl+Z): only while it holds no server's lock, for which servers
    would wait until it goes on.

    `wanted`: whether somebody has asked it to. `here` stops it if so, and returns once it goes on.
    """

    wanted: Callable[[], bool] = lambda: False
    here: Callable[[], None] = lambda: None


NO_STOPS = Stops()
"""Somebody else sees to where the process stops."""


@dataclass(frozen=True, slots=True)
class LockWait:
    """How long to wait for a lock (seconds).

    `cancelled` ends the wait early; `on_wait` gets one line, naming the holder, when a wait begins.
    """

    seconds: float = WAIT_SECONDS
    on_wait: Callable[[str], None] = lambda _line: None
    cancelled: Callable[[], bool] = lambda: False
    sleep: Callable[[float], None] = time.sleep
    stops: Stops = NO_STOPS

    def pause(self, seconds: float) -> None:
        """Sleeps between two tries; raises SuspendAsked, so that the caller releases its locks."""
        if self.stops.wanted():
            raise SuspendAsked
        self.sleep(seconds)
