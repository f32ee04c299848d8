"""The journal: what was done to one spool, durable before it happens.

Each step's row carries a checksum, so that the program never acts on a damaged row. Every question
that the rest of the program asks about the rows is a method here, with a name.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mailsurgeon.surgery.fsops.paths import QUARANTINE, spelled
from mailsurgeon.surgery.journal import settle
from mailsurgeon.surgery.journal.change_counts import ChangeCount, change_counts_in
from mailsurgeon.surgery.journal.journal_file import JournalFile
from mailsurgeon.surgery.journal.journal_home import DoubtfulJournal, JournalHome
from mailsurgeon.surgery.journal.notes import name_of_journal, note_id, notes_of
from mailsurgeon.surgery.journal.records import (
    OPERATION_COLUMNS,
    WHOLE_BATCH,
    Operation,
    Session,
    StepRecord,
    now,
    operation_from,
    operation_sum,
    step_from,
    step_row,
)

_IN_QUARANTINE = (QUARANTINE, QUARANTINE[:-1] + b";")  # `;` follows `:`
_NEXT_STEP = "SELECT COALESCE(MAX(id), 0) + 1 FROM steps"
_AT_ONCE = 500  # steps
_INSERT_STEP = f"INSERT INTO steps VALUES ({', '.join('?' * 16)})"


class Journal:
    """The journal of one spool, made when first written to. Safe to use from several threads.

    All methods that read or write raise JournalError.
    """

    def __init__(self, home: JournalHome) -> None:
        self._file = JournalFile(home)

    @property
    def path(self) -> Path:
        """Where the journal is, or will be."""
        return self._file.path

    def close(self) -> None:
        """Closes the connection."""
        self._file.close()

    # Writing

    def begin(
        self,
        session: Session,
        kind: str,
        *,
        of: int | None,
        acts: int,
        at_least: int,
        quarantine: bytes | None,
        lists: bytes | None = None,
        id: str | None = None,
    ) -> int:
        """Opens an operation and returns its number, which is at least `at_least`.

        `lists`: the directory of the uidlists, if they are not beside the mail. `id`: the id in the
        quarantine, if the operation uses it.

        Its state is `interrupted` until `finish`, because it is if nothing follows.
        """
        with self._file.writing() as db:
            self._file.update_notes(db)
            if id is not None:
                note_id(db, id)
            db.execute(
                "INSERT OR IGNORE INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
                (session.id, session.time, session.user, session.host, session.pid,
                 session.version),
            )  # fmt: skip
            last = db.execute("SELECT COALESCE(MAX(id), 0) FROM operations").fetchone()[0]
            number = max(last + 1, at_least)
            pid, host = os.getpid(), socket.gethostname()
            checksum = operation_sum(number, kind, of, quarantine, pid, host)
            db.execute(
                "INSERT INTO operations (id, session, time, kind, of, state, open, acts,"
                " quarantine, pid, host, sum) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)",
                (number, session.id, now(), kind, of, "interrupted", acts, quarantine, pid, host,
                 checksum),
            )  # fmt: skip
            if lists is not None:
                db.execute("INSERT INTO meta VALUES (?, ?)", (f"lists:{number}", lists))
        self._file.sync_name()
        return number

    def intend(
        self, records: Iterable[StepRecord], settled: Iterable[StepRecord] = ()
    ) -> list[StepRecord]:
        """Writes steps down before they are done; returns them with their ids.

        `settled`: outcomes of earlier steps, made durable by the same commit.
        """
        with self._file.writing() as db:
            settle.settle_rows(db, settled)
            following = db.execute(_NEXT_STEP).fetchone()[0]
            written = [one.numbered(number) for number, one in enumerate(records, following)]
            db.executemany(_INSERT_STEP, map(step_row, written))
        return written

    def next_step(self) -> int:
        """The id that the next step gets, most likely: for records that need no copy then."""
        with self._file.reading() as db:
            return 1 if db is None else db.execute(_NEXT_STEP).fetchone()[0]

    def settle(self, records: Iterable[StepRecord]) -> None:
        """Writes down the outcome of steps, and the new state of steps they undo or repeat."""
        with self._file.writing() as db:
            settle.settle_rows(db, records)

    def finish(
        self,
        operation: int,
        state: str,
        summary: str,
        effects: Sequence[str] = (),
        *,
        whole: bool = True,
    ) -> None:
        """Closes an operation; an undo or redo also marks the operation it was about.

        `whole`: everything was tried. If an undo was not, the next undo does the rest.
        """
        with self._file.writing() as db:
            db.execute(
                "UPDATE operations SET state = ?, summary = ?, effects = ?, open = 0 WHERE id = ?",
                (state, summary, json.dumps(list(effects)), operation),
            )
            kind, of = db.execute(
                "SELECT kind, of FROM operations WHERE id = ?", (operation,)
            ).fetchone()
            if kind == "redo" or (kind == "undo" and whole):
                taken = operation if kind == "undo" else None
                db.execute("UPDATE operations SET taken_back = ? WHERE id = ?", (taken, of))

    def enter(
        self, session: Session, kind: str, *, of: int, summary: str, effects: Sequence[str] = ()
    ) -> int:
        """Adds an operation that is closed at once, for a recovery; returns its number."""
        number = self.begin(session, kind, of=of, acts=0, at_least=0, quarantine=None)
        self.finish(number, "applied", summary, effects)
        return number

    def mark(self, steps: Iterable[int], reason: str) -> None:
        """Notes at steps why they can no longer be undone."""
        with self._file.writing() as db:
            db.executemany(
                "UPDATE steps SET reason = ? WHERE id = ?", ((reason, number) for number in steps)
            )

    def forget_id(self) -> None:
        """Notes that the quarantine, and the id in it, is gone."""
        if self.spool_id is not None:
            with self._file.writing() as db:
                note_id(db, None)

    # Reading

    @property
    def name(self) -> str:
        """The random name of this journal; empty if nothing has been written to it."""
        with self._file.reading() as db:
            return "" if db is None else name_of_journal(db)

    @property
    def earlier_roots(self) -> tuple[bytes, ...]:
        """The paths that the spool had before, the latest last."""
        return self._file.notes.roots

    @property
    def doubts(self) -> tuple[DoubtfulJournal, ...]:
        """Other journals that may be the spool's."""
        return self._file.home.doubts

    @property
    def is_new(self) -> bool:
        """Whether this journal was not there when it was looked for."""
        return self._file.home.found.notes is None

    def is_beside_a_copy(self, id: str) -> bool:
        """Whether this journal is new because the spool, with this id, may be a copy."""
        return self.is_new and bool(self.doubts) and self.spool_id != id

    def refuse_in_use(self) -> None:
        """Raises JournalError if it is another spool's, which is still there."""
        self._file.home.refuse_in_use()

    def use(self, doubtful: DoubtfulJournal) -> None:
        """Uses this journal: the operator has said that it is the spool's."""
        self.close()
        self._file.home.use(doubtful)

    @property
    def spool_id(self) -> str | None:
        """The id that its operations found in the quarantine, or wrote there; None without."""
        with self._file.reading() as db:
            return None if db is None else notes_of(db).spool.id

    def operations(self) -> list[Operation]:
        """All operations, oldest first."""
        return self._operations("1")

    def open_operations(self) -> list[Operation]:
        """The unfinished operations, oldest first."""
        return self._operations("open = 1")

    def operation(self, number: int) -> Operation | None:
        """The operation with this number; None if there is none."""
        found = self._operations("id = ?", (number,))
        return found[0] if found else None

    def _operations(self, where: str, values: Sequence[Any] = ()) -> list[Operation]:
        with self._file.reading() as db:
            if db is None:
                return []
            counts: dict[int, dict[str, int]] = {}
            for number, state, many in db.execute(
                "SELECT operation, state, COUNT(*) FROM steps WHERE operation IN"
                f" (SELECT id FROM operations WHERE {where}) GROUP BY operation, state",
                values,
            ):
                counts.setdefault(number, {})[state] = many
            rows = db.execute(
                f"SELECT {OPERATION_COLUMNS} FROM operations WHERE {where} ORDER BY id", values
            )
            return [operation_from(row, counts.get(row[0], {})) for row in rows]

    def change_counts(self) -> list[ChangeCount]:
        """How many acts of each verdict every operation has in each state, oldest first."""
        with self._file.reading() as db:
            return [] if db is None else change_counts_in(db)

    def lists_of(self, operation: int) -> bytes | None:
        """The directory of an operation's uidlists, as given to `begin`; None if not given."""
        with self._file.reading() as db:
            query = "SELECT value FROM meta WHERE key = ?"
            row = db.execute(query, (f"lists:{operation}",)).fetchone() if db else None
            return row[0] if row else None

    # Steps, always in the order they were written down. A damaged one raises JournalError.

    def steps_of(self, operation: int, state: str | None = None) -> list[StepRecord]:
        """The steps of an operation: all, or those in one state."""
        if state is None:
            return self._steps("operation = ?", (operation,))
        return self._steps("operation = ? AND state = ?", (operation, state))

    def each_step_of(self, operation: int) -> Iterator[StepRecord]:
        """The same as `steps_of`, without ever holding more than a few hundred: there may be a
        million."""
        with self._file.reading() as db:
            query = "SELECT MIN(id), MAX(id) FROM steps WHERE operation = ?"
            row = db.execute(query, (operation,)).fetchone() if db else (None, None)
        before, last = row
        if before is None:
            return
        before -= 1
        # The rows of one operation lie together. The sign keeps SQLite from sorting them anew.
        where = "id > ? AND id <= ? AND +operation = ?"
        while some := self._steps(where, (before, last, operation), most=_AT_ONCE):
            yield from some
            before = some[-1].id

    def act_steps(self, operation: int) -> list[StepRecord]:
        """The steps of an operation that belong to an act, in any state."""
        return self._steps("operation = ? AND act > ?", (operation, WHOLE_BATCH))

    def steps_that_stayed(self, operation: int, batch: int) -> list[StepRecord]:
        """The steps of a batch's acts that were done, including those undone since."""
        return self._steps(
            "operation = ? AND batch = ? AND act > ? AND state IN ('done', 'undone')",
            (operation, batch, WHOLE_BATCH),
        )

    def batch_steps(self, operation: int, action: str) -> list[StepRecord]:
        """The steps of one kind that the engine added to an operation for whole batches."""
        return self._steps(
            "operation = ? AND action = ? AND act = ?", (operation, action, WHOLE_BATCH)
        )

    def batch_steps_and_redone(self, operation: int, action: str) -> list[StepRecord]:
        """Like `batch_steps`, with those of every redo of the operation."""
        return self._steps(
            "action = ? AND act = ? AND operation IN"
            " (SELECT id FROM operations WHERE id = ? OR (of = ? AND kind = 'redo'))",
            (action, WHOLE_BATCH, operation, operation),
        )

    def operations_with_acts_to_undo(self) -> set[int]:
        """The operations with an act that was done, and is not undone or (partly) purged."""
        with self._file.reading() as db:
            if db is None:
                return set()
            rows = db.execute(
                "SELECT operation FROM steps WHERE state = 'done' AND act > ?"
                " GROUP BY operation, act HAVING MAX(reason LIKE '%purged by operation %') = 0",
                (WHOLE_BATCH,),
            )
            return {row[0] for row in rows}

    def restoring_steps(self) -> list[StepRecord]:
        """The steps that restored things from the quarantine and were not undone."""
        return self._steps(
            "state = 'done' AND operation IN (SELECT id FROM operations WHERE kind = 'restore')"
        )

    def quarantining_steps(self) -> list[StepRecord]:
        """The steps that quarantined something which has not been purged or restored since.

        Those whose thing is partly purged are among them, with that as their reason.
        """
        return self._steps(
            "state = 'done' AND (reason = '' OR reason LIKE 'partly %')"
            " AND target >= ? AND target < ?",
            _IN_QUARANTINE,
        )

    def quarantined_by(self) -> dict[bytes, int]:
        """By path in the quarantine: the last operation that moved something there, for example
        the redo of the one whose number the path has."""
        with self._file.reading() as db:
            if db is None:
                return {}
            rows = db.execute(
                "SELECT target, MAX(operation) FROM steps WHERE state = 'done' AND target >= ?"
                " AND target < ? GROUP BY target",
                _IN_QUARANTINE,
            )
            return dict(rows.fetchall())

    def steps_marked(self, reason: str) -> list[StepRecord]:
        """The steps with this note on why they can no longer be undone."""
        return self._steps("state = 'done' AND reason = ?", (reason,))

    def last_purge_below(self, path: bytes) -> int | None:
        """The last operation that deleted something for good at this path or below it."""
        with self._file.reading() as db:
            if db is None:
                return None
            low = spelled(path)
            row = db.execute(
                "SELECT MAX(operation) FROM steps WHERE action = 'purge' AND state = 'done'"
                " AND (source = ? OR (source > ? AND source < ?))",
                (low, low + b"/", low + b"0"),  # `0` follows `/`
            ).fetchone()
            return row[0]

    def quarantine_steps(self, operation: int) -> list[StepRecord]:
        """The steps of an operation with a path in the quarantine."""
        return self._steps(
            "operation = ? AND ((source >= ? AND source < ?) OR (target >= ? AND target < ?))",
            (operation, *_IN_QUARANTINE, *_IN_QUARANTINE),
        )

    def last_step_at(self, path: bytes, before: int) -> StepRecord | None:
        """The last step with an id below `before` that left something at this path; None without
        one."""
        found = self._steps(
            "id = (SELECT MAX(id) FROM steps WHERE id < ? AND state IN ('done', 'undone')"
            " AND (target = ? OR (source = ? AND target IS NULL)))",
            (before, spelled(path), spelled(path)),
        )
        return found[0] if found else None

    def _steps(self, where: str, values: Sequence[Any] = (), *, most: int = -1) -> list[StepRecord]:
        """The first steps that `where` selects, `most` of them; -1: all."""
        with self._file.reading() as db:
            if db is None:
                return []
            rows = db.execute(
                f"SELECT * FROM steps WHERE {where} ORDER BY id LIMIT ?", (*values, most)
            )
            notes = self._file.notes
            devices = dict.fromkeys(notes.devices, notes.spool.device)
            return [step_from(row, devices) for row in rows]

    def sessions(self) -> list[Session]:
        """The runs that wrote to this journal, oldest first."""
        with self._file.reading() as db:
            if db is None:
                return []
            rows = db.execute("SELECT * FROM sessions ORDER BY time, id")
            return [Session(*row) for row in rows]
