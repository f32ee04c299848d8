"""Where plants are kept, and for which spools each is meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..spool import Build
from ..truth import Planted

Sow = Callable[[Build], Planted]


@dataclass(frozen=True)
class Plant:
    """One variant of one damage (or of what looks like one)."""

    name: str
    sow: Sow
    layout: str = ""  # only in this layout
    style: str = ""  # only in this style of spool


PLANTS: dict[str, Plant] = {}


def register(one: Plant) -> None:
    """Adds a plant, whose name is new."""
    assert one.name not in PLANTS
    PLANTS[one.name] = one


def plant(*, layout: str = "", style: str = "") -> Callable[[Sow], Sow]:
    """Registers a function under `MODULE.NAME`."""

    def add(sow: Sow) -> Sow:
        module = sow.__module__.rpartition(".")[2]
        name = f"{module}.{sow.__name__}"
        register(Plant(name, sow, layout, style))
        return sow

    return add


def family(variants: dict[str, Sow]) -> None:
    """Registers functions made from a table, under the names given."""
    for name, sow in variants.items():
        register(Plant(name, sow))
