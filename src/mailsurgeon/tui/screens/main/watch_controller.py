"""The part of the main screen that watches: folders that change on disk are looked at again.

The operator's place stays as it is: the list keeps its rows, the status line says what it does not
show yet. Nothing is looked at while a survey or an operation runs, or while another screen (a plan,
a question) is in front, and never for more than a tenth of the time.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textual import on, work
from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import ViewQuery
from mailsurgeon.text import visible
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.keys.actions import BY_ID, keys_of
from mailsurgeon.tui.messages import IndexRead, Snapshot, SurveyFinished, ViewRead
from mailsurgeon.tui.screens.main.plan_controller import OperatingScreen
from mailsurgeon.tui.screens.main.survey_controller import own_index, read_snapshot
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.stalled import Waits

RESURVEY_SHARE = 0.1  # of the time, at most, that is spent looking again
LOST = "The spool is not there any more (removed, renamed, unmounted): what is shown is what was."


class SpoolChanged(Message):
    """The watcher has news: changed folders, a lost spool, or a note."""

    def __init__(self, folders: frozenset[bytes], lost: bool = False, note: str = "") -> None:
        super().__init__()
        self.folders, self.lost, self.note = folders, lost, note


@dataclass(frozen=True, slots=True)
class Fresh:
    """What the index has and the open list does not show yet, in messages."""

    new: int = 0
    gone: int = 0
    changed: int = 0

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.changed)

    def __str__(self) -> str:
        """`+3 new, 2 gone`; empty when the list is as the index."""
        parts = ((self.new, f"+{self.new:,} new"), (self.gone, f"{self.gone:,} gone"),
                 (self.changed, f"{self.changed:,} changed"))  # fmt: skip
        return ", ".join(text for number, text in parts if number)


@dataclass(frozen=True, slots=True)
class Renewed:
    """The open list after a look: the same rows in the same order. Who has another id now has it
    (`renamed`, by the old one; what is gone has the negative of its own). `new` and `gone` are how
    many messages another reading of it would show more and less; `changed` are ids. `ticket` is
    that of the list it was made for."""

    ticket: int
    view: array[int]
    renamed: dict[int, int]
    new: int
    gone: int
    changed: frozenset[int]


class LookedAgain(Message):
    """Some folders were looked at again, which took so many seconds.

    `snapshot` and `list` are None when nothing has changed; `error` is one line.
    """

    def __init__(
        self,
        seconds: float,
        snapshot: Snapshot | None = None,
        renewed: Renewed | None = None,
        error: str = "",
    ) -> None:
        super().__init__()
        self.seconds, self.snapshot, self.renewed, self.error = seconds, snapshot, renewed, error


class WatchingScreen(OperatingScreen):
    """Looks again, unasked, at what has changed on disk."""

    def __init__(self, bench: SpoolSession) -> None:
        super().__init__(bench)
        self.fresh = Fresh()
        self._stale: set[int] = set()  # what has changed since the list was read, by id
        self._watcher: Any = None
        self._lost = False
        self._changed: set[bytes] = set()
        self._looking = False
        self._look_over = threading.Event()
        self._look_over.set()
        self._survey_then: Callable[[], None] | None = None
        self._rests_until = 0.0
        self._rest: Timer | None = None
        self._summary = ""  # what the last whole survey said of itself

    # The watcher

    def on_mount(self) -> None:
        if self.bench.watch is None:
            return
        self._watcher = self.bench.watch(
            self.bench.spool,
            lambda news: self.post_message(SpoolChanged(news.folders, news.lost, news.note)),
            exclude=self.bench.options.exclude,
        )
        self.program.watched_how = lambda: self._watcher.how
        self.call_after_refresh(self._watcher.start)  # the first frame comes first

    def on_unmount(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self.program.watched_how = str

    def before_survey(self, folders: tuple[bytes, ...] | None) -> None:
        if self._watcher is not None:
            self._watcher.forget(folders)

    @on(SpoolChanged)
    def _spool_changed(self, event: SpoolChanged) -> None:
        if event.note:
            self.tell(visible(event.note))
        if event.lost:
            self._lost = True
            self._changed.clear()
            self.tell(LOST)
        elif self._lost and event.folders:
            self._lost = False
            self.tell("The spool is there again.")
        self._changed |= event.folders
        self._look_when_possible()

    # Looking again

    def _look_when_possible(self) -> None:
        """Looks at what has changed, now or as soon as that is possible."""
        program = self.program
        if not self._changed or self._looking or program.stop.is_set():
            return
        if program.surveying or program.operating:
            return
        if self._lost or self.list_is_coming or self.app.screen is not self:
            return  # all of these ask again when they are over
        rest = self._rests_until - time.monotonic()
        if rest > 0:
            if self._rest is None:
                self._rest = self.set_timer(rest, self._rested)
            return
        folders, self._changed = frozenset(self._changed), set[bytes]()
        self._looking = self._wandered = True  # from here on the cursor stays where it is
        self._look_over.clear()
        self.waits = Waits()
        self._look(folders, self.ticket, self.query_shown(), self.list.view)

    def _rested(self) -> None:
        self._rest = None
        self._look_when_possible()

    def on_screen_resume(self) -> None:
        # What closes a screen may have a survey begin: that one comes first.
        self.call_after_refresh(self._look_when_possible)

    @on(SurveyFinished)
    def _survey_over(self, event: SurveyFinished) -> None:
        self._summary = event.summary if event.whole else self._summary
        self.call_after_refresh(self._look_when_possible)

    @work(thread=True, group="look", exit_on_error=False)
    def _look(
        self, folders: frozenset[bytes], ticket: int, query: ViewQuery, view: array[int]
    ) -> None:
        from mailsurgeon.survey.index.diff import BeforeAndAfter

        bench, worker, started = self.bench, get_current_worker(), time.monotonic()
        waits = self.waits
        snapshot = renewed = None
        error = ""
        try:
            self.before_survey(tuple(folders))
            with own_index(bench.index) as index:
                known = BeforeAndAfter(index, folders)
                bench.survey(
                    bench.spool, index, bench.options, folders=folders,
                    on_progress=self.progress_of(worker, waits_only=True),
                    given_up=waits.given_up,
                    cancelled=lambda: worker.is_cancelled or self.program.stop.is_set(),
                )  # fmt: skip
                found = read_snapshot(index)
                renewal = known.renewal()
                if renewal or replace(found, order=self.snapshot.order) != self.snapshot:
                    snapshot = found
                    renamed = renewal.renamed | {number: -number for number in renewal.gone}
                    renewed = renew(index, ticket, query, view, renamed, renewal.changed)
        except Exception as failed:
            error = one_line(failed)
        self._look_over.set()
        self.post_message(LookedAgain(time.monotonic() - started, snapshot, renewed, error))

    @on(LookedAgain)
    def _looked_again(self, event: LookedAgain) -> None:
        self._looking = False
        self.progress_is_over()
        self._rests_until = time.monotonic() + event.seconds * (1 / RESURVEY_SHARE - 1)
        if event.error:
            self.tell(event.error)
        if event.snapshot is not None and event.renewed is not None:
            with self.app.batch_update():
                self._show_change(event.snapshot, event.renewed)
        if self._survey_then is not None:
            begin, self._survey_then = self._survey_then, None
            begin()
        self._look_when_possible()

    def _show_change(self, snapshot: Snapshot, renewed: Renewed) -> None:
        self._index_read(IndexRead(snapshot))
        if self._message and self._message == self._summary:
            self._message = "Looked again at what changed."  # the summary is not true any more
        if self.marks:
            self.marks.renew(renewed.renamed)
        if renewed.ticket != self.ticket:
            self.refresh_view()  # this list was read while the folders were being looked at
        else:
            stale = {renewed.renamed.get(number, number) for number in self._stale}
            self._stale = {number for number in stale | renewed.changed if number > 0}
            self.fresh = Fresh(renewed.new, renewed.gone, len(self._stale))
            self.list.renew(renewed.view)
            self.marks.look_at(renewed.view)
        self._show_status()
        self.inspect_soon()

    @on(ViewRead)
    def _all_taken_in(self, event: ViewRead) -> None:
        if event.ticket == self.ticket:
            self.fresh = Fresh()
            self._stale.clear()
            self.call_after_refresh(self._look_when_possible)

    def fresh_text(self) -> str:
        key = keys_of(BY_ID["survey"], self.bench.keymap)[0]
        return f"{self.fresh} ({key})" if self.fresh else ""

    # What must not meet a look

    def action_survey(self) -> None:
        """Takes in what is fresh; with nothing fresh, looks at the whole spool again."""
        if self._lost:
            self.tell(LOST)
        elif self.fresh:
            self.refresh_view()
        else:
            super().action_survey()

    def _begin_survey(self, folders: tuple[bytes, ...] | None, *, recover: bool = False) -> None:
        if self._looking:
            self._survey_then = lambda: self._begin_survey(folders, recover=recover)
            return
        self._changed = set() if folders is None else self._changed.difference(folders)
        super()._begin_survey(folders, recover=recover)

    def open_plan(self, make: Callable[[Index], Any], follow: Callable[[Any], None]) -> None:
        """Shows a plan; it is made when no folder is being looked at."""

        def make_then(index: Index) -> Any:
            while not self._look_over.wait(0.25) and not self.program.stop.is_set():
                pass
            return make(index)

        super().open_plan(make_then, follow)


def renew(
    index: Index,
    ticket: int,
    query: ViewQuery,
    view: Sequence[int],
    renamed: dict[int, int],
    changed: frozenset[int],
) -> Renewed:
    """What has become of a list, and what a new reading of it would show else."""
    same = array("q", (renamed.get(number, number) for number in view) if renamed else view)
    now, shown = set(index.view(query)), set(same)
    renewed = {number for number in renamed.values() if number > 0}
    return Renewed(
        ticket, same, renamed, len(now - shown), len(shown - now),
        frozenset(shown & (changed | renewed)),
    )  # fmt: skip
