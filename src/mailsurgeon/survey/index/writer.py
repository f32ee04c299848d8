"""Writes what a survey finds into the index."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.survey.index.index import INDEXES, Index
from mailsurgeon.survey.index.rows import NotExamined, Place
from mailsurgeon.survey.index.slice import (
    FULL_COLUMNS,
    QUICK_COLUMNS,
    USUAL_COLUMNS,
    Facts,
    Known,
    SliceResult,
)
from mailsurgeon.survey.index.sql import Value

NO_FOLDER = 0
"""The folder id of files that lie in no folder at all."""
SEPARATE = "folder"
"""Origin of problems of a folder's own things, and of leftovers: found again at every survey."""
TOGETHER = "group"
"""Origin of problems of messages beside each other: found again when anything has changed."""
ALONE = "file"
"""Origin of what one file has by itself."""
WRITE_SECONDS = 0.2
"""Seconds of writing that are kept together: to keep every slice by itself costs a third more."""

_PROBLEM_SQL = (
    "INSERT INTO problems (entry, folder, code, severity, detail, remedy, origin)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_INDEX_NAMES = (
    "files_place", "files_message_id", "files_without_id", "files_date",
    "problems_entry", "problems_code",
)  # fmt: skip
_TOGETHER = 20  # rows that one statement writes: a third less time than one by one
_encode = json.JSONEncoder(separators=(",", ":")).encode


def _insert(columns: Sequence[str], rows: int, *, replace: bool) -> str:
    row = f"({', '.join('?' * len(columns))})"
    verb = "INSERT OR REPLACE" if replace else "INSERT"
    return f"{verb} INTO files ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"


@dataclass(frozen=True, slots=True)
class DirectorySeals:
    """What is remembered of a directory: when (unix ns) and with which seals it was examined."""

    number: int
    folder: int
    looked: int = 0
    seals: bytes = b""
    messages: int = 0
    bytes: int = 0


class IndexWriter:
    """Puts rows into an index."""

    def __init__(self, index: Index, layout: str) -> None:
        self.db = index.db
        self.layout = layout
        self.folders: dict[bytes, int] = dict(self.db.execute("SELECT path, id FROM folders"))
        self.directories: dict[tuple[bytes, str], DirectorySeals] = {}
        self._holders: dict[tuple[bytes, int], int] = {}
        for path, place, *rest in self.db.execute(
            "SELECT path, place, id, folder, looked, seals, messages, bytes FROM directories"
        ):
            if place == Place.FOLDER:
                self._holders[path, rest[1]] = rest[0]
            else:
                self.directories[path, place] = DirectorySeals(*rest)
        row = self.db.execute("SELECT COALESCE(MAX(id), 0) FROM files").fetchone()
        self._last_id: int = row[0]
        self.empty = self._last_id == 0
        self._since = 0.0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is written inside; it is kept with what follows within
        WRITE_SECONDS, or by `flush`."""
        if not self.db.in_transaction:
            self.db.execute("BEGIN IMMEDIATE")
            self._since = time.monotonic()
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        if time.monotonic() - self._since > WRITE_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Keeps what has been written, for others to see."""
        if self.db.in_transaction:
            self.db.execute("COMMIT")

    def drop_indexes(self) -> None:
        """Before a first survey: filling first and indexing last is two to three times faster."""
        for name in _INDEX_NAMES:
            self.db.execute(f"DROP INDEX IF EXISTS {name}")

    def make_indexes(self) -> None:
        """Makes the SQL indexes where they are missing."""
        self.db.executescript(INDEXES)

    # Folders

    def set_folders(self, paths: Iterable[bytes]) -> None:
        """The folders that there are; what belonged to others is forgotten."""
        wanted = set(paths)
        for path in set(self.folders) - wanted:
            number = self.folders.pop(path)
            self.db.execute("DELETE FROM problems WHERE folder = ?", (number,))
            self.db.execute("DELETE FROM folders WHERE id = ?", (number,))
            for key, looked in list(self.directories.items()):
                if looked.folder == number:
                    self.forget_directory(*key)
            for key, holder in list(self._holders.items()):
                if key[1] == number:
                    del self._holders[key]
                    self._forget_directory(holder)
        for path in sorted(wanted - set(self.folders)):
            name = os.fsencode(folder_name(path, self.layout))
            cursor = self.db.execute("INSERT INTO folders (path, name) VALUES (?, ?)", (path, name))
            assert cursor.lastrowid is not None
            self.folders[path] = cursor.lastrowid

    def folder_id(self, path: bytes | None) -> int:
        """The id of the folder at `path`; NO_FOLDER for None and for what is no folder."""
        return NO_FOLDER if path is None else self.folders.get(path, NO_FOLDER)

    def count_messages(self) -> None:
        """Sets each folder's counts from its directories."""
        self.db.execute("UPDATE folders SET messages = 0, bytes = 0")
        self.db.execute(
            "UPDATE folders SET messages = counts.number, bytes = counts.size FROM"
            " (SELECT folder, SUM(messages) AS number, SUM(bytes) AS size FROM directories"
            "  WHERE place IN ('cur', 'new', 'root', 'nested')"
            "  GROUP BY folder) AS counts WHERE counts.folder = folders.id"
        )

    def expect_messages(self, counts: Iterable[tuple[bytes, int]]) -> None:
        """Shows these numbers of messages until they have been examined."""
        self.db.executemany(
            "UPDATE folders SET messages = ? WHERE path = ? AND messages = 0",
            ((number, path) for path, number in counts),
        )

    # Directories

    def directory(self, path: bytes, place: str, folder: int) -> DirectorySeals:
        """What is remembered of a directory; it is made when it is new, and follows its folder."""
        known = self.directories.get((path, place))
        if known is None:
            cursor = self.db.execute(
                "INSERT INTO directories (path, place, folder) VALUES (?, ?, ?)",
                (path, place, folder),
            )
            assert cursor.lastrowid is not None
            known = DirectorySeals(cursor.lastrowid, folder)
        elif known.folder != folder:
            self.db.execute(
                "UPDATE directories SET folder = ? WHERE id = ?", (folder, known.number)
            )
            self.db.execute(
                "UPDATE problems SET folder = ? WHERE entry IN"
                " (SELECT id FROM files WHERE directory = ?)", (folder or None, known.number)
            )  # fmt: skip
            known = DirectorySeals(known.number, folder, known.looked, known.seals)
        self.directories[path, place] = known
        return known

    def begin_directory(self, known: DirectorySeals, started: int) -> None:
        """Forgets how a directory was: it is being looked at, and may not be to its end.

        Rows are as old as their directory: what is stored of one never looked at is of now.
        """
        self.db.execute(
            "UPDATE directories SET seals = x'', looked = ? WHERE id = ?",
            (known.looked or started, known.number),
        )

    def end_directory(
        self, number: int, looked: int, seals: bytes, messages: int, size: int
    ) -> None:
        """Remembers how a directory was found."""
        self.db.execute(
            "UPDATE directories SET looked = ?, seals = ?, messages = ?, bytes = ? WHERE id = ?",
            (looked, seals, messages, size, number),
        )

    def forget_directory(self, path: bytes, place: str) -> None:
        """Forgets a directory with all that lay in it."""
        self._forget_directory(self.directories.pop((path, place)).number)

    def _forget_directory(self, number: int) -> None:
        self.db.execute(
            "DELETE FROM problems WHERE entry IN (SELECT id FROM files WHERE directory = ?)",
            (number,),
        )
        self.db.execute("DELETE FROM files WHERE directory = ?", (number,))
        self.db.execute("DELETE FROM directories WHERE id = ?", (number,))

    def known(self, number: int, names: Sequence[bytes]) -> Known:
        """The rows of these names in one directory."""
        columns = ", ".join(Facts._fields)
        rows = self.db.execute(
            f"SELECT id, {columns} FROM files WHERE directory = ? AND filename BETWEEN ? AND ?",
            (number, min(names), max(names)),
        )
        wanted = set(names)
        return {row[1]: (row[0], Facts._make(row[1:])) for row in rows if row[1] in wanted}

    def forget_gone(self, number: int, names: set[bytes]) -> bool:
        """Forgets what lay in a directory under names that are no longer there; was there any?"""
        rows = self.db.execute("SELECT id, filename FROM files WHERE directory = ?", (number,))
        gone = [row[0] for row in rows if row[1] not in names]
        self.forget(gone)
        return bool(gone)

    def reserve(self, count: int) -> int:
        """The first of so many ids for new rows."""
        first = self._last_id + 1
        self._last_id += count
        return first

    def forget(self, ids: Iterable[int]) -> None:
        """Forgets entries and their problems."""
        for number in ids:
            self.db.execute("DELETE FROM problems WHERE entry = ?", (number,))
            self.db.execute("DELETE FROM files WHERE id = ?", (number,))

    # What was found

    def forget_findings(self, entries: Iterable[int]) -> None:
        """Takes away what these files were found to have by themselves."""
        self.db.executemany(
            f"DELETE FROM problems WHERE entry = ? AND origin = '{ALONE}'",
            ((number,) for number in entries),
        )

    def forget_not_examined(self, folders: Sequence[int]) -> None:
        """Takes away what was not looked at in these folders."""
        self.db.executemany(
            "DELETE FROM not_examined WHERE COALESCE(folder, 0) = ?",
            ((number,) for number in folders),
        )

    def store(self, directory: int, folder: int, result: SliceResult, *, quick: bool) -> None:
        """Keeps what came of a slice."""
        columns = QUICK_COLUMNS if quick else USUAL_COLUMNS
        self._store_usual(columns, result.usual)
        self.db.executemany(
            _insert(FULL_COLUMNS, 1, replace=True),
            ((number, directory, *facts) for number, facts in result.others),
        )
        self.db.executemany(
            _PROBLEM_SQL,
            [self._problem(number, folder, found, ALONE) for number, found in result.findings],
        )
        self.forget(result.gone)
        for item in result.not_examined:
            self.not_examined(item, folder)

    def _store_usual(self, columns: Sequence[str], flat: list[Value]) -> None:
        width = len(columns)
        stride = width * _TOGETHER
        whole = len(flat) - len(flat) % stride
        replace = not self.empty
        self.db.executemany(
            _insert(columns, _TOGETHER, replace=replace),
            (flat[start : start + stride] for start in range(0, whole, stride)),
        )
        self.db.executemany(
            _insert(columns, 1, replace=replace),
            (flat[start : start + width] for start in range(whole, len(flat), width)),
        )

    def set_digests(self, number: int, digest: bytes, body_digest: bytes | None) -> None:
        """Keeps the digests of a file's bytes and of its body, so that it is read once."""
        self.db.execute(
            "UPDATE files SET digest = ?, body_digest = ? WHERE id = ?",
            (digest, body_digest, number),
        )

    def set_remedies(self, code: str, remedies: Iterable[tuple[int, str | None]]) -> None:
        """Sets the remedy of a problem of these entries."""
        self.db.executemany(
            "UPDATE problems SET remedy = ? WHERE entry = ? AND code = ?",
            ((remedy, number, code) for number, remedy in remedies),
        )

    def not_examined(self, item: NotExamined, folder: int) -> None:
        """Remembers what was not looked at."""
        self.db.execute(
            "INSERT INTO not_examined VALUES (?, ?, ?)", (item.path, item.reason, folder or None)
        )

    def problem(self, entry: int, folder: int, finding: Finding, origin: str = TOGETHER) -> None:
        """Adds a problem that an entry has beside others."""
        self.problems([(entry, folder, finding)], origin)

    def problems(self, found: Iterable[tuple[int, int, Finding]], origin: str = TOGETHER) -> None:
        """Adds problems that entries (with their folders) have beside others."""
        self.db.executemany(_PROBLEM_SQL, (self._problem(*each, origin) for each in found))

    def directory_problem(
        self, path: bytes, folder: int, finding: Finding, origin: str = SEPARATE
    ) -> None:
        """Adds a problem of a directory, or of a server's file."""
        self.problem(self._directory_entry(path, folder), folder, finding, origin)

    def forget_groups(self, origin: str) -> None:
        """Takes away all problems of an origin, before they are found again."""
        self.db.execute("DELETE FROM problems WHERE origin = ?", (origin,))

    def sweep_directories(self) -> None:
        """Forgets entries of place FOLDER that have no problem any more."""
        self.db.execute(
            "DELETE FROM files WHERE directory IN (SELECT id FROM directories WHERE place = ?)"
            " AND id NOT IN (SELECT entry FROM problems)",
            (Place.FOLDER,),
        )

    def _directory_entry(self, path: bytes, folder: int) -> int:
        parent, _, name = path.rpartition(b"/")
        directory = self._holder(parent, folder)
        row = self.db.execute(
            "SELECT id FROM files WHERE directory = ? AND filename = ?", (directory, name)
        ).fetchone()
        if row:
            return row[0]
        number = self.reserve(1)
        blank = Facts(name, "directory", 0, 0, 0, 0, 0, 0, 0, 0)
        self.db.execute(_insert(FULL_COLUMNS, 1, replace=False), (number, directory, *blank))
        return number

    def _holder(self, path: bytes, folder: int) -> int:
        """The directory that holds entries of place FOLDER: one for each folder they belong to."""
        number = self._holders.get((path, folder))
        if number is None:
            cursor = self.db.execute(
                "INSERT INTO directories (path, place, folder) VALUES (?, ?, ?)",
                (path, Place.FOLDER, folder),
            )
            assert cursor.lastrowid is not None
            number = self._holders[path, folder] = cursor.lastrowid
        return number

    @staticmethod
    def _problem(entry: int, folder: int, finding: Finding, origin: str) -> tuple[object, ...]:
        detail = _encode(finding.detail)
        severity = int(finding.severity)
        return (entry, folder or None, finding.code, severity, detail, finding.remedy, origin)
