"""What a command works with: a spool surveyed just now, and the surgeon that may change it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from mailsurgeon.cli.console import asked, complain, on_terminal, progress, stoppable
from mailsurgeon.cli.options import Common
from mailsurgeon.errors import JournalError, SpoolBusy
from mailsurgeon.host import interrupts
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.survey_spool import SurveyRequest, looked_at
from mailsurgeon.surgery.model import Report
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.run import Progress, SurveyResult
from mailsurgeon.survey.workers.pool import LateWorkers, make_executor

_P = ParamSpec("_P")
_T = TypeVar("_T")
_WORTH_IT = 0.3  # seconds: after so long, worker processes save more than their start costs


@dataclass(frozen=True, slots=True)
class SurveyedSpool:
    """A spool, its index, and the result of the survey that has just ended."""

    spool: Spool
    index: Index
    result: SurveyResult


@contextmanager
def surveying(
    spool: Spool, common: Common, *, quick: bool = False, fresh: bool = False
) -> Iterator[SurveyedSpool]:
    """Surveys the spool now; reads only what has changed since the last survey.

    `quick` opens no message, `fresh` forgets the last survey. If the index cannot be stored (the
    disk is read-only or full), the survey uses a temporary one. Raises KeyboardInterrupt if the
    operator interrupts it.
    """
    with ExitStack() as kept:
        with survey_request(common, quick=quick, fresh=fresh) as request:
            index, result = kept.enter_context(looked_at(spool, request))
        if result.cancelled:
            raise KeyboardInterrupt
        yield SurveyedSpool(spool, index, result)


@contextmanager
def survey_request(
    common: Common,
    *,
    quick: bool = False,
    fresh: bool = False,
    about: Callable[[], str] = lambda: "",
) -> Iterator[SurveyRequest]:
    """The request for surveys of one spool or of several in turn: with readers, a progress bar and
    a check for interrupts. `about` returns text, safe to show, that precedes the stage in the bar.
    """
    with readers(common) as reading, progress(not common.quiet) as advance:

        def show(now: Progress) -> None:
            advance(about() + now.stage, now.done, now.total)

        yield SurveyRequest(
            common.survey_options(),
            reading,
            quick,
            fresh,
            on_progress=show,
            cancelled=interrupts.came,
            note=complain if common.verbose else None,
        )


@contextmanager
def readers(common: Common) -> Iterator[Callable[[Spool], Executor | None]]:
    """Yields a function from a spool to the executor that reads its messages; None stands for this
    process.

    Raises MailsurgeonError if the cluster named by `--scheduler` cannot be used.
    """
    if common.scheduler is not None:
        from mailsurgeon.survey.workers.cluster import connect

        cluster = connect(common.scheduler, lambda: make_executor(common.jobs), complain)
        try:
            yield cluster.for_spool
        finally:
            cluster.close()
        return
    executor = None if common.jobs == 1 else _HelpedWhenLong(common.jobs)
    try:
        yield lambda _spool: executor
    finally:
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)


class _HelpedWhenLong(LateWorkers):
    """Starts worker processes once a survey has taken longer than their start would; until they are
    ready, this process reads."""

    def __init__(self, jobs: int | None) -> None:
        super().__init__(jobs)
        self._since = time.monotonic()

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        if time.monotonic() - self._since > _WORTH_IT:
            self.start()
        if self.warm:
            return super().submit(fn, *args, **kwargs)
        done: Future[_T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@contextmanager
def surgeon_for(
    spool: Spool, common: Common, *, force: bool = False, changes: bool = False
) -> Iterator[Surgeon]:
    """The surgeon of the spool.

    `changes`: recovers the operation that an earlier run left unfinished, if any; without it, the
    operation is only reported on stderr.
    """
    with Surgeon(
        spool,
        **common.journal_options(),
        quarantine=common.quarantine_dir,
        force=force,
        host=common.host,
    ) as surgeon:
        if not common.quiet:
            surgeon.on_wait = complain
        if changes:
            _settle_doubts(surgeon)
            _recover(surgeon)
        else:
            _report_unfinished(surgeon)
        yield surgeon


def _recover(surgeon: Surgeon) -> None:
    """Finishes what an earlier run left unfinished, and reports it. Raises KeyboardInterrupt if the
    operator interrupts it; the next run then goes on with it."""
    with interrupts.interruptible() as interrupted, stoppable() as stops:
        try:
            recovered = surgeon.recover(stops, interrupted)
        except SpoolBusy:
            if interrupted():
                raise KeyboardInterrupt from None
            raise
    if recovered is not None:
        _report_recovered(surgeon.spool, recovered)
    if interrupted():
        raise KeyboardInterrupt


def _settle_doubts(surgeon: Surgeon) -> None:
    """Asks whether a journal belongs to this spool, if nothing shows it for certain. Without a
    terminal, says how to name it."""
    surgeon.doubts_told = bool(surgeon.doubts)
    for doubtful in surgeon.doubts:
        complain(doubtful.line)
        if (
            not doubtful.in_use
            and on_terminal()
            and asked("Use that journal for this spool? [y/N] ")
        ):
            surgeon.use(doubtful)
            return


def warn_of_unfinished(spool: Spool, common: Common) -> None:
    """Reports an unfinished operation on stderr. A damaged journal is reported too, and does not
    stop the caller: looking at a spool needs no journal."""
    with Surgeon(
        spool, **common.journal_options(), quarantine=common.quarantine_dir, host=common.host
    ) as surgeon:
        try:
            _report_unfinished(surgeon)
        except JournalError as error:
            complain(str(error))


def _report_recovered(spool: Spool, report: Report) -> None:
    """Reports a recovery on stderr, with the messages that did not keep their UIDs."""
    for line in (report.summary, *report.effects):
        complain(f"{spool.shown}: {line}")


def _report_unfinished(surgeon: Surgeon) -> None:
    unfinished = surgeon.unfinished()
    if unfinished is not None:
        complain(
            f"{surgeon.spool.shown}: operation {unfinished.id} ({unfinished.kind}) was not"
            " finished; the next command that may change the spool recovers it"
        )
    for whose in surgeon.foreign_unfinished():
        complain(f"{surgeon.spool.shown}: {whose} is unfinished")
