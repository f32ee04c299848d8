"""Pieces of SQL that several queries share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeVar

_T = TypeVar("_T")

Value = int | str | bytes | None
"""A value in a column of the index."""
CHUNK = 500
"""The most values in one statement: old versions of SQLite allow 999 variables."""
MESSAGE_PLACES, FILED_PLACES = "'cur', 'new', 'root', 'nested'", "'cur', 'new'"
IS_MESSAGE = f"f.kind = 'file' AND d.place IN ({MESSAGE_PLACES})"
IS_FILED = f"f.kind = 'file' AND d.place IN ({FILED_PLACES})"
# CROSS JOIN makes SQLite join in the order written: from a few directories to their files, or from
# chosen files to their directories.
BY_DIRECTORY = "directories d CROSS JOIN files f ON f.directory = d.id"
BY_FILE = "files f CROSS JOIN directories d ON d.id = f.directory"


def path_of(directory: str, filename: str) -> str:
    """An SQL expression that joins these two columns to a path relative to the spool."""
    return (
        f"CASE WHEN length({directory}) = 0 THEN {filename}"
        f" ELSE CAST({directory} || x'2f' || {filename} AS BLOB) END"
    )


def marks(values: Collection[object]) -> str:
    """A question mark for each value, with commas between them."""
    return ",".join("?" * len(values))


def chunks(values: Sequence[_T], size: int = CHUNK) -> Iterator[list[_T]]:
    """The values in lists of at most `size` values."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])


def insert_files(columns: Sequence[str], rows: int, *, replace: bool) -> str:
    """A statement that writes so many rows of `files` with these columns."""
    row = f"({', '.join('?' * len(columns))})"
    verb = "INSERT OR REPLACE" if replace else "INSERT"
    return f"{verb} INTO files ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"


def limits(codes: Iterable[str] | None, folders: Iterable[int] | None) -> tuple[str, list[Value]]:
    """The condition that limits problems `p` to these (None: to all), with its values."""
    where: list[str] = []
    values: list[Value] = []
    for column, group in (("code", codes), ("folder", folders)):
        if group is not None:
            wanted = list(group)
            where.append(f"p.{column} IN ({marks(wanted)})")
            values.extend(wanted)
    return " AND ".join(where) or "1", values
