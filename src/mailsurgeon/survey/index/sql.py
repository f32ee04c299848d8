"""Pieces of SQL that several questions are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

_T = TypeVar("_T")

Value = int | str | bytes | None
"""What a column of the index holds."""
CHUNK = 500
"""Values one statement takes: below SQLite's oldest limit of 999 variables."""


def path_of(directory: str, filename: str) -> str:
    """The expression that joins these two columns to a path relative to the spool."""
    return (
        f"CASE WHEN length({directory}) = 0 THEN {filename}"
        f" ELSE CAST({directory} || x'2f' || {filename} AS BLOB) END"
    )


def marks(values: Collection[object]) -> str:
    """A question mark for each value, with commas between them."""
    return ",".join("?" * len(values))


def chunks(values: Sequence[_T], size: int = CHUNK) -> Iterator[list[_T]]:
    """Values in lists of at most `size`."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
