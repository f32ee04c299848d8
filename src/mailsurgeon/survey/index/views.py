"""Lists of entries: which ones a query selects, and in which order.

SQLite selects and sorts rows. Packed messages have no problem, so only lists that are not limited
to problems contain them; their columns are sorted here, together with the keys of the rows.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from mailsurgeon.survey.index.packed import PackedColumns
from mailsurgeon.survey.index.rows import ViewQuery
from mailsurgeon.survey.index.slices import DirectoryPlace, Slices, directory_places
from mailsurgeon.survey.index.sql import Value, marks, path_of

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison as Key

_FILE_PATH = path_of("d.path", "f.filename")
_ORDERS = {
    "date": "f.mtime_ns, f.id",
    "size": "f.size",
    "sender": "f.sender COLLATE NOCASE",
    "subject": "f.subject COLLATE NOCASE",
    "problem": "(SELECT MAX(severity * 1000 - id % 1000) FROM problems WHERE entry = f.id)",
    "path": "d.path, f.filename",
}
# Few files neither are messages nor have a problem, so excluding these costs less than selecting
# the others.
_LISTED = (
    "f.id NOT IN (SELECT id FROM files WHERE directory IN (SELECT id FROM directories"
    " WHERE place NOT IN ('cur', 'new', 'root', 'nested'))"
    " AND id NOT IN (SELECT entry FROM problems))"
)
_REPAIRABLE = "SELECT entry FROM problems WHERE code = ? AND remedy IS NOT NULL"
_PIECE = 1 << 16  # characters parsed at once, because json blocks all other threads meanwhile
_NO_PROBLEM = -(1 << 60)


def view(db: sqlite3.Connection, slices: Slices, query: ViewQuery) -> array[int]:
    """The ids of the entries that `query` selects, in its order."""
    if query.code or query.badges or not slices.exist():
        return _of_rows(db, query)
    columns = slices.every() if query.folder is None else slices.of_folder(query.folder)
    packed = _Packed(query, directory_places(db), columns)
    if not packed.ids:
        return _of_rows(db, query)
    where, values = _selection(query)
    key = _ORDERS[query.sort].removesuffix(", f.id")
    rows = db.execute(
        f"SELECT f.id, {key} FROM files f JOIN directories d ON d.id = f.directory"
        f" WHERE {where} ORDER BY f.id",
        values,
    ).fetchall()
    return packed.sorted_with([(row[0], _key(query.sort, row[1:])) for row in rows])


def _selection(query: ViewQuery) -> tuple[str, list[Value]]:
    where: list[str] = []
    values: list[Value] = []
    if query.folder is not None:
        where.append("f.directory IN (SELECT id FROM directories WHERE folder = ?)")
        values.append(query.folder)
    codes = {query.code} if query.code else set(query.badges)
    for group in ({query.code} if query.code else set(), set(query.badges)):
        if group:
            where.append(f"f.id IN (SELECT entry FROM problems WHERE code IN ({marks(group)}))")
            values.extend(sorted(code for code in group if code))
    if not codes:
        where.append(_LISTED)
    if query.text:
        needle = "%" + _like(query.text) + "%"
        where.append(
            "(f.sender LIKE ? ESCAPE '\\' OR f.subject LIKE ? ESCAPE '\\'"
            " OR f.message_id LIKE ? ESCAPE '\\'"
            f" OR CAST({_FILE_PATH} AS TEXT) LIKE ? ESCAPE '\\')"
        )
        values.extend([needle] * 4)
    return " AND ".join(where), values


def _of_rows(db: sqlite3.Connection, query: ViewQuery) -> array[int]:
    where, values = _selection(query)
    direction = "DESC" if query.descending else "ASC"
    parts = _ORDERS[query.sort].split(", ")
    if query.folder is not None or query.code or query.badges or query.text:
        # The plus keeps SQLite from scanning all files in the order of the index by date:
        # sorting the selected ones takes less time.
        parts = [f"+{part}" for part in parts]
    order = ", ".join(f"{part} {direction}" for part in parts)
    if query.repairable_first and query.code:
        order = f"f.id NOT IN ({_REPAIRABLE}), {order}"
        values.append(query.code)
    # The directories are joined only if the query uses their paths.
    join = " JOIN directories d ON d.id = f.directory" if query.text or "d." in order else ""
    # One text for all ids, because fetching row by row costs more than all the sorting.
    (ids,) = db.execute(
        "SELECT COALESCE(group_concat(id), '') FROM (SELECT f.id AS id"
        f" FROM files f{join} WHERE {where} ORDER BY {order}, f.id)",
        values,
    ).fetchone()
    return _numbers(ids)


class _Packed:
    """The packed messages that a query selects, with the keys by which they are sorted."""

    def __init__(
        self, query: ViewQuery, where: dict[int, DirectoryPlace], slices: Iterable[PackedColumns]
    ) -> None:
        self.query = query
        self.ids = array("q")
        self._keys: list[Key] = []
        for columns in slices:
            path = where[columns.directory].path
            keys = _KEYS[query.sort](columns, path)
            ids: Sequence[int] = columns.ids
            if query.text:
                chosen = _matches(columns, path, query.text)
                keys = [keys[place] for place in chosen]
                ids = [ids[place] for place in chosen]
            self.ids.extend(ids)
            self._keys += keys

    def sorted_with(self, rows: Sequence[tuple[int, Key]]) -> array[int]:
        """The ids of these messages and of other rows, given with their keys and sorted by id."""
        ids, keys = self.ids, self._keys
        ids.extend(number for number, _ in rows)
        keys += [key for _, key in rows]
        # Equal ones are sorted by id; by date the latest id comes first if the latest date does.
        by_date = self.query.sort == "date"
        order = sorted(range(len(ids)), key=ids.__getitem__)
        order.sort(key=keys.__getitem__, reverse=self.query.descending and not by_date)
        if self.query.descending and by_date:
            order.reverse()
        return array("q", map(ids.__getitem__, order))


def _key(sort: str, values: Sequence[Value]) -> Key:
    if sort == "path":
        return tuple(values)
    (value,) = values
    if sort in ("sender", "subject"):
        return _text_key(value if isinstance(value, str) else None)
    return _NO_PROBLEM if value is None else value


def _text_key(text: str | None) -> bytes:
    """A key that sorts as SQLite does: without the case of ASCII letters, missing texts first."""
    return b"" if text is None else b"\0" + text.encode().lower()


_KEYS: dict[str, Callable[[PackedColumns, bytes], Sequence[Key]]] = {
    "date": lambda columns, _: columns.mtimes,
    "size": lambda columns, _: columns.sizes,
    "sender": lambda columns, _: list(map(_text_key, columns.senders)),
    "subject": lambda columns, _: list(map(_text_key, columns.subjects)),
    "problem": lambda columns, _: [_NO_PROBLEM] * len(columns),
    "path": lambda columns, path: [(path, name) for name in columns.names],
}


def _matches(columns: PackedColumns, path: bytes, text: str) -> list[int]:
    """The places of the messages that contain the text, without the case of ASCII letters."""
    needle = text.encode("utf-8", "surrogateescape").lower()
    start = path + b"/" if path else b""
    found: set[int] = set()
    for lines in (
        start + (b"\0" + start).join(columns.names),
        *(
            "\0".join([shown or "" for shown in column]).encode()
            for column in (columns.senders, columns.subjects, columns.message_ids)
        ),
    ):
        folded = lines.lower()
        if needle in folded:  # one search for all, since most columns do not contain it
            places = enumerate(folded.split(b"\0"))
            found.update(place for place, line in places if needle in line)
    return sorted(found)


def _numbers(text: str) -> array[int]:
    """Parses numbers separated by commas."""
    numbers, start = array("q"), 0
    while start < len(text):
        end = text.find(",", start + _PIECE)
        end = len(text) if end < 0 else end
        numbers.extend(json.loads(f"[{text[start:end]}]"))
        start = end + 1
    return numbers


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
