"""The journal: what was done to one spool, durable before it happens.

SQLite under the state directory, one file a spool (by device and inode of its root), written with
`synchronous=FULL`. Each step's row carries a checksum, so that a damaged row is never acted on.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import stat
import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailsurgeon.errors import JournalError
from mailsurgeon.host import private
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops.expected import QUARANTINE
from mailsurgeon.surgery.journal import settle
from mailsurgeon.surgery.journal.records import (
    OPERATION_COLUMNS,
    WHOLE_BATCH,
    DamagedRow,
    Operation,
    Session,
    StepRecord,
    now,
    operation_from,
    operation_sum,
    step_from,
    step_row,
)
from mailsurgeon.text import visible

JOURNAL_SCHEMA = 1
_APPLICATION = 0x6D737267  # tells our file from another program's

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, time TEXT NOT NULL, user TEXT NOT NULL, host TEXT NOT NULL,
    pid INTEGER NOT NULL, version TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE operations (
    id INTEGER PRIMARY KEY, session TEXT NOT NULL, time TEXT NOT NULL, kind TEXT NOT NULL,
    of INTEGER, summary TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, open INTEGER NOT NULL,
    acts INTEGER NOT NULL, quarantine BLOB, pid INTEGER NOT NULL, host TEXT NOT NULL,
    taken_back INTEGER, effects TEXT NOT NULL DEFAULT '[]', sum BLOB NOT NULL);
CREATE TABLE steps (
    id INTEGER PRIMARY KEY, operation INTEGER NOT NULL, batch INTEGER NOT NULL,
    act INTEGER NOT NULL, verdict TEXT NOT NULL, label TEXT, action TEXT NOT NULL,
    source BLOB, target BLOB, folder BLOB, target_folder BLOB, expected TEXT,
    data TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', sum BLOB NOT NULL);
CREATE INDEX steps_operation ON steps (operation, state);
CREATE INDEX steps_source ON steps (source) WHERE target IS NULL;
CREATE INDEX steps_target ON steps (target);
"""

_CACHE_KIB = 16 * 1024
_LOG_PAGES = 4_000
_IN_QUARANTINE = (QUARANTINE, QUARANTINE[:-1] + b";")  # `;` follows `:`
_INSERT_STEP = f"INSERT INTO steps VALUES ({', '.join('?' * 16)})"


class Journal:
    """The journal of one spool; made when first written to. Safe to use from several threads."""

    def __init__(self, state_dir: Path, spool: Spool) -> None:
        self.state_dir = state_dir
        self.path = state_dir / f"{spool.device:x}-{spool.inode:x}" / "journal.sqlite"
        self._spool = spool
        self._db: sqlite3.Connection | None = None
        self._guard = threading.RLock()

    # Opening

    @contextmanager
    def _reading(self) -> Generator[sqlite3.Connection | None]:
        """The connection, or None when nothing has ever been written."""
        with self._guard, self._told():
            if self._db is None and self.path.parent.is_dir() and os.path.lexists(self.path):
                self._db = self._connect()
            yield self._db

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        """The connection in a transaction that is committed at the end, durably."""
        with self._guard, self._told():
            if self._db is None:
                self._make_directory()
                self._db = self._connect()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except DamagedRow as error:
            raise JournalError(self._line(f"is damaged ({error})")) from error
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            raise JournalError(self._line(f"cannot be used ({visible(str(error))})")) from error

    def _line(self, what: str) -> str:
        return (
            f"the journal {visible(str(self.path))} {what}; without it nothing is changed: give"
            " another --state-dir, or move it away and lose the undo"
        )

    def _make_directory(self) -> None:
        private.make_private_directory(self.state_dir)
        check_private(self.state_dir)
        if not os.path.lexists(self.path.parent):
            self.path.parent.mkdir(mode=0o700)
            _sync_directory(self.state_dir)
        check_private(self.path.parent)

    def _connect(self) -> sqlite3.Connection:
        check_private(self.state_dir)
        check_private(self.path.parent)
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._check_file(self.path.with_name(self.path.name + suffix))
        fresh = not self.path.exists()
        private.make_private_file(self.path)
        db = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        if fresh:
            _sync_directory(self.path.parent)
        return db

    def _check_file(self, path: Path) -> None:
        if os.path.lexists(path):
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                raise JournalError(self._line("is not a plain file of your own"))

    def _prepare(self, db: sqlite3.Connection) -> None:
        mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        # Where there can be no such log, a commit ends with an unlink that must be synced as well.
        db.execute(f"PRAGMA synchronous = {'FULL' if mode == 'wal' else 'EXTRA'}")
        # A batch's pages are written once, and taken over from the log not after each batch.
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        db.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        application = db.execute("PRAGMA application_id").fetchone()[0]
        empty = not db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and application == 0 and empty:
            self._create(db)
            return
        if application != _APPLICATION:
            raise JournalError(self._line("is not a journal of this program, or damaged"))
        if version != JOURNAL_SCHEMA:
            age = "a newer" if version > JOURNAL_SCHEMA else "an unknown"
            raise JournalError(self._line(f"was written by {age} version of this program"))
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise JournalError(self._line("is damaged"))
        meta = dict(db.execute("SELECT key, value FROM meta"))
        if meta.get("spool") != f"{self._spool.device}:{self._spool.inode}":
            raise JournalError(self._line("is that of another spool"))

    def _create(self, db: sqlite3.Connection) -> None:
        db.executescript(
            f"BEGIN IMMEDIATE;{_TABLES}PRAGMA application_id = {_APPLICATION};"
            f"PRAGMA user_version = {JOURNAL_SCHEMA};"
            f"INSERT INTO meta VALUES ('spool', '{self._spool.device}:{self._spool.inode}');"
            "COMMIT;"
        )
        db.execute("INSERT INTO meta VALUES ('path', ?)", (os.fsencode(self._spool.root),))

    def close(self) -> None:
        """Ends the connection."""
        with self._guard:
            if self._db is not None:
                self._db.close()
                self._db = None

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
    ) -> int:
        """Opens an operation and returns its number, `at_least` that high.

        `lists`: where it finds the uidlists, when that is not beside the mail.

        Until `finish` it reads as interrupted, because that is what it is if nothing follows.
        """
        with self._writing() as db:
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
        with self._told():  # SQLite does not tell when the name of its log could not be synced
            _sync_directory(self.path.parent)
        return number

    def intend(
        self, records: Iterable[StepRecord], settled: Iterable[StepRecord] = ()
    ) -> list[StepRecord]:
        """Writes steps down before they are done; returns them with their ids.

        `settled`: what became of earlier ones, durable with the same commit.
        """
        with self._writing() as db:
            settle.settle_rows(db, settled)
            following = db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM steps").fetchone()[0]
            written = [one.numbered(number) for number, one in enumerate(records, following)]
            db.executemany(_INSERT_STEP, map(step_row, written))
        return written

    def settle(self, records: Iterable[StepRecord]) -> None:
        """Writes down what became of steps, and of the earlier steps they take back or repeat."""
        with self._writing() as db:
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
        """Closes an operation, and says of the one it was about what it now is.

        `whole`: everything was tried. An undo that was not leaves the rest to the next undo.
        """
        with self._writing() as db:
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
        """Writes down, closed at once, that something was looked after (a recovery)."""
        number = self.begin(session, kind, of=of, acts=0, at_least=0, quarantine=None)
        self.finish(number, "applied", summary, effects)
        return number

    def mark(self, steps: Iterable[int], reason: str) -> None:
        """Notes at steps why they can no longer be taken back."""
        with self._writing() as db:
            db.executemany(
                "UPDATE steps SET reason = ? WHERE id = ?", ((reason, number) for number in steps)
            )

    # Reading

    def operations(self) -> list[Operation]:
        """All operations, oldest first."""
        return self._operations("1")

    def open_operations(self) -> list[Operation]:
        """The operations that have not been brought to their end, oldest first."""
        return self._operations("open = 1")

    def operation(self, number: int) -> Operation | None:
        """One operation, by its number."""
        found = self._operations("id = ?", (number,))
        return found[0] if found else None

    def _operations(self, where: str, values: Sequence[Any] = ()) -> list[Operation]:
        with self._reading() as db:
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

    def lists_of(self, operation: int) -> bytes | None:
        """Where an operation found the uidlists, as `begin` was told."""
        with self._reading() as db:
            query = "SELECT value FROM meta WHERE key = ?"
            row = db.execute(query, (f"lists:{operation}",)).fetchone() if db else None
            return row[0] if row else None

    # Steps, always in the order they were written down. JournalError at a damaged one.

    def steps_of(self, operation: int, state: str | None = None) -> list[StepRecord]:
        """The steps of an operation: all, or those in one state."""
        if state is None:
            return self._steps("operation = ?", (operation,))
        return self._steps("operation = ? AND state = ?", (operation, state))

    def act_steps(self, operation: int) -> list[StepRecord]:
        """The steps of an operation that belong to an act, whatever became of them."""
        return self._steps("operation = ? AND act > ?", (operation, WHOLE_BATCH))

    def steps_that_stayed(self, operation: int, batch: int) -> list[StepRecord]:
        """The steps of a batch's acts that were done, or done and taken back since."""
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
        """The same, and those of each time the operation was done again."""
        return self._steps(
            "action = ? AND act = ? AND operation IN"
            " (SELECT id FROM operations WHERE id = ? OR (of = ? AND kind = 'redo'))",
            (action, WHOLE_BATCH, operation, operation),
        )

    def restoring_steps(self) -> list[StepRecord]:
        """The steps by which things came back from the quarantine, and are not undone."""
        return self._steps(
            "state = 'done' AND operation IN (SELECT id FROM operations WHERE kind = 'restore')"
        )

    def quarantining_steps(self) -> list[StepRecord]:
        """The steps done that put something into the quarantine that was not purged since."""
        return self._steps(
            "state = 'done' AND reason = '' AND target >= ? AND target < ?", _IN_QUARANTINE
        )

    def quarantine_steps(self, operation: int) -> list[StepRecord]:
        """The steps of an operation that lead into the quarantine or out of it."""
        return self._steps(
            "operation = ? AND ((source >= ? AND source < ?) OR (target >= ? AND target < ?))",
            (operation, *_IN_QUARANTINE, *_IN_QUARANTINE),
        )

    def last_step_at(self, path: bytes, before: int) -> StepRecord | None:
        """The last step with an id below `before` that left something under this path."""
        found = self._steps(
            "id = (SELECT MAX(id) FROM steps WHERE id < ? AND state IN ('done', 'undone')"
            " AND (target = ? OR (source = ? AND target IS NULL)))",
            (before, path, path),
        )
        return found[0] if found else None

    def _steps(self, where: str, values: Sequence[Any] = ()) -> list[StepRecord]:
        with self._reading() as db:
            if db is None:
                return []
            rows = db.execute(f"SELECT * FROM steps WHERE {where} ORDER BY id", values)
            return [step_from(row) for row in rows]

    def sessions(self) -> list[Session]:
        """The runs that wrote to this journal, oldest first."""
        with self._reading() as db:
            if db is None:
                return []
            rows = db.execute("SELECT * FROM sessions ORDER BY time, id")
            return [Session(*row) for row in rows]


def check_private(directory: Path) -> None:
    """Refuses a state directory that somebody else owns or may write to, or exchange."""
    if private.is_open_to_others(directory):
        raise JournalError(
            f"{visible(str(directory))}: others may write to this directory, so the journal is"
            " not kept there; give another --state-dir, or chmod it to 700"
        )


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
