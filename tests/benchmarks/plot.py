"""Plots of measurements as SVG, for light and dark pages. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 860, 400  # of a panel with its labels, in units of the picture
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 250, 44, 48  # around the plotted area
_GAP = 16  # least distance of two labels at the end of lines
_COLOURS = 6  # classes c0 to c5
_STYLE = """
text { font: 12px ui-sans-serif, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 13px; }
.page { fill: #ffffff; }
.grid { stroke: #d1d9e0; stroke-width: 1; }
.line { fill: none; stroke-width: 2; }
.floor { stroke-dasharray: 5 4; }
.c0 { stroke: #0969da; } .c1 { stroke: #8250df; } .c2 { stroke: #bf3989; }
.c3 { stroke: #1a7f37; } .c4 { stroke: #9a6700; } .c5 { stroke: #cf222e; }
.dot { fill: #ffffff; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .page { fill: #0d1117; }
  .grid { stroke: #3d444d; }
  .dot { fill: #0d1117; }
  .c0 { stroke: #58a6ff; } .c1 { stroke: #bc8cff; } .c2 { stroke: #f778ba; }
  .c3 { stroke: #3fb950; } .c4 { stroke: #d29922; } .c5 { stroke: #ff7b72; }
}
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A named series of points (x, y), all above zero; `floor`: drawn dashed, as a limit."""

    name: str
    points: Sequence[tuple[float, float]]
    floor: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot with its title, which names the unit of y."""

    title: str
    lines: Sequence[Line]


def drawing(title: str, panels: Sequence[Panel]) -> str:
    """The panels below each other, both axes of each logarithmic."""
    height = _HEIGHT * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        f' aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
    ]
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate(0 {number * _HEIGHT})">')
        parts += _panel(panel)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> Iterator[str]:
    lines = [line for line in panel.lines if line.points]
    xs = _Axis([x for line in lines for x, _ in line.points], _LEFT, _WIDTH - _RIGHT)
    ys = _Axis([y for line in lines for _, y in line.points], _HEIGHT - _BOTTOM, _TOP)
    yield f'<text class="title" x="{_LEFT}" y="24">{escape(panel.title)}</text>'
    for value in xs.ticks:
        x = xs.place(value)
        yield f'<path class="grid" d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>'
        yield (
            f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">'
            f"{_number(value)}</text>"
        )
    for value in ys.ticks:
        y = ys.place(value)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>'
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">messages</text>'
    for number, line in enumerate(lines):
        yield from _drawn(line, number, xs, ys)
    yield from _labels(lines, ys)


def _drawn(line: Line, number: int, xs: _Axis, ys: _Axis) -> Iterator[str]:
    colour = f"c{number % _COLOURS}"
    places = [(xs.place(x), ys.place(y)) for x, y in line.points]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    yield f'<path class="line {colour}{" floor" if line.floor else ""}" d="M{path}"/>'
    for x, y in places:
        yield f'<circle class="dot {colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'


def _labels(lines: Sequence[Line], ys: _Axis) -> Iterator[str]:
    """Each line's name at its end, moved down where two would touch, with a short stroke in its
    colour."""
    ends = sorted((ys.place(line.points[-1][1]), number) for number, line in enumerate(lines))
    free, last = _TOP, _HEIGHT - _BOTTOM
    for place, (wanted, number) in enumerate(ends):
        y = min(max(wanted, free), last - _GAP * (len(ends) - 1 - place))
        free = y + _GAP
        line = lines[number]
        x = _WIDTH - _RIGHT + 10
        dashed = " floor" if line.floor else ""
        yield f'<path class="line c{number % _COLOURS}{dashed}" d="M{x} {y:.1f}h18"/>'
        yield f'<text x="{x + 24}" y="{y + 4:.1f}">{escape(line.name)}</text>'


class _Axis:
    """A logarithmic axis from `start` to `end` that holds all values."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self.low = math.log10(min(values, default=1))
        self.high = max(math.log10(max(values, default=10)), self.low + 1e-9)
        self.start, self.end = start, end

    @property
    def ticks(self) -> list[float]:
        """1, 2 and 5 times the powers of ten within the axis; without 2 and 5 if it is long."""
        steps = (1.0,) if self.high - self.low > 3 else (1.0, 2.0, 5.0)
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        found = [step * 10.0**power for power in powers for step in steps]
        return [tick for tick in found if self.low <= math.log10(tick) <= self.high]

    def place(self, value: float) -> float:
        """Where a value is."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def _number(value: float) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
