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


def plant(*, layout: str = "", style: str = "") -> Callable[[Sow], Sow]:
    """Registers a function under `MODULE.NAME`."""

    def register(sow: Sow) -> Sow:
        module = sow.__module__.rpartition(".")[2]
        name = f"{module}.{sow.__name__}"
        assert name not in PLANTS
        PLANTS[name] = Plant(name, sow, layout, style)
        return sow

    return register


def family(variants: dict[str, Sow]) -> None:
    """Registers functions made from a table, under the names given."""
    for name, sow in variants.items():
        assert name not in PLANTS
        PLANTS[name] = Plant(name, sow)
