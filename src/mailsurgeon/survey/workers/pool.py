"""The processes that read messages: spawned, warm, ended by their parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

_MOST = 4
_NICE = 5
"""How far workers stand back: for the screen, and for the servers of a host that is at work."""


def make_executor(jobs: int | None = None) -> Executor:
    """Spawned worker processes, warm. Not to be made while a Textual app runs: one replaces
    `sys.stderr`, and the start of a process then fails."""
    executor, warm = start_executor(jobs)
    for future in warm:
        future.result()
    return executor


def start_executor(jobs: int | None = None) -> tuple[Executor, list[Future[int]]]:
    """Worker processes being started, and what is done as soon as one of them is warm."""
    workers = jobs or min(_MOST, os.cpu_count() or 1)
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    return executor, [executor.submit(os.getpid) for _ in range(workers)]


class LateWorkers(Executor):
    """Worker processes, started by `start` or by the first work; new ones when one of them died."""

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs
        self._guard = threading.Lock()
        self._executor: Executor | None = None
        self._answers: list[Future[int]] = []

    @property
    def warm(self) -> bool:
        """Whether one of them is ready, and work need not wait for it."""
        return any(answer.done() for answer in self._answers)

    def start(self) -> Executor:
        """Starts them, if they do not run yet."""
        with self._guard:
            if self._executor is None:
                self._executor, self._answers = start_executor(self._jobs)
            return self._executor

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        executor = self.start()
        try:
            return executor.submit(fn, *args, **kwargs)
        except BrokenExecutor:  # one of them died, over the survey before
            with self._guard:
                if self._executor is executor:
                    self._executor = None
            return self.start().submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends those that there are."""
        with self._guard:
            executor = self._executor
        if executor is not None:
            executor.shutdown(wait, cancel_futures=cancel_futures)


def stand_back() -> None:
    """Lowers this process's priority below its parent's, and lets only the parent end it."""
    # Ctrl+C and a lost terminal end the parent, which ends its workers in order.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.nice(max(0, _NICE - os.nice(0)))  # once, although its parent may stand back as well


def _start_worker() -> None:
    stand_back()
    # A parent that was killed ends nobody, and a worker holds both ends of the queue it waits at.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
