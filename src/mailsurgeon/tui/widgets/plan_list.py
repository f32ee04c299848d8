"""The list of a plan: its kinds and every change, with a cursor on one of the lines."""

from __future__ import annotations

from rich.text import Text
from textual.strip import Strip

from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.text.plan import PlanLines
from mailsurgeon.tui.widgets.lines import Lines, PointerMoves, strip_of


class PlanList(PointerMoves, Lines, inherit_bindings=False):
    """Shows the lines of a plan, which are made when they come into view."""

    BINDINGS = bindings("rows")
    COMPONENT_CLASSES = {"plan--cursor"}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: PlanLines | None = None
        self.cursor = 0

    @property
    def text(self) -> str:
        """All lines as one text, for tests."""
        return "\n".join(self._line(number).plain for number in range(self.count()))

    @property
    def kind(self) -> str | None:
        """The kind of change under the cursor; None on other lines."""
        return self.lines.kind_at(self.cursor) if self.lines and self.count() else None

    def show(self, lines: PlanLines) -> None:
        """Shows these lines; the cursor stays on its line, or on its kind if that is elsewhere."""
        kind, self.lines = self.kind, lines
        self.cursor = max(0, min(self.cursor, len(lines) - 1))
        if kind is not None and lines.kind_at(self.cursor) != kind:
            self.cursor = lines.row_of(kind)
        self.resize_to(len(lines))
        self.reveal(self.cursor)
        self.refresh()

    def line(self) -> int:
        return self.cursor

    def count(self) -> int:
        return len(self.lines) if self.lines is not None else 0

    def go_to(self, line: int) -> None:
        line = max(0, min(line, self.count() - 1))
        if line != self.cursor:
            self.refresh_line(self.cursor)
            self.cursor = line
            self.refresh_line(line)
            self.reveal(line)

    def _line(self, number: int) -> Text:
        return self.lines.line(number) if self.lines is not None else Text()

    def render_line(self, y: int) -> Strip:
        line, width, base = self.top() + y, self.size.width, self.rich_style
        if line >= self.count():
            return Strip.blank(width, base)
        if here := line == self.cursor:
            base = self.get_component_rich_style("plan--cursor")
        return strip_of(self._line(line), width, base, self.app.console, cursor=here)
