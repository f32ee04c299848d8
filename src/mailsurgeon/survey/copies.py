"""Which messages are the same: candidates by size and Message-ID, certainty by digest."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence

from mailsurgeon.diagnosis.group_rules import Copy
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.content import digests, open_file

_CHUNK = 500
_MESSAGE = "kind = 'file' AND place IN ('cur', 'new', 'root', 'nested')"
_FILED = "kind = 'file' AND place IN ('cur', 'new')"
# What can be filed: nested below INBOX, or below no folder, there is no target.
_FILEABLE = (
    "kind = 'file' AND (place = 'root' OR (place = 'nested'"
    " AND folder IN (SELECT id FROM folders WHERE length(path) > 0)))"
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
                "SELECT id, folder, place, directory, filename, size, ctime_ns, digest,"
                f" body_digest, message_id FROM entries WHERE id IN ({_marks(chunk)})",
                chunk,
            ).fetchall()
            for number, folder, place, directory, name, size, ctime, whole, body, identity in rows:
                if digests and whole is None:
                    whole, body = self._digest(number, directory, name, size)
                path = directory + b"/" + name if directory else name
                found.append(
                    Copy(number, folder, place, path, ctime, whole, body, None, identity or "")
                )
        return found

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
            "UPDATE entries SET digest = ?, body_digest = ? WHERE id = ?", (whole, body, number)
        )
        return whole, body

    def filed_twins_in_folder(self) -> dict[int, bytes]:
        """For misfiled messages the path of an identical one that is filed in the same folder, or
        is misfiled there too and comes first by path."""
        misfiled = self._alike(_FILEABLE, same_folder=True)
        return {**self._earlier(misfiled), **self._filed(misfiled, same_folder=True)}

    def filed_twins(self, which: str) -> dict[int, bytes]:
        """For entries (a condition in SQL) the path of an identical filed message anywhere."""
        return self._filed(self._alike(which, same_folder=False), same_folder=False)

    def earlier_twins(self, which: str) -> dict[int, bytes]:
        """For entries (a condition in SQL) the path of the first identical one among them."""
        return self._earlier(self._alike(which, same_folder=False))

    def _alike(self, which: str, *, same_folder: bool) -> dict[_Key, list[int]]:
        """Entries by what equal files are equal in; empty files are no copies of each other."""
        found: dict[_Key, list[int]] = {}
        for number, key in self._keys(which, same_folder):
            found.setdefault(key, []).append(number)
        return found

    def _keys(self, which: str, same_folder: bool) -> Iterator[tuple[int, _Key]]:
        rows = self.db.execute(
            "SELECT id, folder, size, virtual_size, message_id FROM entries"
            f" WHERE size > 0 AND {which}"
        )
        for number, folder, size, virtual, identity in rows:
            yield number, (folder if same_folder else 0, size, virtual, identity)

    def _filed(self, wanted: dict[_Key, list[int]], *, same_folder: bool) -> dict[int, bytes]:
        candidates: dict[_Key, list[int]] = {}
        for number, key in self._keys(_FILED, same_folder):
            if key in wanted:
                candidates.setdefault(key, []).append(number)
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

    def groups_without_id(self) -> Iterator[list[Copy]]:
        """Messages without a Message-ID that are alike and lie in several folders."""
        keys = self.db.execute(
            f"SELECT size, virtual_size FROM entries WHERE message_id IS NULL AND size > 0"
            f" AND {_MESSAGE} GROUP BY size, virtual_size HAVING COUNT(DISTINCT folder) > 1"
        ).fetchall()
        for size, virtual in keys:
            rows = self.db.execute(
                "SELECT id FROM entries WHERE message_id IS NULL AND size = ?"
                f" AND virtual_size IS ? AND {_MESSAGE}",
                (size, virtual),
            ).fetchall()
            yield self.of([row[0] for row in rows], digests=True)


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
