"""A cursor over lines that are drawn one by one; shared by the list, the rows and the pager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

_WHEEL = 3  # lines


class _Pane(Protocol):
    """What the moves need of their pane."""

    def go_to(self, line: int) -> None:
        """Moves to a line, or to the nearest there is."""
        ...

    def line(self) -> int:
        """The line the moves count from."""
        ...

    def count(self) -> int:
        """How many lines there are."""
        ...

    def page(self) -> int:
        """How many lines are in view."""
        ...


class _Listed(_Pane, Protocol):
    """A pane that knows which of its lines are in view."""

    def top(self) -> int:
        """The first line in view."""
        ...


class CursorMoves:
    """The actions that move a pane's cursor; the pane has the methods of `_Pane`."""

    def action_cursor_up(self: _Pane) -> None:
        self.go_to(self.line() - 1)

    def action_cursor_down(self: _Pane) -> None:
        self.go_to(self.line() + 1)

    def action_page_up(self: _Pane) -> None:
        self.go_to(self.line() - max(1, self.page() - 1))

    def action_page_down(self: _Pane) -> None:
        self.go_to(self.line() + max(1, self.page() - 1))

    def action_half_page_up(self: _Pane) -> None:
        self.go_to(self.line() - max(1, self.page() // 2))

    def action_half_page_down(self: _Pane) -> None:
        self.go_to(self.line() + max(1, self.page() // 2))

    def action_first_line(self: _Pane) -> None:
        self.go_to(0)

    def action_last_line(self: _Pane) -> None:
        self.go_to(self.count() - 1)


class PointerMoves:
    """The pointer moves the cursor of Lines: a click to its line, the wheel by some lines."""

    def on_click(self: _Listed, event: events.Click) -> None:
        line = self.top() + event.y
        # The lower edge of a frame, and what is below the last line, belong to no line.
        if event.y < self.page() and line < self.count():
            self.go_to(line)

    def on_mouse_scroll_down(self: _Pane, event: events.MouseScrollDown) -> None:
        event.stop()
        self.go_to(self.line() + _WHEEL)

    def on_mouse_scroll_up(self: _Pane, event: events.MouseScrollUp) -> None:
        event.stop()
        self.go_to(self.line() - _WHEEL)


class Lines(CursorMoves, Widget, can_focus=True, inherit_bindings=False):
    """Any number of lines, each made only when in view (Textual's Line API).

    Scrolling jumps by half a page at the edges: Textual uses no scroll regions of the terminal, so
    each scroll rewrites the pane, which is slow over a slow connection. The widget keeps its own
    scroll position, because a ScrollView lays out the whole screen whenever the number of lines
    changes. `followed` is called at once when other lines may be in view.
    """

    DEFAULT_CSS = """
    Lines { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="framed")
        self._first_line = 0
        self._line_count = 0
        self.followed: Callable[[], None] | None = None

    def resize_to(self, count: int) -> None:
        """Sets the number of lines."""
        self._line_count = count
        self._tell()

    @property
    def below(self) -> int:
        """How many lines lie below those in view; 0 as long as nothing is."""
        if not self.size.height:
            return 0
        return max(0, self._line_count - self._first_line - self.size.height)

    def _tell(self) -> None:
        if self.followed is not None:
            self.followed()

    def page(self) -> int:
        return self.size.height

    def top(self) -> int:
        """The first line in view."""
        return self._first_line

    def scroll_line(self, top: int) -> None:
        """Scrolls line `top` to the first row, or as far as the lines still fill the pane."""
        top = max(0, min(top, self._line_count - self.size.height))
        if top != self._first_line:
            self._first_line = top
            self.refresh()
            self._tell()

    def reveal(self, line: int) -> None:
        """Scrolls a line into view, by half a page at least."""
        top, height = self.top(), self.size.height
        if line < top:
            self.scroll_line(min(line, max(0, top - height // 2)))
        elif height and line >= top + height:
            self.scroll_line(max(line - height + 1, top + height // 2))

    def refresh_line(self, line: int) -> None:
        """Draws one line again."""
        self.refresh_lines(line, 1)

    def refresh_lines(self, first: int, count: int) -> None:
        """Draws those of the lines again that are in view."""
        begin = max(0, first - self.top())
        end = min(self.size.height, first - self.top() + count)
        if begin < end:
            self.refresh(Region(0, begin, self.size.width, end - begin))


def strip_of(
    text: Text, width: int, base: Style, console: Console, *, cursor: bool = False
) -> Strip:
    """One line of `width` cells; a longer text ends in an ellipsis. Under the `cursor` it has no
    other colours than those of `base`."""
    text = text.copy()
    text.no_wrap, text.end = True, ""
    if text.cell_len > width:
        text.truncate(width, overflow="ellipsis")
    # rich leaves out a text's own style if it has no spans.
    own = base + (console.get_style(text.style) if isinstance(text.style, str) else text.style)
    over = Style(color=base.color, bgcolor=base.bgcolor, dim=False) if cursor else None
    segments = Segment.apply_style(text.render(console), own, over)
    return Strip(list(segments)).adjust_cell_length(width, base)
