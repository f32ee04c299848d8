"""Rows with a cursor: the verdicts of a plan, the operations of the journal, badges, spools."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.message import Message
from textual.strip import Strip

from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.widgets.lines import Lines, PointerMoves, strip_of


class Rows(PointerMoves, Lines, inherit_bindings=False):
    """Rows of text; their meaning is up to the screen that owns them."""

    BINDINGS = bindings("rows")
    COMPONENT_CLASSES = {"rows--cursor"}

    class Highlighted(Message):
        """The cursor has moved to another row."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: Sequence[Text] = ()
        self.cursor = 0

    def show(self, rows: Sequence[Text]) -> None:
        """Shows these rows; the cursor stays on its line."""
        self.rows = rows
        self.cursor = max(0, min(self.cursor, len(rows) - 1))
        self.resize_to(len(rows))
        self.refresh()

    def line(self) -> int:
        return self.cursor

    def count(self) -> int:
        return len(self.rows)

    def go_to(self, line: int) -> None:
        line = max(0, min(line, len(self.rows) - 1))
        if line != self.cursor:
            self.refresh_line(self.cursor)
            self.cursor = line
            self.refresh_line(line)
            self.reveal(line)
            self.post_message(self.Highlighted(line))

    def is_at_cursor(self, line: int) -> bool:
        """Whether a row is drawn as the one under the cursor."""
        return line == self.cursor

    def on_resize(self) -> None:
        self.resize_to(len(self.rows))
        self.reveal(self.cursor)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        line, width, base = self.top() + y, self.size.width, self.rich_style
        if line >= len(self.rows):
            return Strip.blank(width, base)
        if here := self.is_at_cursor(line):
            base = self.get_component_rich_style("rows--cursor")
        return strip_of(self.rows[line], width, base, self.app.console, cursor=here)
