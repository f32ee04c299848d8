"""`lift-folder`: turns a nested Maildir into a folder of its own."""

from __future__ import annotations

import os

from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.rename import Rename


def lift_folder(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Turns a nested Maildir, with its uidlist, into a folder of its own by one rename."""
    entry, path = choice.entry, choice.entry.path
    if "becomes" not in choice.detail:
        return choice.refuse("it is not a nested folder")
    target = os.fsencode(choice.detail["becomes"])
    if target in context.by_path or context.lstat(target) is not None:
        return choice.refuse(f"{choice.detail['becomes']} is there already")
    notes: list[str] = [f"the layout is {context.spool.layout}, which has no folders below folders"]
    stale = context.subscribed(path)
    if stale:
        notes.append(f"stale lines in subscriptions: {', '.join(stale)}")
    step = Rename(path, target, context.expected(entry), path, target)
    return Repair("lift-folder", own=(step,), notes=("; ".join(notes),))
