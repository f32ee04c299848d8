"""What the index keeps of servers' uidlists, so that an unchanged list is not read again."""

from __future__ import annotations

from typing import NamedTuple

from mailsurgeon.survey.index.index import Index


class StoredList(NamedTuple):
    """What is kept of one list. `stamp` tells whether it is still the same list; `facts` is what
    the list came to, as text of `survey/uidlists`."""

    stamp: str
    facts: str


def list_paths(index: Index) -> set[bytes]:
    """The absolute paths of all lists that something is kept of."""
    return {path for (path,) in index.db.execute("SELECT path FROM lists")}


def stored_list(index: Index, path: bytes) -> StoredList | None:
    """What is kept of the list at an absolute path."""
    row = index.db.execute("SELECT stamp, facts FROM lists WHERE path = ?", (path,)).fetchone()
    return StoredList._make(row) if row else None


def store_list(index: Index, path: bytes, stored: StoredList) -> None:
    """Keeps what a list came to, in place of what was kept of it before."""
    index.db.execute("INSERT OR REPLACE INTO lists VALUES (?, ?, ?)", (path, *stored))
