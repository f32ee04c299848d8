"""The rows of the help: a line may take several rows, and the cursor stands on all of them."""

from __future__ import annotations

from collections.abc import Callable

from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.text.help import HelpLine, HelpPage
from mailsurgeon.tui.widgets.rows import Rows


class HelpRows(Rows, inherit_bindings=False):
    """Rows whose cursor goes from line to line, over titles and blank rows. `fold` makes the page
    for a width."""

    BINDINGS = bindings("rows")

    def __init__(self, fold: Callable[[int], HelpPage], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._fold = fold
        self.page_shown = HelpPage()

    @property
    def help_line(self) -> HelpLine | None:
        """The line under the cursor."""
        return self.page_shown.line_at(self.cursor)

    def fold(self) -> None:
        """Makes the page anew; the cursor stays on its line, else it goes to the first that does
        something."""
        page = self._fold(max(20, self.size.width or self.app.size.width))
        here, self.page_shown = self.help_line, page
        self.cursor = 0
        begins = [row for row in range(len(page.rows)) if page.begins(row)]
        lines = [page.lines[row] for row in begins]
        acts = [row for row in begins if (line := page.lines[row]) and line.action]
        if here is not None and here in lines:
            self.cursor = begins[lines.index(here)]
        elif begins:
            self.cursor = (acts or begins)[0]
        self.show(page.rows)
        self.scroll_line(self.top())
        self.reveal(self.cursor)

    def go_to(self, line: int) -> None:
        """Moves to the line that begins at a row, else to the next one in the same direction."""
        before, count = self.cursor, len(self.rows)
        if self.page_shown.line_at(line) not in (None, self.help_line):
            line = self.page_shown.rows_of(line)[0]
        down = range(max(0, line), count), range(min(line, count - 1), before, -1)
        up = range(min(line, count - 1), -1, -1), range(max(0, line), before)
        ways = down if line > before else up
        wanted = (row for way in ways for row in way if self.page_shown.begins(row))
        goal = next(wanted, before)
        if goal == before:
            if line < before:
                self.scroll_line(0)  # the title above the first line
            return
        for row in (*self.page_shown.rows_of(before), *self.page_shown.rows_of(goal)):
            self.refresh_line(row)
        self.cursor = goal
        self.reveal(self.page_shown.rows_of(goal)[-1])
        self.reveal(goal)
        if not any(self.page_shown.begins(row) for row in range(goal)):
            self.scroll_line(0)
        self.post_message(self.Highlighted(goal))

    def is_at_cursor(self, line: int) -> bool:
        return line in self.page_shown.rows_of(self.cursor)

    def on_resize(self) -> None:
        self.fold()
