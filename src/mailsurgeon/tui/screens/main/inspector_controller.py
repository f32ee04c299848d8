"""The inspector: shows the message or folder under the cursor, which a worker reads.

It follows the cursor of the list, or that of the tree while the tree has the focus.
"""

from __future__ import annotations

import os
from functools import partial

from rich.text import Text
from textual.timer import Timer
from textual.widget import Widget

from mailsurgeon.survey.index.rows import FolderRow
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.messages import Inspected, Subject
from mailsurgeon.tui.screens.main.facade import Cancelled, MainFacade
from mailsurgeon.tui.screens.main.list_controller import ListController
from mailsurgeon.tui.screens.main.survey_controller import SurveyController
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.terminal.clipboard import pasteable
from mailsurgeon.tui.text.folder import folder_lines
from mailsurgeon.tui.text.message import inspect
from mailsurgeon.tui.views import own_index
from mailsurgeon.tui.widgets.bars import TitleBar, more_below
from mailsurgeon.tui.widgets.inspector import Inspector

READINGS = 4
"""Subjects read at once, at most: a silent file system must not block every thread."""
SILENT_AFTER = 1.0  # seconds without an answer until the inspector shows that it waits
WAITING = "Waiting for the file system: it does not answer. The keys still work."
NOT_HERE = (
    "This message is here no longer: another program has moved or deleted it. R brings the list up"
    " to date."
)


class InspectorController:
    """Fills the inspector, and copies what it shows to the clipboard."""

    def __init__(
        self,
        session: SpoolSession,
        screen: MainFacade,
        survey: SurveyController,
        lists: ListController,
    ) -> None:
        self._session, self._screen = session, screen
        self._survey, self._lists = survey, lists
        self.pane = Inspector()
        self.title = TitleBar(id="inspector-title")
        self.pane.followed = self.show_title
        self._timer: Timer | None = None
        self._readings = 0  # that have begun and not ended
        self._wanted = False  # another begins as soon as one has ended
        self._from_tree = False  # whether the inspector follows the tree's cursor
        self._copied: tuple[int, str] | None = None

    def parts(self) -> tuple[Widget, ...]:
        """The inspector below its title."""
        return self.title, self.pane

    def show_title(self) -> None:
        """Shows the names of the tabs."""
        right = f"{more_below(self.pane)} [ ] turn "
        self.title.show(self.pane.title(self.pane.has_focus), right)

    def subject(self) -> Subject | None:
        """The entry or folder that the inspector should show now."""
        target = self._lists.tree.target if self._from_tree else None
        if target is not None and target.folder is not None:
            return Subject("folder", target.folder)
        entry = self._lists.list.entry_id
        return Subject("entry", entry) if entry is not None else None

    def focus_moved(self, place: str) -> None:
        """Follows the tree's cursor or the list's, whichever pane has the focus."""
        if place != "inspector" and self._from_tree != (place == "tree"):
            self._from_tree = place == "tree"
            self.inspect_soon()

    def inspect_soon(self) -> None:
        """Fills the inspector once the cursor has stayed for a moment."""
        if self._timer is not None:
            self._timer.stop()
        if self._session.inspect_delay > 0:
            self._timer = self._screen.set_timer(self._session.inspect_delay, self.inspect)
        else:
            self._screen.call_later(self.inspect)

    def inspect(self) -> None:
        """Fills the inspector."""
        subject = self.subject()
        row = self._folder(subject) if subject is not None else None
        if subject is None:
            self.pane.fill(None, [Text(NOT_HERE)] if self._lists.list.on_gone_row else [])
        elif subject.what == "folder" and row is None:
            self.pane.fill(None, [])
        elif self._readings < READINGS:
            self._readings += 1
            # Late results are recognized by their subject. Cancelling would spoil the count.
            work = partial(self._read, subject, row, self.pane.tab)
            self._screen.in_thread(work, "inspect", exclusive=False)
            self._screen.set_timer(SILENT_AFTER, partial(self._is_silent, subject))
        else:
            self._wanted = True
            self._is_silent(subject)

    def _is_silent(self, subject: Subject) -> None:
        """Shows that the inspector waits, if it still does."""
        if self._readings and subject == self.subject() != self.pane.subject:
            self.pane.fill(None, [Text(WAITING, "dim")])

    def _folder(self, subject: Subject) -> FolderRow | None:
        rows = self._survey.snapshot.folders if subject.what == "folder" else ()
        return next((row for row in rows if row.id == subject.id), None)

    def _read(
        self, subject: Subject, row: FolderRow | None, tab: str, _cancelled: Cancelled
    ) -> None:
        try:
            if row is not None:
                lines = folder_lines(row, self._session.tools.folder_details(row.path))
            else:
                with own_index(self._session.index) as index:
                    found = index.entries([subject.id])
                    lines = inspect(self._session, index, found[0], tab) if found else []
        except Exception as error:
            lines = [Text(one_line(error))]
        self._screen.post_message(Inspected(subject, tab, lines))

    def inspected(self, event: Inspected) -> None:
        """Shows the lines if the cursor is still on their subject."""
        self._readings -= 1
        if self._wanted:
            self._wanted = False
            self.inspect()
        if event.tab == self.pane.tab and event.subject == self.subject():
            self.pane.fill(event.subject, event.lines)
            self.show_title()

    def turn(self, step: int) -> None:
        """Turns to the next tab (`step` 1) or the previous one (-1)."""
        self.pane.turn(step)
        self.show_title()
        self.inspect()

    def turn_to(self, tab: str) -> None:
        """Turns to one of the tabs (TABS)."""
        self.pane.turn_to(tab)
        self.show_title()
        self.inspect()

    def copy(self) -> None:
        """Copies the path of the message under the cursor to the terminal's clipboard; the second
        time, its Message-ID."""
        entry = self._lists.list.entry
        if entry is None:
            self._screen.tell("Nothing is under the cursor.")
        elif self._copied == (entry.id, "path") and entry.message_id:
            self._copied = (entry.id, "id")
            self._screen.copy(pasteable(os.fsencode(entry.message_id)))
            self._screen.tell("Copied the Message-ID.")
        else:
            self._copied = (entry.id, "path")
            self._screen.copy(pasteable(self._session.spool.absolute(entry.path)))
            more = "  y again: the Message-ID." if entry.message_id else ""
            self._screen.tell(f"Copied the path.{more}")
