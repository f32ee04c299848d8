"""Writes the outcome of steps to the journal, and the new state of steps they undo or repeat.

Most steps of a batch end alike and have consecutive ids, so one statement updates a range of them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mailsurgeon.surgery.journal.records import NOT_UNDOABLE, StepRecord, step_row

_REWRITE = (
    "UPDATE steps SET source = ?, target = ?, expected = ?, data = ?, state = ?, reason = ?,"
    " sum = ? WHERE id = ?"
)
_OPERATIONS = "SELECT DISTINCT operation FROM steps WHERE id BETWEEN ? AND ?"
_LINKED = (
    "SELECT data FROM steps WHERE id BETWEEN ? AND ?"
    """ AND (instr(data, '"inverts"') OR instr(data, '"repeats"'))"""
)
_SETTLE = "UPDATE steps SET state = ?, reason = ? WHERE id BETWEEN ? AND ?"


def settle_rows(db: sqlite3.Connection, records: Iterable[StepRecord]) -> None:
    """Writes the outcome of steps, within the transaction of `db`."""
    alike: dict[tuple[str, str], list[int]] = {}
    rewritten: list[tuple[Any, ...]] = []
    echo: dict[str, list[int]] = {}
    for record in records:
        if record.rewritten:
            row = step_row(record)
            rewritten.append((*row[7:9], *row[11:], record.id))
        else:
            alike.setdefault((record.state, record.reason), []).append(record.id)
        if record.state == "done":
            _answer(record.step.inverts, record.step.repeats, "done", echo)
    db.executemany(_REWRITE, rewritten)
    for outcome, ids in alike.items():
        db.executemany(_SETTLE, ((*outcome, *few) for few in ranges(ids)))
    _echo(db, echo)


def ranges(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The first and last of each unbroken run of numbers."""
    first = last = None
    for number in sorted(ids):
        if first is None or last is None:
            first = last = number
        elif number <= last + 1:
            last = number
        else:
            yield first, last
            first = last = number
    if first is not None and last is not None:
        yield first, last


def _answer(
    inverts: int | None, repeats: int | None, state: str, echo: dict[str, list[int]]
) -> None:
    """Adds the ids of steps that a step's new state changes to `echo`, under their new state."""
    other = "undone" if state == "done" else "done"
    if inverts is not None:
        echo.setdefault(other, []).append(inverts)
    if repeats is not None:
        echo.setdefault(state, []).append(repeats)


def _echo(db: sqlite3.Connection, echo: Mapping[str, list[int]]) -> None:
    """Sets the state of steps that were undone or repeated, and of those they had undone or
    repeated, and so on."""
    changed: set[int] = set()
    while echo:
        further: dict[str, list[int]] = {}
        for state, ids in echo.items():
            for few in ranges(ids):
                here = {operation for (operation,) in db.execute(_OPERATIONS, few)}
                for (data,) in db.execute(_LINKED, few):
                    known = json.loads(data)
                    _answer(known.get("inverts"), known.get("repeats"), state, further)
                db.execute("UPDATE steps SET state = ? WHERE id BETWEEN ? AND ?", (state, *few))
                changed |= here
                if state == "done":  # their operations can be undone again
                    again = "UPDATE operations SET taken_back = NULL WHERE id = ?"
                    db.executemany(again, ((operation,) for operation in here))
        echo = further
    for operation in sorted(changed):
        _restate(db, operation)


def _restate(db: sqlite3.Connection, operation: int) -> None:
    """Updates an operation's state once its steps were undone or repeated."""
    row = db.execute(
        "SELECT kind, open, state, acts FROM operations WHERE id = ?", (operation,)
    ).fetchone()
    if not row or row[0] in NOT_UNDOABLE or row[1]:
        return
    done, undone = _has(db, operation, "done"), _has(db, operation, "undone")
    if undone:
        state = "partial" if done else "undone"
    elif row[2] in ("undone", "partial"):
        count = "SELECT COUNT(DISTINCT act) FROM steps WHERE operation = ? AND state = 'done'"
        many = db.execute(f"{count} AND act > 0", (operation,)).fetchone()[0]
        state = "applied" if many == row[3] else "partial"
    else:
        return
    if state == row[2]:
        return
    db.execute("UPDATE operations SET state = ? WHERE id = ?", (state, operation))
    lists = "undone" if state == "undone" else "done"
    db.execute(
        "UPDATE steps SET state = ? WHERE operation = ? AND act = 0"
        " AND state IN ('done', 'undone')",
        (lists, operation),
    )


def _has(db: sqlite3.Connection, operation: int, state: str) -> bool:
    """Whether any step of the operation's acts is in this state."""
    found = "SELECT 1 FROM steps WHERE operation = ? AND state = ? AND act > 0 LIMIT 1"
    return db.execute(found, (operation, state)).fetchone() is not None
