"""Changes of records as the journal keeps them, and the steps that bring them about. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.lists.uidlist import Change, parse_record
from mailsurgeon.maildir.server_entry import Role
from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST
from mailsurgeon.surgery.model import Step, StepKind
from mailsurgeon.surgery.servers.folder_names import served_in


def stays_in_folder(step: Step) -> bool:
    """Whether a step renames a served message inside its folder."""
    if step.action is not StepKind.RENAME or step.folder is None or step.source is None:
        return False
    served = served_in(step.folder)
    if step.source.rpartition(b"/")[0] not in served or step.target is None:
        return False
    inside = step.target_folder is None or step.target_folder == step.folder
    return inside and step.target.rpartition(b"/")[0] in served


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
