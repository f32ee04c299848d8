"""A pager for any number of lines: the inspector, the whole list of a plan, the help."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rich.text import Text
from textual import events
from textual.strip import Strip

from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.widgets.lines import Lines, strip_of

_TWO_COLUMNS = re.compile(r" *\S{1,20}(?: \S{1,20}){0,3} {2,}(?=\S)")
WRAP_LIMIT = 2000  # up to so many lines are folded to the width; more are cut at the edge


class Pager(Lines, inherit_bindings=False):
    """Shows lines of text; long lines are folded, or cut if there are more than WRAP_LIMIT.

    The lines are Text objects (nothing in them is markup), or are made when they are drawn.
    """

    BINDINGS = bindings("pager")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source: Sequence[Text] = ()
        self._folded: Sequence[Text] = ()
        self._maker: Callable[[int], Text] | None = None
        self._count = 0

    @property
    def text(self) -> str:
        """All lines as one text, for tests."""
        return "\n".join(self._line(i).plain for i in range(self._count))

    def show(self, lines: Sequence[Text], *, keep: bool = False) -> None:
        """Shows lines from the first one on; `keep`: keeps the position if they are the same."""
        self._maker = None
        if keep and list(lines) == list(self._source):
            return
        before, self._source = self._folded, lines
        self._fold()
        if self.top():
            self.scroll_line(0)
            return
        for number in range(self.size.height):
            if _at(before, number) != _at(self._folded, number):
                self.refresh_line(number)

    def show_made(self, count: int, maker: Callable[[int], Text]) -> None:
        """Shows `count` lines, unfolded; `maker` makes each when it comes into view."""
        self._maker = maker
        self._count = count
        self.resize_to(count)
        self.scroll_line(0)
        self.refresh()

    def _fold(self) -> None:
        width = max(1, self.size.width)
        if len(self._source) > WRAP_LIMIT:
            self._folded = self._source
        else:
            self._folded = [part for line in self._source for part in self._parts(line, width)]
        self._count = len(self._folded)
        self.resize_to(self._count)

    def _parts(self, line: Text, width: int) -> Sequence[Text]:
        if line.cell_len <= width:
            return (line,)
        # The folded parts are indented to where the text of the line begins.
        indent = _hang(line.plain)
        if indent > width // 2:
            return list(line.wrap(self.app.console, width))
        first = line.wrap(self.app.console, width)[0]
        tail = line[len(first.plain) :]
        folded = _stripped(tail).wrap(self.app.console, width - indent)
        rest = (Text.assemble(" " * indent, part, style=line.style) for part in folded)
        return (first, *rest)

    def on_resize(self) -> None:
        if self._maker is None:
            self._fold()
        else:
            self.resize_to(self._count)
        self.scroll_line(self.top())
        self.refresh()

    # Moving: there is no cursor, moves scroll the lines

    def line(self) -> int:
        return self.top()

    def count(self) -> int:
        return self._count

    def go_to(self, line: int) -> None:
        self.scroll_line(line)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_line(self.top() + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_line(self.top() - 3)

    def _line(self, number: int) -> Text:
        return self._maker(number) if self._maker else self._folded[number]

    def render_line(self, y: int) -> Strip:
        line, width, base = self.top() + y, self.size.width, self.rich_style
        if line >= self._count:
            return Strip.blank(width, base)
        return strip_of(self._line(line), width, base, self.app.console)


def _stripped(text: Text) -> Text:
    return text[len(text.plain) - len(text.plain.lstrip(" ")) :]


def _hang(text: str) -> int:
    """The indent of folded parts: the second column of a line, else two right of the first."""
    columns = _TWO_COLUMNS.match(text)
    return columns.end() if columns else len(text) - len(text.lstrip(" ")) + 2


def _at(lines: Sequence[Text], number: int) -> tuple[object, ...]:
    if number >= len(lines):
        return ()
    line = lines[number]
    return line.plain, line.style, line.spans
