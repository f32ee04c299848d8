"""Which messages are the same: candidates by size and Message-ID, certainty by digest."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from mailsurgeon.diagnosis.group_rules import Copy
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.read.message_file import digests, open_file

_CHUNK = 500
_MESSAGE = "f.kind = 'file' AND d.place IN ('cur', 'new', 'root', 'nested')"
_FILED = "f.kind = 'file' AND d.place IN ('cur', 'new')"
# What can be filed: nested below INBOX, or below no folder, there is no target.
_FILEABLE = (
    "f.kind = 'file' AND (d.place = 'root' OR (d.place = 'nested'"
    " AND d.folder IN (SELECT id FROM folders WHERE length(path) > 0)))"
)
# SQLite joins in the order written: from few directories to their files, or from files asked for.
_BY_DIRECTORY = "directories d CROSS JOIN files f ON f.directory = d.id"
_BY_FILE = "files f CROSS JOIN directories d ON d.id = f.directory"
_KEY = "SELECT f.id, d.folder, f.size, f.virtual_size, f.message_id FROM"
_COPY = (
    "f.id, d.folder, d.place, d.path, f.filename, f.size, f.ctime_ns, f.digest, f.body_digest,"
    " f.message_id"
)
_Key = tuple[int, int, int | None, str | None]
"""Folder (0 where it does not matter), size, virtual size, Message-ID: equal for equal files."""


class Copies:
    """Finds identical messages. Digests are kept in the index, so a file is read once."""

    def __init__(self, spool: Spool, db: sqlite3.Connection) -> None:
        self.spool = spool
        self.db = db

    def of(self, ids: Sequence[int], *, digests: bool) -> list[Copy]:
        """The copies of these entries, with digests where asked; unreadable ones have none."""
        found: list[Copy] = []
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            rows = self.db.execute(
                f"SELECT {_COPY} FROM {_BY_FILE} WHERE f.id IN ({_marks(chunk)})", chunk
            ).fetchall()
            found += [self._copy(row, digests=digests) for row in rows]
        return found

    def _copy(self, row: tuple[Any, ...], *, digests: bool) -> Copy:
        number, folder, place, directory, name, size, ctime, whole, body, identity = row
        if digests and whole is None:
            whole, body = self._digest(number, directory, name, size)
        path = directory + b"/" + name if directory else name
        return Copy(number, folder, place, path, ctime, whole, body, None, identity or "")

    def digest(self, number: int) -> bytes | None:
        """The digest of one entry's bytes, None when it cannot be read."""
        copies = self.of([number], digests=True)
        return copies[0].digest if copies else None

    def _digest(
        self, number: int, directory: bytes, name: bytes, size: int
    ) -> tuple[bytes | None, bytes | None]:
        path = os.path.join(self.spool.root, directory)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            parent = os.open(path, flags)
            try:
                descriptor = open_file(parent, name)
            finally:
                os.close(parent)
            try:
                # A file that has changed since it was examined is not what the index says.
                if os.fstat(descriptor).st_size != size:
                    return None, None
                whole, body = digests(descriptor, size)
            finally:
                os.close(descriptor)
        except OSError:
            return None, None
        self.db.execute(
            "UPDATE files SET digest = ?, body_digest = ? WHERE id = ?", (whole, body, number)
        )
        return whole, body

    def filed_twins_in_folder(self) -> dict[int, bytes]:
        """For misfiled messages the path of an identical one that is filed in the same folder, or
        is misfiled there too and comes first by path."""
        misfiled = self._alike(f"{_KEY} {_BY_DIRECTORY} WHERE {_FILEABLE}", same_folder=True)
        candidates: dict[_Key, list[int]] = {}
        for folder in {key[0] for key in misfiled}:
            filed = f"{_KEY} {_BY_DIRECTORY} WHERE {_FILED} AND d.folder = {folder}"
            alike = self._alike(filed, same_folder=True)
            candidates.update({key: alike[key] for key in alike.keys() & misfiled.keys()})
        return {**self._earlier(misfiled), **self._filed(misfiled, candidates)}

    def filed_twins(self, which: str) -> dict[int, bytes]:
        """For files `f` (a condition in SQL) the path of an identical filed message anywhere."""
        wanted = self._alike(f"{_KEY} {_BY_FILE} WHERE {which}", same_folder=False)
        candidates: dict[_Key, list[int]] = {}
        for key in wanted:
            _, size, virtual, identity = key
            same, value = "f.message_id = ?", identity
            if identity is None:
                same, value = "f.message_id IS NULL AND f.traits > 0 AND f.size = ?", size
            rows = self.db.execute(f"{_KEY} {_BY_FILE} WHERE {same} AND {_FILED}", (value,))
            found = [row[0] for row in rows if row[2:] == (size, virtual, identity)]
            if found:
                candidates[key] = found
        return self._filed(wanted, candidates)

    def earlier_twins(self, which: str) -> dict[int, bytes]:
        """For files `f` (a condition in SQL) the path of the first identical one among them."""
        return self._earlier(self._alike(f"{_KEY} {_BY_FILE} WHERE {which}", same_folder=False))

    def _alike(self, sql: str, *, same_folder: bool) -> dict[_Key, list[int]]:
        """Files by what equal ones are equal in; empty files are no copies of each other."""
        found: dict[_Key, list[int]] = {}
        for number, folder, size, virtual, identity in self.db.execute(f"{sql} AND f.size > 0"):
            key = (folder if same_folder else 0, size, virtual, identity)
            found.setdefault(key, []).append(number)
        return found

    def _filed(
        self, wanted: dict[_Key, list[int]], candidates: dict[_Key, list[int]]
    ) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for key, numbers in candidates.items():
            filed: dict[bytes, bytes] = {}
            for copy in sorted(self.of(numbers, digests=True), key=lambda copy: copy.path):
                if copy.digest is not None:
                    filed.setdefault(copy.digest, copy.path)
            for copy in self.of(wanted[key], digests=True):
                if copy.digest in filed:
                    found[copy.id] = filed[copy.digest]
        return found

    def _earlier(self, alike: dict[_Key, list[int]]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for numbers in alike.values():
            first: dict[bytes, bytes] = {}
            several = self.of(numbers, digests=True) if len(numbers) > 1 else []
            for copy in sorted(several, key=lambda copy: copy.path):
                if copy.digest in first:
                    found[copy.id] = first[copy.digest]
                elif copy.digest is not None:
                    first[copy.digest] = copy.path
        return found

    def groups_with_id(self, which: str) -> Iterator[list[Copy]]:
        """Messages (files `f` for which a condition in SQL holds) that share a Message-ID."""
        shared = self.db.execute(
            "SELECT message_id FROM files WHERE message_id IS NOT NULL"
            " GROUP BY message_id HAVING COUNT(*) > 1"
        ).fetchall()
        for start in range(0, len(shared), _CHUNK):
            chunk = [identity for (identity,) in shared[start : start + _CHUNK]]
            rows = self.db.execute(
                # In the order of Message-IDs, which are the same in upper and lower case.
                f"SELECT lower(f.message_id), {_COPY} FROM {_BY_FILE} WHERE f.message_id"
                f" IN ({_marks(chunk)}) AND {_MESSAGE} AND {which} ORDER BY f.message_id, f.id",
                chunk,
            ).fetchall()
            for _, group in groupby(rows, key=itemgetter(0)):
                alike = [row[1:] for row in group]
                if len(alike) > 1:
                    yield [self._copy(row, digests=True) for row in alike]

    def groups_without_id(self) -> Iterator[list[Copy]]:
        """Messages without a Message-ID that are alike and lie in several folders."""
        rows = self.db.execute(
            f"SELECT f.id, f.size, f.virtual_size, d.folder FROM {_BY_FILE}"
            f" WHERE f.message_id IS NULL AND f.traits > 0 AND f.size > 0 AND {_MESSAGE}"
        )
        alike: dict[tuple[int, int | None], list[tuple[int, int]]] = {}
        for number, size, virtual, folder in rows:
            alike.setdefault((size, virtual), []).append((number, folder))
        for copies in alike.values():
            if len({folder for _, folder in copies}) > 1:
                yield self.of([number for number, _ in copies], digests=True)


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
