"""The facts about servers' uidlists in the index, so that an unchanged list is not read again."""

from __future__ import annotations

from typing import NamedTuple

from mailsurgeon.survey.index.index import Index


class StoredList(NamedTuple):
    """The facts about one list. `stamp` is compared to see whether the list is unchanged; `facts`
    is text that `survey/uidlists` writes and reads."""

    stamp: str
    facts: str


def list_paths(index: Index) -> set[bytes]:
    """The absolute paths of all lists with stored facts."""
    return {path for (path,) in index.db.execute("SELECT path FROM lists")}


def stored_list(index: Index, path: bytes) -> StoredList | None:
    """The stored facts about the list at an absolute path; None without any."""
    row = index.db.execute("SELECT stamp, facts FROM lists WHERE path = ?", (path,)).fetchone()
    return StoredList._make(row) if row else None


def store_list(index: Index, path: bytes, stored: StoredList) -> None:
    """Stores the facts about the list at an absolute path, in place of earlier ones."""
    index.db.execute("INSERT OR REPLACE INTO lists VALUES (?, ?, ?)", (path, *stored))
