"""How long a server's lock is waited for, and who is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LockWait:
    """How long a lock is waited for (seconds), and who is told what for.

    `cancelled` ends the waiting early; `told` gets one line when the waiting begins.
    """

    seconds: float = WAIT_SECONDS
    told: Callable[[str], None] = lambda _line: None
    cancelled: Callable[[], bool] = lambda: False
    sleep: Callable[[float], None] = time.sleep
