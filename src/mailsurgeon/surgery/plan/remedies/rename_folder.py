"""`rename-folder`: gives a folder the name by which servers open it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mailsurgeon.maildir.folder_names import MAILDIRPP
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.plan.remedies.lift_folder import moved_whole
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.rename import Rename


def rename_folder(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Renames a folder's directory, with its uidlist and all else in it.

    In maildir++ the directories of the folders below it are renamed too; in fs they lie inside.
    """
    entry = choice.entry
    becomes = choice.detail.get("becomes")
    if becomes is None:
        return choice.refuse("no name is known that it should have")
    repair = moved_whole(choice, context, os.fsencode(becomes))
    if isinstance(repair, Left):
        return repair
    steps, notes = list(repair.own), list(repair.notes)
    for below in _below(entry, context):
        target = os.fsencode(becomes) + below.path[len(entry.path) :]
        if target in context.by_path or context.lstat(target) is not None:
            notes.append(f"{os.fsdecode(below.path)} stays: {os.fsdecode(target)} is there already")
        else:
            expected = context.expected(below)
            steps.append(Rename(below.path, target, expected, below.path, target))
    return Repair("rename-folder", own=tuple(steps), notes=tuple(notes))


def _below(entry: EntryDetail, context: SpoolContext) -> Iterator[EntryDetail]:
    """The folders below this one that lie beside it."""
    if context.spool.layout != MAILDIRPP:
        return
    for row in sorted(context.folders.values(), key=lambda row: row.path):
        if row.path.startswith(entry.path + b".") and b"/" not in row.path:
            found = context.look_at(entry._replace(id=None, directory=b"", filename=row.path))
            if found is not None and found.is_directory:
                yield found
