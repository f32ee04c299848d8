"""`fix-size`: corrects `,S=` and `,W=`, or drops wrong sizes from the uidlist."""

from __future__ import annotations

from mailsurgeon.diagnosis.catalogue import problem_kind
from mailsurgeon.maildir.filename import size_fields
from mailsurgeon.maildir.rename import NameChange
from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import Left, Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice, command
from mailsurgeon.surgery.steps.lists.uidlist import ChangeRecords

_UNKNOWN = "its content has not been read, so its real size is not known"
_CUT = (
    "the message is cut: its name is the only trace of its real size. Until this is done Dovecot"
    " breaks off every read of it and mbsync stops"
)
_EMPTY = "the file is empty: its name is the only trace of its real size"


def fix_size(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Sets S and W in the name to the real sizes; adds no field that the name lacks."""
    entry = choice.entry
    if not entry.is_file:
        return choice.refuse("it is no regular file")
    shows_loss = any(problem_kind(code).shows_loss for code in choice.codes_here)
    if shows_loss and not choice.options.named:
        hint = command(context.spool, "PATH")
        return choice.leave("correcting the size would hide what was lost", hint)
    if choice.detail.get("in") == "uidlist":
        return Repair("fix-size", own=(_forget_sizes(entry, context),))
    actual = entry.sizes
    named = size_fields(entry.filename, *actual, context.neighbours(entry))
    wrong = [known for said, known in zip(named, actual, strict=True) if said not in (None, known)]
    if not wrong:
        return choice.leave("its sizes are right")
    if None in wrong:
        return choice.refuse(_UNKNOWN, command(context.spool, verb="scan"))
    notes: tuple[str, ...] = ()
    if entry.size == 0:
        notes = (_EMPTY,)
    elif shows_loss:
        notes = (_CUT,)
    change = NameChange(sizes=entry.sizes, set_sizes=True)
    return Repair("fix-size", change, notes=notes)


def _forget_sizes(entry: EntryDetail, context: SpoolContext) -> Step:
    """The step that drops S and W from the message's record in the uidlist."""
    home = context.home(entry) or b""
    list_path = join(home, DOVECOT_UIDLIST)
    return ChangeRecords(
        list_path, None, folder=home, records=((entry.base, entry.base),)
    )  # fmt: skip
