"""Finds what a second survey of some folders has changed in the index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mailsurgeon.survey.index.index import Index

_WHERE = "folder IN (SELECT id FROM temp.looked_at)"
# Joined from the directories: through the view SQLite would scan all files of the spool.
_FILES = (
    "directories d CROSS JOIN files f ON f.directory = d.id"
    f" WHERE d.place != 'folder' AND d.{_WHERE}"
)


@dataclass(frozen=True, slots=True)
class Renewal:
    """Ids of entries that have changed.

    `renamed`: the new ids of messages that have got a new name, by their old ids; these are neither
    in `new` nor in `gone`. `changed`: entries with the same id and other facts or problems.
    """

    new: frozenset[int] = frozenset()
    gone: frozenset[int] = frozenset()
    renamed: dict[int, int] = field(default_factory=dict)
    changed: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.renamed or self.changed)


class BeforeAndAfter:
    """Remembers the entries of some folders (paths), and compares them with the index later.

    Works in temporary tables of the index's connection and changes nothing in the index. Raises
    sqlite3.Error.
    """

    def __init__(self, index: Index, folders: Iterable[bytes]) -> None:
        self._index = index
        self._db, self._folders = index.db, [(path,) for path in folders]
        self._db.executescript(
            "DROP TABLE IF EXISTS temp.looked_at; DROP TABLE IF EXISTS temp.seen;"
            "DROP TABLE IF EXISTS temp.seen_problems;"
            "CREATE TEMP TABLE looked_at (id INTEGER PRIMARY KEY);"
        )
        self._choose()
        self._db.executescript(
            "DROP TABLE IF EXISTS temp.there;"
            "CREATE TEMP TABLE seen (id INTEGER PRIMARY KEY, inode, size, mtime_ns, mode);"
            "CREATE TEMP TABLE there (id INTEGER PRIMARY KEY, inode, size, mtime_ns, mode);"
            "CREATE TEMP TABLE seen_problems AS"
            f" SELECT entry, code, remedy FROM problems WHERE {_WHERE};"
        )
        self._note("seen")

    def _note(self, table: str) -> None:
        """Puts the present entries of the folders into a table."""
        self._db.execute(
            f"INSERT INTO temp.{table} SELECT f.id, inode, size, mtime_ns, mode FROM {_FILES}"
        )
        for (folder,) in self._db.execute("SELECT id FROM temp.looked_at").fetchall():
            for packed in self._index.slices.of_folder(folder):
                modes = (mode for mode, _, _ in packed.owners)
                self._db.executemany(
                    f"INSERT INTO temp.{table} VALUES (?, ?, ?, ?, ?)",
                    zip(packed.ids, packed.inodes, packed.sizes, packed.mtimes, modes, strict=True),
                )

    def _choose(self) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO temp.looked_at SELECT id FROM folders WHERE path = ?",
            self._folders,
        )

    def renewal(self) -> Renewal:
        """The changes since this object was created."""
        self._choose()  # adds folders that are new since
        self._db.execute("DELETE FROM temp.there")
        self._note("there")
        gone = self._ids("SELECT id FROM temp.seen WHERE id NOT IN (SELECT id FROM temp.there)")
        new = self._ids("SELECT id FROM temp.there WHERE id NOT IN (SELECT id FROM temp.seen)")
        renamed = self._renamed(gone, new)
        changed = self._ids(
            "SELECT s.id FROM temp.seen s JOIN temp.there t ON t.id = s.id"
            " WHERE (t.inode, t.size, t.mtime_ns, t.mode)"
            " IS NOT (s.inode, s.size, s.mtime_ns, s.mode)"
        )
        changed |= self._other_problems()
        changed = changed - new - set(renamed.values()) - gone
        return Renewal(
            frozenset(new - set(renamed.values())), frozenset(gone - renamed.keys()), renamed,
            frozenset(changed),
        )  # fmt: skip

    def _renamed(self, gone: set[int], new: set[int]) -> dict[int, int]:
        """Pairs gone with new messages of one inode, size and time, which a message keeps when a
        client sets its flags or moves it."""
        if not gone or not new:
            return {}
        before = self._db.execute("SELECT id, inode, size, mtime_ns FROM temp.seen")
        known = {row[1:]: row[0] for row in before if row[0] in gone}
        now = self._db.execute("SELECT id, inode, size, mtime_ns FROM temp.there")
        return {known[row[1:]]: row[0] for row in now if row[0] in new and row[1:] in known}

    def _other_problems(self) -> set[int]:
        # Without their details, because the age of a leftover differs at every survey.
        now = f"SELECT entry, code, remedy FROM problems WHERE {_WHERE}"
        before = "SELECT entry, code, remedy FROM temp.seen_problems"
        return self._ids(f"SELECT entry FROM ({now} EXCEPT {before})") | self._ids(
            f"SELECT entry FROM ({before} EXCEPT {now})"
        )

    def _ids(self, sql: str) -> set[int]:
        return {row[0] for row in self._db.execute(sql)}
