"""When SSH drops or the system goes down, the program finishes the current step, then ends.

Writes to a terminal that is gone fail, which stops Textual's writer thread; later writes then block
for ever, and its reader of keys spins. So the three standard descriptors are redirected at once,
before anything more is written.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None
"""What `signal.signal` returns."""

GRACE = 5.0  # seconds in which the screen must close once no operation runs


class EndSignals:
    """Handles SIGHUP and SIGTERM: sets `stop`, which ends the workers, and calls `end` once.

    `at_rest` is set while no operation runs. If the screen does not close within GRACE seconds
    after that, the process exits all the same: the journal is sound at every moment, and a program
    that nobody can see must not go on.
    """

    def __init__(
        self, end: Callable[[], object], stop: threading.Event, at_rest: threading.Event
    ) -> None:
        self._end, self._stop, self._at_rest = end, stop, at_rest
        self._before: dict[int, _Handler] = {}
        self._ending = False

    def take(self) -> None:
        """Installs the handlers; does nothing outside the main thread, which alone may."""
        with contextlib.suppress(ValueError):
            for number in (signal.SIGHUP, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._arrived)

    def give_back(self) -> None:
        """Restores the handlers from before `take`."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            turn_away()
        self._stop.set()
        if not self._ending:
            self._ending = True
            threading.Thread(target=self._last_resort, daemon=True).start()
            self._end()

    def _last_resort(self) -> None:
        self._at_rest.wait()
        time.sleep(GRACE)
        os._exit(0)


def turn_away() -> None:
    """Redirects standard output and error to /dev/null, and standard input to a silent pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    silent, _open_end = os.pipe()
    os.dup2(silent, 0)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
