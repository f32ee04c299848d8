"""The last line of defence: no control character reaches the terminal, whatever a widget draws.

Text is made visible where it is read; this filter covers what a widget draws by itself, such as
text that the operator pastes into a field.
"""

from __future__ import annotations

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from mailsurgeon.text import visible


class _Table(dict[int, str]):
    def __missing__(self, code: int) -> str:
        char = chr(code)
        safe = visible(char)
        # The width must stay the same, or the line would no longer fit.
        shown = safe if len(safe) == 1 else "?" * max(0, get_character_cell_size(char))
        self[code] = shown
        return shown


_TABLE = _Table()


class SafeOnly(LineFilter):
    """Replaces each character that `visible` would write out by `?`, as wide as it was."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        del background
        return [
            segment
            if segment.control or (segment.text.isascii() and segment.text.isprintable())
            else Segment(segment.text.translate(_TABLE), segment.style)
            for segment in segments
        ]
