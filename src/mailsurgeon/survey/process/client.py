"""Surveys in another process, while this one answers keys.

A Python process runs one thread at a time, so a survey in the screen's own process would delay
keys. `Apart.survey` calls `run_survey` in the other process (`server.py`), runs its callbacks here,
and returns or raises what it returns or raises.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.process.wire import (
    Done,
    Failed,
    IsCancelled,
    IsGivenUp,
    MeetOrder,
    OperatorLine,
    Order,
    Outcome,
    ProgressReport,
    Question,
    SurveyOrder,
)

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from mailsurgeon.survey.index.index import Index
    from mailsurgeon.survey.open_spool import Options
    from mailsurgeon.survey.progress import Progress, SurveyResult

MOMENT = 0.3
"""Seconds that a running survey has to stop when the program ends; then it is killed."""
_PROGRAM = "from mailsurgeon.survey.process.server import serve; serve({}, {!r}, {!r})"


@dataclass(frozen=True, slots=True)
class _Callbacks:
    """The functions that the other process may call: the callbacks of `run_survey`, and `tell`,
    which takes a line for the operator."""

    tell: Callable[[str], object]
    on_progress: Callable[[Progress], None] | None = None
    cancelled: Callable[[], bool] | None = None
    given_up: Callable[[bytes], bool] | None = None

    def answer(self, question: Question) -> bool:
        """Calls the function that answers the question; returns False if there is none, or it
        returns nothing."""
        match question:
            case OperatorLine(text):
                self.tell(text)
            case ProgressReport(progress) if self.on_progress is not None:
                self.on_progress(progress)
            case IsCancelled() if self.cancelled is not None:
                return self.cancelled()
            case IsGivenUp(place) if self.given_up is not None:
                return self.given_up(place)
            case _:
                pass
        return False


class Apart:
    """The process that surveys. It starts on first use, serves every later survey, and ends when
    this process ends, even by a crash. Several threads may call it at the same time.

    `jobs` and `scheduler` choose the readers: worker processes of its own (none if `jobs` is 1), or
    the cluster of that scheduler. `tell` gets lines about them for the operator.
    """

    def __init__(
        self,
        jobs: int | None = None,
        scheduler: str | None = None,
        tell: Callable[[str], object] = bool,
    ) -> None:
        self._who = jobs, scheduler
        self._tell = tell
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._closed = False

    def listen(self, tell: Callable[[str], object]) -> None:
        """Sends the lines for the operator to another function from now on."""
        self._tell = tell

    def start(self) -> None:
        """Starts the process if it does not run. Raises MailsurgeonError if it cannot start."""
        with self._guard:
            self._started()

    def meet(self, spool: Spool | None = None) -> None:
        """Raises ClusterError if the cluster cannot be used (for this spool)."""
        with self._line() as line:
            _ask(line, MeetOrder(spool), _Callbacks(self._told))

    def survey(
        self,
        spool: Spool,
        index: Index,
        options: Options | None = None,
        *,
        executor: Executor | None = None,
        quick: bool = False,
        folders: Iterable[bytes] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        given_up: Callable[[bytes], bool] | None = None,
    ) -> SurveyResult:
        """Calls `run_survey` in the other process and returns its result.

        `executor` must be None, since the other process has readers of its own. Raises
        BrokenExecutor if the process has died, else what `run_survey` raises.
        """
        assert executor is None
        order = SurveyOrder(
            spool, index.path, options, quick, None if folders is None else frozenset(folders),
            reports=on_progress is not None,
            cancels=cancelled is not None,
            gives_up=given_up is not None,
        )  # fmt: skip
        with self._line() as line:
            result = _ask(line, order, _Callbacks(self._told, on_progress, cancelled, given_up))
        assert result is not None
        return result

    def close(self) -> None:
        """Ends the process and cuts short a running survey."""
        with self._guard:
            self._closed = True
            self._let_go()
            process = self._process
        if process is not None:
            try:
                process.wait(2 * MOMENT)
            except subprocess.TimeoutExpired:
                process.kill()
                with suppress(subprocess.TimeoutExpired):  # it is stuck in a file system
                    process.wait(MOMENT)

    def _told(self, line: str) -> None:
        self._tell(line)

    @contextmanager
    def _line(self) -> Iterator[Connection]:
        """A connection to the process, for one call only."""
        from multiprocessing.connection import Connection

        here, there = socket.socketpair()
        with there, Connection(here.detach()) as line:
            with self._guard:
                try:
                    socket.send_fds(self._started(), [b"L"], [there.fileno()])
                except OSError:  # it has just died
                    self._let_go()
                    socket.send_fds(self._started(), [b"L"], [there.fileno()])
            there.close()
            yield line

    def _started(self) -> socket.socket:
        if self._closed:
            raise BrokenExecutor("the program ends")
        if self._process is not None and self._process.poll() is not None:
            self._let_go()
        if self._control is None:
            self._control = self._start()
        return self._control

    def _start(self) -> socket.socket:
        here, there = socket.socketpair()
        program = _PROGRAM.format(there.fileno(), *self._who)
        # Import modules from the same directories as this process, never from the working
        # directory.
        places = os.pathsep.join(place for place in sys.path if place)
        with there:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", program],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    pass_fds=[there.fileno()], env={**os.environ, "PYTHONPATH": places},
                )  # fmt: skip
            except OSError as error:
                here.close()
                raise MailsurgeonError(
                    f"{sys.executable}: cannot be started to survey ({error.strerror}); try again"
                ) from error
        return here

    def _let_go(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None


def _ask(line: Connection, order: Order, callbacks: _Callbacks) -> SurveyResult | None:
    """Sends an order, answers the questions of the process, and returns its result. Raises the
    error that the process reports, or BrokenExecutor if it has died."""
    _send(line, order)
    while True:
        match _receive(line):
            case Done(result):
                return result
            case Failed(error):
                raise error
            case question:
                _send(line, callbacks.answer(question))


def _send(line: Connection, what: Order | bool) -> None:
    try:
        line.send(what)
    except OSError as error:
        raise BrokenExecutor("the process that surveys has died") from error


def _receive(line: Connection) -> Question | Outcome:
    try:
        return line.recv()
    except (EOFError, OSError) as error:
        raise BrokenExecutor("the process that surveys has died") from error
