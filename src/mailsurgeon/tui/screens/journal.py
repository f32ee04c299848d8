"""The journal: every operation and its steps; undo, redo, export."""

from __future__ import annotations

import itertools
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.report.log.titles import operation_title
from mailsurgeon.text import visible
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.screens.dialogs import AskFile
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.text.fields import home_text, local_time
from mailsurgeon.tui.text.message import record_lines
from mailsurgeon.tui.widgets.bars import Bar, TitleBar, more_below
from mailsurgeon.tui.widgets.pager import Pager
from mailsurgeon.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from mailsurgeon.surgery.journal.records import Operation, StepRecord

_PREVIEW = 200  # steps shown below the list


class JournalScreen(BaseScreen[None]):
    """The operations, newest first. `undo` and `redo` open the plan for an operation, by its id."""

    PLACE = "journal"
    HOME = Rows
    BINDINGS = bindings("journal")

    def __init__(self, undo: Callable[[int], None], redo: Callable[[int], None]) -> None:
        super().__init__()
        self._undo, self._redo = undo, redo
        self._all: list[Operation] = []
        self._shown: list[Operation] = []
        self._filter = ""
        self._error = ""  # why the journal cannot be read

    def parts(self) -> ComposeResult:
        yield TitleBar(id="journal-title", classes="title -focused")
        yield Rows(id="operations")
        yield TitleBar(id="steps-title")
        yield Pager(id="steps")
        yield Input(id="journal-filter", compact=True, placeholder="kind, summary or state")

    def on_mount(self) -> None:
        for lines in (self.query_one(Rows), self.query_one(Pager)):
            lines.followed = self._show_titles
        self.query_one("#journal-filter", Input).cursor_blink = False
        self.query_one(Rows).focus()
        self.read()

    def _kept_in(self) -> str:
        return home_text(str(self.session.surgeon.journal_path.parent))

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.read()

    def _why_empty(self) -> str:
        if self._error:
            return self._error
        return "No operation has these words." if self._filter else "Nothing has been done yet."

    def read(self) -> None:
        """Reads the journal again: its operations may have changed."""
        self._error = ""
        try:
            self._all = list(self.session.surgeon.operations())[::-1]
        except MailsurgeonError as error:
            self._all = []
            self._error = one_line(error)
        self._show()

    def _show(self) -> None:
        part = self._filter.casefold()
        self._shown = [
            one
            for one in self._all
            if part in f"{one.kind} {operation_title(one)} {one.state}".casefold()
        ]
        width = max(20, self.inner_width)
        rows = [operation_row(one, width) for one in self._shown]
        self.query_one(Rows).show(rows or [Text(f" {self._why_empty()}", "dim")])
        self._show_steps()
        self.refresh_keys()

    @property
    def operation(self) -> Operation | None:
        """The operation under the cursor."""
        return self._shown[self.query_one(Rows).cursor] if self._shown else None

    @on(Rows.Highlighted)
    def _show_steps(self) -> None:
        operation = self.operation
        if operation is None:
            self.query_one(Pager).show([])
            self._show_titles()
            return
        records = list(itertools.islice(self.session.surgeon.steps(operation.id), _PREVIEW))
        lines = [line for record in records for line in record_step_lines(record)]
        if len(records) == _PREVIEW:
            lines.append(Text(" Enter shows all steps.", "dim"))
        if back := way_back(operation):
            lines.append(Text(f" {back}", "dim"))
        self.query_one(Pager).show(lines)
        self._show_titles()

    def _show_titles(self) -> None:
        """Shows the titles, with a sign where there are more lines below."""
        title = f" Journal of {home_text(self.session.spool.shown)}"
        if self._filter:
            title += f": operations with “{visible(self._filter, 30)}”"
        more = more_below(self.query_one(Rows))
        kept = f"{more} {self._kept_in()} "
        room = self.inner_width - len(title) - len(kept) - TitleBar.MARGIN
        self.query_one("#journal-title", Bar).show(title, kept if room > 0 else more)
        steps = f" Steps of operation {self.operation.id}" if self.operation else ""
        self.query_one("#steps-title", Bar).show(steps, more_below(self.query_one(Pager)))

    def action_show_steps(self) -> None:
        operation = self.operation
        if operation is None:
            self.say("There is no operation.")
            return
        lines = [
            line
            for record in self.session.surgeon.steps(operation.id)
            for line in record_step_lines(record)
        ]
        self.app.push_screen(ReadingScreen(f"Steps of operation {operation.id}", lines))

    def action_undo(self) -> None:
        if (operation := self.operation) is not None:
            self._undo(operation.id)

    def action_redo(self) -> None:
        if (operation := self.operation) is not None:
            self._redo(operation.id)

    def action_export(self) -> None:
        export_log(self)

    def action_filter(self) -> None:
        self.add_class("-filtering")
        field = self.query_one("#journal-filter", Input)
        self.call_after_refresh(field.focus)

    @on(Input.Changed, "#journal-filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self._filter = event.value
        self._show()

    @on(Input.Submitted, "#journal-filter")
    def _filter_done(self) -> None:
        self.remove_class("-filtering")
        self.query_one(Rows).focus()

    def action_leave(self) -> None:
        """Closes the filter if it is open, else the screen."""
        if self.has_class("-filtering") or self._filter:
            self.query_one("#journal-filter", Input).value = ""
            self._filter_done()
        else:
            self.dismiss(None)


def operation_row(operation: Operation, width: int) -> Text:
    """` # 3  2026-01-31 14:02  undo of 2: fix-size 389   applied`"""
    when = local_time(operation.time, seconds=True)
    left = f" #{operation.id:>3}  {when}  {operation_title(operation)}"
    state = visible(operation.state)
    line = Text(left)
    line.truncate(max(1, width - len(state) - 3), overflow="ellipsis", pad=True)
    return Text.assemble(line, "  ", (state, "" if operation.state == "applied" else "dim"))


def way_back(operation: Operation) -> str:
    """How an operation is undone, or what an undo undid is done again; empty if neither can be."""
    if operation.state == "undone":
        return "ctrl+r does it again."
    if operation.kind == "undo":
        return f"It took back operation {operation.of}; ctrl+r there does that again."
    if operation.kind in ("recover", "purge"):
        return ""
    return "u takes it back."


def record_step_lines(record: StepRecord) -> list[Text]:
    """The lines of a step: its kind, its paths, its state."""
    first, *more = list(record_lines(record.source, record.target)) or [""]
    lines = [Text.assemble((f" {visible(record.action):<8}", "bold"), first)]
    lines += [Text(f"      {line}") for line in more]
    reason = f": {visible(record.reason)}" if record.reason else ""
    lines[-1].append(f"  {visible(record.state)}{reason}", "dim")
    return lines


def export_log(screen: BaseScreen[None]) -> None:
    """Asks for a file name and writes the session log there; never overwrites a file."""
    session, app = screen.session, screen.app
    name = os.path.basename(session.spool.shown).lstrip(".") or "spool"
    stamp = time.strftime("%Y%m%d-%H%M", time.localtime(session.now()))
    proposed = f"mailsurgeon-{visible(name)}-{stamp}.md"

    def write(value: str | None) -> None:
        if value:
            path = os.path.abspath(os.path.expanduser(value))
            screen.say("Writing the session log…")
            app.run_worker(lambda: export(path), thread=True, exit_on_error=False)

    def export(path: str) -> None:
        try:
            with ExitStack() as kept:
                index = None
                with suppress(OSError, sqlite3.Error):  # without it there are fewer subjects
                    index = kept.enter_context(closing(session.index.again()))
                session.tools.write_log(index, path.rsplit(".", 1)[-1], path, session.now())
        except (OSError, MailsurgeonError) as error:
            told = one_line(error)
        else:
            told = f"The session log is in {home_text(path)}."
        app.call_from_thread(tell, told)

    def tell(text: str) -> None:
        """Says it on the screen that asked, or on what is there instead by now."""
        stack = app.screen_stack
        below = (one for one in reversed(stack) if isinstance(one, BaseScreen))
        shown = screen if screen in stack else next(below, None)
        if shown is not None:
            shown.say(text)

    app.push_screen(AskFile(proposed, session.spool.root), write)
