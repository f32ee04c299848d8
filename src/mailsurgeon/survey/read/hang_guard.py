"""Waits for a file system that may not answer, until the operator gives up on it.

A call that hangs in the kernel cannot be interrupted. It is left behind in a thread of its own, and
the survey continues without its result.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
TICK = 0.25
"""Seconds between two checks whether the operator has given up."""
LONG = 2.0
"""Seconds without an answer after which the operator is informed."""
GAVE_UP = "gave up waiting"


class GaveUp(OSError):
    """The operator has given up waiting."""

    def __init__(self) -> None:
        super().__init__(None, GAVE_UP)


class HangGuard:
    """Calls functions that may hang.

    Once a directory has not answered for LONG, `tell` and `given_up` are called with it every TICK,
    until it answers or `given_up` returns True.
    """

    def __init__(
        self, tell: Callable[[bytes], None], given_up: Callable[[bytes], bool] | None
    ) -> None:
        self._tell = tell
        self._given_up = given_up
        self._calls: SimpleQueue[Callable[[], None] | None] | None = None

    def call(
        self, place: bytes, function: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs
    ) -> _T:
        """Calls the function and returns its result or raises its error; raises GaveUp when the
        operator gives up. `place` is the directory that the call accesses, relative to the
        spool."""
        if self._given_up is None:
            return function(*arguments, **named)
        if self._calls is None:
            self._calls = SimpleQueue()
            threading.Thread(target=_serve, args=(self._calls,), daemon=True).start()
        answer: Future[_T] = Future()
        self._calls.put(partial(_answer, answer, partial(function, *arguments, **named)))
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
        """Whether the operator gives up on `place`, which has not answered since `since` (monotonic
        seconds)."""
        if time.monotonic() - since < LONG:
            return False
        self._tell(place)
        return self._given_up is not None and self._given_up(place)

    def may_give_up(self, since: float) -> bool:
        """Whether the operator would be asked now about what has not answered since `since`."""
        return self._given_up is not None and time.monotonic() - since >= LONG

    def close(self) -> None:
        """Ends the thread, unless it hangs."""
        if self._calls is not None:
            self._calls.put(None)


def _serve(calls: SimpleQueue[Callable[[], None] | None]) -> None:
    while (call := calls.get()) is not None:
        call()


def _answer(answer: Future[_T], function: Callable[[], _T]) -> None:
    try:
        answer.set_result(function())
    except BaseException as error:  # `call` raises it
        answer.set_exception(error)
