"""Signals from outside: the end of the terminal, and a request to stop.

When SSH drops or the system goes down, the program finishes the current step, then ends.

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

from mailsurgeon.host.interrupts import ENDING, PROMPT, end_soon

_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None
"""What `signal.signal` returns."""

GRACE = 5.0  # seconds in which the screen must close once no operation runs


class EndSignals:
    """Handles SIGHUP, SIGTERM and SIGINT: sets `stop`, which ends the workers, and calls `end`
    once.

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
            for number in ENDING:
                if signal.getsignal(number) is signal.SIG_IGN:
                    continue  # by nohup(1), say
                self._before[number] = signal.signal(number, self._arrived)

    def give_back(self) -> None:
        """Restores the handlers from before `take`."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
        if self._ending:  # the terminal is in order again
            end_soon(0)

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            turn_away()
        self._stop.set()
        if not self._ending:
            self._ending = True
            grace = PROMPT if number == signal.SIGHUP else GRACE  # no terminal is to be restored
            threading.Thread(target=self._last_resort, args=(grace,), daemon=True).start()
            self._end()

    def _last_resort(self, grace: float) -> None:
        self._at_rest.wait()
        time.sleep(grace)
        os._exit(0)


def turn_away() -> None:
    """Redirects standard output and error to /dev/null, and standard input to a silent pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    silent, _open_end = os.pipe()
    os.dup2(silent, 0)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


class StopSignal:
    """Handles SIGTSTP: the process stops at once while no operation runs, else where the operation
    holds no server's lock.

    `call_soon` makes the screen's thread call a function; `at_rest` is set while no operation runs.
    The screen's own handler, found by `take`, leaves the terminal in order and stops the process.
    """

    def __init__(
        self, call_soon: Callable[[Callable[[], object]], object], at_rest: threading.Event
    ) -> None:
        self._call_soon, self._at_rest = call_soon, at_rest
        self._before: _Handler = None
        self._asked = threading.Event()
        self._on_again = threading.Event()

    def take(self) -> None:
        """Installs the handler; does nothing outside the main thread, which alone may."""
        if signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN:
            with contextlib.suppress(ValueError):
                self._before = signal.signal(signal.SIGTSTP, self._arrived)

    def give_back(self) -> None:
        """Restores the handler from before `take`."""
        if self._before is not None:
            signal.signal(signal.SIGTSTP, self._before)
            self._before = None
        self._on_again.set()

    def wanted(self) -> bool:
        """Whether the process is to stop as soon as no lock is held."""
        return self._asked.is_set()

    def here(self) -> None:
        """Stops the process if it is to; called by the operation's thread, which holds no lock."""
        if self._asked.is_set():
            self._on_again.clear()
            self._call_soon(self._stop)
            self._on_again.wait()

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        if self._at_rest.is_set():
            self._stop(number, frame)
        else:
            self._asked.set()

    def _stop(self, number: int = signal.SIGTSTP, frame: FrameType | None = None) -> None:
        """Stops the process; returns once it goes on."""
        self._asked.clear()
        if callable(self._before):
            self._before(number, frame)
        else:
            os.kill(os.getpid(), signal.SIGSTOP)
        self._on_again.set()
