"""How many changes each operation of a journal made, refused and left, by their kind."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from mailsurgeon.surgery.journal.records import WHOLE_BATCH

_STATES = ("done", "undone", "planned", "refused")
"""What an act's steps may be in. The later one says more about an act that has several."""
_RANKS = " ".join(f"WHEN '{state}' THEN {rank}" for rank, state in enumerate(_STATES))
_ACTS = f"""
    SELECT operation, MIN(id) AS first, MIN(verdict) AS verdict,
        MAX(CASE state {_RANKS} END) AS rank
    FROM steps WHERE act > {WHOLE_BATCH} GROUP BY operation, act"""
_COUNTS = (
    f"SELECT operation, verdict, rank, COUNT(*) FROM ({_ACTS})"
    " GROUP BY operation, verdict, rank ORDER BY operation, MIN(first)"
)


class ChangeCount(NamedTuple):
    """How many acts of one verdict an operation has in one state of steps."""

    operation: int
    verdict: str
    state: str
    number: int


def change_counts_in(db: sqlite3.Connection) -> list[ChangeCount]:
    """The numbers of acts by operation, verdict and state, in the order in which they were planned.

    What the engine adds for a whole batch, such as an edit of a list, is no act.
    """
    rows = db.execute(_COUNTS)
    return [ChangeCount(one, verdict, _STATES[rank], number) for one, verdict, rank, number in rows]
