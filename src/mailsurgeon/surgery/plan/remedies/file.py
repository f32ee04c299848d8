"""`file`: moves a message into cur/ of a folder.

The message may lie in the folder's directory, in one nested in it, in tmp/ or in another folder.
"""

from __future__ import annotations

import os
import shlex
import stat

from mailsurgeon.maildir.filename import fmd5_field, uid_field
from mailsurgeon.maildir.rename import NameChange
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.plan.remedies.keyword_transfer import carry_keywords
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice, command
from mailsurgeon.survey.index.rows import FolderRow, Place


def file_message(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Moves the message into cur/ of the target folder, with its flags.

    Drops `,U=` and `,FMD5=` for another folder, or where they would clash with mbsync's UIDs there.
    For another folder, maps keyword letters by name.
    """
    entry = choice.entry
    if not entry.is_file:
        return choice.refuse("it is no regular file")
    target = _target(choice, context)
    if target is None:
        return _no_target(choice, context)
    if entry.is_served and target.id == entry.folder:
        return choice.leave(f"it is filed in {target.name} already")
    if entry.place == Place.TMP:
        left = delivery_at_work(choice, context)
        if left:
            return left
    served = context.lstat(join(target.path, b"cur"))
    if served is not None and not stat.S_ISDIR(served.st_mode):
        return choice.refuse(f"cur of {target.name} is a link or no directory; no mail goes there")
    home = context.home(entry)
    carried = carry_keywords(entry, home, target.path, context)
    change = NameChange(
        sizes=entry.sizes,
        set_sizes=entry.place == Place.TMP,
        repair_info=True,
        keywords=carried.letters,
        strip_uid=target.path != home or _uid_clashes(entry, target.path, context),
    )
    into = join(target.path, b"cur")
    return Repair("file", change, into, target.path, before=carried.before, notes=carried.notes)


def delivery_at_work(choice: Choice, context: SpoolContext) -> Left | None:
    """A refusal if a delivery may still be writing this file in tmp/; else None."""
    if choice.options.force or choice.detail.get("stale", True):
        return None
    hint = command(context.spool, "PATH", "--force")
    if choice.detail.get("open_by"):
        return choice.refuse("a process has it open: a delivery may be at work", hint)
    return choice.refuse("it is not old enough: a delivery may be at work", hint)


def _target(choice: Choice, context: SpoolContext) -> FolderRow | None:
    """The folder named, else the nearest one around the message, if its problem does not say that
    this must be named."""
    if choice.options.target is not None:
        return choice.options.target
    if "target" in choice.detail and choice.detail["target"] is None:
        return None
    return context.folders.get(choice.entry.folder)


def _no_target(choice: Choice, context: SpoolContext) -> Left:
    if b"" in context.by_path:
        hint = command(context.spool, "PATH", "--to INBOX", verb="file")
        return choice.refuse("there is no folder around it but INBOX, which must be named", hint)
    directory = shlex.quote(os.fsdecode(context.spool.absolute(choice.entry.directory)))
    hint = f"mkdir {' '.join(f'{directory}/{name}' for name in ('cur', 'new', 'tmp'))}"
    return choice.refuse(
        "there is no folder around it; make its directory one, or name a folder with --to", hint
    )


def _uid_clashes(entry: EntryDetail, folder: bytes, context: SpoolContext) -> bool:
    """Whether the folder, or this plan, has given out its `,U=` already, or it is too high; mbsync
    would stop."""
    uid = uid_field(entry.filename, context.neighbours(entry))
    if uid is None:
        return False
    highest = context.highest_uid(folder)
    too_high = highest is not None and uid > highest and fmd5_field(entry.filename) is None
    return too_high or not context.claim_uid(folder, uid)
