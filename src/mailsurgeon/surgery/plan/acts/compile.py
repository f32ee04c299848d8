"""Turns choices into acts: one act per entry, one target name and one rename per message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mailsurgeon.maildir.filename import split
from mailsurgeon.maildir.rename import compose
from mailsurgeon.maildir.server_files import MBSYNC_UIDVALIDITY
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import Act, Left, QuarantinePath, Step
from mailsurgeon.surgery.plan.acts.carried import Carrying, directories_moved, with_contents
from mailsurgeon.surgery.plan.acts.copies import (
    drop_each_other,
    drop_without_copy,
    settle_second_copies,
    unite_flags,
)
from mailsurgeon.surgery.plan.acts.entry_task import EntryTask, changes_date, task_order
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.plan.kept_copies import copies_stay, kept_copy
from mailsurgeon.surgery.plan.remedies.keyword_transfer import courier_step
from mailsurgeon.surgery.plan.remedies.make_subdirs import lacks_couriers_tmp, missing_subdirs
from mailsurgeon.surgery.plan.remedies.registry import REMEDY
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.conditions import StepCondition
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.survey.index.rows import Place

_NEW_NAME = "gets a new name: the old one is taken or cannot be used"
_BY_OTHER_MEANS = "move it with a mail client, or with mv while no server runs"


def compile_acts(choices: Iterable[Choice], context: SpoolContext) -> tuple[list[Act], list[Left]]:
    """The acts for these choices, in order, and what is left alone, with reasons."""
    tasks, left = _join_repairs(choices, context)
    left += _drop_passengers(tasks)
    left += settle_second_copies(tasks, context)
    _leave_to_own_tasks(tasks)
    left += drop_each_other(tasks)
    left += drop_without_copy(tasks, context)
    united = unite_flags(tasks, context)
    acts = list(_missing_homes(tasks, context))
    ends: dict[bytes, tuple[bytes, bytes | None]] = {}
    gone: list[bytes] = []
    for task in sorted(tasks.values(), key=lambda task: task_order(task, context)):
        conditions = tuple(
            kept_copy(one, ends, context, dated=one.path in tasks and tasks[one.path].is_dated)
            for one in task.relies_on
        )
        busy = task.takes_directory and _is_busy(task, tasks, context)
        carrying = Carrying(gone, busy=busy)
        act = _act_of(task, context, united.get(task.entry.path), conditions, carrying)
        codes = tuple(task.codes)
        if act is None:
            left.append(Left(task.entry.path, "there is nothing to change", codes, False))
        elif reason := next(filter(None, (_barred(step, context) for step in act.steps)), ""):
            left.append(Left(task.entry.path, reason, codes))
        else:
            ends.update(_ends(act))
            gone += directories_moved(act)
            acts.append(act)
    return acts, left


def _join_repairs(
    choices: Iterable[Choice], context: SpoolContext
) -> tuple[dict[bytes, EntryTask], list[Left]]:
    """Joins the repairs of each entry into one."""
    tasks: dict[bytes, EntryTask] = {}
    left: list[Left] = []
    for choice in choices:
        result = REMEDY[choice.remedy](choice, context)
        if isinstance(result, Left):
            left.append(result)
            continue
        if choice.loses_clash:
            result = replace(result, new_message=True)
        path = choice.entry.path
        task = tasks.get(path)
        if task is None:
            task = tasks[path] = EntryTask(choice.entry, result, choice.codes_here)
        else:
            task.repair |= result
        if choice.code and choice.code not in task.codes:
            task.codes.append(choice.code)
        if choice.remedy not in task.remedies:
            task.remedies.append(choice.remedy)
    return tasks, left


def _ends(act: Act) -> Iterator[tuple[bytes, tuple[bytes, bytes | None]]]:
    """Where an act leads its message: its path before, its path and folder after."""
    for step in act.steps:
        if isinstance(step, Rename):
            folder = step.folder if step.target_folder is None else step.target_folder
            yield step.source, (step.target, folder)


def _drop_passengers(tasks: dict[bytes, EntryTask]) -> list[Left]:
    """Removes tasks inside a directory that is quarantined as a whole, and says so."""
    carried = [
        task.entry.path + b"/"
        for task in tasks.values()
        if task.takes_directory and task.repair.away
    ]
    if not carried:
        return []
    inside = tuple(carried)
    passengers = [task for path, task in tasks.items() if path.startswith(inside)]
    for task in passengers:
        del tasks[task.entry.path]
    reason = "goes to the quarantine with its folder"
    return [Left(task.entry.path, reason, tuple(task.codes), False) for task in passengers]


def _leave_to_own_tasks(tasks: dict[bytes, EntryTask]) -> None:
    """Where a folder and one below it are both renamed, removes the second's rename from the task
    of the first."""
    moved = {path for path, task in tasks.items() if task.takes_directory}
    for path, task in tasks.items():
        if path in moved:
            own = tuple(step for step in task.repair.own if step.source not in moved - {path})
            task.repair = replace(task.repair, own=own)


# Acts


def _missing_homes(tasks: dict[bytes, EntryTask], context: SpoolContext) -> Iterable[Act]:
    """Acts that make missing cur/, new/ and tmp/ in folders that mail is filed into, and tmp/
    where Courier needs it."""
    filed = {task.repair.home for task in tasks.values() if not task.repair.away}
    touched = {context.home(task.entry) for task in tasks.values() if not task.takes_directory}
    made = {task.entry.path for task in tasks.values() if "make-subdirs" in task.remedies}
    for home in sorted(home for home in filed | touched if home is not None and home not in made):
        note, steps = "", tuple[Step, ...]()
        if lacks_couriers_tmp(home, context):
            note, steps = "Courier cannot open it without", missing_subdirs(home, context)
        elif home in filed and context.lstat(join(home, b"cur")) is None:
            note, steps = "mail is filed into it", missing_subdirs(home, context)
        if steps:
            name = context.by_path[home].name
            yield Act("make-subdirs", home, steps, name, (), ("make-subdirs",), None, note)


def _act_of(
    task: EntryTask,
    context: SpoolContext,
    companion: EntryTask | None,
    conditions: tuple[StepCondition, ...],
    carrying: Carrying,
) -> Act | None:
    """The act of one task, under these conditions; None if there is nothing to do."""
    if task.repair.away:
        steps, notes = _put_away(task, context, conditions), list[str]()
    else:
        steps, notes = _rename(task, context)
    if task.entry.is_directory:
        steps = [with_contents(step, context, carrying) for step in steps]
    if companion is not None:
        steps += _rename(companion, context)[0]
    if not steps:
        return None
    entry, repair = task.entry, task.repair
    codes, remedies = task.codes, task.remedies
    if repair.away:  # removes all its problems
        codes, remedies = sorted(task.codes_here), ["quarantine"]
    note = "; ".join((*repair.notes, *notes))
    return Act(
        repair.verdict, entry.path, tuple(steps), context.name(entry), tuple(codes),
        tuple(remedies), entry.id, note,
    )  # fmt: skip


def _barred(step: Step, context: SpoolContext) -> str:
    """Why a step cannot rename across file systems; empty if it need not."""
    if not isinstance(step, Rename):
        return ""
    there, source = context.file_systems, step.source
    if step.carries_directory and there.is_mount_point(source):
        return "a file system is mounted there; unmount it and mount it at the other place by hand"
    target = b"" if step.puts_away else step.target.rpartition(b"/")[0]
    if there.of(source.rpartition(b"/")[0]) == there.of(target):
        return ""
    away = "the quarantine"
    where = away if step.puts_away else context.folder_name(step.target_folder or b"")
    return f"{where} is on another file system, where no rename leads; {_BY_OTHER_MEANS}"


def _put_away(
    task: EntryTask, context: SpoolContext, conditions: tuple[StepCondition, ...]
) -> list[Step]:
    entry = task.entry
    target = QuarantinePath.of(None, entry.path)
    home = _home(entry, context)
    expected = context.expected(entry)
    conditions += copies_stay(task.repair.elsewhere)
    step = Rename(entry.path, target, expected, folder=home, conditions=conditions)
    if entry.is_directory:
        return [step]
    quota = context.quota.of_message(entry, home, target, None)
    return [*courier_step(entry, home, None, context), replace(step, quota=quota)]


def _is_busy(task: EntryTask, tasks: Mapping[bytes, EntryTask], context: SpoolContext) -> bool:
    """Whether other tasks of the plan touch messages in the directory that this one moves."""
    inside = task.entry.path + b"/"
    return any(
        (path + b"/").startswith(inside)
        for one in tasks.values()
        if one is not task and not one.takes_directory
        for path in (one.entry.path, one.repair.home, context.home(one.entry))
        if path is not None
    )


def _home(entry: EntryDetail, context: SpoolContext) -> bytes | None:
    """The folder whose lock the act needs: the entry's own if it is a folder moved as a whole.

    A stale lock is quarantined without any lock: taking the lock would remove it. So is what lies
    in the place of the file that mbsync locks and is none: nobody can lock that.
    """
    path = entry.path
    if entry.place == Place.FOLDER and entry.filename.endswith(b".lock"):
        return None
    if entry.filename == MBSYNC_UIDVALIDITY and not entry.is_file:
        return None
    if entry.is_directory and path in context.by_path:
        return path
    return context.home(entry)


def _rename(task: EntryTask, context: SpoolContext) -> tuple[list[Step], list[str]]:
    """All steps except a quarantine, and notes."""
    entry, repair = task.entry, task.repair
    expected = context.expected(entry)
    home = context.home(entry)
    if not entry.is_file or entry.place == Place.FOLDER:
        own = [*repair.own, *_after(repair.after, entry.path, task, context)]
        return sorted(own, key=_moves_directory), []
    target_home = repair.home if repair.home is not None else home
    directory = repair.into if repair.into is not None else entry.directory
    served = entry.is_served or repair.into is not None
    name = compose(
        entry.filename, repair.name,
        taken=context.taken(target_home or b"") if served else lambda _: False,
        arrives=repair.into is not None and not (entry.is_served and target_home == home),
        neighbours=context.neighbours(entry),
        separator=context.conventions(target_home).written if served else b":",
        seconds=entry.mtime_ns // 1_000_000_000,
        seed=entry.path + b"%d" % entry.inode,
    )  # fmt: skip
    target, base = join(directory, name.filename), split(name.filename)[0]
    steps: list[Step] = []
    keeps_record = entry.is_served and base == entry.base and target_home == home
    if target != entry.path:
        follows = entry.is_served and target_home == home and not keeps_record
        quota = context.quota.of_message(entry, home, target, target_home)
        keep_uid = follows and not repair.new_message
        steps += [step.for_base(base) for step in repair.before]
        step = Rename(
            entry.path, target, expected, home, target_home, keep_uid=keep_uid, quota=quota,
            links=entry.nlink, shared=False,  # as they most likely are when it runs
        )  # fmt: skip
        steps.append(step)
    if keeps_record:
        steps += repair.own
    else:
        context.give(target_home or b"", base)
    steps += _after(repair.after, target, task, context)
    return steps, [_NEW_NAME] if name.replaced else []


def _moves_directory(step: Step) -> bool:
    """Whether a step moves a directory; other steps on it name it by its old path."""
    return step.carries_directory


def _after(
    steps: Sequence[Step], path: bytes, task: EntryTask, context: SpoolContext
) -> Iterable[Step]:
    """The steps on the file under its last name; those that change its time come last, because the
    others expect the old time."""
    home, expected = _home(task.entry, context), context.expected(task.entry)
    if task.entry.is_directory and "fix-permissions" in task.remedies:
        home = None  # no server minds, and the lock may not be had in a directory of another's
    for step in sorted(steps, key=changes_date):
        yield replace(step, source=path, expected=expected, folder=home)
