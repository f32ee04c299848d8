"""The one-line widgets: titles, status, keys. They draw only when their text has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import takewhile
from typing import Literal, Protocol

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.widget import Widget

from mailsurgeon.tui.keys.actions import Action, State, keys_of
from mailsurgeon.tui.text.fields import fit_end

_CLICKED = "clicked"  # the key of a style's meta
_SHORTEST = 8  # cells of a path, at least


class Bar(Widget):
    """One line with a left and a right text; if it is too long, the left text is cut first."""

    DEFAULT_CSS = """
    Bar { height: 1; width: 1fr; }
    """
    MARGIN = 0
    """Cells around the texts that are drawn again with them."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.auto_links = False  # a passing pointer must not cause drawing
        self._left = Text()
        self._right = Text()

    @property
    def text(self) -> str:
        """The text of the line, for tests."""
        return f"{self._left.plain}  {self._right.plain}".strip()

    def show(self, left: str | Text, right: str | Text = "") -> None:
        """Shows these texts (made visible by the caller)."""
        before = (self._left, self._right)
        self._left = Text(left) if isinstance(left, str) else left
        self._right = Text(right) if isinstance(right, str) else right
        now = (self._left, self._right)
        width = self.size.width
        if before == now:
            return
        widest = max(before[0].cell_len, now[0].cell_len) + self.MARGIN
        if before[1] == now[1] and widest + now[1].cell_len + self.MARGIN < width:
            # Only what has changed of the left text is drawn.
            start = _kept(before[0], now[0])
            self.refresh(Region(start, 0, widest - start, 1))
        else:
            self.refresh()

    async def on_click(self, event: events.Click) -> None:
        """Does what the text says that was clicked."""
        await _do_clicked(self, event)

    def render(self) -> Text:
        width = self.size.width
        right = self._right.copy()
        if right.cell_len > width:
            right.truncate(width, overflow="ellipsis")
        left = self._left.copy()
        room = width - right.cell_len - (1 if right.plain else 0)
        if left.cell_len > room:
            left.truncate(max(room, 0), overflow="ellipsis")
        gap = width - left.cell_len - right.cell_len
        return Text.assemble(left, " " * gap, right, no_wrap=True, end="")


async def _do_clicked(bar: Widget, event: events.Click) -> None:
    if action := event.style.meta.get(_CLICKED):
        await bar.app.run_action(action, bar)


def _kept(before: Text, now: Text) -> int:
    """The cells that two texts begin with in common, less one: an accent may follow."""
    if before.spans or now.spans or before.style != now.style:
        return 0
    pairs = zip(before.plain, now.plain, strict=False)
    alike = "".join(old for old, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return max(0, cell_len(alike) - 1)


@cache
def clicked(action: str) -> Style:
    """The style of text in a bar that runs an action of its screen when it is clicked. As a link,
    which is Textual's way, it would get other colours."""
    return Style.from_meta({_CLICKED: f"screen.{action}"})


class SpoolBar(Bar):
    """The line at the top: the path of the spool, then facts. If there is no room for all, the path
    is cut first, at its beginning."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._path = ""

    def show_spool(self, path: str, facts: str, right: str) -> None:
        """Shows these texts (made visible by the caller)."""
        self._path = path
        self.show(Text.assemble(" ", (path, "bold"), "  ", facts), right)

    def render(self) -> Text:
        over = self._left.cell_len + self._right.cell_len + 1 - self.size.width
        room = cell_len(self._path) - over
        if over > 0 and room >= _SHORTEST:
            facts = self._left[1 + len(self._path) :]
            shorter = Text.assemble(" ", (fit_end(self._path, room), "bold"), facts)
            return Text.assemble(shorter, " ", self._right, no_wrap=True, end="")
        return super().render()


End = Literal["left", "right", "both"]


class TitleBar(Bar):
    """The title of a pane; on a large screen (class `-framed`) the upper edge of its frame.

    `ends`: which corners of the frame it draws, for two bars side by side.
    """

    COMPONENT_CLASSES = {"titlebar--name"}
    MARGIN = 5  # corner, line, blank before the text; blank, line after it

    def __init__(self, *, id: str | None = None, classes: str = "title", ends: End = "both"):
        super().__init__(id=id, classes=classes)
        self._ends = ends

    def render(self) -> Text:
        if not self.screen.has_class("-framed"):
            return super().render()
        name = self.get_component_rich_style("titlebar--name", partial=True)
        begin = "" if self._ends == "right" else "╭─"
        end = "" if self._ends == "left" else "─╮"
        room = self.size.width - len(begin) - len(end)
        right = _within(self._right, room, name)
        left = _within(self._left, room - right.cell_len, name)
        line = "─" * (room - left.cell_len - right.cell_len)
        return Text.assemble(begin, left, line, right, end, no_wrap=True, end="")


def _within(text: Text, width: int, style: Style) -> Text:
    """A text with a blank at each side, in at most `width` cells; nothing if it is empty."""
    plain = text.plain
    if not plain.strip() or width < 3:
        return Text()
    inner = text[len(plain) - len(plain.lstrip()) : len(plain.rstrip())]
    inner.stylize_before(style)
    if inner.cell_len > width - 2:
        inner.truncate(width - 2, overflow="ellipsis")
    return Text.assemble(" ", inner, " ")


class _Scrolled(Protocol):
    """A pane that may have more lines than rows."""

    @property
    def below(self) -> int:
        """How many lines lie below those in view."""
        ...


def more_below(pane: _Scrolled) -> str:
    """The sign in a title that a pane has more lines below; empty if all are in view."""
    return f"▾ {pane.below:,} more " if pane.below else ""


class KeyLine(Widget):
    """The keys of the focused pane, eight at most; impossible actions are dim."""

    DEFAULT_CSS = """
    KeyLine { height: 1; width: 1fr; }
    """
    COMPONENT_CLASSES = {"keyline--key", "keyline--off"}

    def __init__(self) -> None:
        super().__init__()
        self.auto_links = False  # a passing pointer must not cause drawing
        self._shown: list[tuple[Action, str, bool]] = []

    def show(self, actions: Sequence[Action], state: State, keymap: Mapping[str, str]) -> None:
        """Shows these actions."""
        shown = [(a, keys_of(a, keymap)[0], not a.disabled_reason(state)) for a in actions]
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    @property
    def text(self) -> str:
        """The line as it is drawn."""
        return self.render().plain.strip()

    def render(self) -> Text:
        key_style = self.get_component_rich_style("keyline--key", partial=True)
        off_style = self.get_component_rich_style("keyline--off", partial=True)
        line = Text(" ", no_wrap=True, end="")
        # The way out and help, which is the last, stay whatever else has no room.
        kept = {
            number: len(key) + 1 + len(action.title) + 2
            for number, (action, key, _) in enumerate(self._shown)
            if key == "Esc" or number == len(self._shown) - 1
        }
        for number, (action, key, possible) in enumerate(self._shown):
            part = Text.assemble((key, key_style), " ", action.title)
            if not possible:
                part = Text(part.plain, off_style)
            reserved = sum(width for other, width in kept.items() if other > number)
            if number not in kept and line.cell_len + part.cell_len + reserved > self.size.width:
                continue
            start = line.cell_len
            line.append_text(part)
            line.stylize(clicked(f"press({action.id!r})"), start, line.cell_len)
            line.append("  ")
        line.truncate(self.size.width)
        return line

    async def on_click(self, event: events.Click) -> None:
        """Does what the key does that was clicked."""
        await _do_clicked(self, event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Stops the event: a passing pointer must not cause drawing."""
        event.stop()
