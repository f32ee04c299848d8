"""Screens of text: who has the spool open, what was not examined, steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text
from textual.app import ComposeResult

from mailsurgeon.host.processes import Users
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import path_shown, visible
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.widgets.bars import Bar, TitleBar, more_below
from mailsurgeon.tui.widgets.pager import Pager

Made = tuple[int, Callable[[int], Text]]
"""The number of lines, and a function that makes each when it is drawn."""


class ReadingScreen(BaseScreen[None]):
    """A title and lines to read."""

    BINDINGS = bindings("text")
    HOME = Pager

    def __init__(self, title: str, lines: Sequence[Text] = (), *, made: Made | None = None) -> None:
        super().__init__()
        self._title, self._lines, self._made = title, lines, made

    def parts(self) -> ComposeResult:
        return reading_parts()

    def on_mount(self) -> None:
        show_reading(self, self._title, self._lines, self._made)

    def action_leave(self) -> None:
        self.dismiss(None)


def reading_parts() -> ComposeResult:
    """The widgets of a screen to read: its title and its lines."""
    yield TitleBar(id="text-title", classes="title -focused")
    yield Pager(id="text")


def show_reading(
    screen: BaseScreen[None], title: str, lines: Sequence[Text] = (), made: Made | None = None
) -> None:
    """Fills the widgets of `reading_parts` and focuses the lines."""
    pager, bar = screen.query_one(Pager), screen.query_one("#text-title", Bar)
    pager.followed = lambda: bar.show(f" {title}", f"{more_below(pager)} Esc back ")
    pager.followed()
    if made is not None:
        pager.show_made(*made)
    else:
        pager.show(lines)
    pager.focus()


def users_screen(users: Users) -> ReadingScreen:
    """A screen with the processes that have the spool open."""
    lines: list[Text] = []
    for number, (name, paths) in users.found.items():
        lines.append(Text(f"{name}, process {number}", "bold"))
        lines.extend(Text(f"  {path}") for path in paths)
    if not users.found:
        lines.append(Text("No process that this user may inspect has the spool open."))
    if users.hidden > 0:
        lines.append(Text(f"{users.hidden:,} processes of other users could not be inspected."))
    elif users.hidden < 0:
        lines.append(Text("This system has no /proc: no process could be inspected."))
    return ReadingScreen("Who has the spool open", lines)


def recovered_screen(summary: str, effects: Sequence[str]) -> ReadingScreen:
    """A screen with what was recovered at the start and what clients will notice."""
    lines = [Text(visible(line)) for line in (summary, *effects)]
    return ReadingScreen("After an interruption", lines)


def not_examined_screen(items: Sequence[NotExamined]) -> ReadingScreen:
    """A screen with what the survey did not examine, and why."""

    def line(number: int) -> Text:
        item = items[number]
        return Text.assemble(path_shown(item.path), "  ", (visible(item.reason), "dim"))

    return ReadingScreen(f"Not examined: {len(items):,}", made=(len(items), line))
