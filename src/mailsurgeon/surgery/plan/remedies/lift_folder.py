"""`lift-folder`: turns a nested Maildir into a folder of its own."""

from __future__ import annotations

import os
from dataclasses import replace

from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.rename import Rename


def lift_folder(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Turns a nested Maildir, with its uidlist, into a folder of its own by one rename."""
    if "becomes" not in choice.detail:
        return choice.refuse("it is not a nested folder")
    repair = moved_whole(choice, context, os.fsencode(choice.detail["becomes"]))
    if isinstance(repair, Left):
        return repair
    spool = context.spool
    because = f" ({spool.layout_because})" if spool.layout_because else ""
    layout = f"the layout is {spool.layout}{because}, which has no folders below folders"
    notes = [layout, *([spool.layout_note] if spool.layout_note else []), *repair.notes]
    return replace(repair, notes=("; ".join(notes),))


def moved_whole(choice: Choice, context: SpoolContext, target: bytes) -> Repair | Left:
    """The rename of a folder's directory to a free path, with a note of the lines in subscriptions
    that no longer fit."""
    entry, path = choice.entry, choice.entry.path
    if target in context.by_path or context.lstat(target) is not None:
        return choice.refuse(f"{os.fsdecode(target)} is there already")
    other = context.becoming.setdefault(target, path)
    if other != path:
        return choice.refuse(f"{os.fsdecode(other)} becomes {os.fsdecode(target)} before it")
    kept = os.path.lexists(context.spool.control_of(path)) if context.spool.control else False
    if kept:
        return choice.refuse(
            f"its uidlist is in {os.fsdecode(context.spool.control_of(path))}, which has to be"
            " renamed with it"
        )
    layout = context.spool.layout
    same = folder_name(path, layout) == folder_name(target, layout)
    stale = () if same else context.subscribed(path)
    notes = (f"stale lines in subscriptions: {', '.join(stale)}",) if stale else ()
    step = Rename(path, target, context.expected(entry), path, target)
    return Repair(choice.remedy, own=(step,), notes=notes)
