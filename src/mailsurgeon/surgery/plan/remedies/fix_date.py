"""`fix-date`: sets the file's time to the date in its header."""

from __future__ import annotations

from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import OTHER_NAMES, Choice
from mailsurgeon.surgery.steps.attributes import ChangeTime
from mailsurgeon.survey.index.rows import indexed_time


def fix_date(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Sets the file's time to the date in its header: servers show it as the time of arrival."""
    entry = choice.entry
    if not entry.is_file:
        return choice.refuse("it is no regular file")
    if entry.date is None:
        return choice.refuse("its header has no date that can be read")
    after = entry.date * 1_000_000_000
    if after == entry.mtime_ns:
        return choice.leave("its time is already that of its header")
    if context.linked_outside(entry):
        return choice.refuse(OTHER_NAMES)
    if entry.nlink > 1 and not context.to_date(entry.inode):
        return choice.leave("the time is set under another name of the same file")
    status = context.lstat(entry.path)  # the index may not hold its time
    before = status.st_mtime_ns if status else entry.mtime_ns
    if indexed_time(before) != entry.mtime_ns:
        return choice.refuse("its time has changed")
    step = ChangeTime(None, None, before=before, after=after, links=entry.nlink)
    return Repair("fix-date", after=(step,))
