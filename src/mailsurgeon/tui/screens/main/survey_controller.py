"""The part of the main screen that looks: the survey, the index, the list that is shown.

Workers have their own connection to the index and only post messages; handlers change the screen.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from textual import work
from textual.worker import get_current_worker

from mailsurgeon.errors import JournalError
from mailsurgeon.report.output import counted
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import ViewQuery
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.messages import (
    IndexRead,
    KindRow,
    ListFailed,
    Recovered,
    Snapshot,
    SurveyFinished,
    SurveyProgressed,
    UsersSeen,
    ViewRead,
)
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.session import SurveyResult
from mailsurgeon.tui.stalled import Waits

PROGRESS_SECONDS = 0.25  # seconds between two words of progress
FIRST_KEYS = 0.2  # seconds that the screen has to itself when its first frame stands

SORT_CYCLE = (
    ("date", False, "by date, oldest first"),
    ("date", True, "by date, newest first"),
    ("size", True, "by size, largest first"),
    ("sender", False, "by sender"),
    ("subject", False, "by subject"),
    ("problem", True, "by problem, worst first"),
    ("path", False, "by path"),
)
"""What `s` goes through: ViewQuery's sort, whether descending, and its name."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where the cursor goes in the next list: on an entry, at an end, or where it was."""

    entry: int | None = None
    end: str = ""  # "first", "last", or empty


class SurveyingScreen(BaseScreen[None]):
    """Looks at the spool and keeps what it saw."""

    snapshot = Snapshot()
    ticket = 0
    waits = Waits()  # of the survey that runs, or ran last

    # The survey

    def before_survey(self, folders: tuple[bytes, ...] | None) -> None:
        """Called in the survey's thread, before it looks at these folders (None: at all)."""

    @work(thread=True, exclusive=True, group="survey", exit_on_error=False)
    def survey(self, folders: tuple[bytes, ...] | None = None, *, recover: bool = False) -> None:
        """Looks at the whole spool, or again at some folders. With `recover`: first puts right
        what an interrupted run left."""
        bench, worker, waits = self.bench, get_current_worker(), self.waits
        if recover:
            # The first keys come first: what is loaded now would share the interpreter with them.
            self.program.stop.wait(FIRST_KEYS)
            bench.prepare()
            self._recover()
        try:
            self.before_survey(folders)
            with own_index(bench.index) as index:
                result = bench.survey(
                    bench.spool,
                    index,
                    bench.options,
                    folders=folders,
                    on_progress=self.progress_of(worker),
                    cancelled=lambda: worker.is_cancelled or self.program.stop.is_set(),
                    given_up=waits.given_up,
                )
                self.post_message(IndexRead(read_snapshot(index)))
        except Exception as error:
            self.post_message(SurveyFinished("", one_line(error), folders is None))
            return
        if not worker.is_cancelled:
            self.post_message(SurveyFinished(_summary(result, waits), whole=folders is None))

    def _recover(self) -> None:
        surgeon, bench = self.bench.surgeon, self.bench
        try:
            if bench.read_only:
                if unfinished := surgeon.unfinished():
                    left = f"Operation {unfinished.id} was interrupted; --read-only leaves it so."
                    self.post_message(Recovered(left))
            elif report := surgeon.recover():
                summary = f"Put right after an interruption: {report.summary}"
                self.post_message(Recovered(summary, report.effects))
        except JournalError as error:
            if bench.read_only:
                self.post_message(Recovered(one_line(error)))
            else:  # without a journal nothing may be changed
                self.app.call_from_thread(self.program.fail, error)
        except Exception as error:
            self.post_message(Recovered(one_line(error)))

    def progress_of(self, worker: Any, *, waits_only: bool = False) -> Callable[[Any], None]:
        """What hands on a survey's progress, four times a second at most; `waits_only`: only of
        what does not answer."""
        last: tuple[float, str, bytes | None] = (0.0, "", None)

        def tell(progress: Any) -> None:
            nonlocal last
            now, (before, stage, place) = time.monotonic(), last
            fresh = (progress.stage, progress.waiting) != (stage, place)
            if worker.is_cancelled or (now - before < PROGRESS_SECONDS and not fresh):
                return
            last = (now, progress.stage, progress.waiting)
            if not waits_only or place is not None or progress.waiting is not None:
                self.post_message(
                    SurveyProgressed(
                        progress.stage, progress.done, progress.total, progress.waiting
                    )
                )

        return tell

    # The index

    @work(thread=True, exclusive=True, group="index", exit_on_error=False)
    def read_index(self) -> None:
        """Reads folders and kinds for the tree."""
        try:
            with own_index(self.bench.index) as index:
                self.post_message(IndexRead(read_snapshot(index)))
        except Exception as error:
            self.app.call_from_thread(self.say, one_line(error))

    @work(thread=True, exclusive=True, group="view", exit_on_error=False)
    def read_view(self, ticket: int, query: ViewQuery, arrival: Arrival) -> None:
        """Reads the ids of a list."""
        try:
            with own_index(self.bench.index) as index:
                ids = index.view(query)
        except Exception as error:
            self.post_message(ListFailed(one_line(error)))
            return
        cursor = arrival.entry
        if arrival.end and ids:
            cursor = ids[0] if arrival.end == "first" else ids[-1]
        self.post_message(ViewRead(ticket, ids, cursor))

    @work(thread=True, exclusive=True, group="users", exit_on_error=False)
    def look_for_users(self, asked: bool = False) -> None:
        """Looks for processes that have the spool open."""
        users = self.bench.options.host.processes.users_of(self.bench.spool.root)
        self.post_message(UsersSeen(users, asked))


@contextlib.contextmanager
def own_index(index: Index) -> Iterator[Index]:
    """A connection of the thread's own, closed at the end."""
    mine = index.again()
    try:
        yield mine
    finally:
        mine.close()


_readings = itertools.count(1)


def read_snapshot(index: Index) -> Snapshot:
    """What the index says of the whole spool."""
    order = next(_readings)
    troubles = index.problem_counts(above_info=True)
    kinds = (KindRow(c, n, c in troubles) for c, n in index.problem_counts().items())
    return Snapshot(
        tuple(index.folders()), tuple(kinds), len(index.not_examined()), index.meta("depth"), order
    )


def alike(
    index: Index, view: array[int], code: str, remedy: str | None, any_remedy: bool
) -> frozenset[int]:
    """The entries of a view that have problem `code` with this remedy (or with any)."""
    shown = set(view)
    return frozenset(
        problem.entry
        for problem in index.problems(codes=[code])
        if problem.entry in shown and (any_remedy or problem.remedy == remedy)
    )


def with_filters(query: ViewQuery, text: str, badges: frozenset[str], sort: int) -> ViewQuery:
    """The query of a place with the operator's filters and order."""
    name, descending, _title = SORT_CYCLE[sort]
    return replace(query, text=text, badges=badges, sort=name, descending=descending)


def progress_text(stage: str, done: int, total: int) -> str:
    """`reading 251,402 of 412,113, 61 %`."""
    if total <= 0:
        return f"{stage} {done:,}"
    return f"{stage} {done:,} of {total:,}, {100 * done // total} %"


def _summary(result: SurveyResult, waits: Waits) -> str:
    left_out = f"; {waits.left_out_text}" if waits.left_out else ""
    return (
        f"{'survey stopped: ' if result.cancelled else ''}surveyed {result.messages:,}"
        f" in {_seconds(result.seconds)}, {result.not_examined:,} not examined{left_out}"
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else counted(round(seconds), "second")
