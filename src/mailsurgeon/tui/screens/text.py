"""Screens that are only read: who has the spool open, what was not examined, steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text
from textual.app import ComposeResult

from mailsurgeon.host.processes import Users
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import path_shown, visible
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.widgets.bars import Bar
from mailsurgeon.tui.widgets.pager import Pager


class ReadingScreen(BaseScreen[None]):
    """A title and lines; made at once, or one by one as they come into view."""

    BINDINGS = bindings("text")

    def __init__(
        self,
        title: str,
        lines: Sequence[Text] = (),
        *,
        made: tuple[int, Callable[[int], Text]] | None = None,
    ) -> None:
        super().__init__()
        self._title, self._lines, self._made = title, lines, made

    def parts(self) -> ComposeResult:
        yield Bar(id="text-title", classes="title -focused")
        yield Pager(id="text")

    def on_mount(self) -> None:
        self.query_one("#text-title", Bar).show(f" {self._title}", "Esc back ")
        pager = self.query_one(Pager)
        if self._made is not None:
            pager.show_made(*self._made)
        else:
            pager.show(self._lines)
        pager.focus()

    def action_leave(self) -> None:
        self.dismiss(None)


def users_screen(users: Users) -> ReadingScreen:
    """Who has the spool open."""
    lines: list[Text] = []
    for number, (name, paths) in users.found.items():
        lines.append(Text(f"{name}, process {number}", "bold"))
        lines.extend(Text(f"  {path}") for path in paths)
    if not users.found:
        lines.append(Text("No process that this user may look at has the spool open."))
    if users.hidden > 0:
        lines.append(Text(f"{users.hidden:,} processes of other users could not be looked at."))
    elif users.hidden < 0:
        lines.append(Text("This system has no /proc: nothing could be looked at."))
    return ReadingScreen("Who has the spool open", lines)


def recovered_screen(summary: str, effects: Sequence[str]) -> ReadingScreen:
    """What was put right at the start, and what clients will notice of it."""
    lines = [Text(visible(line)) for line in (summary, *effects)]
    return ReadingScreen("After an interruption", lines)


def not_examined_screen(items: Sequence[NotExamined]) -> ReadingScreen:
    """What the survey did not look at, and why."""

    def line(number: int) -> Text:
        item = items[number]
        return Text.assemble(path_shown(item.path), "  ", (visible(item.reason), "dim"))

    return ReadingScreen(f"Not examined: {len(items):,}", made=(len(items), line))
