"""The process that surveys for another one; `client.py` starts it and calls it."""

from __future__ import annotations

import os
import pickle
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.process.client import MOMENT
from mailsurgeon.survey.process.wire import (
    Done,
    Failed,
    IsCancelled,
    IsGivenUp,
    OperatorLine,
    Order,
    Outcome,
    ProgressReport,
    Question,
    SurveyOrder,
)
from mailsurgeon.survey.progress import Progress, SurveyResult
from mailsurgeon.survey.run import run_survey
from mailsurgeon.survey.workers.pool import LateWorkers, stand_back

if TYPE_CHECKING:
    from mailsurgeon.survey.workers.cluster import Cluster

_OFTEN = 0.1  # seconds between two reports of progress, or two checks for cancelling


def serve(control: int, jobs: int | None, scheduler: str | None) -> None:
    """Serves the process at the other end of this socket until it closes the socket."""
    stand_back()
    crew = Crew(jobs, scheduler)
    ending = threading.Event()
    threads: list[threading.Thread] = []
    with socket.socket(fileno=control) as commands:
        commands.set_inheritable(False)
        while (line := _next_line(commands)) is not None:
            threads = [thread for thread in threads if thread.is_alive()]
            threads.append(threading.Thread(target=_serve_line, args=(line, crew, ending)))
            threads[-1].daemon = True
            threads[-1].start()
    ending.set()
    threads.append(threading.Thread(target=crew.close, daemon=True))
    threads[-1].start()
    until = time.monotonic() + MOMENT
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    os._exit(0)  # a thread stuck in a file system must not keep the process


def _next_line(commands: socket.socket) -> Connection | None:
    with suppress(OSError):
        _, descriptors, _, _ = socket.recv_fds(commands, 1, 1)
        return Connection(descriptors[0]) if descriptors else None
    return None


def _serve_line(line: Connection, crew: Crew, ending: threading.Event) -> None:
    with line, suppress(EOFError, OSError):  # the program has gone
        order: Order = line.recv()
        far = _Far(line, crew.lines, ending)
        outcome = _outcome(crew, far, order)
        far.hand_on()
        line.send(outcome)


def _outcome(crew: Crew, far: _Far, order: Order) -> Outcome:
    try:
        if isinstance(order, SurveyOrder):
            return Done(_survey(crew, far, order))
        crew.meet(order.spool)
        return Done(None)
    except BaseException as error:
        return Failed(carried(error))


def _survey(crew: Crew, far: _Far, order: SurveyOrder) -> SurveyResult:
    readers = crew.of(order.spool)
    index = Index.at(order.index_path)
    try:
        result = run_survey(
            order.spool, index, (order.options or Options()).for_readers(readers),
            executor=readers,
            quick=order.quick,
            rows=True,
            folders=order.folders,
            on_progress=far.on_progress if order.reports else None,
            cancelled=far.cancelled if order.cancels else far.ending.is_set,
            given_up=far.given_up if order.gives_up else None,
        )  # fmt: skip
        with suppress(sqlite3.Error):  # on a full disk; lists by date are then slower
            index.order_by_date()
        return result
    finally:
        index.close()


class Crew:
    """The readers of messages. `lines` collects what the operator should know of them."""

    def __init__(self, jobs: int | None, scheduler: str | None) -> None:
        self.lines = SimpleQueue[str]()
        self._workers = LateWorkers(jobs)
        self._alone = jobs == 1 and scheduler is None
        self._scheduler = scheduler
        self._guard = threading.Lock()
        self._cluster: Cluster | None = None
        self._of: dict[Spool, Executor] = {}
        if scheduler is None and not self._alone:
            self._workers.start()  # they start while the first directories are listed

    def of(self, spool: Spool) -> Executor | None:
        """The readers of this spool; None stands for this process. Raises ClusterError."""
        if self._scheduler is None:
            return None if self._alone else self._workers
        with self._guard:
            if spool not in self._of:
                self._of[spool] = self._connected(self._scheduler).for_spool(spool)
            return self._of[spool]

    def meet(self, spool: Spool | None) -> None:
        """Raises ClusterError if the cluster cannot be used (for this spool)."""
        if spool is not None:
            self.of(spool)
        elif self._scheduler is not None:
            with self._guard:
                self._connected(self._scheduler)

    def close(self) -> None:
        """Ends the readers."""
        with self._guard:
            if self._cluster is not None:
                self._cluster.close()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _connected(self, scheduler: str) -> Cluster:
        if self._cluster is None:
            from mailsurgeon.survey.workers.cluster import connect

            self._cluster = connect(scheduler, lambda: self._workers, self.lines.put)
        return self._cluster


class _Far:
    """Runs a survey's callbacks in the client's process. Calls of the same kind are at least _OFTEN
    apart, since each waits for the client, which may be drawing."""

    def __init__(self, line: Connection, lines: SimpleQueue[str], ending: threading.Event) -> None:
        self._line, self._lines = line, lines
        self.ending = ending
        self._at: tuple[str, bytes | None] | None = None
        self._cancelled = False
        self._told = _Clock()
        self._looked = _Clock()

    def on_progress(self, progress: Progress) -> None:
        before, self._at = self._at, (progress.stage, progress.waiting)
        if self._told.is_time() or before != self._at:
            self._ask(ProgressReport(progress))

    def cancelled(self) -> bool:
        if self._looked.is_time() and not self._cancelled:
            self._cancelled = self._ask(IsCancelled())
        return self._cancelled or self.ending.is_set()

    def given_up(self, place: bytes) -> bool:
        return self._ask(IsGivenUp(place))

    def hand_on(self) -> None:
        """Sends the client the lines that the readers left."""
        with suppress(Empty):
            while True:
                self._send(OperatorLine(self._lines.get_nowait()))

    def _ask(self, question: Question) -> bool:
        self.hand_on()
        return self._send(question)

    def _send(self, question: Question) -> bool:
        self._line.send(question)
        return self._line.recv()


class _Clock:
    """Limits how often something happens."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = -_OFTEN

    def is_time(self) -> bool:
        """Whether at least _OFTEN seconds have passed since this last returned True."""
        now = self._now()
        if now - self._last < _OFTEN:
            return False
        self._last = now
        return True


def carried(error: BaseException) -> BaseException:
    """The error, or one like it that another process can unpickle with the same text."""
    with suppress(Exception):
        if str(pickle.loads(pickle.dumps(error))) == str(error):
            return error
    if isinstance(error, OSError):
        return OSError(error.errno, error.strerror, error.filename)
    return RuntimeError(f"{type(error).__name__}: {error}")
