"""`fix-size`: the digits of `,S=` and `,W=` put right, or the wrong ones of the uidlist dropped."""

from __future__ import annotations

from mailsurgeon.maildir.filename import size_fields
from mailsurgeon.maildir.rename import NameChange
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import Left, Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice, command
from mailsurgeon.surgery.steps.uidlist import ChangeRecords

_UNKNOWN = "its content has not been read, so its real size is not known"
_CUT = (
    "the message is cut: its name is the only trace of its real size. Until this is done Dovecot"
    " breaks off every read of it and mbsync stops"
)
_EMPTY = "the file is empty: its name is the only trace of its real size"


def fix_size(choice: Choice, around: SpoolContext) -> Repair | Left:
    """S and W of the name as they really are; a field the name lacks is not added."""
    patient = choice.patient
    if not patient.is_file:
        return choice.refuse("it is no regular file")
    unasked = not choice.order.asked and choice.codes_here & {"truncated", "empty"}
    if unasked:
        hint = command(around.spool, "PATH")
        return choice.tell("correcting the size would hide what was lost", hint)
    if choice.detail.get("in") == "uidlist":
        return Repair("fix-size", own=(_forget_sizes(patient, around),))
    named, actual = size_fields(patient.filename, *patient.sizes), patient.sizes
    wrong = [known for said, known in zip(named, actual, strict=True) if said not in (None, known)]
    if not wrong:
        return choice.tell("its sizes are right")
    if None in wrong:
        return choice.refuse(_UNKNOWN, command(around.spool, verb="scan"))
    notes: tuple[str, ...] = ()
    if "truncated" in choice.codes_here:
        notes = (_CUT,)
    elif patient.size == 0:
        notes = (_EMPTY,)
    change = NameChange(sizes=patient.sizes, set_sizes=True)
    return Repair("fix-size", change, notes=notes)


def _forget_sizes(patient: EntryDetail, around: SpoolContext) -> Step:
    """The step that drops S and W from the message's record in the uidlist."""
    home = around.home(patient) or b""
    list_path = join(home, b"dovecot-uidlist")
    return ChangeRecords(
        list_path, None, folder=home, records=((patient.base, patient.base),)
    )  # fmt: skip
