"""Draws docs/house.svg, the picture of the layers, from the import contracts in pyproject.toml.

`python scripts/house.py` writes the picture; with `--check` it writes nothing and ends with 1 if
the picture is out of date. Each layer of the contract "Imports run one way" is a floor, labelled
with the first sentence of its `__init__.py`. A package with a layers contract of its own is drawn
with a row of rooms for each of its layers.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "house.svg"
SOURCE = ROOT / "src"
PACKAGE = "mailsurgeon"

WIDTH, MARGIN, GAP = 860, 16, 6  # px
FLOOR, ROOM, LINE = 46, 24, 15  # px: a floor without rooms, a room, a line of text
LETTER = 7.4  # px: the average width of a letter in a room's name
LEFT = MARGIN + 28  # px: the left edge of the floors
ARROW = 20  # px: between two inner layers

STYLE = """
text { font: 12px ui-sans-serif, sans-serif; fill: #1f2328; }
.name { font-weight: 600; font-size: 13px; }
.floor { fill: #f6f8fa; stroke: #8c959f; }
.room { fill: #ffffff; stroke: #8c959f; }
.arrow { stroke: #0969da; stroke-width: 1.5; fill: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .floor { fill: #161b22; stroke: #6e7681; }
  .room { fill: #0d1117; stroke: #6e7681; }
  .arrow { stroke: #58a6ff; }
}
"""


@dataclass(frozen=True, slots=True)
class Floor:
    """One layer: its packages, their purposes, and the rooms in it, a tuple per inner layer."""

    names: tuple[str, ...]
    purposes: tuple[str, ...]
    rooms: tuple[tuple[str, ...], ...]

    @property
    def head(self) -> int:
        """The height of the name and the purposes, in px."""
        return FLOOR + (len(self.purposes) - 1) * LINE

    @property
    def height(self) -> int:
        """The height of the whole floor, in px."""
        rows = max((place.row for place in self.places()), default=-1) + 1
        return self.head + rows * (ROOM + GAP)

    def places(self) -> list[Place]:
        """Where each room stands: the inner layers side by side, wrapped at the edge."""
        found: list[Place] = []
        row, x = 0, LEFT + 12
        for number, layer in enumerate(self.rooms):
            arrow = ARROW if number else 0
            wide = sum(width_of(room) + GAP for room in layer)
            if x + arrow + wide > WIDTH - MARGIN - 12 and x > LEFT + 12:
                row, x = row + 1, LEFT + 12
            for position, room in enumerate(layer):
                x += arrow if position == 0 else 0
                found.append(Place(room, row, x, follows=position == 0 and number > 0))
                x += width_of(room) + GAP
        return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where a room stands: its row in the floor, and its left edge in px. `follows`: the rooms
    before it may import it."""

    room: str
    row: int
    x: int
    follows: bool


def width_of(room: str) -> int:
    """The width of a room's box, in px."""
    return round(len(room) * LETTER) + 20


def contracts() -> list[dict[str, object]]:
    """The contracts of import-linter, as pyproject.toml has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return project["tool"]["importlinter"]["contracts"]


def layers_of(container: str) -> list[list[str]]:
    """The layers of a package, highest first, as full module names; empty without a contract."""
    for contract in contracts():
        if contract["type"] != "layers":
            continue
        containers = contract.get("containers", [])
        assert isinstance(containers, list)
        rows = [
            [part.strip(" ()") for part in str(row).replace(":", "|").split("|")]
            for row in contract["layers"]  # type: ignore[attr-defined]
        ]
        if container in containers:
            return [[f"{container}.{name}" for name in row] for row in rows]
        if not containers and rows[0][0].rpartition(".")[0] == container:
            return rows
    return []


def purpose_of(module: str) -> str:
    """The first sentence of a module's docstring, without the full stop."""
    path = SOURCE / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    first = (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").partition("\n\n")[0]
    return " ".join(first.split()).partition(". ")[0].rstrip(".")


def rooms_of(module: str) -> tuple[tuple[str, ...], ...]:
    """The packages inside a package, one tuple per row: by its contract, else all in one row."""
    rows = layers_of(module)
    if rows:
        return tuple(tuple(name.rpartition(".")[2] for name in row) for row in rows)
    folder = SOURCE / module.replace(".", "/")
    inside = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    return (tuple(inside),) if inside else ()


def floors() -> list[Floor]:
    """The layers of the program, highest first."""
    found: list[Floor] = []
    for row in layers_of(PACKAGE):
        names = tuple(name.rpartition(".")[2] for name in row)
        rooms = rooms_of(row[0]) if len(row) == 1 else ()
        found.append(Floor(names, tuple(map(purpose_of, row)), rooms))
    return found


def drawn(floor: Floor, top: int) -> Iterator[str]:
    """The elements of one floor whose upper edge is at `top` px."""
    left, width = LEFT, WIDTH - MARGIN - LEFT
    box = f'x="{left}" y="{top}" width="{width}" height="{floor.height}"'
    yield f'<rect class="floor" {box} rx="4"/>'
    name = escape("  |  ".join(floor.names))
    yield f'<text class="name" x="{left + 12}" y="{top + 19}">{name}</text>'
    for number, purpose in enumerate(floor.purposes, 1):
        yield f'<text x="{left + 12}" y="{top + 19 + number * LINE}">{escape(purpose)}</text>'
    for place in floor.places():
        y = top + floor.head - 4 + place.row * (ROOM + GAP)
        if place.follows:
            yield f'<text x="{place.x - ARROW + 2}" y="{y + 16}">\u2192</text>'
        box = f'x="{place.x}" y="{y}" width="{width_of(place.room)}" height="{ROOM}"'
        yield f'<rect class="room" {box} rx="3"/>'
        yield f'<text x="{place.x + 10}" y="{y + 16}">{escape(place.room)}</text>'


def picture() -> str:
    """The whole picture, as SVG."""
    parts: list[str] = []
    top = MARGIN
    for floor in floors():
        parts += drawn(floor, top)
        top += floor.height + GAP
    height = top - GAP + MARGIN
    x, end = MARGIN + 10, height - MARGIN - 4
    parts.append(
        f'<path class="arrow" d="M{x} {MARGIN + 4} V{end} M{x - 5} {end - 8} L{x} {end}'
        f' L{x + 5} {end - 8}"/>'
    )
    title = "The layers of mailsurgeon: each imports only from those below it"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{title}">'
    )
    return "\n".join(
        [head, f"<title>{title}</title>", f"<style>{STYLE}</style>", *parts, "</svg>\n"]
    )


def main() -> None:
    """Writes the picture, or with `--check` ends with 1 if it is out of date."""
    text = picture()
    if "--check" not in sys.argv[1:]:
        PICTURE.write_text(text, "utf-8")
    elif not PICTURE.exists() or PICTURE.read_text("utf-8") != text:
        sys.exit("docs/house.svg is out of date: run python scripts/house.py")


if __name__ == "__main__":
    main()
