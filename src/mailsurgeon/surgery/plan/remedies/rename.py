"""`rename`: gives a message a name that no other message has and every server can use."""

from __future__ import annotations

from mailsurgeon.diagnosis.kind import NewName
from mailsurgeon.maildir.filename import BAD
from mailsurgeon.maildir.rename import NameChange
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice


def rename(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Changes what the problem needs and no more; without a problem, makes a new base name."""
    entry = choice.entry
    if not entry.is_file:
        return choice.refuse("it is no regular file")
    wanted = choice.kind.new_name
    if wanted is NewName.WITHOUT_UID:
        return Repair("rename", NameChange(sizes=entry.sizes, strip_uid=True))
    if wanted is NewName.NEW_MESSAGE:
        change = NameChange(sizes=entry.sizes, strip_uid=True, fresh=True)
        return Repair("rename", change, new_message=True)
    if wanted is NewName.USABLE:
        change = NameChange(
            sizes=entry.sizes,
            set_sizes=None not in entry.sizes,
            usable=True,
            # Servers and mbsync pass over a dot file, so a UID in its name is in nobody's use.
            strip_uid=entry.filename.startswith(b"."),
            repair_info=context.info(entry).kind == BAD,  # an info such as `:x` is invalid
        )
        return Repair("rename", change)
    return Repair("rename", NameChange(sizes=entry.sizes, fresh=True))
