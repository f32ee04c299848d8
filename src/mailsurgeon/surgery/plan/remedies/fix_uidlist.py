"""`fix-uidlist`: removes the lines that a server would reject from its list of UIDs."""

from __future__ import annotations

import os

from mailsurgeon.maildir.lists.uidlist import NO_NEWLINE, UidlistError
from mailsurgeon.maildir.lists.uidlist_fast import TooManyRecords
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.lists.uidlist_lines import DropLines

_CURE = "quarantine the list, and the server makes a new one with new UIDs"


def fix_uidlist(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Removes the lines that a server would reject; the header stays byte for byte."""
    folder = context.home(choice.entry)
    name = os.path.basename(choice.entry.path)
    try:
        listed = context.uidlist(folder, name) if folder is not None else None
    except TooManyRecords as error:
        return choice.refuse(f"{error}")
    except UidlistError as error:
        if error.number > 1:
            return choice.refuse(f"{error}; {_CURE}")
        return choice.refuse(
            f"its header line is the bad one ({error}); Dovecot uses the UIDVALIDITY of its index"
        )
    if folder is None or listed is None:
        return choice.refuse("it is gone, or not a plain file")
    if not listed.bad:
        return choice.leave("a server rejects none of its lines")
    if listed.more:
        return choice.refuse(f"over {len(listed.bad):,} of its lines are bad; {_CURE}")
    drop = tuple((line.number, line.line) for line in listed.bad)
    torn = listed.bad[-1].reason == NO_NEWLINE
    step = DropLines(None, None, folder=folder, name=name, drop=drop, torn=torn)
    lines = "1 line" if len(drop) == 1 else f"{len(drop)} lines"
    return Repair("fix-uidlist", own=(step,), notes=(f"drops {lines} that a server rejects",))
