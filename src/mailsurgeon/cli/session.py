"""The operating table: one spool opened, its index brought up to date, its journal at hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from mailsurgeon.cli.console import complain, interruptible, progress
from mailsurgeon.cli.options import Common
from mailsurgeon.errors import JournalError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.survey_spool import SurveyRequest, looked_at
from mailsurgeon.surgery.model import Report
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.run import Progress, SurveyResult
from mailsurgeon.survey.workers.pool import LateWorkers, make_executor

_P = ParamSpec("_P")
_T = TypeVar("_T")
_WORTH_IT = 0.3  # seconds


@dataclass(frozen=True, slots=True)
class SurveyedSpool:
    """A spool and what the survey that has just ended says of it."""

    spool: Spool
    index: Index
    result: SurveyResult


@contextmanager
def surveyed(
    spool: Spool, common: Common, *, quick: bool = False, fresh: bool = False
) -> Iterator[SurveyedSpool]:
    """The spool, looked at now: what has not changed since the last survey is not read again.

    `fresh` forgets the last survey. Where the index cannot be kept (a read-only or full disk) a
    temporary one serves. Raises KeyboardInterrupt when interrupted.
    """
    with ExitStack() as kept:
        with looking(common, quick=quick, fresh=fresh) as order:
            index, result = kept.enter_context(looked_at(spool, order))
        if result.cancelled:
            raise KeyboardInterrupt
        yield SurveyedSpool(spool, index, result)


@contextmanager
def looking(
    common: Common,
    *,
    quick: bool = False,
    fresh: bool = False,
    about: Callable[[], str] = lambda: "",
) -> Iterator[SurveyRequest]:
    """How to look, for one spool or one after another: who reads, how far it is, whether it was
    interrupted. `about` says what is looked at, safe to show, before the stage it is in."""
    with (
        readers(common) as reading,
        progress(not common.quiet) as advance,
        interruptible() as interrupted,
    ):

        def told(now: Progress) -> None:
            advance(about() + now.stage, now.done, now.total)

        yield SurveyRequest(
            common.survey_options(),
            reading,
            quick,
            fresh,
            on_progress=told,
            cancelled=interrupted,
            note=complain if common.verbose else None,
        )


@contextmanager
def readers(common: Common) -> Iterator[Callable[[Spool], Executor | None]]:
    """Gives those who read the messages of a spool; None when this process does it alone.

    Raises MailsurgeonError when the cluster that is asked for cannot be used.
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
    """Worker processes for what takes longer than starting them would; until they are warm this
    process reads by itself."""

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
    spool: Spool, common: Common, *, force: bool = False, changes: bool = False, looks: bool = False
) -> Iterator[Surgeon]:
    """The one who may change the spool. `changes`: first recovers what a run before left
    unfinished; else only tells of it. `looks`: goes on where the journal is damaged."""
    with Surgeon(
        spool,
        state_dir=common.state_dir,
        quarantine=common.quarantine_dir,
        force=force,
        host=common.host,
    ) as surgeon:
        if not common.quiet:
            surgeon.on_wait = complain
        if changes:
            recovered = surgeon.recover()
            if recovered is not None:
                _tell_recovered(spool, recovered)
        else:
            tell_unfinished(surgeon, looks=looks)
        yield surgeon


def _tell_recovered(spool: Spool, report: Report) -> None:
    """Tells on stderr of a recovery, and which messages did not keep their UIDs."""
    for line in (report.summary, *report.effects):
        complain(f"{spool.shown}: {line}")


def tell_unfinished(surgeon: Surgeon, *, looks: bool = False) -> None:
    """Tells on stderr of an operation that did not come to its end.

    `looks`: the spool is only looked at; that needs no journal, and a damaged one is told of.
    """
    try:
        _tell_unfinished(surgeon)
    except JournalError as error:
        if not looks:
            raise
        complain(str(error))


def _tell_unfinished(surgeon: Surgeon) -> None:
    unfinished = surgeon.unfinished()
    if unfinished is not None:
        complain(
            f"{surgeon.spool.shown}: operation {unfinished.id} ({unfinished.summary}) was not"
            " finished; the next command that may change the spool recovers it"
        )
