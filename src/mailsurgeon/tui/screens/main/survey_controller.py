"""Runs surveys in a worker, keeps the last snapshot, and finds out who has the spool open.

Workers have their own connection to the index and only post messages, which the screen hands to
the methods named after them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from mailsurgeon.errors import JournalError
from mailsurgeon.host.processes import users_text
from mailsurgeon.pace import Pace, pace_text
from mailsurgeon.survey.progress import Progress
from mailsurgeon.text import visible
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.messages import (
    PROGRESS_SECONDS,
    IndexRead,
    InterruptionHandled,
    JournalUnusable,
    Snapshot,
    SurveyFinished,
    SurveyProgressed,
    UsersSeen,
    WorkFailed,
)
from mailsurgeon.tui.program import Program
from mailsurgeon.tui.screens.main.facade import Cancelled, MainFacade, SurveyedFolders
from mailsurgeon.tui.screens.text import recovered_screen, users_screen
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.stalled import Waits, short
from mailsurgeon.tui.text.fields import home_text
from mailsurgeon.tui.text.status import said_text, top_text
from mailsurgeon.tui.text.survey import summary_text
from mailsurgeon.tui.views import own_index, read_snapshot
from mailsurgeon.tui.widgets.bars import SpoolBar

FIRST_KEYS = 0.2  # seconds after the first frame in which only the screen works
TREE_EVERY = 1.0  # seconds between two readings of the tree while a survey runs


class SurveyController:
    """Surveys the spool. `before` is called with the folders, in the survey's thread, as it begins.

    `snapshot` is the last reading of the index; `waits` holds the directories that do not answer
    the current or last survey; `pace` is None if none runs. `top` is the line at the top.
    """

    def __init__(
        self,
        session: SpoolSession,
        program: Program,
        screen: MainFacade,
        before: Callable[[SurveyedFolders], object],
    ) -> None:
        self._session, self._program, self._screen = session, program, screen
        self._before = before
        self.top = SpoolBar(id="top")
        self.snapshot = Snapshot()
        self.waits = Waits()
        self.pace: Pace | None = None
        self._users = ""
        self._tree_read = 0.0

    # Surveying

    def begin(self, folders: SurveyedFolders = None, *, recover: bool = False) -> None:
        """Surveys the whole spool, or some folders again. `recover`: first recovers the operation
        that an interrupted run left."""
        self._program.surveying = True
        self.pace = Pace("looking")
        waits = self.new_waits()
        self._screen.in_thread(
            lambda cancelled: self._work(folders, recover, waits, cancelled), "survey"
        )
        self._screen.show_status()
        self._screen.refresh_keys()

    def new_waits(self) -> Waits:
        """Returns a new, empty `waits` for the next survey."""
        self.waits = Waits()
        return self.waits

    def _work(
        self, folders: SurveyedFolders, recover: bool, waits: Waits, cancelled: Cancelled
    ) -> None:
        session, post = self._session, self._screen.post_message
        if recover:
            # The first keys come first: loading modules now would slow them down.
            self._program.stop.wait(FIRST_KEYS)
            session.prepare()
            self._recover()
        try:
            self._before(folders)
            with own_index(session.index) as index:
                result = session.survey(
                    session.spool,
                    index,
                    session.options,
                    folders=folders,
                    on_progress=self.progress_to(cancelled),
                    cancelled=lambda: cancelled() or self._program.stop.is_set(),
                    given_up=waits.given_up,
                )
                post(IndexRead(read_snapshot(index)))
        except Exception as error:
            post(SurveyFinished("", one_line(error), folders is None))
            return
        if not cancelled():
            summary = summary_text(result, waits.left_out_text)
            post(SurveyFinished(summary, whole=folders is None))

    def _recover(self) -> None:
        session, post = self._session, self._screen.post_message
        try:
            if session.read_only:
                if unfinished := session.surgeon.unfinished():
                    left = f"Operation {unfinished.id} was interrupted; --read-only leaves it so."
                    post(InterruptionHandled(left))
            elif report := session.surgeon.recover():
                summary = f"Recovered after an interruption: {report.summary}"
                post(InterruptionHandled(summary, report.effects))
            for doubtful in session.surgeon.doubts:
                post(InterruptionHandled(doubtful.line))
        except JournalError as error:
            if session.read_only:
                post(InterruptionHandled(one_line(error)))
            else:
                post(JournalUnusable(error))
        except Exception as error:
            post(InterruptionHandled(one_line(error)))

    def interruption_handled(self, event: InterruptionHandled) -> None:
        """Shows what an interrupted run left, and what clients will notice."""
        self._screen.tell(visible(event.text))
        if event.effects:
            self._screen.open_screen(recovered_screen(event.text, event.effects))

    def journal_unusable(self, event: JournalUnusable) -> None:
        """Leaves the spool: without a journal nothing may be changed."""
        self._program.fail(event.error)

    def progress_to(
        self, cancelled: Cancelled, *, waits_only: bool = False
    ) -> Callable[[Progress], None]:
        """A function that posts progress, four times a second at most; `waits_only`: only when a
        directory does not answer, or answers again."""
        last: tuple[float, str, bytes | None] = (0.0, "", None)

        def progressed(progress: Progress) -> None:
            nonlocal last
            now, (before, stage, place) = time.monotonic(), last
            fresh = (progress.stage, progress.waiting) != (stage, place)
            if cancelled() or (now - before < PROGRESS_SECONDS and not fresh):
                return
            last = (now, progress.stage, progress.waiting)
            if not waits_only or place is not None or progress.waiting is not None:
                self._screen.post_message(
                    SurveyProgressed(
                        progress.stage, progress.done, progress.total, progress.waiting
                    )
                )

        return progressed

    def progressed(self, event: SurveyProgressed) -> None:
        """Shows how far the survey is, and once per TREE_EVERY what it has found."""
        now = time.monotonic()
        self.pace = (self.pace or Pace()).after(event.stage, event.done, event.total, now)
        self.waits.heard(event.waiting)
        self._screen.show_status()
        if now - self._tree_read >= TREE_EVERY:
            self._tree_read = now
            self.read_index()

    def survey_finished(self, event: SurveyFinished) -> None:
        """Shows the result of the survey."""
        self._program.surveying = False
        self.progress_is_over()
        if event.error:
            self._screen.tell(event.error)
        elif event.whole and (self.waits.left_out or not self._screen.message):
            self._screen.message = event.summary
        self._screen.refresh_keys()
        self.show_top()

    def progress_is_over(self) -> None:
        """Clears the progress: no survey runs any more."""
        self.pace = None
        self.waits.heard(None)
        self._screen.show_status()

    def give_up_waiting(self) -> bool:
        """Makes the survey leave out the directory it waits for; False if it waits for none."""
        place = self.waits.give_up()
        if place is not None:
            self._screen.message = f"Gave up on {short(place)}: it is left out."
        return place is not None

    # The index

    def read_index(self) -> None:
        """Reads the folders and kinds of problems."""
        self._screen.in_thread(self._read_index, "index")

    def _read_index(self, _cancelled: Cancelled) -> None:
        try:
            with own_index(self._session.index) as index:
                self._screen.post_message(IndexRead(read_snapshot(index)))
        except Exception as error:
            self._screen.post_message(WorkFailed(one_line(error)))

    def take_in(self, snapshot: Snapshot) -> bool:
        """Keeps a snapshot; False if a later one is there already."""
        if snapshot.order < self.snapshot.order:
            return False  # from a slow reader that began while the survey ran
        self.snapshot = snapshot
        return True

    def said(self, message: str, room: int = 80) -> str:
        """The left side of the status line, in `room` cells: the message and the progress of the
        survey, which takes what the message leaves."""
        waits = self.waits.text
        room -= len(message) + 3 if message else 1
        progress = pace_text(self.pace, room) if self.pace is not None else ""
        return said_text(message, progress, waits)

    def show_top(self) -> None:
        """Updates the line at the top."""
        session = self._session
        text = top_text(session.spool, self.snapshot, read_only=session.read_only)
        path = home_text(session.spool.shown)
        self.top.show_spool(path, text, f"{self._users} " if self._users else "")

    # Who has the spool open

    def look_for_users(self, asked: bool = False) -> None:
        """Searches for processes that have the spool open; `asked`: the operator wants a list."""
        self._screen.in_thread(partial(self._look_for_users, asked), "users")

    def _look_for_users(self, asked: bool, _cancelled: Cancelled) -> None:
        processes = self._session.options.host.processes
        self._screen.post_message(UsersSeen(processes.users_of(self._session.spool.root), asked))

    def users_seen(self, event: UsersSeen) -> None:
        """Shows which programs have the spool open: in the top line, and on a screen of its own if
        the operator asked for that."""
        self._users = users_text(event.users)
        self.show_top()
        if event.asked:
            self._screen.open_screen(users_screen(event.users))
