"""`rename`: gives a message a name that no other message has and every server can use."""

from __future__ import annotations

from mailsurgeon.diagnosis.kind import NewName
from mailsurgeon.maildir.filename import parse_info
from mailsurgeon.maildir.rename import NameChange, is_unfit, one_size
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice


def rename(choice: Choice, _context: SpoolContext) -> Repair | Left:
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
        known = None not in entry.sizes
        fresh = is_unfit(one_size(entry.filename))
        # An info such as `:x` is invalid.
        bad_info = parse_info(entry.filename, *entry.sizes).kind == "bad"
        change = NameChange(
            sizes=entry.sizes, set_sizes=known, one_size=True, repair_info=bad_info, fresh=fresh
        )
        return Repair("rename", change)
    return Repair("rename", NameChange(sizes=entry.sizes, fresh=True))
