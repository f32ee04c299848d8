"""`make-subdirs`: makes the directories that a folder lacks, also for other remedies."""

from __future__ import annotations

import stat

from mailsurgeon.maildir.reserved import SUBDIRS
from mailsurgeon.maildir.server_entry import Tells
from mailsurgeon.maildir.server_files import COURIER
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import Left, Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.directory import MakeDirectory


def make_subdirs(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Makes missing cur, new and tmp, with the mode and owner of an existing one."""
    path = choice.entry.path
    steps = missing_subdirs(path, context)
    if not steps:
        return choice.leave("cur, new and tmp are there")
    return Repair("make-subdirs", own=steps)


def missing_subdirs(folder: bytes, context: SpoolContext) -> tuple[Step, ...]:
    """One mkdir for each of cur, new and tmp that `folder` lacks."""
    found = {name: context.lstat(join(folder, name)) for name in SUBDIRS}
    present = [status for status in found.values() if status and stat.S_ISDIR(status.st_mode)]
    model = next(iter(present), None) or context.lstat(folder)
    if model is None:
        return ()
    mode, uid, gid = stat.S_IMODE(model.st_mode), model.st_uid, model.st_gid
    return tuple(
        MakeDirectory(None, join(folder, name), folder=folder, mode=mode, uid=uid, gid=gid)
        for name, status in found.items()
        if status is None
    )


def lacks_couriers_tmp(folder: bytes, context: SpoolContext) -> bool:
    """Whether Courier serves `folder`, but tmp/ is missing. Courier keeps its lock and new lists
    there, and without it shows the folder to nobody (maildirlock.c)."""
    names = context.listing(folder)
    couriers = {file.name for file in COURIER.telling(Tells.OPENED)}
    served = couriers & (names | context.listing(b""))
    return bool(served) and bool(names) and b"tmp" not in names
