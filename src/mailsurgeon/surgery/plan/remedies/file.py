"""`file`: into cur/ of a folder, from its directory, a nested one, tmp/ or another folder."""

from __future__ import annotations

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


def file_message(choice: Choice, around: SpoolContext) -> Repair | Left:
    """Into cur/ of the target folder, with the flags it has.

    `,U=` and `,FMD5=` stay only while the folder stays; keyword letters are then mapped by name.
    """
    entry = choice.entry
    if not entry.is_file:
        return choice.refuse("it is no regular file")
    target = _target(choice, around)
    if target is None:
        hint = command(around.spool, "PATH", "--to INBOX", verb="file")
        return choice.refuse("there is no folder around it but INBOX, which must be named", hint)
    if entry.is_served and target.id == entry.folder:
        return choice.leave(f"it is filed in {target.name} already")
    if entry.place == Place.TMP:
        left = delivery_at_work(choice, around)
        if left:
            return left
    home = around.home(entry)
    carried = carry_keywords(entry, home, target.path, around)
    change = NameChange(
        sizes=entry.sizes,
        set_sizes=entry.place == Place.TMP,
        repair_info=True,
        keywords=carried.letters,
        strip_uid=target.path != home or _uid_clashes(entry, target.path, around),
    )
    into = join(target.path, b"cur")
    return Repair("file", change, into, target.path, before=carried.before, notes=carried.notes)


def delivery_at_work(choice: Choice, around: SpoolContext) -> Left | None:
    """A refusal where a delivery may still be writing this file in tmp/."""
    if choice.options.force or choice.detail.get("stale", True):
        return None
    hint = command(around.spool, "PATH", "--force")
    if choice.detail.get("open_by"):
        return choice.refuse("a process has it open: a delivery may be at work", hint)
    return choice.refuse("it is not old enough: a delivery may be at work", hint)


def _target(choice: Choice, around: SpoolContext) -> FolderRow | None:
    if choice.options.target is not None:
        return choice.options.target
    around_it = around.folders.get(choice.entry.folder)
    name = choice.detail.get("target", around_it.name if around_it else None)
    if around_it and around_it.name == name:
        return around_it  # two folders may bear one name, written in two ways
    return around.by_name.get(name)


def _uid_clashes(entry: EntryDetail, folder: bytes, around: SpoolContext) -> bool:
    """Whether mbsync would find this `,U=` twice in the folder, or too high, and stop."""
    uid = uid_field(entry.filename)
    if uid is None:
        return False
    highest = around.highest_uid(folder)
    too_high = highest is not None and uid > highest and fmd5_field(entry.filename) is None
    return too_high or around.uid_in_use(folder, uid)
