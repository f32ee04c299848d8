"""Remedies for folders: `make-subdirs`, `lift-folder`, `fix-uidlist`."""

from __future__ import annotations

import os
import stat

from mailsurgeon.maildir.lists.uidlist import NO_NEWLINE, UidlistError, parse
from mailsurgeon.maildir.reserved import SUBDIRS
from mailsurgeon.surgery.model import Action, Left, Step
from mailsurgeon.surgery.plan.context import Surroundings
from mailsurgeon.surgery.plan.entry_detail import join
from mailsurgeon.surgery.plan.repair import Choice, Treatment

_COURIERS = frozenset((b"courierimapuiddb", b"courierimapkeywords"))


def make_subdirs(choice: Choice, around: Surroundings) -> Treatment | Left:
    """The missing ones of cur, new and tmp, with mode and owner of one that is there."""
    path = choice.patient.path
    steps = missing_subdirs(path, around)
    if not steps:
        return choice.tell("cur, new and tmp are there")
    return Treatment("make-subdirs", own=steps)


def missing_subdirs(folder: bytes, around: Surroundings) -> tuple[Step, ...]:
    """One mkdir for each of cur, new and tmp that `folder` lacks."""
    found = {name: around.lstat(join(folder, name)) for name in SUBDIRS}
    present = [status for status in found.values() if status and stat.S_ISDIR(status.st_mode)]
    model = next(iter(present), None) or around.lstat(folder)
    if model is None:
        return ()
    data = {"mode": stat.S_IMODE(model.st_mode), "uid": model.st_uid, "gid": model.st_gid}
    return tuple(
        Step(Action.MKDIR, None, join(folder, name), folder=folder, data=data)
        for name, status in found.items()
        if status is None
    )


def lacks_couriers_tmp(folder: bytes, around: Surroundings) -> bool:
    """Whether Courier serves `folder` and finds no tmp/ there: its lock and the list it makes
    anew lie in it, and without it Courier shows the folder to nobody (maildirlock.c)."""
    names = around.listing(folder)
    served = _COURIERS & (names | around.listing(b""))
    return bool(served) and bool(names) and b"tmp" not in names


def lift_folder(choice: Choice, around: Surroundings) -> Treatment | Left:
    """A nested Maildir becomes a folder of its own, uidlist and all, by one rename."""
    patient, path = choice.patient, choice.patient.path
    if "becomes" not in choice.detail:
        return choice.refuse("it is no nested folder")
    target = os.fsencode(choice.detail["becomes"])
    if target in around.by_path or around.lstat(target) is not None:
        return choice.refuse(f"{choice.detail['becomes']} is there already")
    notes: list[str] = [f"the layout is {around.spool.layout}, which has no folders below folders"]
    stale = around.subscribed(path)
    if stale:
        notes.append(f"stale lines in subscriptions: {', '.join(stale)}")
    step = Step(Action.RENAME, path, target, patient.expected(around.spool), path, target)
    return Treatment("lift-folder", own=(step,), notes=("; ".join(notes),))


def fix_uidlist(choice: Choice, around: Surroundings) -> Treatment | Left:
    """Takes out of a uidlist the lines a server would reject; the header stays byte for byte."""
    folder = around.home(choice.patient)
    name = os.path.basename(choice.patient.path)
    data = around.uidlist(folder, name) if folder is not None else None
    try:
        listed = parse(data) if data is not None else None
    except UidlistError as error:
        return choice.refuse(f"its header line is the bad one ({error}); Dovecot finds its own way")
    if folder is None or listed is None:
        return choice.refuse("it is gone, or no plain file")
    if not listed.bad:
        return choice.tell("a server rejects none of its lines")
    drop = [[line.number, os.fsdecode(line.line)] for line in listed.bad]
    torn = listed.bad[-1].reason == NO_NEWLINE
    step = Step(
        Action.UIDLIST_LINES, None, None, folder=folder,
        data={"name": os.fsdecode(name), "drop": drop, "torn": torn},
    )  # fmt: skip
    lines = "1 line" if len(drop) == 1 else f"{len(drop)} lines"
    return Treatment("fix-uidlist", own=(step,), notes=(f"drops {lines} that a server rejects",))
