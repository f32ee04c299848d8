"""The comparison's queries about directories: what they hold, and with which modes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.sql import (
    BY_DIRECTORY,
    FILED_PLACES,
    IS_MESSAGE,
    MESSAGE_PLACES,
    chunks,
    marks,
    path_of,
)

_PATH = path_of("e.directory", "e.filename")


def directories_with_messages(index: Index) -> Iterator[bytes]:
    """The paths of directories other than tmp that contain a message."""
    rows = index.db.execute("SELECT path FROM directories WHERE messages > 0 AND place != 'tmp'")
    return (path for (path,) in rows)


def filed_directories_with_problem(index: Index, code: str) -> list[tuple[int, bytes]]:
    """The id and path of each directory in a cur or new that has the problem `code`."""
    return index.db.execute(
        f"SELECT e.id, {_PATH} FROM problems p JOIN entries e ON e.id = p.entry"
        f" WHERE p.code = ? AND e.kind = 'directory' AND e.place IN ({FILED_PLACES})",
        (code,),
    ).fetchall()


def not_examined_but_for(index: Index, first: str, second: str) -> Iterator[bytes]:
    """The paths that the survey did not examine, for reasons other than these two."""
    rows = index.db.execute(
        "SELECT path FROM not_examined WHERE reason NOT IN (?, ?)", (first, second)
    )
    return (path for (path,) in rows)


def not_examined_for(index: Index, reason: str) -> list[bytes]:
    """The paths that the survey did not examine for this reason, sorted."""
    rows = index.db.execute("SELECT path FROM not_examined WHERE reason = ?", (reason,))
    return sorted({path for (path,) in rows})


class ModeOf(NamedTuple):
    """A message with a problem: its entry's id, its st_mode, and the problem's detail."""

    id: int
    mode: int
    detail: dict[str, object]


def messages_with_problem(index: Index, code: str) -> list[ModeOf]:
    """The messages with this problem."""
    rows = index.db.execute(
        "SELECT f.id, f.mode, p.detail FROM problems p JOIN files f ON f.id = p.entry"
        f" JOIN directories d ON d.id = f.directory WHERE p.code = ? AND {IS_MESSAGE}",
        (code,),
    )
    return [ModeOf(number, mode, json.loads(detail)) for number, mode, detail in rows]


def most_frequent_mode(index: Index, besides: Sequence[int]) -> int | None:
    """The permissions that most messages have, without these entries; None without any."""
    counts = index.db.execute(
        f"SELECT f.mode & 4095, COUNT(*) FROM {BY_DIRECTORY} WHERE {IS_MESSAGE}"
        " GROUP BY f.mode & 4095"
    )
    modes = Counter[int](dict(counts.fetchall()))
    for columns in index.slices.every():
        modes.update(mode & 0o7777 for mode, _, _ in columns.owners)
    for chunk in chunks(besides):
        # They have a problem, so they are rows.
        rows = index.db.execute(
            f"SELECT mode & 4095 FROM files WHERE id IN ({marks(chunk)})", chunk
        )
        for (mode,) in rows:
            modes[mode] -= 1
    usual = max(modes, key=lambda mode: (modes[mode], -mode), default=None)
    return usual if usual is not None and modes[usual] > 0 else None


def messages_by_folder(index: Index) -> dict[int, int]:
    """How many messages each folder contains, misfiled ones included, by folder id."""
    return _messages_in(index, MESSAGE_PLACES)


def filed_by_folder(index: Index) -> dict[int, int]:
    """How many messages each folder has in cur and new, by folder id."""
    return _messages_in(index, FILED_PLACES)


def _messages_in(index: Index, places: str) -> dict[int, int]:
    rows = index.db.execute(
        f"SELECT folder, SUM(messages) FROM directories WHERE place IN ({places}) GROUP BY folder"
    )
    return dict(rows.fetchall())
