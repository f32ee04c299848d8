"""Which theme and how many colours a terminal gets."""

from __future__ import annotations

from typing import get_args

import pytest
from rich.color import Color

from mailsurgeon.tui.themes import DARK, LIGHT, Depth, depth_of, own_themes, preferred

CUBE = {0, 95, 135, 175, 215, 255}
"""What xterm has of each colour in its cube of 216; its greys are 8, 18 and so on."""


@pytest.mark.parametrize(
    ("environ", "depth"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "true"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "xterm"}, "16"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "dumb"}, "none"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, "none"),
    ],
)
def test_a_terminal_gets_the_colours_it_has(environ: dict[str, str], depth: Depth) -> None:
    assert depth_of(environ) == depth


@pytest.mark.parametrize("told", ["0;15", "0;default;15", "0;7"])
def test_a_light_terminal_gets_the_light_theme(told: str) -> None:
    assert preferred({"COLORFGBG": told}) == LIGHT


@pytest.mark.parametrize("environ", [{}, *({"COLORFGBG": told} for told in ("15;0", "12;8", "x"))])
def test_any_other_gets_the_dark_one(environ: dict[str, str]) -> None:
    assert preferred(environ) == DARK


@pytest.mark.parametrize("depth", get_args(Depth))
def test_there_is_a_dark_and_a_light_theme_for_every_depth(depth: Depth) -> None:
    dark, light = own_themes(depth)
    assert (dark.name, light.name) == (DARK, LIGHT)
    assert (dark.dark, light.dark) == (True, False)
    assert dark.ansi == light.ansi == (depth in ("16", "none"))


@pytest.mark.parametrize("theme", own_themes("256"), ids=lambda theme: theme.name)
def test_no_colour_of_256_is_rounded(theme: object) -> None:
    values = {**vars(theme), **vars(theme)["variables"]}.values()
    for value in values:
        if isinstance(value, str) and value.startswith("#"):
            triplet = Color.parse(value).get_truecolor()
            grey = len(set(triplet)) == 1 and triplet.red % 10 == 8
            assert grey or set(triplet) <= CUBE, value
