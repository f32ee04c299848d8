"""Watching: surveys folders again that have changed on disk.

The list keeps its rows and its cursor meanwhile, and the status line counts what it does not show
yet. These surveys wait while another survey or an operation runs, or another screen (a plan, a
question) is in front, and take a tenth of the time at most.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from textual.timer import Timer

from mailsurgeon.survey.index.diff import BeforeAndAfter
from mailsurgeon.survey.index.rows import ViewQuery
from mailsurgeon.text import visible
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.keys.actions import BY_ID, keys_of
from mailsurgeon.tui.messages import (
    ChangesSurveyed,
    Renewed,
    Snapshot,
    SpoolChanged,
    SurveyFinished,
    ViewRead,
)
from mailsurgeon.tui.program import Program
from mailsurgeon.tui.screens.main.facade import Cancelled, MainFacade, SurveyedFolders
from mailsurgeon.tui.screens.main.inspector_controller import InspectorController
from mailsurgeon.tui.screens.main.list_controller import ListController
from mailsurgeon.tui.screens.main.survey_controller import SurveyController
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.stalled import Waits
from mailsurgeon.tui.views import own_index, read_snapshot, renew

if TYPE_CHECKING:
    from mailsurgeon.survey.watch.watcher import News, Watcher

RESURVEY_SHARE = 0.1  # the share of the time, at most, in which changed folders are surveyed
LOST = "The spool is not there any more (removed, renamed, unmounted): what is shown is what was."


@dataclass(frozen=True, slots=True)
class Fresh:
    """How many messages of the index the open list does not show as they are now."""

    new: int = 0
    gone: int = 0
    changed: int = 0

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.changed)

    def __str__(self) -> str:
        """`+3 new, 2 gone`; empty if the list agrees with the index."""
        parts = ((self.new, f"+{self.new:,} new"), (self.gone, f"{self.gone:,} gone"),
                 (self.changed, f"{self.changed:,} changed"))  # fmt: skip
        return ", ".join(text for number, text in parts if number)


class WatchController:
    """Surveys changed folders again; `fresh` counts the changes that the open list does not show.

    `lost`: the spool is not there any more.
    """

    def __init__(
        self,
        session: SpoolSession,
        program: Program,
        screen: MainFacade,
        survey: SurveyController,
        lists: ListController,
        inspection: InspectorController,
    ) -> None:
        self._session, self._program, self._screen = session, program, screen
        self._survey, self._lists, self._inspection = survey, lists, inspection
        self.fresh = Fresh()
        self.lost = False
        self._stale: set[int] = set()  # ids of entries that changed since the list was read
        self._watcher: Watcher | None = None
        self._stopped = False
        self._changed: set[bytes] = set()
        self._looking = False
        self._look_over = threading.Event()
        self._look_over.set()
        self._survey_then: Callable[[], None] | None = None
        self._rests_until = 0.0
        self._rest: Timer | None = None
        self._summary = ""  # of the last survey of the whole spool

    # The watcher

    def before_survey(self, folders: SurveyedFolders) -> None:
        """Starts the watcher, if the session has one, with the first survey; forgets the changes
        seen in these folders. Called in the survey's thread, since loading the watcher would delay
        the first keys."""
        if self._watcher is None and self._session.watch is not None:
            self._start(self._session.watch)
        if self._watcher is not None:
            self._watcher.forget(folders)

    def _start(self, watch: Callable[..., Watcher]) -> None:
        exclude = self._session.options.exclude
        self._watcher = watcher = watch(self._session.spool, self._heard, exclude=exclude)
        self._program.watched_how = lambda: watcher.how
        watcher.start()
        if self._stopped:
            self.stop()

    def stop(self) -> None:
        """Stops watching."""
        self._stopped = True
        if self._watcher is not None:
            self._watcher.stop()
            self._program.watched_how = str

    def _heard(self, news: News) -> None:
        self._screen.post_message(SpoolChanged(news.folders, news.lost, news.note))

    def spool_changed(self, event: SpoolChanged) -> None:
        """Notes what has changed, and surveys it when possible."""
        if event.note:
            self._screen.tell(visible(event.note))
        if event.lost:
            self.lost = True
            self._changed.clear()
            self._screen.tell(LOST)
        elif self.lost and event.folders:
            self.lost = False
            self._screen.tell("The spool is there again.")
        self._changed |= event.folders
        self.look_when_possible()

    # Surveying again

    def look_when_possible(self) -> None:
        """Surveys the changed folders, now or as soon as possible."""
        if not self._may_look():
            return
        rest = self._rests_until - time.monotonic()
        if rest > 0:
            if self._rest is None:
                self._rest = self._screen.set_timer(rest, self._rested)
            return
        folders, self._changed = frozenset(self._changed), set[bytes]()
        self._looking = self._lists.wandered = True  # from now on the cursor stays where it is
        self._look_over.clear()
        lists, waits = self._lists, self._survey.new_waits()
        work = partial(self._look, folders, lists.ticket, lists.query(), lists.list.view, waits)
        self._screen.in_thread(work, "look", exclusive=False)

    def _may_look(self) -> bool:
        program = self._program
        if not self._changed or self._looking or program.stop.is_set():
            return False
        if program.surveying or program.operating or self.lost:
            return False
        # Each of these calls look_when_possible when it ends.
        return not self._lists.list_is_coming and self._screen.is_in_front()

    def _rested(self) -> None:
        self._rest = None
        self.look_when_possible()

    def _look(
        self,
        folders: frozenset[bytes],
        ticket: int,
        query: ViewQuery,
        view: array[int],
        waits: Waits,
        cancelled: Cancelled,
    ) -> None:
        session, started = self._session, time.monotonic()
        snapshot = renewed = None
        error = ""
        try:
            self.before_survey(tuple(folders))
            with own_index(session.index) as index:
                known = BeforeAndAfter(index, folders)
                session.survey(
                    session.spool, index, session.options, folders=folders,
                    on_progress=self._survey.progress_to(cancelled, waits_only=True),
                    given_up=waits.given_up,
                    cancelled=lambda: cancelled() or self._program.stop.is_set(),
                )  # fmt: skip
                found = read_snapshot(index)
                renewal = known.renewal()
                before = self._survey.snapshot
                if renewal or replace(found, order=before.order) != before:
                    snapshot = found
                    renamed = renewal.renamed | {number: -number for number in renewal.gone}
                    renewed = renew(index, ticket, query, view, renamed, renewal.changed)
        except Exception as failed:
            error = one_line(failed)
        self._look_over.set()
        took = time.monotonic() - started
        self._screen.post_message(ChangesSurveyed(took, snapshot, renewed, error))

    def changes_surveyed(self, event: ChangesSurveyed) -> None:
        """Shows what has changed; begins the survey that waited for this one."""
        self._looking = False
        self._survey.progress_is_over()
        self._rests_until = time.monotonic() + event.seconds * (1 / RESURVEY_SHARE - 1)
        if event.error:
            self._screen.tell(event.error)
        if event.snapshot is not None and event.renewed is not None:
            with self._screen.in_one_update():
                self._show_change(event.snapshot, event.renewed)
        if self._survey_then is not None:
            begin, self._survey_then = self._survey_then, None
            begin()
        self.look_when_possible()

    def _show_change(self, snapshot: Snapshot, renewed: Renewed) -> None:
        lists = self._lists
        lists.take_in(snapshot)
        if self._screen.message and self._screen.message == self._summary:
            # The summary is out of date.
            self._screen.message = "Looked again at what changed."
        if lists.marks:
            lists.marks.renew(renewed.renamed)
        if renewed.ticket != lists.ticket:
            lists.refresh()  # this list was read while the folders were being surveyed
        else:
            stale = {renewed.renamed.get(number, number) for number in self._stale}
            self._stale = {number for number in stale | renewed.changed if number > 0}
            self.fresh = Fresh(renewed.new, renewed.gone, len(self._stale))
            lists.list.renew(renewed.view)
            lists.marks.look_at(renewed.view)
        self._screen.show_status()
        self._inspection.inspect_soon()

    def survey_finished(self, event: SurveyFinished) -> None:
        """Surveys next what changed during the survey."""
        self._summary = event.summary if event.whole else self._summary
        self._screen.call_after_refresh(self.look_when_possible)

    def view_read(self, event: ViewRead) -> None:
        """Clears the counts: the list just read agrees with the index."""
        if event.ticket == self._lists.ticket:
            self.fresh = Fresh()
            self._stale.clear()
            self._screen.call_after_refresh(self.look_when_possible)

    @property
    def fresh_text(self) -> str:
        """The changes that the list does not show yet, with the key that shows them; or empty."""
        key = keys_of(BY_ID["survey"], self._session.keymap)[0]
        return f"{self.fresh} ({key})" if self.fresh else ""

    # One survey at a time

    def survey_asked(self) -> None:
        """Shows the changes; if there are none, surveys the whole spool again."""
        if self.lost:
            self._screen.tell(LOST)
        elif self.fresh:
            self._lists.refresh()
        else:
            self._screen.message = ""
            self.survey_when_free(None)
            self._survey.look_for_users()

    def survey_when_free(self, folders: SurveyedFolders, *, recover: bool = False) -> None:
        """Surveys these folders once no changed folder is being surveyed."""
        if self._looking:
            self._survey_then = lambda: self.survey_when_free(folders, recover=recover)
            return
        self._changed = set() if folders is None else self._changed.difference(folders)
        self._survey.begin(folders, recover=recover)

    def wait_until_over(self) -> None:
        """Returns once no changed folder is being surveyed. Called in a worker."""
        while not self._look_over.wait(0.25) and not self._program.stop.is_set():
            pass
