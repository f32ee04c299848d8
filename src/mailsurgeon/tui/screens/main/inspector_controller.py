"""The part of the main screen that fills the inspector, in a worker, a moment after the cursor."""

from __future__ import annotations

from functools import partial

from rich.text import Text
from textual import on, work
from textual.timer import Timer

from mailsurgeon.survey.index.rows import FolderRow
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.messages import Inspected, Subject
from mailsurgeon.tui.screens.main.survey_controller import SurveyingScreen, own_index
from mailsurgeon.tui.text.message import inspect
from mailsurgeon.tui.widgets.inspector import Inspector

READINGS = 4
"""Subjects that are read at once; the others wait, lest a file system that does not answer hold
every thread."""
PATIENCE = 1.0  # seconds without an answer after which the inspector says so
WAITING = "Waiting for the file system: it does not answer. The keys go on working."


GONE = (
    "This message is here no longer: something else has moved or deleted it. R brings the list up"
    " to date."
)


class InspectingScreen(SurveyingScreen):
    """Tells of the message, or of the folder, that the operator has come to."""

    def __init__(self) -> None:
        super().__init__()
        self.inspector = Inspector()
        self._timer: Timer | None = None
        self._readings = 0  # that have begun and not ended
        self._wanted = False  # another is to begin as soon as one has ended

    def subject(self) -> Subject | None:
        """What the inspector is to tell of now."""
        raise NotImplementedError

    def on_gone_row(self) -> bool:
        """Whether the cursor is on the row of a message that is there no longer."""
        raise NotImplementedError

    def inspect_soon(self) -> None:
        """Fills the inspector when the cursor has rested for a moment."""
        if self._timer is not None:
            self._timer.stop()
        if self.bench.inspect_delay > 0:
            self._timer = self.set_timer(self.bench.inspect_delay, self.inspect)
        else:
            self.call_later(self.inspect)

    def inspect(self) -> None:
        """Fills the inspector."""
        subject = self.subject()
        row = self._folder(subject) if subject is not None else None
        if subject is None:
            self.inspector.fill(None, [Text(GONE)] if self.on_gone_row() else [])
        elif subject.what == "folder" and row is None:
            self.inspector.fill(None, [])
        elif self._readings < READINGS:
            self._readings += 1
            self._read_subject(subject, row, self.inspector.tab)
            self.set_timer(PATIENCE, partial(self._is_silent, subject))
        else:
            self._wanted = True
            self._is_silent(subject)

    def _is_silent(self, subject: Subject) -> None:
        """Tells that the inspector waits, if it still does."""
        if self._readings and subject == self.subject() != self.inspector.subject:
            self.inspector.fill(None, [Text(WAITING, "dim")])

    def _folder(self, subject: Subject) -> FolderRow | None:
        rows = self.snapshot.folders if subject.what == "folder" else ()
        return next((row for row in rows if row.id == subject.id), None)

    # What comes too late is told by its subject: none may be cut off, or it would not be counted.
    @work(thread=True, group="inspect", exit_on_error=False)
    def _read_subject(self, subject: Subject, row: FolderRow | None, tab: str) -> None:
        try:
            if row is not None:
                # Loaded here, for the first frame does not need it.
                from mailsurgeon.tui.text.folder import folder_lines

                lines = folder_lines(self.bench.spool, row)
            else:
                with own_index(self.bench.index) as index:
                    found = index.entries([subject.id])
                    lines = inspect(self.bench, index, found[0], tab) if found else []
        except Exception as error:
            lines = [Text(one_line(error))]
        self.post_message(Inspected(subject, tab, lines))

    @on(Inspected)
    def _inspected(self, event: Inspected) -> None:
        self._readings -= 1
        if self._wanted:
            self._wanted = False
            self.inspect()
        if event.tab == self.inspector.tab and event.subject == self.subject():
            self.inspector.fill(event.subject, event.lines)
            self._show_inspector_title()

    def _show_inspector_title(self) -> None:
        raise NotImplementedError
