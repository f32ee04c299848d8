"""The start page: every spool below a directory, looked at one by one; Enter goes in."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.style import Style
from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input
from textual.worker import Worker, get_current_worker

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.procedures.survey_many import SpoolRow
from mailsurgeon.report.output import counted
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import visible
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.screens.main.survey_controller import PROGRESS_SECONDS, progress_text
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.spool_sessions import SpoolSessions
from mailsurgeon.tui.stalled import Waits, short
from mailsurgeon.tui.terminal.clipboard import pasteable
from mailsurgeon.tui.text.fields import home_text
from mailsurgeon.tui.text.spools import SpoolLines, SpoolTable
from mailsurgeon.tui.widgets.bars import Bar
from mailsurgeon.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from mailsurgeon.tui.session import SpoolSession

_AT_ONCE = 200  # spools found that are told together
_YIELD = 0.2  # seconds between two looks whether the operator's own survey is over


class SpoolRows(Rows, inherit_bindings=False):
    """The spools, with the colours of their problems."""

    BINDINGS = bindings("rows")
    COMPONENT_CLASSES = {f"rows--{level.word}" for level in Severity}

    def style_of(self, level: Severity) -> Style:
        """The style of a severity."""
        return self.get_component_rich_style(f"rows--{level.word}", partial=True)


class Found(Message):
    """Spools were found; `ended` when there are no more, `error` when it went wrong."""

    def __init__(self, paths: tuple[bytes, ...], ended: bool = False, error: str = "") -> None:
        super().__init__()
        self.paths, self.ended, self.error = paths, ended, error


class Looked(Message):
    """A survey has begun, gone on, or ended with a row. `path` None: there is nothing to do."""

    def __init__(
        self,
        path: bytes | None,
        progress: str = "",
        row: SpoolRow | None = None,
        waiting: bytes | None = None,
    ) -> None:
        super().__init__()
        self.path, self.progress, self.row, self.waiting = path, progress, row, waiting


class Entered(Message):
    """A spool was opened, or could not be."""

    def __init__(self, path: bytes, bench: SpoolSession | None, error: str = "") -> None:
        super().__init__()
        self.path, self.bench, self.error = path, bench, error


class Turns:
    """Which spools wait to be looked at; known to the screen and to the thread that looks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[bytes, None] = {}
        self._running = False
        self.inside: bytes | None = None  # the one that is open: it has a survey of its own

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, paths: tuple[bytes, ...], *, first: bool = False) -> bool:
        """Has these wait; True when somebody must begin to look."""
        with self._lock:
            new = dict.fromkeys(paths)
            self._waiting = new | self._waiting if first else self._waiting | new
            begin, self._running = not self._running, True
            return begin

    def take(self) -> bytes | None:
        """The next to look at; None ends the work."""
        with self._lock:
            path = next((one for one in self._waiting if one != self.inside), None)
            if path is None:
                self._running = False
            else:
                del self._waiting[path]
            return path


class SpoolsScreen(BaseScreen[None]):
    """Where a session over many spools begins and ends."""

    PLACE = "spools"
    BINDINGS = bindings("spools")

    def __init__(self, hall: SpoolSessions) -> None:
        super().__init__()
        self.hall = hall
        self.table = SpoolTable(hall.directory)
        self.list = SpoolRows(id="spools")
        self.not_searched: list[NotExamined] = []
        self._turns = Turns()
        self._waits = Waits()  # of the spool that is looked at
        self._now: bytes | None = None
        self._searching = True
        self._entering = False
        self._message = ""
        self._progress = ""

    def parts(self) -> ComposeResult:
        yield Bar(id="spools-title", classes="title -focused")
        yield self.list
        yield Input(id="spools-filter", compact=True, placeholder="part of the path")

    def on_mount(self) -> None:
        self.query_one("#spools-filter", Input).cursor_blink = False
        self.list.focus()
        self._show(None)
        self.call_after_refresh(self._search)

    # Finding

    @work(thread=True, exclusive=True, group="search", exit_on_error=False)
    def _search(self) -> None:
        stop, missed, batch = self.program.stop, list[NotExamined](), list[bytes]()
        told = time.monotonic()
        try:
            for spool in self.hall.find(missed):
                batch.append(spool.path)
                if stop.is_set():
                    return
                if len(batch) >= _AT_ONCE or time.monotonic() - told > PROGRESS_SECONDS:
                    self.post_message(Found(tuple(batch)))
                    batch, told = [], time.monotonic()
        except Exception as error:
            self.post_message(Found(tuple(batch), True, one_line(error)))
            return
        self.not_searched = missed
        self.post_message(Found(tuple(batch), True))

    @on(Found)
    def _found(self, event: Found) -> None:
        here = self.path
        self.table.add(event.paths)
        self._searching = not event.ended
        if event.error:
            self._message = event.error
        elif event.ended and not len(self.table):
            self._message = "No spool is here or below."
        self._show(here)
        if event.paths and self._turns.add(event.paths):
            self._look()

    # Looking

    @work(thread=True, exclusive=True, group="look", exit_on_error=False)
    def _look(self) -> None:
        worker = get_current_worker()
        while (path := self._turns.take()) is not None:
            if worker.is_cancelled or self.program.stop.is_set():
                return
            self.post_message(Looked(path))
            over = self._is_over(worker, path)
            self._waits = Waits()
            row = self.hall.look(path, self._progress_of(path, over), over, self._waits.given_up)
            self.post_message(Looked(path, row=row))
        self.post_message(Looked(None))

    def _is_over(self, worker: Worker[Any], path: bytes) -> Callable[[], bool]:
        def over() -> bool:
            gone = worker.is_cancelled or self.program.stop.is_set()
            return gone or self._turns.inside == path

        return over

    def _progress_of(self, path: bytes, over: Callable[[], bool]) -> Callable[[Any], None]:
        last = [0.0]

        def tell(progress: Any) -> None:
            while self._operator_waits() and not over():  # what is in front comes first
                self.program.stop.wait(_YIELD)
            now = time.monotonic()
            if now - last[0] >= PROGRESS_SECONDS:
                last[0] = now
                text = progress_text(progress.stage, progress.done, progress.total)
                self.post_message(Looked(path, text, waiting=progress.waiting))

        return tell

    def _operator_waits(self) -> bool:
        return self.program.surveying or self.program.operating

    @on(Looked)
    def _looked(self, event: Looked) -> None:
        before, self._now = self._now, event.path
        self._progress = event.progress
        self._waits.heard(event.waiting)
        if event.row is not None:
            self.table.know(event.row)
            self._now = None
        if event.row is not None or before != self._now:
            for path in {before, event.path}:
                self._redraw(path)
            self._show_title()
        self._show_status()

    # What is shown

    def _show(self, here: bytes | None) -> None:
        """All lines anew, the cursor on the spool `here` where it is shown."""
        self.list.show(self._lines())
        line = self.table.line_of(here)
        if line is not None:
            self.list.go_to(line)
        self._show_title()
        self._show_status()
        self.refresh_keys()

    def _lines(self) -> SpoolLines:
        missed = len(self.not_searched)
        more = [Text(f" {counted(missed, 'directory', 'directories')} not searched", "bold")]
        width = max(20, self.size.width)
        return SpoolLines(self.table, width, self.list.style_of, self._now, more if missed else ())

    def _redraw(self, path: bytes | None) -> None:
        line = self.table.line_of(path)
        if line is not None:
            self.list.rows = self._lines()
            self.list.refresh_line(line)

    def _show_title(self) -> None:
        rows = self.table.rows.values()
        bad = sum(1 for row in rows if not row.clean)
        parts = [
            home_text(os.fsdecode(self.hall.directory)),
            counted(len(self.table), "spool"),
            counted(sum(row.messages for row in rows), "message"),
            f"{bad:,} with problems",
        ]
        if self.hall.read_only:
            parts.insert(1, "read-only")
        self.query_one("#spools-title", Bar).show(" " + "  ".join(parts), f"{self.table.order} ")

    def _show_status(self) -> None:
        left = [self._message] if self._message else []
        if self._searching:
            left.append("searching")
        if self._now is not None:
            done = f"{len(self.table.rows):,} of {len(self.table):,}"
            what = self._waits.text or self._progress
            left.append(f"looked at {done}; {self.table.name(self._now)}: {what}")
        right = f"filter: {visible(self.table.text, 30)} " if self.table.text else ""
        self.query_one("#status", Bar).show(" " + "  ".join(left), right)

    def say(self, text: str) -> None:
        self._message = text
        self._show_status()

    def on_resize(self, _event: events.Resize) -> None:
        self.list.rows = self._lines()
        self.list.refresh()

    # Keys

    @property
    def path(self) -> bytes | None:
        """The spool under the cursor."""
        line = self.list.cursor
        return self.table.shown[line] if line < len(self.table.shown) else None

    def action_enter(self) -> None:
        if self.path is None and self.not_searched:
            lines = [
                Text.assemble(visible(one.path), "  ", (visible(one.reason), "dim"))
                for one in self.not_searched
            ]
            self.app.push_screen(ReadingScreen(f"Not searched: {len(lines):,}", lines))
        elif self.path is not None and not self._entering:
            self._entering = True
            self._turns.inside = self.path  # a survey of it that runs ends soon
            self.say(f"Opening {self.table.name(self.path)}")
            self._open(self.path)

    @work(thread=True, exclusive=True, group="open", exit_on_error=False)
    def _open(self, path: bytes) -> None:
        try:
            bench = self.hall.enter(path)
        except Exception as error:
            self.post_message(Entered(path, None, one_line(error)))
        else:
            self.post_message(Entered(path, bench))

    @on(Entered)
    def _entered(self, event: Entered) -> None:
        self._entering = False
        self._message = event.error
        self._show_status()
        if event.bench is None:
            self._come_back(event.path)
        else:
            self.program.open_spool(event.bench, lambda _: self._come_back(event.path))

    def _come_back(self, path: bytes) -> None:
        """It may be another than before: it is looked at again, before the others."""
        self._turns.inside = None
        if self._turns.add((path,), first=True):
            self._look()
        self.refresh_keys()

    def action_sort(self) -> None:
        here = self.path
        self.say(f"Sorted {self.table.sort()}.")
        self._show(here)

    def action_next_damaged(self, step: int) -> None:
        shown = self.table.shown
        line = self.list.cursor + step
        while 0 <= line < len(shown):
            row = self.table.rows.get(shown[line])
            if row is not None and not row.clean:
                self.list.go_to(line)
                return
            line += step
        self.say("No other with problems is known on this side.")

    def action_look_again(self) -> None:
        if self._turns.add(tuple(self.table.shown)):
            self._look()

    def action_copy(self) -> None:
        if self.path is not None:
            self.app.copy_to_clipboard(pasteable(self.path))
            self.say("Copied the path.")

    def action_filter(self) -> None:
        self.add_class("-filtering")
        field = self.query_one("#spools-filter", Input)
        self.call_after_refresh(field.focus)

    @on(Input.Changed, "#spools-filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        here = self.path
        self.table.filter(event.value)
        self._show(here)

    @on(Input.Submitted, "#spools-filter")
    def _filter_done(self) -> None:
        self.remove_class("-filtering")
        self.list.focus()

    def action_back(self) -> None:
        if self.has_class("-filtering") or self.table.text:
            self.query_one("#spools-filter", Input).value = ""
            self._filter_done()
        elif (place := self._waits.give_up()) is not None:
            self.say(f"Gave up on {short(place)}.")
        else:
            self.say("This is the first page: q quits.")
