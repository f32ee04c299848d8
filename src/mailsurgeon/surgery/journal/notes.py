"""What a journal notes of its spool, in its table `meta`, to know the spool again.

`spool` (device and inode) and `path` are as old as the journal's form. The other keys may be
missing: earlier versions did not write them.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from mailsurgeon.surgery.journal.identity import SpoolFacts, SpoolNotes

JOURNAL_MARK = 0x6D737267
"""The application id that distinguishes a journal from another program's file."""
JOURNAL_SCHEMA = 1

_ONE = "SELECT value FROM meta WHERE key = ?"


def read_notes(journal: Path) -> SpoolNotes:
    """The notes of a journal that is not open yet. Raises sqlite3.Error, ValueError, TypeError and
    KeyError for a file that is no sound journal of this version."""
    place = f"file:{quote(os.fsencode(journal))}?mode=rw"  # as a reader it could not use the WAL
    with closing(sqlite3.connect(place, uri=True, timeout=10)) as db:
        if db.execute("PRAGMA application_id").fetchone()[0] != JOURNAL_MARK:
            raise ValueError("not a journal")
        if db.execute("PRAGMA user_version").fetchone()[0] != JOURNAL_SCHEMA:
            raise ValueError("of another version")
        return notes_of(db)


def notes_of(db: sqlite3.Connection) -> SpoolNotes:
    """The notes of an open journal. Raises as `read_notes` does."""
    meta = dict(db.execute("SELECT key, value FROM meta"))
    device, inode = map(int, meta["spool"].split(":"))
    path = meta.get("path", b"")
    more = json.loads(meta.get("identity", "{}"))
    facts = SpoolFacts(
        path, device, inode, more.get("birth"), more.get("file_system"), meta.get("id")
    )
    roots = tuple(map(os.fsencode, more.get("roots", ())))
    return SpoolNotes(facts, frozenset(more.get("devices", ())), roots)


def write_notes(db: sqlite3.Connection, notes: SpoolNotes) -> None:
    """Writes the notes, all but the id in the quarantine, within the caller's transaction."""
    spool = notes.spool
    more = {
        "birth": spool.birth,
        "file_system": spool.file_system,
        "devices": sorted(notes.devices),
        "roots": [os.fsdecode(root) for root in notes.roots],
    }
    put = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
    db.execute(put, ("spool", f"{spool.device}:{spool.inode}"))
    db.execute(put, ("path", spool.path))
    db.execute(put, ("identity", json.dumps(more)))


def name_of_journal(db: sqlite3.Connection) -> str:
    """The random name of this journal: two hosts may keep different ones at the same path. Empty
    as long as nothing has been written since an earlier version made it."""
    row = db.execute(_ONE, ("journal",)).fetchone()
    return "" if row is None else str(row[0])


def name_journal(db: sqlite3.Connection) -> None:
    """Gives the journal a random name unless it has one, within the caller's transaction."""
    db.execute("INSERT OR IGNORE INTO meta VALUES ('journal', ?)", (secrets.token_hex(8),))


def note_id(db: sqlite3.Connection, id: str | None) -> None:
    """Notes the id in the quarantine; None: there is none any more."""
    if id is None:
        db.execute("DELETE FROM meta WHERE key = 'id'")
    else:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('id', ?)", (id,))
