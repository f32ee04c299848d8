"""The rows of a journal: read, written, moved to another place, and freed of their place."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journals.lines import Record
from tests.journals.sums import SUMMED, checksum

TABLES = ("meta", "sessions", "operations", "steps")
PRAGMAS = ("application_id", "user_version")
_EXPECTED = re.compile(r"\[(\d+), (\d+), (-?\d+), (-?\d+)\]")
_BEFORE = re.compile(r'"before": \[(\d+), ')
_FILE = re.compile(r'"file": \[(\d+), (\d+), (-?\d+), (-?\d+)\]')
_OWNER = re.compile(r'"uid": (\d+), "gid": (\d+)')

OF_THE_HOST = ("identity",)
"""Keys of what tells one spool from another by its host."""
OF_A_SPOOL = (*OF_THE_HOST, "id", "journal")
"""These, and keys of what is random."""

Rows = list[Record]
"""Each row by column, with the name of its table under `table`; without what is null."""


def read_rows(journal: Path) -> Rows:
    """All rows of a journal, table by table, in the order of their keys, without `OF_THE_HOST`."""
    found: Rows = []
    with closing(sqlite3.connect(journal)) as db:
        db.row_factory = sqlite3.Row
        for table in TABLES:
            for row in db.execute(f"SELECT * FROM {table} ORDER BY 1"):
                known = {column: row[column] for column in row.keys() if row[column] is not None}  # noqa: SIM118
                if known.get("key") not in OF_THE_HOST:
                    found.append({"table": table, **known})
    return found


def read_schema(journal: Path) -> str:
    """What makes an empty journal: a script of SQL."""
    with closing(sqlite3.connect(journal)) as db:
        pragmas = [(name, db.execute(f"PRAGMA {name}").fetchone()[0]) for name in PRAGMAS]
        made = db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        lines = [f"PRAGMA {name} = {value};" for name, value in pragmas]
        lines += [f"{statement};" for (statement,) in made]
    return "\n".join(lines) + "\n"


def write_rows(journal: Path, schema: str, rows: Iterable[Record]) -> None:
    """Makes a journal of these rows; its directories are private, as the program wants them."""
    for directory in (journal.parent.parent, journal.parent):
        directory.mkdir(mode=0o700, exist_ok=True)
    with closing(sqlite3.connect(journal)) as db:
        db.executescript(schema)
        for row in rows:
            columns = [column for column in row if column != "table"]
            into = f"{row['table']} ({', '.join(columns)})"
            values = f"({', '.join(f':{column}' for column in columns)})"
            db.execute(f"INSERT INTO {into} VALUES {values}", row)
        db.commit()
    journal.chmod(0o600)


@dataclass(frozen=True)
class Place:
    """Where a spool lies: what its rows know of the host besides names.

    `home`: the directory of the mail and all beside it. `device`, `root`: of the spool. `owner`:
    user and group of the spool. `inodes`: what each inode is called, relative to `home`.
    """

    home: bytes
    device: int
    root: int
    owner: tuple[int, int]
    inodes: Mapping[int, str]


def moved(rows: Rows, old: Place, new: Place, process: int, host: str) -> Rows:
    """The rows as the program would have written them at the new place, in that process.

    A thing that was gone when the rows were recorded gets an inode that nothing has.
    """
    by_name = {name: inode for inode, name in new.inodes.items()}

    def inode(number: int) -> str:
        name = old.inodes.get(number)
        return str(by_name[name] if name is not None else (1 << 60) + number)

    def one(row: Record) -> Record:
        row = _placed(row, old, str(new.device), inode, new.owner, new.home)
        if (row["table"], row.get("key")) == ("meta", "spool"):
            row["value"] = f"{new.device}:{new.root}"
        if row["table"] == "operations":
            row |= {"pid": process, "host": host}
        if row["table"] in SUMMED:
            row["sum"] = checksum(row["table"], row)
        return row

    return [one(row) for row in rows]


def portable(rows: Rows, place: Place) -> Rows:
    """The rows without what differs from host to host and from run to run: the digits of times,
    processes, sessions (only which run it was stays), the numbers of devices and inodes."""
    runs = {
        name: f"run {number}"
        for number, name in enumerate(
            dict.fromkeys(row["session"] for row in rows if row["table"] == "operations"), 1
        )
    }

    def inode(number: int) -> str:
        return place.inodes.get(number, "gone")

    def one(row: Record) -> Record:
        row = _placed(row, place, "DEVICE", inode, ("UID", "GID"), b"HOME")
        if (row["table"], row.get("key")) == ("meta", "spool"):
            assert row["value"] == f"{place.device}:{place.root}"
            row["value"] = "DEVICE:ROOT"
        if row["table"] == "operations":
            row |= {"session": runs[row["session"]], "pid": 0, "host": ""}
        if row["table"] == "sessions":
            row |= {"id": runs[row["id"]], "user": "", "pid": 0, "host": "", "version": ""}
        if "time" in row:
            row["time"] = re.sub(r"\d", "0", row["time"])
        return {column: row[column] for column in row if column != "sum"}

    told = [one(row) for row in rows if row.get("key") not in OF_A_SPOOL]
    return sorted(told, key=_place_in_journal)


def _place_in_journal(row: Record) -> tuple[int, str, int]:
    key = row.get("key", row.get("id"))
    assert key is not None
    table = TABLES.index(row["table"])
    if row["table"] == "sessions":
        return table, "", int(key.removeprefix("run "))
    return (table, "", key) if isinstance(key, int) else (table, key, 0)


def _placed(
    row: Record,
    old: Place,
    device: str,
    inode: Callable[[int], str],
    owner: tuple[object, object],
    home: bytes,
) -> Record:
    """The row with another device, other inodes, another owner of new directories and another
    home."""

    def expected(found: re.Match[str]) -> str:
        assert int(found[1]) == old.device
        return f"[{device}, {inode(int(found[2]))}, {found[3]}, {found[4]}]"

    def kept(found: re.Match[str]) -> str:
        return f'"file": {expected(found)}'

    def own(found: re.Match[str]) -> str:
        ids = int(found[1]), int(found[2])
        uid, gid = owner if ids == old.owner else ids
        return f'"uid": {uid}, "gid": {gid}'

    row = {column: _rehomed(value, old.home, home) for column, value in row.items()}
    if row["table"] == "steps":
        data = str(row["data"])
        if row["action"] == "maildirsize":
            data = _BEFORE.sub(lambda found: f'"before": [{inode(int(found[1]))}, ', data)
        row["data"] = _FILE.sub(kept, _OWNER.sub(own, data))
        if "expected" in row:
            row["expected"] = _EXPECTED.sub(expected, row["expected"])
    return row


def _rehomed(value: Any, old: bytes, new: bytes) -> Any:
    if isinstance(value, bytes):
        return value.replace(old, new)
    return value.replace(os.fsdecode(old), os.fsdecode(new)) if isinstance(value, str) else value


def masked(records: Rows) -> Rows:
    """Records without the marks in fresh names, which come of the inode of the file."""

    def one(value: Any) -> Any:
        if isinstance(value, bytes):
            return re.sub(rb"R[0-9a-f]{12}", b"RMARK", value)
        return re.sub("R[0-9a-f]{12}", "RMARK", value) if isinstance(value, str) else value

    return [{column: one(value) for column, value in row.items()} for row in records]


def key_of_row(row: Record) -> str:
    """The table and key of a row, in words."""
    return f"{row['table']} {row['key'] if row['table'] == 'meta' else row['id']}"
