"""`quarantine`: moves something out of the spool, from where it can be restored."""

from __future__ import annotations

import os

from mailsurgeon.maildir.filename import fmd5_field, uid_field
from mailsurgeon.maildir.server_files import kind_of
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.plan.kept_copies import filed_elsewhere
from mailsurgeon.surgery.plan.remedies.file import delivery_at_work
from mailsurgeon.surgery.plan.repair import COPY, SYNCED_TWIN, TWIN, WHOLE_FOLDER, Repair
from mailsurgeon.surgery.plan.selection import Choice, command
from mailsurgeon.survey.index.rows import Place


def quarantine(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Moves one file or one whole directory out, by one rename."""
    entry = choice.entry
    if entry.is_directory:
        return _directory(choice, context)
    left = _refusal(choice, context)
    if left:
        return left
    if "kept" in choice.detail:
        kept = os.fsencode(choice.detail["kept"])
        verdict = TWIN if choice.loses_clash else COPY
        if choice.kind.shares_synced_uid:
            verdict = SYNCED_TWIN
        return Repair(verdict, away=True, kept=kept, relies_on=(kept,))
    copy = choice.detail.get("copy_of")
    relies_on = () if copy is None else (os.fsencode(copy),)
    return Repair(_verdict(choice), away=True, relies_on=relies_on)


def _verdict(choice: Choice) -> str:
    entry = choice.entry
    if entry.size == 0 and entry.is_file and entry.place != Place.FOLDER:
        return "quarantine empty"
    if choice.detail.get("copy_of") is not None:
        return COPY
    if choice.detail.get("complete") is False:
        return "quarantine cut"
    return "quarantine"


def _refusal(choice: Choice, context: SpoolContext) -> Left | None:
    entry, home = choice.entry, context.home(choice.entry)
    if choice.options.force:
        return None
    hint = command(context.spool, "PATH", "--force")
    if entry.place == Place.TMP:
        return delivery_at_work(choice, context)
    # In a clash, the twin that stays keeps the UID: for clients nothing is deleted.
    if entry.is_served and entry.size == 0 and entry.is_file and not choice.kind.shares_uid:
        if _synced(entry):
            return choice.refuse(
                "its name bears a sync tool's UID: a client may hold the text", hint
            )
        if home is not None and context.has_sync_state(home):
            return choice.refuse("mbsync's state is here: the other side may hold the text", hint)
    named = choice.code is None and entry.place == Place.FOLDER and kind_of(entry.path)
    if choice.kind.may_be_open or named:
        return _in_use(choice, context, hint)
    return None


def _synced(entry: EntryDetail) -> bool:
    return uid_field(entry.filename) is not None or fmd5_field(entry.filename) is not None


def _in_use(choice: Choice, context: SpoolContext, hint: str) -> Left | None:
    """A refusal if a process has the file open: it would go on writing to it in the quarantine."""
    holders = context.open_by(choice.entry.path)
    if holders is None:
        return choice.refuse("whether a process has it open cannot be seen; ask as root", hint)
    if holders:
        pids = ", ".join(str(pid) for pid in holders)
        return choice.refuse(f"process {pids} has it open; stop the server first", hint)
    return None


def _directory(choice: Choice, context: SpoolContext) -> Repair | Left:
    path = choice.entry.path
    if not path:
        return choice.refuse("INBOX is the spool itself and cannot be quarantined as a whole")
    folder = context.by_path.get(path)
    if folder is None:
        return Repair("quarantine", away=True)
    below = [row for row in context.folders.values() if row.path.startswith(path + b"/")]
    notes = [f"{folder.messages:,} message{'' if folder.messages == 1 else 's'}"]
    elsewhere = filed_elsewhere(folder, context) if "elsewhere" in choice.detail else None
    if elsewhere:
        alone = max(folder.messages - elsewhere.messages, 0)
        notes.append(f"{alone:,} of them filed nowhere else")
    if below:
        names = ", ".join(row.name for row in below[:3]) + (", ..." if len(below) > 3 else "")
        folders = "1 folder" if len(below) == 1 else f"{len(below):,} folders"
        notes.append(f"takes {folders} below it along: {names}")
    stale = context.subscribed(path)
    if stale:
        notes.append(f"stale lines in subscriptions: {', '.join(stale)}")
    return Repair(WHOLE_FOLDER, away=True, notes=("; ".join(notes),), elsewhere=elsewhere)
