"""`--ascii`: lets only ASCII reach the terminal, whatever a widget draws."""

from __future__ import annotations

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SAME_WIDTH = {
    "…": "~", "·": ".", "×": "x", "─": "-", "━": "-", "│": "|", "┃": "|", "▼": "v", "▶": ">",
    "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "█": "#", "░": ".", "•": "*",
    "▾": "v", "▴": "^", "┌": "+", "┐": "+", "└": "+", "┘": "+",
    "╭": "+", "╮": "+", "╰": "+", "╯": "+",
    "╸": "-", "╺": "-", "▔": "-", "▁": "_", "▌": "|", "▐": "|",
}  # fmt: skip


class _Table(dict[int, str]):
    def __missing__(self, code: int) -> str:
        char = chr(code)
        if code < 0x80:
            shown = char
        elif 0x2500 <= code < 0x25A0:
            shown = _SAME_WIDTH.get(char, " ")
        else:
            shown = _SAME_WIDTH.get(char, "?" * get_character_cell_size(char))
        self[code] = shown
        return shown


_TABLE = _Table()


class AsciiOnly(LineFilter):
    """Replaces every other character by ASCII characters of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        del background
        return [
            segment
            if segment.text.isascii()
            else Segment(segment.text.translate(_TABLE), segment.style, segment.control)
            for segment in segments
        ]
