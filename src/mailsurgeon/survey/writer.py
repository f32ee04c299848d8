"""Writes what a survey finds into the index; the only code that does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.maildir.names import folder_name
from mailsurgeon.survey.examine import COLUMNS, Facts, SliceResult
from mailsurgeon.survey.index import INDEXES, Index
from mailsurgeon.survey.rows import NotExamined, Place

NO_FOLDER = 0
"""The folder id of files that lie in no folder at all."""

_ENTRY_SQL = (
    f"INSERT OR REPLACE INTO entries (id, folder, {COLUMNS}) "
    f"VALUES (?, ?, {', '.join('?' * len(Facts._fields))})"
)
_PROBLEM_SQL = (
    "INSERT INTO problems (entry, folder, code, severity, detail, remedy, origin)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_INDEX_NAMES = (
    "entries_place", "entries_folder", "entries_message_id", "problems_entry", "problems_code",
)  # fmt: skip


class Writer:
    """Puts rows into an index. Origins: "file" (one message by itself), "group" (all others)."""

    def __init__(self, index: Index, layout: str) -> None:
        self.db = index.db
        self.layout = layout
        self.folders: dict[bytes, int] = dict(self.db.execute("SELECT path, id FROM folders"))
        row = self.db.execute("SELECT COALESCE(MAX(id), 0) FROM entries").fetchone()
        self._last_id: int = row[0]
        self.empty = self._last_id == 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is written inside."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
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
            self.db.execute("DELETE FROM entries WHERE folder = ?", (number,))
            self.db.execute("DELETE FROM folders WHERE id = ?", (number,))
        for path in sorted(wanted - set(self.folders)):
            name = os.fsencode(folder_name(path, self.layout))
            cursor = self.db.execute("INSERT INTO folders (path, name) VALUES (?, ?)", (path, name))
            assert cursor.lastrowid is not None
            self.folders[path] = cursor.lastrowid

    def folder_id(self, path: bytes | None) -> int:
        """The id of the folder at `path`; NO_FOLDER for None and for what is no folder."""
        return NO_FOLDER if path is None else self.folders.get(path, NO_FOLDER)

    def count_messages(self) -> None:
        """Sets each folder's counts from its entries."""
        self.db.execute("UPDATE folders SET messages = 0, bytes = 0")
        self.db.execute(
            "UPDATE folders SET messages = counts.number, bytes = counts.size FROM"
            " (SELECT folder, COUNT(*) AS number, SUM(size) AS size FROM entries"
            "  WHERE kind = 'file' AND place IN ('cur', 'new', 'root', 'nested')"
            "  GROUP BY folder) AS counts WHERE counts.folder = folders.id"
        )

    def expect_messages(self, counts: Iterable[tuple[bytes, int]]) -> None:
        """Shows these numbers of messages until they have been examined."""
        self.db.executemany(
            "UPDATE folders SET messages = ? WHERE path = ? AND messages = 0",
            ((number, path) for path, number in counts),
        )

    # What lies in them

    def forget_problems(self, folders: Sequence[int]) -> None:
        """Takes away what single files of these folders were found to have."""
        self.db.executemany(
            "DELETE FROM problems WHERE COALESCE(folder, 0) = ? AND origin = 'file'",
            ((number,) for number in folders),
        )
        self.db.executemany(
            "DELETE FROM not_examined WHERE COALESCE(folder, 0) = ?",
            ((number,) for number in folders),
        )

    def forget_gone(self, directory: bytes, names: set[bytes]) -> None:
        """Forgets the entries of a directory whose names are no longer there."""
        rows = self.db.execute(
            "SELECT id, filename FROM entries WHERE directory = ? AND place != 'folder'",
            (directory,),
        )
        self.forget([number for number, name in rows if name not in names])

    def forget_directories(self, folders: Sequence[int], directories: set[bytes]) -> None:
        """Forgets entries of these folders that lie in directories that are gone."""
        for number in folders:
            rows = self.db.execute(
                "SELECT DISTINCT directory FROM entries WHERE folder = ? AND place != 'folder'",
                (number,),
            ).fetchall()
            for (directory,) in rows:
                if directory not in directories:
                    self.forget_gone(directory, set())

    def move_directory(self, directory: bytes, folder: int) -> None:
        """The folder around a directory may be another than before: its entries follow."""
        self.db.execute(
            "UPDATE entries SET folder = ? WHERE directory = ? AND place = 'nested'"
            " AND folder != ?",
            (folder, directory, folder),
        )

    def forget(self, ids: Iterable[int]) -> None:
        """Forgets entries and their problems."""
        for number in ids:
            self.db.execute("DELETE FROM problems WHERE entry = ?", (number,))
            self.db.execute("DELETE FROM entries WHERE id = ?", (number,))

    def store(self, folder: int, result: SliceResult) -> None:
        """Keeps what came of a slice."""
        rows: list[tuple[object, ...]] = []
        problems: list[tuple[object, ...]] = []
        for examined in result.examined:
            number = examined.id
            if number is None:
                number = self._next_id()
            if examined.facts is not None:
                rows.append((number, folder, *examined.facts))
            problems += [
                self._problem(number, folder, finding, "file") for finding in examined.findings
            ]
        self.db.executemany(_ENTRY_SQL, rows)
        self.db.executemany(_PROBLEM_SQL, problems)
        self.forget(result.gone)
        for item in result.not_examined:
            self.not_examined(item, folder)

    def not_examined(self, item: NotExamined, folder: int) -> None:
        """Remembers what was not looked at."""
        self.db.execute(
            "INSERT INTO not_examined VALUES (?, ?, ?)", (item.path, item.reason, folder or None)
        )

    def problem(self, entry: int, folder: int, finding: Finding) -> None:
        """Adds a problem that an entry has beside others."""
        self.db.execute(_PROBLEM_SQL, self._problem(entry, folder, finding, "group"))

    def directory_problem(self, path: bytes, folder: int, finding: Finding) -> None:
        """Adds a problem of a directory, or of a server's file."""
        self.problem(self._directory_entry(path, folder), folder, finding)

    def forget_groups(self) -> None:
        """Takes away all problems of origin "group", before they are found again."""
        self.db.execute("DELETE FROM problems WHERE origin = 'group'")

    def sweep_directories(self) -> None:
        """Forgets entries of place FOLDER that have no problem any more."""
        self.db.execute(
            "DELETE FROM entries WHERE place = 'folder' AND id NOT IN (SELECT entry FROM problems)"
        )

    def _directory_entry(self, path: bytes, folder: int) -> int:
        directory, _, name = path.rpartition(b"/")
        row = self.db.execute(
            "SELECT id, folder FROM entries"
            " WHERE directory = ? AND filename = ? AND place = 'folder'",
            (directory, name),
        ).fetchone()
        if row:
            if row[1] != folder:
                self.db.execute("UPDATE entries SET folder = ? WHERE id = ?", (folder, row[0]))
            return row[0]
        number = self._next_id()
        blank = Facts(
            Place.FOLDER, directory, name, "directory", 0, 0, 0, 0, 0, 0, 0, 0, None, 0, "",
            None, None, None, None, None, None, None,
        )  # fmt: skip
        self.db.execute(_ENTRY_SQL, (number, folder, *blank))
        return number

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    @staticmethod
    def _problem(entry: int, folder: int, finding: Finding, origin: str) -> tuple[object, ...]:
        detail = json.dumps(finding.detail, separators=(",", ":"))
        severity = int(finding.severity)
        return (entry, folder or None, finding.code, severity, detail, finding.remedy, origin)
