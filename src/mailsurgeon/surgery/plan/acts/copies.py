"""Copies: which tasks may not stand beside others, and whose flags go to the copy that is kept."""

from __future__ import annotations

import filecmp
from contextlib import suppress
from dataclasses import replace

from mailsurgeon.maildir.rename import NameChange
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.acts.entry_task import EntryTask, task_order
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail, load_paths
from mailsurgeon.surgery.plan.kept_copies import no_reliance
from mailsurgeon.surgery.plan.repair import COPY, Repair
from mailsurgeon.survey.index.rows import Place

_UNITED = "its flags go to the copy that is kept"


def settle_second_copies(tasks: dict[bytes, EntryTask], context: SpoolContext) -> list[Left]:
    """Puts leftovers from tmp/ away of which the plan also files an identical message, and removes
    those with the Message-ID of another one that it files.

    What is misfiled counts as filed only once it is, so the survey proposes to file both.
    """
    filing = [task for task in tasks.values() if "file" in task.remedies and not task.repair.away]
    filed: dict[object, list[EntryDetail]] = {}
    for task in filing:
        if task.entry.place != Place.TMP:
            filed.setdefault(_likeness(task.entry), []).append(task.entry)
    left: list[Left] = []
    for task in filing:
        alike = filed.get(_likeness(task.entry), ())
        if task.entry.place != Place.TMP or not task.codes or not alike:
            continue
        twin = next((one for one in alike if _identical(one, task.entry, context)), None)
        if twin is not None:
            task.repair = Repair(COPY, away=True, relies_on=(twin.path,))
            task.remedies = ["quarantine"]
        elif task.entry.message_id is not None:
            del tasks[task.entry.path]
            reason = "a message that this plan files has its Message-ID: look at it first"
            left.append(Left(task.entry.path, reason, tuple(task.codes), False))
    return left


def _likeness(entry: EntryDetail) -> object:
    """What copies of a message have in common: the Message-ID, or without one the size."""
    return entry.message_id.lower() if entry.message_id is not None else entry.size


def _identical(one: EntryDetail, other: EntryDetail, context: SpoolContext) -> bool:
    """Whether two files have the same bytes; one that cannot be read has not."""
    if one.size != other.size:
        return False
    if one.digest is not None and other.digest is not None:
        return one.digest == other.digest
    with suppress(OSError):
        paths = (context.spool.absolute(entry.path) for entry in (one, other))
        return filecmp.cmp(*paths, shallow=False)
    return False


def drop_each_other(tasks: dict[bytes, EntryTask]) -> list[Left]:
    """Removes folders to be put away whose copies lie in another one that goes too."""
    left: list[Left] = []
    for task in [one for one in tasks.values() if one.repair.elsewhere is not None]:
        assert task.repair.elsewhere is not None
        others = tuple(
            one.entry.path + b"/"
            for one in tasks.values()
            if one.takes_directory and one.repair.away and one is not task
        )
        if any((home + b"/").startswith(others) for home in task.repair.elsewhere.copies):
            del tasks[task.entry.path]
            reason = "copies of its messages lie in a folder that goes to the quarantine too"
            left.append(Left(task.entry.path, reason, tuple(task.codes)))
    return left


def drop_without_copy(tasks: dict[bytes, EntryTask], context: SpoolContext) -> list[Left]:
    """Removes the tasks that put a copy away although the other one does not stay."""
    victims = [task for task in tasks.values() if task.repair.relies_on]
    victims.sort(key=lambda task: task_order(task, context))
    known = load_paths(context.index, {path for task in victims for path in task.repair.relies_on})
    carried = [
        task.entry.path + b"/"
        for task in tasks.values()
        if task.takes_directory and task.repair.away
    ]
    left: list[Left] = []
    for victim in victims:
        for path in victim.repair.relies_on:
            kept, own = known.get(path), tasks.get(path)
            away, filed = own is not None and own.repair.away, own is not None
            reason = no_reliance(kept, away=away, filed=filed, carried=carried)
            if reason or kept is None:
                del tasks[victim.entry.path]
                left.append(Left(victim.entry.path, reason, tuple(victim.codes)))
                break
            victim.relies_on.append(kept)
    return left


def unite_flags(tasks: dict[bytes, EntryTask], context: SpoolContext) -> dict[bytes, EntryTask]:
    """Gives the flags of quarantined copies to the copy that is kept.

    If the kept copy has a task of its own, that task adds the flags. Otherwise the act of the last
    copy renames it, because only then is its base name free: returned as a map from the last copy's
    path to the kept copy's task.
    """
    victims = [task for task in tasks.values() if task.repair.kept is not None]
    victims.sort(key=lambda task: task_order(task, context))
    companions: dict[bytes, EntryTask] = {}
    lasts: dict[bytes, bytes] = {}
    for victim in victims:
        kept = next(one for one in victim.relies_on if one.path == victim.repair.kept)
        own = tasks.get(kept.path)
        flags = _lendable(victim.entry, context)
        companion = own or companions.get(kept.path) or EntryTask(kept, Repair("fix-flags"))
        if not set(flags) <= set(context.info(kept).flags):
            companion.repair |= _with_flags(companion, flags, context)
            victim.repair = replace(victim.repair, notes=(_UNITED,))
            if own is None:
                companions[kept.path] = companion
        lasts[kept.path] = victim.entry.path
    return {last: companions[kept] for kept, last in lasts.items() if kept in companions}


def _lendable(entry: EntryDetail, context: SpoolContext) -> bytes:
    """The flags a copy passes on; without `T`, or a client might expunge the only copy left.

    None from a name that something else was written behind: no mail program made it.
    """
    info = context.info(entry)
    return b"" if info.torn else bytes(letter for letter in info.flags if letter != ord("T"))


def _with_flags(task: EntryTask, flags: bytes, context: SpoolContext) -> Repair:
    entry = task.entry
    added = bytes(sorted({*task.repair.name.add_flags, *flags}))
    change = NameChange(sizes=entry.sizes, add_flags=added)
    if entry.place != Place.NEW:
        return Repair("fix-flags", change)
    home = context.home(entry) or b""  # a message with flags belongs in cur
    return Repair("fix-flags", change, into=join(home, b"cur"), home=home)
