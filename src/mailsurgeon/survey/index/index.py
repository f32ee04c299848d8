"""The index: the facts of a spool in SQLite, for the screen, the commands and the planner.

The index is a cache. It can be deleted at any time; the next survey makes it again.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.host import private
from mailsurgeon.maildir.spool import join
from mailsurgeon.survey.index.rows import (
    Entry,
    FolderRow,
    NotExamined,
    ProblemRow,
    ProblemText,
    ViewQuery,
)
from mailsurgeon.survey.index.slices import DirectoryPlace, Held, Slices, directory_places
from mailsurgeon.survey.index.sql import Value, chunks, limits, marks, path_of
from mailsurgeon.survey.index.views import view

INDEX_SCHEMA = 7

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE folders (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0);
CREATE TABLE directories (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL, place TEXT NOT NULL, folder INTEGER NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    looked INTEGER NOT NULL DEFAULT 0, seals BLOB NOT NULL DEFAULT x'',
    stamp TEXT NOT NULL DEFAULT '', files INTEGER NOT NULL DEFAULT 0,
    UNIQUE (path, place, folder));
CREATE TABLE files (
    id INTEGER PRIMARY KEY, directory INTEGER NOT NULL, filename BLOB NOT NULL,
    kind TEXT NOT NULL DEFAULT 'file',
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL, mode INTEGER NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL,
    nlink INTEGER NOT NULL, errno INTEGER, traits INTEGER NOT NULL DEFAULT 0,
    encoding TEXT NOT NULL DEFAULT '', plain_size INTEGER, virtual_size INTEGER,
    message_id TEXT COLLATE NOCASE, sender TEXT, subject TEXT, date INTEGER, looks_like TEXT,
    broken TEXT, skipped TEXT, digest BLOB, body_digest BLOB);
CREATE TABLE slices (
    first INTEGER PRIMARY KEY, directory INTEGER NOT NULL, last INTEGER NOT NULL,
    number INTEGER NOT NULL, full INTEGER NOT NULL, low BLOB NOT NULL, high BLOB NOT NULL,
    earliest INTEGER NOT NULL, latest INTEGER NOT NULL,
    digests BLOB NOT NULL, numbers BLOB NOT NULL, texts BLOB NOT NULL);
CREATE INDEX slices_directory ON slices (directory);
CREATE TABLE taken (id INTEGER PRIMARY KEY);
CREATE VIEW entries AS
    SELECT f.id, d.folder, d.place, d.path AS directory, f.filename, f.kind, f.size, f.mtime_ns,
        f.ctime_ns, f.inode, f.mode, f.uid, f.gid, f.nlink, f.errno, f.traits, f.encoding,
        f.plain_size, f.virtual_size, f.message_id, f.sender, f.subject, f.date, f.looks_like,
        f.digest, f.body_digest
    FROM files f JOIN directories d ON d.id = f.directory;
CREATE TABLE problems (
    id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, folder INTEGER, code TEXT NOT NULL,
    severity INTEGER NOT NULL, detail TEXT NOT NULL, remedy TEXT, origin TEXT NOT NULL);
CREATE TABLE not_examined (
    path BLOB NOT NULL, reason TEXT NOT NULL, folder INTEGER);
CREATE TABLE lists (
    path BLOB PRIMARY KEY, stamp TEXT NOT NULL, facts TEXT NOT NULL) WITHOUT ROWID;
"""

INDEXES = """
CREATE UNIQUE INDEX IF NOT EXISTS files_place ON files (directory, filename);
CREATE INDEX IF NOT EXISTS files_message_id ON files (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS files_without_id ON files (size)
    WHERE message_id IS NULL AND traits > 0;
CREATE INDEX IF NOT EXISTS files_packed ON files (directory, encoding) WHERE encoding > '';
CREATE INDEX IF NOT EXISTS problems_entry ON problems (entry);
CREATE INDEX IF NOT EXISTS problems_code ON problems (code, folder);
"""

INDEX_NAMES = (
    "files_place", "files_message_id", "files_without_id", "files_packed", "files_date",
    "problems_entry", "problems_code",
)  # fmt: skip

_PATH = path_of("e.directory", "e.filename")
_ENTRY = (
    f"e.id, e.folder, e.place, {_PATH},"
    " e.kind, e.size, e.mtime_ns, e.ctime_ns, e.inode, e.message_id, e.sender, e.subject"
)
_STATEMENT_CHECK = 100_000  # instructions of SQLite's machine, a few milliseconds


class StatementCut(Exception):
    """A statement was cut short because the survey was cancelled; its transaction is undone."""


class Index:
    """A connection to the index of one spool. Each thread needs its own; see `again`.

    Only the modules of this package use `db` and `slices`; others call their functions.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.db = connection
        self.slices = Slices(connection)

    @classmethod
    def open(cls, path: Path, *, fresh: bool = False) -> Index:
        """Opens the index at `path`; makes it anew if it is missing, damaged or of another schema,
        or with `fresh`. Raises PermissionError when others may write to its directory."""
        private.make_private_directory(path.parent)
        if private.is_open_to_others(path.parent):
            raise PermissionError(errno.EACCES, "others may write to this directory", path.parent)
        if fresh:
            _forget(path)
        try:
            return cls(path, _connect(path))
        except sqlite3.DatabaseError:
            _forget(path)
            return cls(path, _connect(path))

    @classmethod
    def existing(cls, path: Path) -> Index | None:
        """The index at `path` as it is; None if there is none that can be used. Makes none."""
        try:
            if not path.is_file() or private.is_open_to_others(path.parent):
                return None
            return cls(path, _connect(path))
        except (OSError, sqlite3.Error):
            return None

    @classmethod
    def at(cls, path: Path) -> Index:
        """Another connection to an index that is already open, for another process."""
        return cls(path, _connect(path))

    def again(self) -> Index:
        """Another connection to the same index, for another thread."""
        return Index.at(self.path)

    def close(self) -> None:
        """Closes the connection."""
        self.db.close()

    @contextmanager
    def statements_until(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Cuts statements of this connection short once `cancelled` returns True: one that makes an
        SQL index may take seconds. Raises StatementCut."""
        self.db.set_progress_handler(cancelled, _STATEMENT_CHECK)
        try:
            yield
        except sqlite3.OperationalError as error:
            if cancelled():
                raise StatementCut from error
            raise
        finally:
            self.db.set_progress_handler(None, 0)

    # Facts about the whole spool

    def meta(self, key: str, default: str = "") -> str:
        """A stored fact such as `depth` (quick, full), `layout` or `surveyed` (unix seconds)."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else default

    def set_meta(self, **values: str) -> None:
        """Stores facts about the whole spool."""
        self.db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def notes(self) -> list[str]:
        """The last survey's remarks to the operator, in sentences."""
        return json.loads(self.meta("notes", "[]"))

    def set_notes(self, notes: Sequence[str]) -> None:
        """Stores a survey's remarks to the operator."""
        self.set_meta(notes=json.dumps(list(notes)))

    def folders(self) -> list[FolderRow]:
        """All folders, INBOX first, then by name."""
        counts: dict[int, dict[str, int]] = {}
        troubles: dict[int, int] = {}
        for folder, code, severity, number in self.db.execute(
            "SELECT folder, code, severity, COUNT(*) FROM problems"
            " WHERE folder IS NOT NULL GROUP BY folder, code, severity"
        ):
            mine = counts.setdefault(folder, {})
            mine[code] = mine.get(code, 0) + number
            if severity > Severity.INFO:
                troubles[folder] = troubles.get(folder, 0) + number
        rows = self.db.execute("SELECT id, path, name, messages, bytes FROM folders")
        found = [
            FolderRow(
                number, path, os.fsdecode(name), messages, size,
                counts.get(number, {}), troubles.get(number, 0),
            )
            for number, path, name, messages, size in rows
        ]  # fmt: skip
        return sorted(found, key=lambda row: (row.path != b"", row.name.casefold(), row.path))

    def problem_counts(self, *, above_info: bool = False) -> dict[str, int]:
        """The number of problems by code; the worst severity comes first, then the most frequent
        code."""
        lowest = Severity.WARNING if above_info else Severity.INFO
        rows = self.db.execute(
            "SELECT code, COUNT(*), MAX(severity) AS worst FROM problems WHERE severity >= ?"
            " GROUP BY code ORDER BY worst DESC, COUNT(*) DESC, code",
            (int(lowest),),
        )
        return {code: number for code, number, _worst in rows}

    def not_examined(self) -> list[NotExamined]:
        """The paths that the survey did not examine, and why."""
        rows = self.db.execute("SELECT path, reason FROM not_examined ORDER BY path, reason")
        return [NotExamined(path, reason) for path, reason in rows]

    # Lists of entries

    def order_by_date(self) -> None:
        """Makes an SQL index by date, which cuts the time of `view` for a whole spool to a
        third."""
        self.db.execute("CREATE INDEX IF NOT EXISTS files_date ON files (mtime_ns)")

    def view(self, query: ViewQuery) -> array[int]:
        """The ids of the entries that `query` selects, in its order."""
        return view(self.db, self.slices, query)

    def entries(self, ids: Sequence[int]) -> list[Entry]:
        """The entries with these ids, in the order of `ids`; ids that are gone are left out."""
        # Packed ones first: another process may make rows of them meanwhile.
        held = list(self.slices.find(ids))
        where = directory_places(self.db, {each.columns.directory for each in held})
        found = {each.id: _entry(each, where[each.columns.directory]) for each in held}
        for chunk in chunks([number for number in ids if number not in found]):
            sql = f"SELECT {_ENTRY} FROM entries e WHERE e.id IN ({marks(chunk)})"
            for row in self.db.execute(sql, chunk):
                found[row[0]] = Entry._make(row)
        return [found[number] for number in ids if number in found]

    def entry_at(self, path: bytes) -> Entry | None:
        """The entry at a path relative to the spool; None without one."""
        directory, filename = os.path.split(path)
        row = self.db.execute(
            f"SELECT {_ENTRY} FROM entries e WHERE e.directory = ? AND e.filename = ?",
            (directory, filename),
        ).fetchone()
        if row:
            return Entry._make(row)
        held = self.slices.named(directory, filename)
        return self.entries([held.id])[0] if held else None

    def badges(self, ids: Sequence[int]) -> dict[int, tuple[tuple[str, int], ...]]:
        """By entry, its problems as (code, severity), worst first; entries without any are left
        out."""
        found: dict[int, list[tuple[str, int]]] = {}
        for chunk in chunks(ids):
            for entry, code, severity in self.db.execute(
                f"SELECT entry, code, severity FROM problems WHERE entry IN ({marks(chunk)})"
                " ORDER BY entry, severity DESC, code",
                chunk,
            ):
                found.setdefault(entry, []).append((code, severity))
        return {entry: tuple(codes) for entry, codes in found.items()}

    # Problems

    def problems(
        self,
        *,
        entries: Sequence[int] | None = None,
        codes: Iterable[str] | None = None,
        folders: Iterable[int] | None = None,
    ) -> Iterator[ProblemRow]:
        """Problems ordered by path: those of `entries`, or else those of `codes` in `folders`
        (None: all)."""
        if entries is not None:
            for chunk in chunks(entries):
                yield from self._problems(f"p.entry IN ({marks(chunk)})", chunk)
            return
        yield from self._problems(*limits(codes, folders))

    def problem_texts(
        self, codes: Iterable[str] | None = None, folders: Iterable[int] | None = None
    ) -> Iterator[ProblemText]:
        """The same problems in the same order, not decoded."""
        where, values = limits(codes, folders)
        columns = f"p.folder, p.code, p.severity, {_PATH}, p.detail, p.remedy"
        return map(ProblemText._make, self._ordered_problems(columns, where, values))

    def any_trouble(
        self, codes: Iterable[str] | None = None, folders: Iterable[int] | None = None
    ) -> bool:
        """Whether any of these problems is above info."""
        where, values = limits(codes, folders)
        query = f"SELECT 1 FROM problems p WHERE {where} AND p.severity > ? LIMIT 1"
        return self.db.execute(query, (*values, int(Severity.INFO))).fetchone() is not None

    def _problems(self, where: str, values: Sequence[Value]) -> Iterator[ProblemRow]:
        columns = f"p.id, p.entry, p.folder, p.code, p.severity, {_PATH}, p.detail, p.remedy"
        rows = self._ordered_problems(columns, where, values)
        for number, entry, folder, code, severity, path, detail, remedy in rows:
            yield ProblemRow(
                number, entry, folder, code, severity, path, json.loads(detail), remedy
            )

    def _ordered_problems(
        self, columns: str, where: str, values: Sequence[Value]
    ) -> sqlite3.Cursor:
        return self.db.execute(
            f"SELECT {columns} FROM problems p JOIN entries e ON e.id = p.entry WHERE {where}"
            " ORDER BY e.directory, e.filename, p.severity DESC, p.code",
            values,
        )


def _entry(held: Held, at: DirectoryPlace) -> Entry:
    facts = held.facts
    return Entry(
        held.id, at.folder, at.place, join(at.path, facts.filename), facts.kind, facts.size,
        facts.mtime_ns, facts.ctime_ns, facts.inode, facts.message_id, facts.sender, facts.subject,
    )  # fmt: skip


def _connect(path: Path) -> sqlite3.Connection:
    private.make_private_file(path)
    db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    # No waiting for the disk: after a power cut a damaged cache is noticed and made again.
    db.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;"
        "PRAGMA case_sensitive_like = OFF;"
    )
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        db.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {INDEX_SCHEMA};COMMIT;{INDEXES}")
    elif version != INDEX_SCHEMA:
        raise sqlite3.DatabaseError(f"index of schema {version}")


def _forget(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
