"""The file of a journal: opened only if it can be trusted, made when first written to.

It is an SQLite file, one per spool, written with `synchronous=FULL`. `journal_home` says where.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from mailsurgeon.errors import JournalError
from mailsurgeon.host import private
from mailsurgeon.host.own_places import maildir_around
from mailsurgeon.surgery.journal import soundness
from mailsurgeon.surgery.journal.identity import SpoolNotes
from mailsurgeon.surgery.journal.journal_home import JournalHome
from mailsurgeon.surgery.journal.notes import (
    JOURNAL_MARK,
    JOURNAL_SCHEMA,
    name_journal,
    notes_of,
    write_notes,
)
from mailsurgeon.text import visible

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


class DamagedRow(ValueError):
    """A row differs from what was written; the text names it."""


class JournalFile:
    """The file of one spool's journal. Safe to use from several threads."""

    def __init__(self, home: JournalHome) -> None:
        self.home = home
        self.db: sqlite3.Connection | None = None
        self._guard = threading.RLock()
        self._checked: float | None = None  # when it was last found sound

    @property
    def path(self) -> Path:
        """Where the journal is, or will be. Raises JournalError."""
        return self.home.found.path

    @property
    def notes(self) -> SpoolNotes:
        """What the journal knows of its spool, brought up to date with the spool as it is."""
        known, facts = self.home.found.notes, self.home.facts
        return SpoolNotes(facts) if known is None else known.brought_up_to(facts)

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection | None]:
        """Yields the connection, or None if nothing has ever been written. Raises JournalError."""
        with self._guard, self.journal_errors():
            if self.db is None and self.path.parent.is_dir() and os.path.lexists(self.path):
                self.db = self._connect()
            yield self.db

    def any_open(self) -> bool:
        """Whether any operation is unfinished. Raises JournalError."""
        with self.reading() as db:
            query = "SELECT 1 FROM operations WHERE open = 1 LIMIT 1"
            return db is not None and db.execute(query).fetchone() is not None

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """Yields the connection in a transaction, committed durably at the end of the block.

        Raises JournalError.
        """
        with self._guard, self.journal_errors():
            if self.db is None:
                self._make_directory()
                self.db = self._connect()
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise

    @contextmanager
    def journal_errors(self) -> Generator[None]:
        """Turns what SQLite and the file system raise into JournalError."""
        try:
            yield
        except DamagedRow as error:
            self._checked = None
            raise JournalError(self._line(f"is damaged ({error})")) from error
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            self._checked = None
            raise JournalError(self._line(f"cannot be used ({visible(str(error))})")) from error

    def _line(self, what: str) -> str:
        return (
            f"the journal {visible(str(self.path))} {what}; without it nothing is changed: give"
            " another --state-dir, or move it away and lose the undo"
        )

    def _make_directory(self) -> None:
        above = self.path.parent.parent
        if self.home.named is None:
            self._check_outside(above)
            private.make_private_directory(above)
        check_private(above)
        if not os.path.lexists(self.path.parent):
            self.path.parent.mkdir(mode=0o700)
            _sync_directory(above)
        check_private(self.path.parent)

    def _check_outside(self, directory: Path) -> None:
        around = maildir_around(os.fsencode(directory), self.home.spool.root)
        if around is not None:
            raise JournalError(
                f"{visible(str(directory))}: lies in the spool {visible(around)}, where servers and"
                " repairs would take the journal for mail; name a directory outside with"
                " --state-dir, one that outlives a restart"
            )

    def _connect(self) -> sqlite3.Connection:
        check_private(self.path.parent.parent)
        check_private(self.path.parent)
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._check_file(self.path.with_name(self.path.name + suffix))
        fresh = not self.path.exists()
        self._checked = soundness.checked_at(self.path)
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
        # Without a WAL, a commit ends by unlinking a file; EXTRA also syncs that unlink (SQLite).
        db.execute(f"PRAGMA synchronous = {'FULL' if mode == 'wal' else 'EXTRA'}")
        # Keep a batch's pages in memory to write each once, and checkpoint after many batches.
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        db.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        application = db.execute("PRAGMA application_id").fetchone()[0]
        empty = not db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and application == 0 and empty:
            self._create(db)
            return
        if application != JOURNAL_MARK:
            raise JournalError(self._line("is not a journal of this program, or damaged"))
        if version != JOURNAL_SCHEMA:
            age = "a newer" if version > JOURNAL_SCHEMA else "an unknown"
            raise JournalError(self._line(f"was written by {age} version of this program"))
        if self._checked is None:
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise JournalError(self._line("is damaged"))
            self._checked = time.time()
        if self.home.named is None and notes_of(db).spool.inode != self.home.spool.inode:
            raise JournalError(self._line("belongs to another spool"))

    def update_notes(self, db: sqlite3.Connection) -> None:
        """Notes what the spool is now, if that differs, and names the journal; within `writing`."""
        name_journal(db)
        if notes_of(db).without_id != self.notes.without_id:
            write_notes(db, self.notes)

    def _create(self, db: sqlite3.Connection) -> None:
        db.executescript(
            f"BEGIN IMMEDIATE;{_TABLES}PRAGMA application_id = {JOURNAL_MARK};"
            f"PRAGMA user_version = {JOURNAL_SCHEMA};"
        )
        write_notes(db, self.notes)
        db.execute("COMMIT")
        self._checked = time.time()

    def close(self) -> None:
        """Closes the connection."""
        with self._guard:
            if self.db is not None:
                self.db.close()
                self.db = None
                if self._checked is not None:
                    soundness.note_checked(self.path, self._checked)

    def sync_name(self) -> None:
        """Makes the name of SQLite's log durable: SQLite does not report when that fails."""
        with self.journal_errors():
            _sync_directory(self.path.parent)
            with suppress(OSError):  # only helps to find it after the device number has changed
                self.home.remember()


def check_private(directory: Path) -> None:
    """Raises JournalError if others own the state directory, or may write to or replace it."""
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
