"""`lift-folder`: a nested Maildir becomes a folder of its own."""

from __future__ import annotations

import os

from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.rename import Rename


def lift_folder(choice: Choice, around: SpoolContext) -> Repair | Left:
    """A nested Maildir becomes a folder of its own, uidlist and all, by one rename."""
    entry, path = choice.entry, choice.entry.path
    if "becomes" not in choice.detail:
        return choice.refuse("it is no nested folder")
    target = os.fsencode(choice.detail["becomes"])
    if target in around.by_path or around.lstat(target) is not None:
        return choice.refuse(f"{choice.detail['becomes']} is there already")
    notes: list[str] = [f"the layout is {around.spool.layout}, which has no folders below folders"]
    stale = around.subscribed(path)
    if stale:
        notes.append(f"stale lines in subscriptions: {', '.join(stale)}")
    step = Rename(path, target, entry.expected(around.spool), path, target)
    return Repair("lift-folder", own=(step,), notes=("; ".join(notes),))
