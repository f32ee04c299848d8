"""Turns choices into acts: one act per entry, one target name and one rename per message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mailsurgeon.diagnosis.catalogue import problem_kind
from mailsurgeon.maildir.filename import split
from mailsurgeon.maildir.rename import NameChange, compose
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import Act, Left, QuarantinePath, Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail, load_paths
from mailsurgeon.surgery.plan.kept_copies import (
    copies_stay,
    kept_copy,
    no_reliance,
    with_contents,
)
from mailsurgeon.surgery.plan.remedies.keyword_transfer import courier_step
from mailsurgeon.surgery.plan.remedies.make_subdirs import lacks_couriers_tmp, missing_subdirs
from mailsurgeon.surgery.plan.remedies.registry import REMEDY
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.base import Alters
from mailsurgeon.surgery.steps.conditions import StepCondition
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.survey.index.rows import Place

_NEW_NAME = "gets a new name: the old one is taken or cannot be used"
_BY_OTHER_MEANS = "move it with a mail client, or with mv while no server runs"
_UNITED = "its flags go to the copy that is kept"
_ORDER = {
    "make-subdirs": 0,
    "fix-uidlist": 1,
    "fix-keywords": 1,
    "quarantine folder": 5,
    "lift-folder": 6,
    "rename-folder": 6,
}
_URGENT, _USUAL, _LATE = 2, 3, 4  # late: all hard links of a file share its new time


@dataclass(slots=True)
class EntryTask:
    """One entry, and what all remedies chosen for it do together."""

    entry: EntryDetail
    repair: Repair
    codes_here: frozenset[str] = frozenset()
    codes: list[str] = field(default_factory=list[str])
    remedies: list[str] = field(default_factory=list[str])
    relies_on: list[EntryDetail] = field(default_factory=list[EntryDetail])

    @property
    def is_dated(self) -> bool:
        """Whether it changes the file's time."""
        return any(_dates(step) for step in self.repair.after)

    @property
    def takes_directory(self) -> bool:
        """Whether it moves a whole directory."""
        lifts = any(isinstance(step, Rename) for step in self.repair.own)
        return self.entry.is_directory and (self.repair.away or lifts)


def compile_acts(choices: Iterable[Choice], context: SpoolContext) -> tuple[list[Act], list[Left]]:
    """The acts for these choices, in order, and what is left alone, with reasons."""
    tasks, left = _join_repairs(choices, context)
    left += _drop_passengers(tasks)
    left += _leave_second_copies(tasks)
    _leave_to_own_tasks(tasks)
    left += _drop_each_other(tasks)
    left += _drop_without_copy(tasks, context)
    united = _unite_flags(tasks, context)
    acts = list(_missing_homes(tasks, context))
    ends: dict[bytes, tuple[bytes, bytes | None]] = {}
    for task in sorted(tasks.values(), key=lambda task: _turn(task, context)):
        conditions = tuple(
            kept_copy(one, ends, context, dated=one.path in tasks and tasks[one.path].is_dated)
            for one in task.relies_on
        )
        busy = task.takes_directory and _is_busy(task, tasks, context)
        act = _act_of(task, context, united.get(task.entry.path), conditions, busy=busy)
        codes = tuple(task.codes)
        if act is None:
            left.append(Left(task.entry.path, "there is nothing to change", codes, False))
        elif reason := next(filter(None, (_barred(step, context) for step in act.steps)), ""):
            left.append(Left(task.entry.path, reason, codes))
        else:
            ends.update(_ends(act))
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


def _turn(task: EntryTask, context: SpoolContext) -> tuple[int, int, bool, bytes, bytes, bytes]:
    """The sort key of a task: directories are made first and moved last, the deepest first; what
    relies on a copy comes after what files it; tasks that need the same locks are neighbours."""
    order = _ORDER.get(task.repair.verdict)
    if order is None:
        urgent = any(problem_kind(code).shares_uid for code in task.codes)
        order = _URGENT if urgent else _USUAL
        if task.entry.nlink > 1 and any(_dates(step) for step in task.repair.after):
            order = _LATE
    path = task.entry.path
    depth = -path.count(b"/") if task.takes_directory else 0
    home, goal = context.home(task.entry) or b"", task.repair.home or b""
    return order, depth, bool(task.repair.relies_on), home, goal, path


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


# Copies


def _leave_second_copies(tasks: dict[bytes, EntryTask]) -> list[Left]:
    """Removes the filing of leftovers from tmp/ of which the plan also files what may be a copy.

    What is misfiled counts as a copy only once it is filed, so both may be proposed at once.
    """
    filing = [task for task in tasks.values() if "file" in task.remedies and not task.repair.away]
    filed = {_likeness(task.entry) for task in filing if task.entry.place != Place.TMP}
    second = [
        task
        for task in filing
        if task.entry.place == Place.TMP and task.codes and _likeness(task.entry) in filed
    ]
    for task in second:
        del tasks[task.entry.path]
    reason = "what may be a copy of it is filed by this plan; look again afterwards"
    return [Left(task.entry.path, reason, tuple(task.codes), False) for task in second]


def _likeness(entry: EntryDetail) -> object:
    """What copies of a message have in common: the Message-ID, or without one the size."""
    return entry.message_id.lower() if entry.message_id is not None else entry.size


def _drop_each_other(tasks: dict[bytes, EntryTask]) -> list[Left]:
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


def _drop_without_copy(tasks: dict[bytes, EntryTask], context: SpoolContext) -> list[Left]:
    """Removes the tasks that put a copy away although the other one does not stay."""
    victims = [task for task in tasks.values() if task.repair.relies_on]
    victims.sort(key=lambda task: _turn(task, context))
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


def _unite_flags(tasks: dict[bytes, EntryTask], context: SpoolContext) -> dict[bytes, EntryTask]:
    """Gives the flags of quarantined copies to the copy that is kept.

    If the kept copy has a task of its own, that task adds the flags. Otherwise the act of the last
    copy renames it, because only then is its base name free: returned as a map from the last copy's
    path to the kept copy's task.
    """
    victims = [task for task in tasks.values() if task.repair.kept is not None]
    victims.sort(key=lambda task: _turn(task, context))
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
    return {last: companions[kept] for kept, last in lasts.items()}


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
    *,
    busy: bool,
) -> Act | None:
    """The act of one task, under these conditions; None if there is nothing to do. `busy`: other
    tasks change messages in the directory that it moves."""
    if task.repair.away:
        steps, notes = _put_away(task, context, conditions), list[str]()
    else:
        steps, notes = _rename(task, context)
    if task.entry.is_directory:
        steps = [_carrying(step, context, busy=busy) for step in steps]
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


def _carrying(step: Step, context: SpoolContext, *, busy: bool) -> Step:
    """The step with its quota change and its conditions filled in, if it moves a directory."""
    if not isinstance(step, Rename):
        return step
    step = with_contents(step, context, busy=busy)
    return replace(step, quota=context.quota.of_folder(step.source, step.target))


def _home(entry: EntryDetail, context: SpoolContext) -> bytes | None:
    """The folder whose lock the act needs: the entry's own if it is a folder moved as a whole.

    A stale lock is quarantined without any lock: taking the lock would remove it.
    """
    path = entry.path
    if entry.place == Place.FOLDER and entry.filename.endswith(b".lock"):
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
            entry.path, target, expected, home, target_home, keep_uid=keep_uid, quota=quota
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


def _dates(step: Step) -> bool:
    """Whether a step changes the time, which other steps on the file check."""
    return step.alters is Alters.DATE


def _after(
    steps: Sequence[Step], path: bytes, task: EntryTask, context: SpoolContext
) -> Iterable[Step]:
    """The steps on the file under its last name; those that change its time come last, because the
    others expect the old time."""
    home, expected = _home(task.entry, context), context.expected(task.entry)
    for step in sorted(steps, key=_dates):
        yield replace(step, source=path, expected=expected, folder=home)
