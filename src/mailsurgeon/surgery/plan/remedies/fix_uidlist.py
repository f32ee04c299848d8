"""`fix-uidlist`: removes the lines that a server would reject from its list of UIDs."""

from __future__ import annotations

import os

from mailsurgeon.maildir.lists.uidlist import NO_NEWLINE, UidlistError, parse_uidlist
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.uidlist_lines import DropLines


def fix_uidlist(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Removes the lines that a server would reject; the header stays byte for byte."""
    folder = context.home(choice.entry)
    name = os.path.basename(choice.entry.path)
    data = context.uidlist(folder, name) if folder is not None else None
    try:
        listed = parse_uidlist(data) if data is not None else None
    except UidlistError as error:
        return choice.refuse(
            f"its header line is the bad one ({error}); Dovecot uses the UIDVALIDITY of its index"
        )
    if folder is None or listed is None:
        return choice.refuse("it is gone, or not a plain file")
    if not listed.bad:
        return choice.leave("a server rejects none of its lines")
    drop = tuple((line.number, line.line) for line in listed.bad)
    torn = listed.bad[-1].reason == NO_NEWLINE
    step = DropLines(None, None, folder=folder, name=name, drop=drop, torn=torn)
    lines = "1 line" if len(drop) == 1 else f"{len(drop)} lines"
    return Repair("fix-uidlist", own=(step,), notes=(f"drops {lines} that a server rejects",))
