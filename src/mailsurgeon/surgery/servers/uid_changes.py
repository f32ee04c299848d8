"""Changes of records in servers' lists: as the journal keeps them, and whom they are about."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.lists.uidlist import Change, parse_record
from mailsurgeon.maildir.server_entry import Role
from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST


def as_text(changes: Iterable[Change]) -> list[list[str]]:
    """Record changes as the journal keeps them; the list is named where it is not Dovecot's."""
    return [
        [os.fsdecode(part) for part in (change if change.list != DOVECOT_UIDLIST else change[:2])]
        for change in changes
    ]


def from_text(changes: Iterable[Sequence[str]]) -> list[Change]:
    """Record changes from the journal."""
    return [Change(*map(bytes_of, change)) for change in changes]


def bytes_of(text: str) -> bytes:
    """The bytes that stand in the journal as this text."""
    return text.encode("utf-8", "surrogateescape")


def base_after(change: Change) -> bytes:
    """The base name a changed record ends up with (version 3, else version 1)."""
    return key_of(change.list, change.after)[1]


def key_of(name: bytes, line: bytes) -> tuple[int, bytes]:
    """The UID (0 for none) and base name a line of the list `name` tells of.

    In a list that holds no UIDs a change is of base names alone.
    """
    file = server_files.TABLE.file(name)
    if file is not None and file.role is not Role.UIDLIST:
        return 0, line
    for version in (3, 1):
        record = parse_record(line, version)
        if not isinstance(record, str):
            return record.uid, record.base
    return 0, b""
