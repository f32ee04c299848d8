"""The inspector: problem, headers, raw text and history of a message, or details of a folder."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.message import Message

from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.messages import Subject
from mailsurgeon.tui.text.message import TABS
from mailsurgeon.tui.widgets.bars import clicked
from mailsurgeon.tui.widgets.pager import Pager


class Inspector(Pager, inherit_bindings=False):
    """One pane with four tabs; the screen fills it."""

    BINDINGS = bindings("inspector")

    class Wandered(Message):
        """The operator leaves for another pane."""

    def __init__(self) -> None:
        super().__init__(id="inspector")
        self.tab = TABS[0]
        self.subject: Subject | None = None

    def turn(self, step: int) -> None:
        """Turns to the next tab (`step` 1) or the previous one (-1)."""
        self.tab = TABS[(TABS.index(self.tab) + step) % len(TABS)]

    def turn_to(self, tab: str) -> None:
        """Turns to one of TABS."""
        self.tab = tab

    def fill(self, subject: Subject | None, lines: Sequence[Text]) -> None:
        """Shows the lines of an entry or a folder; if it was shown before, the position stays."""
        self.show(lines, keep=subject == self.subject)
        self.subject = subject

    def title(self, reverse: bool) -> Text:
        """The names of the tabs, the open one marked."""
        title = Text()
        for name in TABS:
            if name == self.tab:
                title.append(f"[{name}]", "reverse bold" if reverse else "bold")
            else:
                title.append(f" {name} ")
            title.stylize(clicked(f"turn_to({name!r})"), len(title) - len(name) - 2)
        return title

    def action_go_left(self) -> None:
        self.post_message(self.Wandered())

    def action_go_right(self) -> None:
        """Does nothing: no pane is to the right."""
