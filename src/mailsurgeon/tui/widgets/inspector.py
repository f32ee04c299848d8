"""The inspector: what is wrong with the message under the cursor, and what can be read of it; or
the details of the folder the tree's cursor is on."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.message import Message

from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.messages import Subject
from mailsurgeon.tui.text.message import TABS
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
        """To the next tab, or the one before."""
        self.tab = TABS[(TABS.index(self.tab) + step) % len(TABS)]

    def fill(self, subject: Subject | None, lines: Sequence[Text]) -> None:
        """Shows the lines of an entry or a folder; the same one keeps its place."""
        self.show(lines, keep=subject == self.subject)
        self.subject = subject

    def title(self, reverse: bool) -> Text:
        """The names of the tabs, the open one marked."""
        title = Text()
        for name in TABS:
            if name == self.tab:
                title.append(f"[{name}]", "reverse bold" if reverse else "bold")
            else:
                title.append(f" {name} ", "dim")
        return title

    def action_go_left(self) -> None:
        self.post_message(self.Wandered())

    def action_go_right(self) -> None:
        """There is nothing at the right."""
