"""From choices to acts: one act an entry, one target name and one rename a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mailsurgeon.diagnosis.catalogue import problem_kind
from mailsurgeon.maildir.filename import parse_info, split
from mailsurgeon.maildir.rename import NameChange, compose
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import QUARANTINE, Act, Left, Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail, load_paths
from mailsurgeon.surgery.plan.remedies.keyword_transfer import courier_step
from mailsurgeon.surgery.plan.remedies.make_subdirs import lacks_couriers_tmp, missing_subdirs
from mailsurgeon.surgery.plan.remedies.registry import REMEDY
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.base import Alters
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.survey.index.rows import Place

_NEW_NAME = "gets a new name: the old one is taken or cannot be used"
_UNITED = "its flags go to the copy that is kept"
_ORDER = {"make-subdirs": 0, "fix-uidlist": 1, "quarantine folder": 5, "lift-folder": 6}
_URGENT, _USUAL, _LATE = 2, 3, 4  # late: a new time shows under every name of the file


@dataclass(slots=True)
class EntryTask:
    """One entry, and what all remedies chosen for it do together."""

    entry: EntryDetail
    repair: Repair
    codes_here: frozenset[str] = frozenset()
    codes: list[str] = field(default_factory=list[str])
    remedies: list[str] = field(default_factory=list[str])

    @property
    def takes_directory(self) -> bool:
        """Whether it carries a whole directory elsewhere."""
        lifts = any(isinstance(step, Rename) for step in self.repair.own)
        return self.entry.is_directory and (self.repair.away or lifts)


def compile_acts(choices: Iterable[Choice], around: SpoolContext) -> tuple[list[Act], list[Left]]:
    """The acts that do what was chosen, in the order to do it, and what is left and why."""
    tasks, left = _join_repairs(choices, around)
    left += _drop_passengers(tasks)
    united, orphans = _unite_flags(tasks, around)
    left += orphans
    acts = list(_missing_homes(tasks, around))
    for task in sorted(tasks.values(), key=lambda task: _turn(task, around)):
        act = _act_of(task, around, united.get(task.entry.path))
        if act is None:
            left.append(Left(task.entry.path, "it is as asked already", tuple(task.codes), False))
        else:
            acts.append(act)
    return acts, left


def _join_repairs(
    choices: Iterable[Choice], around: SpoolContext
) -> tuple[dict[bytes, EntryTask], list[Left]]:
    """The repairs of each entry joined into one."""
    tasks: dict[bytes, EntryTask] = {}
    left: list[Left] = []
    for choice in choices:
        result = REMEDY[choice.remedy](choice, around)
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


def _turn(task: EntryTask, around: SpoolContext) -> tuple[int, int, bytes, bytes, bytes]:
    """Directories are made first and carried off last, the deepest first; between them what
    needs the same locks stands together."""
    order = _ORDER.get(task.repair.verdict)
    if order is None:
        urgent = any(problem_kind(code).shares_uid for code in task.codes)
        order = _URGENT if urgent else _USUAL
        if task.entry.nlink > 1 and any(_dates(step) for step in task.repair.after):
            order = _LATE
    path = task.entry.path
    depth = -path.count(b"/") if task.takes_directory else 0
    return order, depth, around.home(task.entry) or b"", task.repair.home or b"", path


def _drop_passengers(tasks: dict[bytes, EntryTask]) -> list[Left]:
    """Takes out what lies in a directory that goes to the quarantine whole: it goes along."""
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


# Copies


def _unite_flags(
    tasks: dict[bytes, EntryTask], around: SpoolContext
) -> tuple[dict[bytes, EntryTask], list[Left]]:
    """Gives the flags of copies put away to the copy that is kept.

    A kept one with an act of its own gets them there. Else its rename goes into the act of the
    last copy, after which its base name is its own: returned as that copy's path to the task of
    the kept one. Copies whose kept one is gone, or goes away too, are taken out and left.
    """
    victims = [task for task in tasks.values() if task.repair.kept is not None]
    victims.sort(key=lambda task: _turn(task, around))
    paths = {task.repair.kept for task in victims if task.repair.kept is not None}
    known = load_paths(around.index, sorted(paths))
    companions: dict[bytes, EntryTask] = {}
    lasts: dict[bytes, bytes] = {}
    left: list[Left] = []
    for victim in victims:
        path = victim.repair.kept
        kept = known.get(path) if path is not None else None
        own = tasks.get(kept.path) if kept else None
        if kept is None or (own and own.repair.away):
            del tasks[victim.entry.path]
            reason = "the copy that was to be kept is not there any more"
            left.append(Left(victim.entry.path, reason, tuple(victim.codes)))
            continue
        flags = _lendable(victim.entry)
        companion = own or companions.get(kept.path) or EntryTask(kept, Repair("fix-flags"))
        if not set(flags) <= set(parse_info(kept.filename, *kept.sizes).flags):
            companion.repair |= _with_flags(companion, flags, around)
            victim.repair = replace(victim.repair, notes=(_UNITED,))
            if own is None:
                companions[kept.path] = companion
                lasts[kept.path] = victim.entry.path
    return {last: companions[kept] for kept, last in lasts.items()}, left


def _lendable(entry: EntryDetail) -> bytes:
    """The flags a copy hands on; not `T`, which would let a client expunge the only copy left."""
    flags = parse_info(entry.filename, *entry.sizes).flags
    return bytes(letter for letter in flags if letter != ord("T"))


def _with_flags(task: EntryTask, flags: bytes, around: SpoolContext) -> Repair:
    entry = task.entry
    added = bytes(sorted({*task.repair.name.add_flags, *flags}))
    change = NameChange(sizes=entry.sizes, add_flags=added)
    if entry.place != Place.NEW:
        return Repair("fix-flags", change)
    home = around.home(entry) or b""  # a message with flags belongs in cur
    return Repair("fix-flags", change, into=join(home, b"cur"), home=home)


# Acts


def _missing_homes(tasks: dict[bytes, EntryTask], around: SpoolContext) -> Iterable[Act]:
    """Makes cur/ (and new/, tmp/) of a folder that mail is to be filed into and that lacks it, and
    tmp/ where Courier needs it."""
    filed = {task.repair.home for task in tasks.values() if not task.repair.away}
    touched = {around.home(task.entry) for task in tasks.values() if not task.takes_directory}
    made = {task.entry.path for task in tasks.values() if "make-subdirs" in task.remedies}
    for home in sorted(home for home in filed | touched if home is not None and home not in made):
        note, steps = "", tuple[Step, ...]()
        if lacks_couriers_tmp(home, around):
            note, steps = "Courier cannot open it without", missing_subdirs(home, around)
        elif home in filed and around.lstat(join(home, b"cur")) is None:
            note, steps = "mail is filed into it", missing_subdirs(home, around)
        if steps:
            name = around.by_path[home].name
            yield Act("make-subdirs", home, steps, name, (), ("make-subdirs",), None, note)


def _act_of(task: EntryTask, around: SpoolContext, companion: EntryTask | None) -> Act | None:
    """The act of one task; None when there is nothing left to do."""
    steps, notes = _put_away(task, around) if task.repair.away else _rename(task, around)
    if companion is not None:
        steps += _rename(companion, around)[0]
    if not steps:
        return None
    entry, repair = task.entry, task.repair
    codes, remedies = task.codes, task.remedies
    if repair.away:  # whatever was wrong with it
        codes, remedies = sorted(task.codes_here), ["quarantine"]
    note = "; ".join((*repair.notes, *notes))
    return Act(
        repair.verdict, entry.path, tuple(steps), around.name(entry), tuple(codes),
        tuple(remedies), entry.id, note,
    )  # fmt: skip


def _put_away(task: EntryTask, around: SpoolContext) -> tuple[list[Step], list[str]]:
    entry = task.entry
    target = QUARANTINE + b"@/" + entry.path
    home = _home(entry, around)
    expected = entry.expected(around.spool)
    step = Rename(entry.path, target, expected, folder=home)
    if entry.is_directory:
        return [_counting(step, around)], []
    quota = around.quota.of_message(entry, home, target, None)
    return [*courier_step(entry, home, None, around), replace(step, quota=quota)], []


def _counting(step: Step, around: SpoolContext) -> Step:
    """The step, with what it adds to the quota when it carries a whole directory elsewhere."""
    if not isinstance(step, Rename):
        return step
    return replace(step, quota=around.quota.of_folder(step.source, step.target))


def _home(entry: EntryDetail, around: SpoolContext) -> bytes | None:
    """The folder whose lock is held: a folder's own when it is carried off whole.

    A stale lock is put away without it: to take the lock would be to remove it.
    """
    path = entry.path
    if entry.place == Place.FOLDER and entry.filename.endswith(b".lock"):
        return None
    if entry.is_directory and path in around.by_path:
        return path
    return around.home(entry)


def _rename(task: EntryTask, around: SpoolContext) -> tuple[list[Step], list[str]]:
    """The steps of all but a quarantine, and what is to be noted."""
    entry, repair = task.entry, task.repair
    expected = entry.expected(around.spool)
    home = around.home(entry)
    if not entry.is_file or entry.place == Place.FOLDER:
        own = [_counting(step, around) for step in repair.own]
        return [*own, *_after(repair.after, entry.path, task, around)], []
    target_home = repair.home if repair.home is not None else home
    directory = repair.into if repair.into is not None else entry.directory
    served = entry.is_served or repair.into is not None
    name = compose(
        entry.filename, repair.name,
        taken=around.taken(target_home or b"") if served else lambda _: False,
        arrives=repair.into is not None and not (entry.is_served and target_home == home),
        seconds=entry.mtime_ns // 1_000_000_000,
        seed=entry.path + b"%d" % entry.inode,
    )  # fmt: skip
    target, base = join(directory, name.filename), split(name.filename)[0]
    steps: list[Step] = []
    keeps_record = entry.is_served and base == entry.base and target_home == home
    if target != entry.path:
        follows = entry.is_served and target_home == home and not keeps_record
        quota = around.quota.of_message(entry, home, target, target_home)
        keep_uid = follows and not repair.new_message
        steps += [step.for_base(base) for step in repair.before]
        step = Rename(
            entry.path, target, expected, home, target_home, keep_uid=keep_uid, quota=quota
        )  # fmt: skip
        steps.append(step)
    if keeps_record:
        steps += repair.own
    else:
        around.give(target_home or b"", base)
    steps += _after(repair.after, target, task, around)
    return steps, [_NEW_NAME] if name.replaced else []


def _dates(step: Step) -> bool:
    """Whether a step changes the time that other steps on the file expect."""
    return step.alters is Alters.DATE


def _after(
    steps: Sequence[Step], path: bytes, task: EntryTask, around: SpoolContext
) -> Iterable[Step]:
    """The steps on the file under its last name; a new time last, for the others expect the old."""
    home, expected = _home(task.entry, around), task.entry.expected(around.spool)
    for step in sorted(steps, key=_dates):
        yield replace(step, source=path, expected=expected, folder=home)
