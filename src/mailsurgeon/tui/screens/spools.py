"""The start page: lists every spool below a directory and surveys them in turn; Enter opens one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from rich.style import Style
from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.widgets import Input
from textual.worker import Worker, get_current_worker

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.pace import Pace, pace_text
from mailsurgeon.report.output import counted
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.survey.progress import Progress
from mailsurgeon.text import visible
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.messages import PROGRESS_SECONDS, SpoolOpened, SpoolsFound, SpoolSurveyed
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.spool_queue import SpoolQueue
from mailsurgeon.tui.spool_sessions import SpoolSessions
from mailsurgeon.tui.stalled import Waits, short
from mailsurgeon.tui.terminal.clipboard import pasteable
from mailsurgeon.tui.text.fields import home_text
from mailsurgeon.tui.text.spools import SpoolLines, SpoolTable
from mailsurgeon.tui.widgets.bars import Bar, TitleBar
from mailsurgeon.tui.widgets.rows import Rows

_AT_ONCE = 200  # spools in one message
_YIELD = 0.2  # seconds between two checks whether the operator's own survey is over


class SpoolRows(Rows, inherit_bindings=False):
    """The rows of spools, with a colour for each severity."""

    BINDINGS = bindings("rows")
    COMPONENT_CLASSES = {f"rows--{level.word}" for level in Severity}

    def style_of(self, level: Severity) -> Style:
        """The style of a severity."""
        return self.get_component_rich_style(f"rows--{level.word}", partial=True)


class SpoolsScreen(BaseScreen[None]):
    """The screen on which a run over many spools begins and ends."""

    PLACE = "spools"
    BINDINGS = bindings("spools")

    def __init__(self, spools: SpoolSessions) -> None:
        super().__init__()
        self.spools = spools
        self.table = SpoolTable(spools.directory)
        self.list = SpoolRows(id="spools")
        self.not_searched: list[NotExamined] = []
        self._queue = SpoolQueue()
        self._waits = Waits()  # of the spool being surveyed
        self._now: bytes | None = None
        self._searching = True
        self._entering = False
        self._message = ""
        self._pace = Pace()  # of the spool being surveyed

    def parts(self) -> ComposeResult:
        yield TitleBar(id="spools-title", classes="title -focused")
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
            for spool in self.spools.find(missed):
                batch.append(spool.path)
                if stop.is_set():
                    return
                if len(batch) >= _AT_ONCE or time.monotonic() - told > PROGRESS_SECONDS:
                    self.post_message(SpoolsFound(tuple(batch)))
                    batch, told = [], time.monotonic()
        except Exception as error:
            self.post_message(SpoolsFound(tuple(batch), True, one_line(error)))
            return
        self.not_searched = missed
        self.post_message(SpoolsFound(tuple(batch), True))

    @on(SpoolsFound)
    def _found(self, event: SpoolsFound) -> None:
        here = self.path
        self.table.add(event.paths)
        self._searching = not event.ended
        if event.error:
            self._message = event.error
        elif event.ended and not len(self.table):
            self._message = "No spool is here or below."
        self._show(here)
        if event.paths and self._queue.add(event.paths):
            self._look()

    # Surveying

    @work(thread=True, exclusive=True, group="look", exit_on_error=False)
    def _look(self) -> None:
        worker = get_current_worker()
        while (path := self._queue.take()) is not None:
            if worker.is_cancelled or self.program.stop.is_set():
                return
            self.post_message(SpoolSurveyed(path))
            over = self._is_over(worker, path)
            self._waits = Waits()
            row = self.spools.look(path, self._progress_of(path, over), over, self._waits.given_up)
            self.post_message(SpoolSurveyed(path, row=row))
        self.post_message(SpoolSurveyed(None))

    def _is_over(self, worker: Worker[None], path: bytes) -> Callable[[], bool]:
        def over() -> bool:
            gone = worker.is_cancelled or self.program.stop.is_set()
            return gone or self._queue.inside == path

        return over

    def _progress_of(self, path: bytes, over: Callable[[], bool]) -> Callable[[Progress], None]:
        last = [0.0]

        def tell(progress: Progress) -> None:
            while self._operator_waits() and not over():  # their spool comes first
                self.program.stop.wait(_YIELD)
            now = time.monotonic()
            if now - last[0] >= PROGRESS_SECONDS:
                last[0] = now
                self.post_message(SpoolSurveyed(path, progress))

        return tell

    def _operator_waits(self) -> bool:
        return self.program.surveying or self.program.operating

    @on(SpoolSurveyed)
    def _looked(self, event: SpoolSurveyed) -> None:
        before, self._now = self._now, event.path
        told = event.progress
        self._waits.heard(told.waiting if told else None)
        if told is None:
            self._pace = Pace()
        else:
            self._pace = self._pace.after(told.stage, told.done, told.total, time.monotonic())
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
        """Shows all lines anew, with the cursor on the spool `here` if it is listed."""
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
        width = max(20, self.inner_width)
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
            home_text(os.fsdecode(self.spools.directory)),
            counted(len(self.table), "spool"),
            counted(sum(row.messages for row in rows), "message"),
            f"{bad:,} with problems",
        ]
        if self.spools.read_only:
            parts.insert(1, "read-only")
        self.query_one("#spools-title", Bar).show(" " + "  ".join(parts), f"{self.table.order} ")

    def found_codes(self) -> list[str]:
        levels: dict[str, Severity] = {}
        for row in self.table.rows.values():
            for code in row.problems:
                levels[code] = max(row.levels[code], levels.get(code, Severity.INFO))
        return sorted(levels, key=lambda code: -levels[code])

    def _show_status(self) -> None:
        left = [self._message] if self._message else []
        right = f"filter: {visible(self.table.text, 30)} " if self.table.text else ""
        if self._searching:
            left.append("searching")
        if self._now is not None:
            done = f"{len(self.table.rows):,} of {len(self.table):,}"
            left.append(f"looked at {done}; {self.table.name(self._now)}:")
            room = self.size.width - len(" ".join(left)) - len(left) - len(right) - 2
            left[-1] += f" {self._waits.text or pace_text(self._pace, room)}"
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
            self._queue.inside = self.path  # ends its survey, if one runs
            self.say(f"Opening {self.table.name(self.path)}")
            self._open(self.path)

    @work(thread=True, exclusive=True, group="open", exit_on_error=False)
    def _open(self, path: bytes) -> None:
        try:
            session = self.spools.enter(path)
        except Exception as error:
            self.post_message(SpoolOpened(path, None, one_line(error)))
        else:
            self.post_message(SpoolOpened(path, session))

    @on(SpoolOpened)
    def _entered(self, event: SpoolOpened) -> None:
        self._entering = False
        self._message = event.error
        self._show_status()
        if event.session is None:
            self._come_back(event.path)
        else:
            self.program.open_spool(event.session, lambda _: self._come_back(event.path))

    def _come_back(self, path: bytes) -> None:
        """Surveys the spool again, before the others: it may have changed."""
        self._queue.inside = None
        if self._queue.add((path,), first=True):
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
        self.say("No other spool with problems is known in this direction.")

    def action_look_again(self) -> None:
        if self._queue.add(tuple(self.table.shown)):
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
