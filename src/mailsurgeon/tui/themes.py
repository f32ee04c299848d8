"""The look: a dark and a light theme of the program's own, for each depth of colour.

A terminal with 256 colours gets colours of its own cube, so that none is rounded; one with 16 gets
its own colours by name, whatever they look like there; with none, weight and signs tell the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from rich.console import Console
from rich.style import Style
from textual.color import Color
from textual.constants import COLOR_SYSTEM
from textual.theme import BUILTIN_THEMES, Theme

Depth = Literal["true", "256", "16", "none"]
DARK, LIGHT = "mailsurgeon", "mailsurgeon-light"
SHORT_NAMES = {"dark": DARK, "light": LIGHT}
_DEPTHS: Mapping[str | None, Depth] = {"truecolor": "true", "256": "256", "standard": "16"}
_LIGHT_GROUNDS = ("7", "9", "10", "11", "12", "13", "14", "15")


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a theme; `frame` is that of borders without the focus, `cursor` that of the
    line under the cursor, `on_cursor` that of its text."""

    ground: str
    text: str
    muted: str
    panel: str
    frame: str
    cursor: str
    on_cursor: str
    primary: str
    accent: str
    success: str
    warning: str
    error: str


_PALETTES: Mapping[tuple[str, Depth], Palette] = {
    (DARK, "true"): Palette(
        "#11161d", "#d6dee7", "#9aa8b7", "#1f2933", "#62748a", "#1d5b8a", "#ffffff",
        "#6cb2f5", "#4fd6be", "#86d98f", "#f2c661", "#ff8a92",
    ),
    (DARK, "256"): Palette(
        "#000000", "#d0d0d0", "#9e9e9e", "#303030", "#6c6c6c", "#005f87", "#ffffff",
        "#5fafd7", "#5fd7d7", "#87d787", "#ffd75f", "#ff8787",
    ),
    (LIGHT, "true"): Palette(
        "#fcfbf8", "#1e2833", "#505c68", "#e4e9ee", "#7d8996", "#c6ddf3", "#10202f",
        "#0a5aa8", "#00655b", "#1b6b33", "#764b00", "#b01c27",
    ),
    (LIGHT, "256"): Palette(
        "#ffffff", "#1c1c1c", "#4e4e4e", "#dadada", "#808080", "#afd7ff", "#000000",
        "#005faf", "#005f5f", "#005f00", "#5f5f00", "#af0000",
    ),
}  # fmt: skip


def depth_of(environ: Mapping[str, str]) -> Depth:
    """The depth of colour of the terminal: "none" for NO_COLOR, else as rich finds it out."""
    if "NO_COLOR" in environ:
        return "none"
    if COLOR_SYSTEM in _DEPTHS:
        return _DEPTHS[COLOR_SYSTEM]
    console = Console(force_terminal=True, _environ=dict(environ))
    return _DEPTHS.get(console.color_system, "none")


def preferred(environ: Mapping[str, str]) -> str:
    """The theme that suits the terminal's ground, where the terminal tells it by COLORFGBG
    ("foreground;background", as rxvt, Konsole and others do); the dark one anywhere else."""
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if ground in _LIGHT_GROUNDS else DARK


def own_themes(depth: Depth) -> tuple[Theme, Theme]:
    """The dark and the light theme for a depth of colour."""
    if depth in ("16", "none"):
        dark, light = BUILTIN_THEMES["ansi-dark"], BUILTIN_THEMES["ansi-light"]
        return (
            replace(dark, name=DARK, primary="ansi_bright_blue", accent="ansi_bright_cyan",
                    error="ansi_bright_red", warning="ansi_bright_yellow"),
            replace(light, name=LIGHT, accent="ansi_blue", warning="ansi_magenta"),
        )  # fmt: skip
    return _theme(DARK, depth), _theme(LIGHT, depth)


def _theme(name: str, depth: Depth) -> Theme:
    palette = _PALETTES[name, depth]
    return Theme(
        name=name,
        dark=name == DARK,
        foreground=palette.text,
        background=palette.ground,
        surface=palette.ground,
        panel=palette.panel,
        primary=palette.primary,
        secondary=palette.primary,
        accent=palette.accent,
        success=palette.success,
        warning=palette.warning,
        error=palette.error,
        text_alpha=1.0,
        variables={
            "text-muted": palette.muted,
            "border": palette.accent,
            "border-blurred": palette.frame,
            "block-cursor-background": palette.cursor,
            "block-cursor-foreground": palette.on_cursor,
            "block-cursor-text-style": "none",
        },
    )


def text_styles(variables: Mapping[str, str]) -> dict[str, Style]:
    """The styles that texts use by name, in the colours of a theme: what an old name loses, what
    a new one gains, labels, severities. Each is to be told without its colour, too."""

    def style(colour: str, underline: bool = False, reverse: bool = False) -> Style:
        color = Color.parse(variables[colour]).rich_color
        return Style(color=color, bold=True, underline=underline, reverse=reverse)

    return {
        "part-gone": style("error", underline=True),
        "part-new": style("success", underline=True),
        "label": style("primary"),
        "severity-critical": style("error", reverse=True),
        "severity-error": style("error"),
        "severity-warning": style("warning"),
        "severity-info": Style(bold=True),
    }
