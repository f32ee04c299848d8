"""What a command works with: a spool surveyed just now, and the surgeon that may change it.

Each function imports what it works with, because no command needs all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailsurgeon.cli.console import asked, complain, on_terminal, progress, stoppable
from mailsurgeon.cli.options import Common
from mailsurgeon.errors import JournalError, SpoolBusy
from mailsurgeon.host import interrupts
from mailsurgeon.maildir.spool import Spool

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from mailsurgeon.procedures.survey_spool import SurveyRequest
    from mailsurgeon.surgery.model import Report
    from mailsurgeon.surgery.surgeon import Surgeon
    from mailsurgeon.survey.index.index import Index
    from mailsurgeon.survey.progress import Progress, SurveyResult

    Reading = Callable[[Spool], Executor | None]


_NOT_SETTLED = (
    "interrupted while the operation that was cut off before was being settled; to go on: run the"
    " same command again"
)


@dataclass(frozen=True, slots=True)
class SurveyedSpool:
    """A spool, its index, and the result of the survey that has just ended."""

    spool: Spool
    index: Index
    result: SurveyResult


@contextmanager
def surveying(
    spool: Spool,
    common: Common,
    *,
    quick: bool = False,
    fresh: bool = False,
    reading: Reading | None = None,
) -> Iterator[SurveyedSpool]:
    """Surveys the spool now; reads only what has changed since the last survey.

    `quick` opens no message, `fresh` forgets the last survey; `reading`: what `readers` has
    yielded, else the survey has its own. If the index cannot be stored (the disk is read-only or
    full), the survey uses a temporary one. Raises KeyboardInterrupt if the operator interrupts it.
    """
    from mailsurgeon.procedures.survey_spool import looked_at

    with ExitStack() as kept:
        with survey_request(common, quick=quick, fresh=fresh, reading=reading) as request:
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
    reading: Reading | None = None,
) -> Iterator[SurveyRequest]:
    """The request for surveys of one spool or of several in turn: with readers, a progress bar and
    a check for interrupts. `about` returns text, safe to show, that precedes the stage in the bar;
    `reading` is what `readers` has yielded, if they have been started.
    """
    from mailsurgeon.procedures.survey_spool import SurveyRequest

    # The readers first: the bar has a thread, beside which none are forked.
    with (
        readers(common) if reading is None else nullcontext(reading) as reads,
        progress(not common.quiet) as advance,
    ):

        def show(now: Progress) -> None:
            advance(about() + now.stage, now.done, now.total)

        yield SurveyRequest(
            common.survey_options(),
            reads,
            quick,
            fresh,
            on_progress=show,
            cancelled=interrupts.came,
            note=complain if common.verbose else None,
        )


@contextmanager
def readers(common: Common) -> Iterator[Reading]:
    """Yields a function from a spool to the executor that reads its messages; None stands for this
    process. A command that opens a journal enters this before, because the readers may be forked.

    Raises MailsurgeonError if the cluster named by `--scheduler` cannot be used.
    """
    if common.jobs == 1 and common.scheduler is None:
        yield lambda _spool: None
        return
    from mailsurgeon.survey.workers.pool import CommandWorkers, make_executor

    if common.scheduler is not None:
        from mailsurgeon.survey.workers.cluster import connect

        cluster = connect(common.scheduler, lambda: make_executor(common.jobs), complain)
        try:
            yield cluster.for_spool
        finally:
            cluster.close()
        return
    import mailsurgeon.survey.run  # noqa: F401  (so that forked readers share it)

    executor = CommandWorkers(common.jobs)
    try:
        yield lambda _spool: executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def surgeon_for(
    spool: Spool, common: Common, *, force: bool = False, changes: bool = False
) -> Iterator[Surgeon]:
    """The surgeon of the spool.

    `changes`: recovers the operation that an earlier run left unfinished, if any; without it, the
    operation is only reported on stderr.
    """
    from mailsurgeon.surgery.surgeon import Surgeon

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
                raise KeyboardInterrupt(_NOT_SETTLED) from None
            raise
    if recovered is not None:
        _report_recovered(surgeon.spool, recovered)
    if interrupted():
        raise KeyboardInterrupt(_NOT_SETTLED)


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
    from mailsurgeon.surgery.spool_journal import may_be_unfinished

    try:
        if may_be_unfinished(
            spool,
            state_dir=common.state_dir,
            journal=common.journal,
            quarantine=common.quarantine_dir,
        ):
            with surgeon_for(spool, common):
                pass  # it reports
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
