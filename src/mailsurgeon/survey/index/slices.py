"""The packed slices of an index: finding messages in them, and turning some into rows.

`files` and `slices` together have all entries; no message is in both. `taken` has the ids of packed
messages that have got a row since, or are gone: a packed slice is never rewritten.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence, Set
from struct import error as StructError
from typing import NamedTuple

from mailsurgeon.survey.index.packed import PackedColumns, digest_column
from mailsurgeon.survey.index.slice import FULL_COLUMNS, Facts, Packed
from mailsurgeon.survey.index.sql import Value, chunks, insert_files, marks

_CACHED = 64
"""Slices that stay unpacked in memory, some 300 KB each."""
_SLICE = "s.first, s.directory, " + ", ".join(f"s.{name}" for name in Packed._fields)
_BY_DIRECTORY = "directories d CROSS JOIN slices s ON s.directory = d.id"
_INSERT = insert_files(FULL_COLUMNS, 1, replace=False)
_ADD = f"INSERT INTO slices VALUES ({marks(Packed._fields)}, ?, ?)"


class Held(NamedTuple):
    """A packed message: its id, and where it is among the columns of its slice."""

    id: int
    columns: PackedColumns
    place: int

    @property
    def facts(self) -> Facts:
        """Its row, without id and directory."""
        return self.columns.facts(self.place)


class DirectoryPlace(NamedTuple):
    """Where the messages of a directory are: its path, its place, and the id of its folder."""

    path: bytes
    place: str
    folder: int


class Slices:
    """The packed slices of one index. Raises sqlite3.Error."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._unpacked: dict[int, tuple[Packed, list[int], PackedColumns]] = {}

    # Reading

    def exist(self) -> bool:
        """Whether any message is packed."""
        return self._db.execute("SELECT 1 FROM slices LIMIT 1").fetchone() is not None

    def every(self) -> Iterator[PackedColumns]:
        """All packed slices, by id."""
        return self._columns(f"SELECT {_SLICE} FROM slices s ORDER BY s.first")

    def of_folder(self, folder: int) -> Iterator[PackedColumns]:
        """The packed slices of a folder, by id."""
        sql = f"SELECT {_SLICE} FROM {_BY_DIRECTORY} WHERE d.folder = ? ORDER BY s.first"
        return self._columns(sql, folder)

    def of_directory(self, number: int) -> Iterator[PackedColumns]:
        """The packed slices of a directory, by id."""
        return self._columns(f"SELECT {_SLICE} FROM slices s WHERE s.directory = ?", number)

    def between(self, number: int, low: bytes, high: bytes) -> Iterator[PackedColumns]:
        """The packed slices of a directory that may have names in this range."""
        return self._columns(
            f"SELECT {_SLICE} FROM slices s WHERE s.directory = ? AND s.low <= ? AND s.high >= ?",
            number, high, low,
        )  # fmt: skip

    def spanning(self, path: bytes, low: bytes, high: bytes) -> Iterator[PackedColumns]:
        """The packed slices of the directory at this path that may have names in this range."""
        return self._columns(
            f"SELECT {_SLICE} FROM {_BY_DIRECTORY} WHERE d.path = ? AND s.low <= ? AND s.high >= ?",
            path, high, low,
        )  # fmt: skip

    def at(self, path: bytes) -> Iterator[PackedColumns]:
        """The packed slices of the directory at this path."""
        return self._columns(f"SELECT {_SLICE} FROM {_BY_DIRECTORY} WHERE d.path = ?", path)

    def below(self, path: bytes) -> Iterator[PackedColumns]:
        """The packed slices of the directories below this path."""
        return self._columns(
            f"SELECT {_SLICE} FROM {_BY_DIRECTORY} WHERE d.path > ? AND d.path < ?",
            path + b"/", path + b"0",
        )  # fmt: skip

    def named(self, path: bytes, filename: bytes) -> Held | None:
        """The packed message with this name in the directory at this path."""
        rows = self._columns(
            f"SELECT {_SLICE} FROM {_BY_DIRECTORY} WHERE d.path = ? AND s.low <= ? AND s.high >= ?",
            path, filename, filename,
        )  # fmt: skip
        for columns in rows:
            place = bisect_left(columns.names, filename)
            if place < len(columns) and columns.names[place] == filename:
                return Held(columns.ids[place], columns, place)
        return None

    def find(self, ids: Iterable[int]) -> Iterator[Held]:
        """The packed ones of these messages, by id."""
        if not self.exist():
            return
        columns: PackedColumns | None = None
        last = 0
        for number in sorted(set(ids)):
            if columns is None or number > last:
                row = self._db.execute(
                    f"SELECT {_SLICE} FROM slices s WHERE s.first <= ?"
                    " ORDER BY s.first DESC LIMIT 1",
                    (number,),
                ).fetchone()
                if row is None or row[2] < number:
                    continue
                columns, last = self._unpack(row), row[2]
            place = bisect_left(columns.ids, number)
            if place < len(columns) and columns.ids[place] == number:
                yield Held(number, columns, place)

    def one(self, first: int) -> PackedColumns:
        """The packed slice with this first id, which exists."""
        sql = f"SELECT {_SLICE} FROM slices s WHERE s.first = ?"
        return self._unpack(self._db.execute(sql, (first,)).fetchone(), keep=False)

    def digests(self) -> Iterator[tuple[int, bytes]]:
        """The first id of each slice that has been read, and the digests of its Message-IDs."""
        return iter(self._db.execute("SELECT first, digests FROM slices WHERE full ORDER BY first"))

    def unread(self, directory: int, low: bytes, high: bytes) -> bool:
        """Whether a quick survey alone has packed messages in this range of names."""
        row = self._db.execute(
            "SELECT 1 FROM slices WHERE directory = ? AND low <= ? AND high >= ? AND NOT full"
            " LIMIT 1",
            (directory, high, low),
        ).fetchone()
        return row is not None

    def times(self, directories: Sequence[int]) -> tuple[int, int] | None:
        """The earliest and latest mtime (ns) in the slices of these directories from which nothing
        has been taken; None without any."""
        row = self._db.execute(
            f"SELECT MIN(earliest), MAX(latest) FROM slices WHERE directory IN"
            f" ({marks(directories)}) AND NOT EXISTS"
            " (SELECT 1 FROM taken WHERE id BETWEEN first AND last)",
            directories,
        ).fetchone()
        return None if row[0] is None else row

    def last_id(self) -> int:
        """The highest id of a packed message; 0 without any."""
        (last,) = self._db.execute("SELECT COALESCE(MAX(last), 0) FROM slices").fetchone()
        return last

    def _columns(self, sql: str, *values: Value) -> Iterator[PackedColumns]:
        # All rows of one statement at once would take much memory: one after another.
        for row in self._db.execute(sql, values):
            yield self._unpack(row, keep=False)

    def _unpack(self, row: Sequence[Value], *, keep: bool = True) -> PackedColumns:
        first, directory, packed = row[0], row[1], Packed._make(row[2:])
        assert isinstance(first, int) and isinstance(directory, int)
        taken = [
            number
            for (number,) in self._db.execute(
                "SELECT id FROM taken WHERE id BETWEEN ? AND ?", (first, packed.last)
            )
        ]
        known = self._unpacked.get(first)
        if known is not None and known[0] == packed and known[1] == taken:
            return known[2]
        try:
            columns = PackedColumns(first, directory, packed, taken)
        except (ValueError, StructError) as error:
            raise sqlite3.DatabaseError(f"slice {first}: {error}") from error
        if keep:
            if len(self._unpacked) >= _CACHED:
                del self._unpacked[next(iter(self._unpacked))]
            self._unpacked[first] = packed, taken, columns
        return columns

    # Writing, for IndexWriter

    def add(self, first: int, directory: int, packed: Packed) -> None:
        """Adds a packed slice."""
        self._db.execute(_ADD, (first, directory, *packed))

    def make_rows(self, ids: Iterable[int]) -> None:
        """Gives those of these messages that are packed rows of their own, with the same ids."""
        without: set[int] = set()
        for chunk in chunks(list(ids)):  # a look for a row costs less than one into a slice
            rows = self._db.execute(f"SELECT id FROM files WHERE id IN ({marks(chunk)})", chunk)
            without.update(set(chunk).difference(number for (number,) in rows))
        found = [(held.id, held.columns.directory, held.facts) for held in self.find(without)]
        self._db.executemany(_INSERT, ((number, place, *facts) for number, place, facts in found))
        self._take(number for number, _, _ in found)

    def make_rows_with(self, digests: Set[int]) -> None:
        """Gives the packed messages whose Message-IDs have one of these digests rows of their own,
        with the same ids."""
        for first, packed in list(self.digests()):
            if digests.isdisjoint(digest_column(packed)):
                continue
            columns = self.one(first)
            found = [place for place, each in enumerate(columns.digests) if each in digests]
            self._db.executemany(
                _INSERT,
                ((columns.ids[at], columns.directory, *columns.facts(at)) for at in found),
            )
            self._take(columns.ids[at] for at in found)

    def first_ids(self) -> list[int]:
        """The first ids of all packed slices."""
        return [first for (first,) in self._db.execute("SELECT first FROM slices ORDER BY first")]

    def unpack(self, first: int) -> None:
        """Makes rows of all messages of a slice."""
        columns = self.one(first)
        self._db.executemany(
            _INSERT,
            [
                (number, columns.directory, *columns.facts(place))
                for place, number in enumerate(columns.ids)
            ],
        )
        self._forget(first, columns.last)

    def take(self, ids: Iterable[int]) -> None:
        """Takes those of these messages that are packed out of their slices."""
        self._take([held.id for held in self.find(ids)])

    def _take(self, ids: Iterable[int]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO taken VALUES (?)", ((each,) for each in ids))

    def forget_directory(self, number: int) -> None:
        """Removes the packed slices of a directory."""
        self._db.execute(
            "DELETE FROM taken WHERE EXISTS (SELECT 1 FROM slices WHERE directory = ?"
            " AND taken.id BETWEEN first AND last)",
            (number,),
        )
        self._db.execute("DELETE FROM slices WHERE directory = ?", (number,))

    def sweep(self) -> None:
        """Removes the slices from which all messages have been taken."""
        if self._db.execute("SELECT 1 FROM taken LIMIT 1").fetchone() is None:
            return
        empty = self._db.execute(
            "SELECT first, last FROM slices WHERE number <="
            " (SELECT COUNT(*) FROM taken WHERE id BETWEEN first AND last)"
        ).fetchall()
        for first, last in empty:
            self._forget(first, last)

    def _forget(self, first: int, last: int) -> None:
        self._db.execute("DELETE FROM slices WHERE first = ?", (first,))
        self._db.execute("DELETE FROM taken WHERE id BETWEEN ? AND ?", (first, last))


def directory_places(
    db: sqlite3.Connection, directories: Iterable[int] | None = None
) -> dict[int, DirectoryPlace]:
    """Where these directories (ids; None: all) are."""
    sql = "SELECT id, path, place, folder FROM directories"
    if directories is None:
        rows = db.execute(sql).fetchall()
    else:
        wanted = list(directories)
        rows = [
            row
            for chunk in chunks(wanted)
            for row in db.execute(f"{sql} WHERE id IN ({marks(chunk)})", chunk)
        ]
    return {number: DirectoryPlace(*rest) for number, *rest in rows}
