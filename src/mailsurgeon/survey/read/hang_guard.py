"""Waits for a file system that may not answer, until somebody gives up on it.

A call that hangs in the kernel cannot be ended: it is left behind in a thread of its own, and what
it was for is left out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

_T = TypeVar("_T")
TICK = 0.25
"""Seconds between two looks at whether somebody has given up."""
LONG = 2.0
"""Seconds without an answer after which it is worth a word."""
GAVE_UP = "gave up waiting"


class GaveUp(OSError):
    """Somebody would not wait longer."""

    def __init__(self) -> None:
        super().__init__(None, GAVE_UP)


class HangGuard:
    """`tell` is told, every TICK, of the directory that has not answered for LONG; `given_up` is
    asked then whether to go on without it."""

    def __init__(
        self, tell: Callable[[bytes], None], given_up: Callable[[bytes], bool] | None
    ) -> None:
        self._tell = tell
        self._given_up = given_up
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] | None = None

    def call(self, place: bytes, function: Callable[..., _T], *arguments: Any) -> _T:
        """What the function gives; raises what it raises, or GaveUp. `place` is told of."""
        if self._given_up is None:
            return function(*arguments)
        if self._calls is None:
            self._calls = SimpleQueue()
            threading.Thread(target=_serve, args=(self._calls,), daemon=True).start()
        answer: Future[_T] = Future()
        self._calls.put((answer, lambda: function(*arguments)))
        since = time.monotonic()
        while True:
            try:
                return answer.result(TICK)
            except TimeoutError:
                if answer.done():
                    raise
            if self.lost(place, since):
                self._calls = None  # the thread stays behind
                raise GaveUp

    def lost(self, place: bytes, since: float) -> bool:
        """Tells of what has been waited for since then (monotonic); whether to give up on it."""
        if time.monotonic() - since < LONG:
            return False
        self._tell(place)
        return self._given_up is not None and self._given_up(place)

    def close(self) -> None:
        """Ends the thread, unless it hangs."""
        if self._calls is not None:
            self._calls.put(None)


def _serve(calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]) -> None:
    while True:
        call = calls.get()
        if call is None:
            return
        answer, function = call
        try:
            answer.set_result(function())
        except BaseException as error:  # whoever waits raises it
            answer.set_exception(error)
