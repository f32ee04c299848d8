"""Writes the results of a survey into the index."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.survey.index.index import INDEX_NAMES, INDEXES, Index
from mailsurgeon.survey.index.rows import DirectorySeals, NotExamined, Place
from mailsurgeon.survey.index.slice import (
    FULL_COLUMNS,
    QUICK_COLUMNS,
    USUAL_COLUMNS,
    Facts,
    Known,
    SliceResult,
)
from mailsurgeon.survey.index.sql import Value, insert_files

NO_FOLDER = 0
"""The folder id of files that lie in no folder."""
SEPARATE = "folder"
"""The origin of problems of folders, servers' files and leftovers, found again at every survey."""
TOGETHER = "group"
"""The origin of problems between messages, found again when anything has changed."""
ALONE = "file"
"""The origin of problems that do not depend on other files."""
WRITE_SECONDS = 0.2
"""Seconds of writing in one commit: a commit for every slice costs a third more."""

_PROBLEM_SQL = (
    "INSERT INTO problems (entry, folder, code, severity, detail, remedy, origin)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_TOGETHER = 20  # rows that one statement writes, in two thirds of the time of single rows
_encode = json.JSONEncoder().encode  # in the form that `ProblemText.detail` promises


class IndexWriter:
    """Writes rows of an index."""

    def __init__(self, index: Index, layout: str) -> None:
        self.db = index.db
        self.slices = index.slices
        self.layout = layout
        self.folders: dict[bytes, int] = dict(self.db.execute("SELECT path, id FROM folders"))
        self.directories: dict[tuple[bytes, str], DirectorySeals] = {}
        self._holders: dict[tuple[bytes, int], int] = {}
        for path, place, *rest in self.db.execute(
            "SELECT path, place, id, folder, looked, seals, messages, bytes, stamp, files"
            " FROM directories"
        ):
            if place == Place.FOLDER:
                self._holders[path, rest[1]] = rest[0]
            else:
                self.directories[path, place] = DirectorySeals(*rest)
        row = self.db.execute("SELECT COALESCE(MAX(id), 0) FROM files").fetchone()
        self._last_id: int = max(row[0], self.slices.last_id())
        self.empty = self._last_id == 0
        self._since = 0.0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A context for writes. If it raises, they are undone, with all that is not yet committed:
        `flush` commits, or the first context that ends after WRITE_SECONDS."""
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
        """Commits all writes, so that other connections see them."""
        if self.db.in_transaction:
            self.db.execute("COMMIT")

    def drop_indexes(self) -> None:
        """Drops the SQL indexes before a first survey: filling the tables without them, and making
        them at the end, is two to three times faster."""
        for name in INDEX_NAMES:
            self.db.execute(f"DROP INDEX IF EXISTS {name}")

    def make_indexes(self) -> None:
        """Makes the SQL indexes that are missing."""
        self.db.executescript(INDEXES)

    # Folders

    def set_folders(self, paths: Iterable[bytes]) -> None:
        """Sets the folders of the spool, and removes all other folders with their contents."""
        wanted = set(paths)
        for path in set(self.folders) - wanted:
            number = self.folders.pop(path)
            self.db.execute("DELETE FROM problems WHERE folder = ?", (number,))
            self.db.execute("DELETE FROM not_examined WHERE folder = ?", (number,))
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
        """The id of the folder at `path`; NO_FOLDER for None and for other directories."""
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
        """Sets the message counts of folders that have none yet, until the survey has counted
        them."""
        self.db.executemany(
            "UPDATE folders SET messages = ? WHERE path = ? AND messages = 0",
            ((number, path) for path, number in counts),
        )

    # Directories

    def directory(self, path: bytes, place: str, folder: int) -> DirectorySeals:
        """The stored facts of a directory. Adds a new directory, and moves a known one, with its
        problems, to `folder` if that has changed."""
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
            known = replace(known, folder=folder, stamp="")
        self.directories[path, place] = known
        return known

    def begin_directory(self, known: DirectorySeals, started: int) -> None:
        """Removes a directory's seals, since its examination may be interrupted.

        A directory that was never examined gets `started` as its time, because the rows that are
        stored from now on are at least as new.
        """
        self.db.execute(
            "UPDATE directories SET seals = x'', stamp = '', looked = ? WHERE id = ?",
            (known.looked or started, known.number),
        )

    def end_directory(self, found: DirectorySeals) -> None:
        """Stores the facts of a directory that has been examined to its end."""
        facts = found.looked, found.seals, found.messages, found.bytes, found.stamp, found.files
        self.db.execute(
            "UPDATE directories SET looked = ?, seals = ?, messages = ?, bytes = ?, stamp = ?,"
            " files = ? WHERE id = ?",
            (*facts, found.number),
        )

    def forget_directory(self, path: bytes, place: str) -> None:
        """Removes a directory with its entries."""
        self._forget_directory(self.directories.pop((path, place)).number)

    def _forget_directory(self, number: int) -> None:
        self.db.execute(
            "DELETE FROM problems WHERE entry IN (SELECT id FROM files WHERE directory = ?)",
            (number,),
        )
        self.db.execute("DELETE FROM files WHERE directory = ?", (number,))
        self.slices.forget_directory(number)
        self.db.execute("DELETE FROM directories WHERE id = ?", (number,))

    def known(self, number: int, names: Sequence[bytes]) -> Known:
        """What is known of these names in the directory with the id `number`."""
        columns = ", ".join(Facts._fields)
        low, high = min(names), max(names)
        rows = self.db.execute(
            f"SELECT id, {columns} FROM files WHERE directory = ? AND filename BETWEEN ? AND ?",
            (number, low, high),
        )
        wanted = set(names)
        known = {row[1]: (row[0], Facts._make(row[1:])) for row in rows if row[1] in wanted}
        for packed in self.slices.between(number, low, high):
            for place, name in enumerate(packed.names):
                if name in wanted:
                    known[name] = packed.ids[place], packed.facts(place)
        return known

    def unread(self, number: int, names: Sequence[bytes]) -> bool:
        """Whether only a quick survey has looked at names in this range."""
        return self.slices.unread(number, min(names), max(names))

    def forget_gone(self, number: int, names: set[bytes]) -> bool:
        """Removes the entries of a directory that have none of these names. Returns whether there
        were any."""
        rows = self.db.execute("SELECT id, filename FROM files WHERE directory = ?", (number,))
        gone = [row[0] for row in rows if row[1] not in names]
        for packed in self.slices.of_directory(number):
            known = zip(packed.ids, packed.names, strict=True)
            gone += [entry for entry, name in known if name not in names]
        self.forget(gone)
        return bool(gone)

    def reserve(self, count: int) -> int:
        """Reserves `count` successive ids for new rows, and returns the first."""
        first = self._last_id + 1
        self._last_id += count
        return first

    def forget(self, ids: Collection[int]) -> None:
        """Removes entries and their problems."""
        for number in ids:
            self.db.execute("DELETE FROM problems WHERE entry = ?", (number,))
            self.db.execute("DELETE FROM files WHERE id = ?", (number,))
        self.slices.take(ids)

    # Results

    def forget_findings(self, entries: Iterable[int]) -> None:
        """Removes the problems of these files that do not depend on other files."""
        self.db.executemany(
            f"DELETE FROM problems WHERE entry = ? AND origin = '{ALONE}'",
            ((number,) for number in entries),
        )

    def forget_not_examined(self, folders: Sequence[int]) -> None:
        """Removes the records of paths in these folders that were not examined."""
        self.db.executemany(
            "DELETE FROM not_examined WHERE COALESCE(folder, 0) = ?",
            ((number,) for number in folders),
        )

    def store(
        self, directory: int, folder: int, first: int, result: SliceResult, *, quick: bool,
        known: bool,
    ) -> None:  # fmt: skip
        """Stores the result of a slice, whose new ids begin with `first`. `known`: some of its
        names were known."""
        if result.packed is not None:
            self.slices.add(first, directory, result.packed)
        self._store_usual(QUICK_COLUMNS if quick else USUAL_COLUMNS, result.usual)
        if known:
            self.slices.take(number for number, _ in result.others)
            self.slices.make_rows(number for number, _ in result.findings)
        self.db.executemany(
            insert_files(FULL_COLUMNS, 1, replace=True),
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
            insert_files(columns, _TOGETHER, replace=replace),
            (flat[start : start + stride] for start in range(0, whole, stride)),
        )
        self.db.executemany(
            insert_files(columns, 1, replace=replace),
            (flat[start : start + width] for start in range(whole, len(flat), width)),
        )

    def make_rows(self, ids: Iterable[int] = (), digests: Set[int] = frozenset()) -> None:
        """Gives rows of their own to those of these messages that are packed, and to the packed
        ones whose Message-IDs have one of these digests."""
        if self.slices.exist():
            self.slices.make_rows(ids)
            if digests:
                self.slices.make_rows_with(digests)

    def unpack(self, cancelled: Callable[[], bool]) -> None:
        """Gives every packed message a row of its own, unless it is cancelled."""
        for first in self.slices.first_ids():
            if cancelled():
                return
            with self.transaction():
                self.slices.unpack(first)

    def set_digests(self, number: int, digest: bytes, body_digest: bytes | None) -> None:
        """Stores the digests of a file's bytes and of its body, so that the file is read once."""
        self.db.execute(
            "UPDATE files SET digest = ?, body_digest = ? WHERE id = ?",
            (digest, body_digest, number),
        )

    def set_remedies(self, code: str, remedies: Iterable[tuple[int, str | None]]) -> None:
        """Sets the remedies of the problem `code` of these entries."""
        self.db.executemany(
            "UPDATE problems SET remedy = ? WHERE entry = ? AND code = ?",
            ((remedy, number, code) for number, remedy in remedies),
        )

    def set_detail(self, entry: int, code: str, detail: Mapping[str, object]) -> None:
        """Replaces the detail of the problem `code` of an entry."""
        self.db.execute(
            "UPDATE problems SET detail = ? WHERE entry = ? AND code = ?",
            (_encode(detail), entry, code),
        )

    def not_examined(self, item: NotExamined, folder: int) -> None:
        """Records a path that was not examined."""
        self.db.execute(
            "INSERT INTO not_examined VALUES (?, ?, ?)", (item.path, item.reason, folder or None)
        )

    def problem(self, entry: int, folder: int, finding: Finding, origin: str = TOGETHER) -> None:
        """Adds a problem of one entry."""
        self.problems([(entry, folder, finding)], origin)

    def problems(self, found: Iterable[tuple[int, int, Finding]], origin: str = TOGETHER) -> None:
        """Adds problems, each with the ids of its entry and folder."""
        rows = list(found)
        self.make_rows(entry for entry, _, _ in rows)
        self.db.executemany(_PROBLEM_SQL, [self._problem(*each, origin) for each in rows])

    def directory_problem(
        self, path: bytes, folder: int, finding: Finding, origin: str = SEPARATE
    ) -> None:
        """Adds a problem of a directory, or of a server's file."""
        self.problem(self._directory_entry(path, folder), folder, finding, origin)

    def forget_groups(self, origin: str) -> None:
        """Removes all problems of an origin, before they are found again."""
        self.db.execute("DELETE FROM problems WHERE origin = ?", (origin,))

    def sweep(self) -> None:
        """Removes entries of place FOLDER that no longer have a problem, and empty slices."""
        self.slices.sweep()
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
        self.db.execute(insert_files(FULL_COLUMNS, 1, replace=False), (number, directory, *blank))
        return number

    def _holder(self, path: bytes, folder: int) -> int:
        """The id of the directory for entries of place FOLDER below `path`: one for each folder."""
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
