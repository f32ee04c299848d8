"""When SSH drops or the system goes down: the step under way is finished, then the program ends.

A terminal that is gone answers every write with an error, which stops Textual's writer; what is
written after that waits for ever, and its reader of keys turns in circles. So the three standard
descriptors are turned elsewhere at once, before anything more is written.
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

GRACE = 5.0  # seconds the screen has to close once nothing is under way


class EndSignals:
    """Takes SIGHUP and SIGTERM; `end` is then called, soon and once, from any thread.

    `stop` tells the workers; `at_rest` is set while no operation runs. Should the screen not close
    within GRACE seconds after that, the process ends without it: the journal is sound at every
    moment, and a program that nobody can see must not go on.
    """

    def __init__(
        self, end: Callable[[], object], stop: threading.Event, at_rest: threading.Event
    ) -> None:
        self._end, self._stop, self._at_rest = end, stop, at_rest
        self._before: dict[int, _Handler] = {}
        self._ending = False

    def take(self) -> None:
        """From now on; outside the main thread there are no signals to take."""
        with contextlib.suppress(ValueError):
            for number in (signal.SIGHUP, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._arrived)

    def give_back(self) -> None:
        """As it was before `take`."""
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
    """Standard output and error go nowhere; standard input is open, and nothing ever comes."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    silent, _open_end = os.pipe()
    os.dup2(silent, 0)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
