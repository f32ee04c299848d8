"""What holds on every screen and question, at every size: nothing is cut off without a sign of
more, everything can be read, and without colours nothing is coloured."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from rich.color import Color
from rich.segment import Segment
from textual.pilot import Pilot
from textual.widget import Widget

from mailsurgeon.tui.themes import DARK, LIGHT, Depth
from mailsurgeon.tui.widgets.bars import Bar, KeyLine
from mailsurgeon.tui.widgets.folder_tree import FolderTree
from mailsurgeon.tui.widgets.lines import Lines
from tests.support.protects import protects
from tests.tui.conftest import ScreenMaildir
from tests.tui.everywhere import walk

TEXT, MARKS = 4.5, 3.0
"""The least contrast, as WCAG 2.1 has it (1.4.3 and 1.4.11)."""
MORE, CUT = "▾", "…"
_MARKS = ("BOX DRAWINGS", "LOWER ONE EIGHTH")
_PLAIN = {None, Color.default()}
_RARE = pytest.mark.process

LOOKS = [
    pytest.param((60, 15), DARK, "256", marks=_RARE),
    pytest.param((80, 24), LIGHT, "true", marks=_RARE),
    pytest.param((100, 30), DARK, "true"),
    pytest.param((120, 36), LIGHT, "256", marks=_RARE),
    pytest.param((200, 50), DARK, "none", marks=_RARE),
]


@protects("nothing on the screen is cut off without a sign of more, and all of it can be read",
          where="tui/widgets, tui/styles, tui/themes.py",
          seen="every screen and question at five sizes; seen failing without `more_below`, and "
               "with a darker text-muted")  # fmt: skip
@pytest.mark.parametrize(("size", "theme", "depth"), LOOKS)
async def test_everything_can_be_read(
    maildir: ScreenMaildir, size: tuple[int, int], theme: str, depth: Depth
) -> None:
    found: dict[str, list[str]] = {}
    async with maildir.app(theme=theme, depth=depth).run_test(size=size) as pilot:
        async for name in walk(pilot):
            wrong = [*cut_off(pilot), *(coloured(pilot) if depth == "none" else faint(pilot))]
            if wrong:
                found[name] = sorted(set(wrong))
    assert found == {}


# Cut off


def cut_off(pilot: Pilot[Any]) -> Iterator[str]:
    """What is cut off on the screen in front without saying so."""
    strips = pilot.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
    rows = [strip.text for strip in strips]
    for widget in drawn_widgets(pilot):
        place = pilot.app.screen.find_widget(widget)
        if place.clip.intersection(place.region) != place.region:
            yield f"{widget!r}: {place.region} lies outside of {place.clip}"
        more = isinstance(widget, FolderTree | Lines) and widget.below
        if more and not any(MORE in row for row in around(widget, rows)):
            yield f"{widget!r}: {more} lines more, and no sign of it"
        if isinstance(widget, Bar):
            text, drawn = " ".join(widget.text.split()), as_drawn(widget, rows)
            if text not in drawn and CUT not in drawn:
                yield f"{widget!r}: {text!r} is cut to {drawn!r}"
        if isinstance(widget, KeyLine) and "? help" not in widget.text:
            yield f"the line of keys lacks help: {widget.text!r}"


def drawn_widgets(pilot: Pilot[Any]) -> Iterator[Widget]:
    for widget in pilot.app.screen.walk_children(Widget):
        if widget.is_on_screen and widget.region.area:
            yield widget


def around(widget: Widget, rows: list[str]) -> list[str]:
    """The rows of a widget and two above and below, with its title or hint."""
    region = widget.region
    near = rows[max(0, region.y - 2) : region.bottom + 2]
    return [row[region.x : region.right] for row in near]


def as_drawn(bar: Bar, rows: list[str]) -> str:
    """The text of a bar as it is on the screen, without the frame."""
    region = bar.region
    row = rows[region.y][region.x : region.right]
    return " ".join(row.replace("─", " ").strip("╭╮ ").split())


# Colours


def faint(pilot: Pilot[Any]) -> Iterator[str]:
    """What has too little contrast."""
    for segment in drawn(pilot):
        found = contrast(segment)
        if found < (MARKS if is_mark(segment.text) else TEXT):
            yield f"{found:.1f}: {segment.text.strip()}"


def coloured(pilot: Pilot[Any]) -> Iterator[str]:
    """What has a colour."""
    for segment in drawn(pilot):
        style = segment.style
        if style is not None and not {style.color, style.bgcolor} <= _PLAIN:
            yield repr(segment)


def drawn(pilot: Pilot[Any]) -> Iterator[Segment]:
    for strip in pilot.app.screen._compositor.render_strips():  # pyright: ignore[reportPrivateUsage]
        yield from (segment for segment in strip if segment.text.strip())


def contrast(segment: Segment) -> float:
    """The ratio of the lighter to the darker of text and ground, 1 to 21."""
    style = segment.style
    assert style is not None and style.color is not None and style.bgcolor is not None, segment
    light, dark = sorted((luminance(style.color), luminance(style.bgcolor)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: Color) -> float:
    """WCAG 2.1's relative luminance, 0 to 1."""
    parts = (part / 255 for part in color.get_truecolor())
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def is_mark(text: str) -> bool:
    """Whether a text has only lines, bars and blanks."""
    return all(char.isspace() or unicodedata.name(char, "").startswith(_MARKS) for char in text)
