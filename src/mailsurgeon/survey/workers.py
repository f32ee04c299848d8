"""The processes that read messages: spawned, warm, ended by their parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor

_MOST = 4
_NICE = 5
"""How far workers stand back: for the screen, and for the servers of a host that is at work."""


def make_executor(jobs: int | None = None) -> Executor:
    """Spawned worker processes, warm. To be made before a Textual app runs: one replaces
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


def _start_worker() -> None:
    # Ctrl+C and a lost terminal end the parent, which ends its workers in order.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.nice(_NICE)
    # A parent that was killed ends nobody, and a worker holds both ends of the queue it waits at.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
