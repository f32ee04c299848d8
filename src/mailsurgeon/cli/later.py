"""What the screen needs only after its first frame: it opens without, and they come a moment later.

Each is made once, by whoever needs it first; the others wait for it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mailsurgeon.cli.options import Common
from mailsurgeon.maildir.spool import Spool

if TYPE_CHECKING:
    from mailsurgeon.surgery.surgeon import Surgeon

P = ParamSpec("P")
T = TypeVar("T")
_MOMENT = 1.0  # seconds that a thread is waited for when the program ends


class LateSurgeon:
    """The surgeon, to whoever asks for what a Surgeon has."""

    def __init__(self, spool: Spool, common: Common) -> None:
        self._spool, self._common = spool, common
        self._guard = threading.Lock()
        self._surgeon: Surgeon | None = None

    def open(self) -> Surgeon:
        """The surgeon itself. May be called from any thread."""
        with self._guard:
            if self._surgeon is None:
                from mailsurgeon.surgery.surgeon import Surgeon

                self._surgeon = Surgeon(
                    self._spool,
                    state_dir=self._common.state_dir,
                    quarantine=self._common.quarantine_dir,
                )
            return self._surgeon

    def __getattr__(self, name: str) -> Any:
        return getattr(self.open(), name)

    def close(self) -> None:
        """Ends the connection to the journal, if it was ever made."""
        with self._guard:
            if self._surgeon is not None:
                self._surgeon.close()


class LateWorkers(Executor):
    """Worker processes, started by `start` or by the first work; may be made before a Textual app
    runs and started while it does."""

    def __init__(self, jobs: int | None) -> None:
        self._jobs = jobs
        self._guard = threading.Lock()
        self._made: Future[Executor] | None = None
        # A running app has no stderr of its own to hand on, and this process would be started with
        # the first worker.
        resource_tracker.ensure_running()

    def start(self) -> Future[Executor]:
        """Begins to start them; the result comes when they are warm."""
        with self._guard:
            if self._made is None:
                self._made = made = Future[Executor]()
                threading.Thread(target=_make, args=(made, self._jobs), daemon=True).start()
            return self._made

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self.start().result().submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends those that there are; those that are just being started end by themselves."""
        with self._guard:
            made = self._made
        if made is not None:
            made.add_done_callback(
                lambda done: done.result().shutdown(wait, cancel_futures=cancel_futures)
            )


def _make(made: Future[Executor], jobs: int | None) -> None:
    try:
        from mailsurgeon.survey.survey import make_executor

        made.set_result(make_executor(jobs))
    except Exception as error:
        made.set_exception(error)


@contextmanager
def unheld() -> Iterator[None]:
    """What was begun inside, and still waits for a file system that does not answer when all else
    is closed, does not keep the process: that then ends at once, with the code 0."""
    gc.disable()  # until the first frame stands
    before = set(threading.enumerate())
    try:
        yield
    finally:
        gc.enable()
    _leave(set(threading.enumerate()) - before)


def _leave(threads: Iterable[threading.Thread]) -> None:
    until = time.monotonic() + _MOMENT
    waiting = [thread for thread in threads if not thread.daemon]
    for thread in waiting:
        thread.join(max(0.0, until - time.monotonic()))
    if any(thread.is_alive() for thread in waiting):
        for process in multiprocessing.active_children():
            process.kill()  # they only read
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
