"""Ctrl+C, SIGTERM and SIGHUP: they end a command at once, or an operation at its next safe place.

The first of them raises KeyboardInterrupt wherever the main thread is, except in a block that only
notes it (`interruptible`) or is finished first (`unbroken`). A survey changes
nothing and its index can be made again, so that both may be left anywhere; an operation may not.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PROMPT = 0.6
"""Seconds from the interrupt to the end of the process, whatever still waits or cleans up."""

_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None
"""What `signal.signal` returns."""


class _Arrivals:
    """What has arrived in this process. `number`: the first signal; `free`: set while no block is
    to be finished first."""

    def __init__(self) -> None:
        self.number = 0
        self.raised = False
        self.blocks = 0
        self.free = threading.Event()
        self.free.set()


_arrivals = _Arrivals()


def take_signals() -> None:
    """Makes these signals raise KeyboardInterrupt from now on, and end the process PROMPT seconds
    later in any case. A signal that was ignored from the start (nohup(1)) stays ignored."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


def give_up() -> None:
    """Lets these signals end the process without a word, since its work is done."""
    for number in ENDING:
        if signal.getsignal(number) is _raise:
            signal.signal(number, signal.SIG_DFL)


def came() -> bool:
    """Whether one of these signals has come."""
    return bool(_arrivals.number)


def interrupted_code() -> int:
    """The exit code of a command that a signal ended, as shells report it: 128 + its number."""
    return 128 + (_arrivals.number or signal.SIGINT)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Lets an operation finish its batch after an interrupt or after the terminal is gone.

    Yields a function that returns whether such a signal came. A second one interrupts as outside
    the block. A signal that was ignored from the start stays ignored. What the operation has done
    is still reported, however long that takes.
    """
    caught: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        if before[number] is _raise:
            _arrivals.number = _arrivals.number or number
        signal.signal(number, before[number])

    before: dict[int, _Handler] = {}
    _enter()
    try:
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup(1), a shell's background job
                before[number] = signal.signal(number, note)
        try:
            yield lambda: bool(caught)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    finally:
        _leave()


@contextmanager
def unbroken() -> Iterator[None]:
    """Finishes the block before an interrupt is raised: for work of a moment that would leave
    something behind. Only the main thread needs it; elsewhere it does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with interruptible() as interrupted:
        yield
    if interrupted():
        end_soon()
        raise KeyboardInterrupt


def _enter() -> None:
    _arrivals.blocks += 1
    _arrivals.free.clear()


def _leave() -> None:
    _arrivals.blocks -= 1
    if not _arrivals.blocks:
        _arrivals.free.set()


def _raise(number: int, _frame: FrameType | None) -> None:
    if _arrivals.raised:
        return  # it is ending already
    _arrivals.raised = True
    _arrivals.number = _arrivals.number or number
    end_soon()
    raise KeyboardInterrupt


def end_soon(code: int | None = None) -> None:
    """Ends the process after PROMPT seconds, or after the block that is to be finished first. A
    thread may wait for a file system or a host that does not answer. `code`: the exit code, by
    default that of the signal."""
    timer = threading.Timer(PROMPT, _end, (code,))
    timer.daemon = True
    timer.start()


def _end(code: int | None) -> None:
    _arrivals.free.wait()
    os._exit(interrupted_code() if code is None else code)
