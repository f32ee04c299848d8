"""`fix-permissions`: sets mode and owner as in the rest of the spool."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Any

from mailsurgeon.surgery.model import Left, Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import OTHER_NAMES, Choice
from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeOwner


def fix_permissions(choice: Choice, _context: SpoolContext) -> Repair | Left:
    """Sets mode and owner as in the rest of the spool; never gives anything to root."""
    entry = choice.entry
    if entry.kind not in ("file", "directory"):
        return choice.refuse("it is neither a file nor a directory, so its mode stays")
    if entry.is_file and entry.nlink > 1:
        return choice.refuse(OTHER_NAMES)
    mode, owner, group = _should_be(entry, choice.detail)
    if 0 in (owner, group) and (owner, group) != (entry.uid, entry.gid):
        return choice.refuse("it would have to be given to root")
    steps: list[Step] = []
    if (owner, group) != (entry.uid, entry.gid):
        owners = (entry.uid, entry.gid)
        steps.append(ChangeOwner(None, None, before=owners, after=(owner, group)))
    before = stat.S_IMODE(entry.mode)
    if mode != before:
        steps.append(ChangeMode(None, None, before=before, after=mode))
    if not steps:
        return choice.leave("its mode and owner are right")
    needs_root = any(step.needs_root for step in steps) and os.geteuid() != 0
    notes = ("only root can change an owner",) if needs_root else ()
    return Repair("fix-permissions", after=tuple(steps), notes=notes)


def _should_be(entry: EntryDetail, detail: Mapping[str, Any]) -> tuple[int, int, int]:
    """The right mode, owner and group: as diagnosed, else as now and readable by the owner."""
    wanted: Mapping[str, Any] = detail.get("should_be") or {}
    before = stat.S_IMODE(entry.mode)
    needed = stat.S_IRWXU if entry.is_directory else stat.S_IRUSR
    mode = int(wanted["mode"], 8) if "mode" in wanted else (before | needed) & ~stat.S_IWOTH
    return mode, wanted.get("owner", entry.uid), wanted.get("group", entry.gid)
