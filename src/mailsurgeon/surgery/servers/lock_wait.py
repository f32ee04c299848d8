"""How long we wait for a server's lock, and how the wait is reported."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LockWait:
    """How long to wait for a lock (seconds).

    `cancelled` ends the wait early; `on_wait` gets one line, naming the holder, when a wait begins.
    """

    seconds: float = WAIT_SECONDS
    on_wait: Callable[[str], None] = lambda _line: None
    cancelled: Callable[[], bool] = lambda: False
    sleep: Callable[[float], None] = time.sleep
