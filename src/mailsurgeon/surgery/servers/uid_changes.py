"""Changes of records in servers' lists: their form in the journal, and the messages they affect."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.lists.uidlist import Change, parse_record
from mailsurgeon.maildir.server_entry import Role
from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST


def as_text(changes: Iterable[Change]) -> list[list[str]]:
    """Record changes for the journal; a change names its list unless that is Dovecot's uidlist."""
    return [
        [os.fsdecode(part) for part in (change if change.list != DOVECOT_UIDLIST else change[:2])]
        for change in changes
    ]


def from_text(changes: Iterable[Sequence[str]]) -> list[Change]:
    """Record changes from the journal."""
    return [Change(*map(bytes_of, change)) for change in changes]


def bytes_of(text: str) -> bytes:
    """The bytes that the journal keeps as this text."""
    return text.encode("utf-8", "surrogateescape")


def base_after(change: Change) -> bytes:
    """The base name that a record has after the change."""
    return key_of(change.list, change.after)[1]


def key_of(name: bytes, line: bytes) -> tuple[int, bytes]:
    """The UID (0 for none) and base name in a line of the list `name`.

    In a list without UIDs, a change holds base names alone. A line of a uidlist is parsed as
    version 3, else as version 1.
    """
    file = server_files.TABLE.file(name)
    if file is not None and file.role is not Role.UIDLIST:
        return 0, line
    for version in (3, 1):
        record = parse_record(line, version)
        if not isinstance(record, str):
            return record.uid, record.base
    return 0, b""
