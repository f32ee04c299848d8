"""From choices to acts: one act a patient, one target name and one rename a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mailsurgeon.maildir.filename import parse_info, split
from mailsurgeon.maildir.rename import NameChange, compose
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import QUARANTINE, Act, Left, Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail, load_paths
from mailsurgeon.surgery.plan.remedies.keyword_transfer import courier_step
from mailsurgeon.surgery.plan.remedies.make_subdirs import lacks_couriers_tmp, missing_subdirs
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.remedies import REMEDY
from mailsurgeon.surgery.steps.base import Alters
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.survey.index.rows import Place

_NEW_NAME = "gets a new name: the old one is taken or cannot be used"
_UNITED = "its flags go to the copy that is kept"
_ORDER = {"make-subdirs": 0, "fix-uidlist": 1, "quarantine folder": 5, "lift-folder": 6}
_URGENT, _USUAL, _LATE = 2, 3, 4  # late: a new time shows under every name of the file


@dataclass(slots=True)
class Case:
    """One patient and what all remedies chosen for it do together."""

    patient: EntryDetail
    treatment: Repair
    codes_here: frozenset[str] = frozenset()
    codes: list[str] = field(default_factory=list[str])
    remedies: list[str] = field(default_factory=list[str])

    @property
    def takes_directory(self) -> bool:
        """Whether it carries a whole directory elsewhere."""
        lifts = any(isinstance(step, Rename) for step in self.treatment.own)
        return self.patient.is_directory and (self.treatment.away or lifts)


def compile_acts(choices: Iterable[Choice], around: SpoolContext) -> tuple[list[Act], list[Left]]:
    """The acts that do what was chosen, in the order to do it, and what is left and why."""
    cases, left = _treat(choices, around)
    left += _drop_passengers(cases)
    united, orphans = _unite_flags(cases, around)
    left += orphans
    acts = list(_missing_homes(cases, around))
    for case in sorted(cases.values(), key=lambda case: _turn(case, around)):
        act = _operate(case, around, united.get(case.patient.path))
        if act is None:
            left.append(Left(case.patient.path, "it is as asked already", tuple(case.codes), False))
        else:
            acts.append(act)
    return acts, left


def _treat(choices: Iterable[Choice], around: SpoolContext) -> tuple[dict[bytes, Case], list[Left]]:
    """Every patient's treatments joined into one."""
    cases: dict[bytes, Case] = {}
    left: list[Left] = []
    for choice in choices:
        result = REMEDY[choice.remedy](choice, around)
        if isinstance(result, Left):
            left.append(result)
            continue
        if choice.loses_clash:
            result = replace(result, new_message=True)
        path = choice.patient.path
        case = cases.get(path)
        if case is None:
            case = cases[path] = Case(choice.patient, result, choice.codes_here)
        else:
            case.treatment |= result
        if choice.code and choice.code not in case.codes:
            case.codes.append(choice.code)
        if choice.remedy not in case.remedies:
            case.remedies.append(choice.remedy)
    return cases, left


def _turn(case: Case, around: SpoolContext) -> tuple[int, int, bytes, bytes, bytes]:
    """Directories are made first and carried off last, the deepest first; between them what
    needs the same locks stands together."""
    order = _ORDER.get(case.treatment.verdict)
    if order is None:
        order = _URGENT if "name-clash" in case.codes else _USUAL
        if case.patient.nlink > 1 and any(_dates(step) for step in case.treatment.after):
            order = _LATE
    path = case.patient.path
    depth = -path.count(b"/") if case.takes_directory else 0
    return order, depth, around.home(case.patient) or b"", case.treatment.home or b"", path


def _drop_passengers(cases: dict[bytes, Case]) -> list[Left]:
    """Takes out what lies in a directory that goes to the quarantine whole: it goes along."""
    carried = [
        case.patient.path + b"/"
        for case in cases.values()
        if case.takes_directory and case.treatment.away
    ]
    if not carried:
        return []
    inside = tuple(carried)
    passengers = [case for path, case in cases.items() if path.startswith(inside)]
    for case in passengers:
        del cases[case.patient.path]
    reason = "goes to the quarantine with its folder"
    return [Left(case.patient.path, reason, tuple(case.codes), False) for case in passengers]


# Copies


def _unite_flags(
    cases: dict[bytes, Case], around: SpoolContext
) -> tuple[dict[bytes, Case], list[Left]]:
    """Gives the flags of copies put away to the copy that is kept.

    A kept one with an act of its own gets them there. Else its rename goes into the act of the
    last copy, after which its base name is its own: returned as that copy's path to the case of
    the kept one. Copies whose kept one is gone, or goes away too, are taken out and told.
    """
    victims = [case for case in cases.values() if case.treatment.kept is not None]
    victims.sort(key=lambda case: _turn(case, around))
    paths = {case.treatment.kept for case in victims if case.treatment.kept is not None}
    known = load_paths(around.index, sorted(paths))
    companions: dict[bytes, Case] = {}
    lasts: dict[bytes, bytes] = {}
    left: list[Left] = []
    for victim in victims:
        path = victim.treatment.kept
        kept = known.get(path) if path is not None else None
        own = cases.get(kept.path) if kept else None
        if kept is None or (own and own.treatment.away):
            del cases[victim.patient.path]
            reason = "the copy that was to be kept is not there any more"
            left.append(Left(victim.patient.path, reason, tuple(victim.codes)))
            continue
        flags = _lendable(victim.patient)
        companion = own or companions.get(kept.path) or Case(kept, Repair("fix-flags"))
        if not set(flags) <= set(parse_info(kept.filename, *kept.sizes).flags):
            companion.treatment |= _with_flags(companion, flags, around)
            victim.treatment = replace(victim.treatment, notes=(_UNITED,))
            if own is None:
                companions[kept.path] = companion
                lasts[kept.path] = victim.patient.path
    return {last: companions[kept] for kept, last in lasts.items()}, left


def _lendable(patient: EntryDetail) -> bytes:
    """The flags a copy hands on; not `T`, which would let a client expunge the only copy left."""
    flags = parse_info(patient.filename, *patient.sizes).flags
    return bytes(letter for letter in flags if letter != ord("T"))


def _with_flags(case: Case, flags: bytes, around: SpoolContext) -> Repair:
    patient = case.patient
    added = bytes(sorted({*case.treatment.name.add_flags, *flags}))
    change = NameChange(sizes=patient.sizes, add_flags=added)
    if patient.place != Place.NEW:
        return Repair("fix-flags", change)
    home = around.home(patient) or b""  # a message with flags belongs in cur
    return Repair("fix-flags", change, into=join(home, b"cur"), home=home)


# Acts


def _missing_homes(cases: dict[bytes, Case], around: SpoolContext) -> Iterable[Act]:
    """Makes cur/ (and new/, tmp/) of a folder that mail is to be filed into and that lacks it, and
    tmp/ where Courier needs it."""
    filed = {case.treatment.home for case in cases.values() if not case.treatment.away}
    touched = {around.home(case.patient) for case in cases.values() if not case.takes_directory}
    made = {case.patient.path for case in cases.values() if "make-subdirs" in case.remedies}
    for home in sorted(home for home in filed | touched if home is not None and home not in made):
        note, steps = "", tuple[Step, ...]()
        if lacks_couriers_tmp(home, around):
            note, steps = "Courier cannot open it without", missing_subdirs(home, around)
        elif home in filed and around.lstat(join(home, b"cur")) is None:
            note, steps = "mail is filed into it", missing_subdirs(home, around)
        if steps:
            name = around.by_path[home].name
            yield Act("make-subdirs", home, steps, name, (), ("make-subdirs",), None, note)


def _operate(case: Case, around: SpoolContext, companion: Case | None) -> Act | None:
    """The act of one case; None when there is nothing left to do."""
    steps, notes = _put_away(case, around) if case.treatment.away else _rename(case, around)
    if companion is not None:
        steps += _rename(companion, around)[0]
    if not steps:
        return None
    patient, treatment = case.patient, case.treatment
    codes, remedies = case.codes, case.remedies
    if treatment.away:  # whatever was wrong with it
        codes, remedies = sorted(case.codes_here), ["quarantine"]
    note = "; ".join((*treatment.notes, *notes))
    return Act(
        treatment.verdict, patient.path, tuple(steps), around.name(patient), tuple(codes),
        tuple(remedies), patient.id, note,
    )  # fmt: skip


def _put_away(case: Case, around: SpoolContext) -> tuple[list[Step], list[str]]:
    patient = case.patient
    target = QUARANTINE + b"@/" + patient.path
    home = _home(patient, around)
    expected = patient.expected(around.spool)
    step = Rename(patient.path, target, expected, folder=home)
    if patient.is_directory:
        return [_counting(step, around)], []
    quota = around.quota.of_message(patient, home, target, None)
    return [*courier_step(patient, home, None, around), replace(step, quota=quota)], []


def _counting(step: Step, around: SpoolContext) -> Step:
    """The step, told what it adds to the quota when it carries a whole directory elsewhere."""
    if not isinstance(step, Rename):
        return step
    return replace(step, quota=around.quota.of_folder(step.source, step.target))


def _home(patient: EntryDetail, around: SpoolContext) -> bytes | None:
    """The folder whose lock is held: a folder's own when it is carried off whole.

    A stale lock is put away without it: to take the lock would be to remove it.
    """
    path = patient.path
    if patient.place == Place.FOLDER and patient.filename.endswith(b".lock"):
        return None
    if patient.is_directory and path in around.by_path:
        return path
    return around.home(patient)


def _rename(case: Case, around: SpoolContext) -> tuple[list[Step], list[str]]:
    """The steps of all but a quarantine, and what is to be noted."""
    patient, treatment = case.patient, case.treatment
    expected = patient.expected(around.spool)
    home = around.home(patient)
    if not patient.is_file or patient.place == Place.FOLDER:
        own = [_counting(step, around) for step in treatment.own]
        return [*own, *_after(treatment.after, patient.path, case, around)], []
    target_home = treatment.home if treatment.home is not None else home
    directory = treatment.into if treatment.into is not None else patient.directory
    served = patient.is_served or treatment.into is not None
    name = compose(
        patient.filename, treatment.name,
        taken=around.taken(target_home or b"") if served else lambda _: False,
        arrives=treatment.into is not None and not (patient.is_served and target_home == home),
        seconds=patient.mtime_ns // 1_000_000_000,
        seed=patient.path + b"%d" % patient.inode,
    )  # fmt: skip
    target, base = join(directory, name.filename), split(name.filename)[0]
    steps: list[Step] = []
    keeps_record = patient.is_served and base == patient.base and target_home == home
    if target != patient.path:
        follows = patient.is_served and target_home == home and not keeps_record
        quota = around.quota.of_message(patient, home, target, target_home)
        keep_uid = follows and not treatment.new_message
        steps += [step.for_base(base) for step in treatment.before]
        step = Rename(
            patient.path, target, expected, home, target_home, keep_uid=keep_uid, quota=quota
        )  # fmt: skip
        steps.append(step)
    if keeps_record:
        steps += treatment.own
    else:
        around.give(target_home or b"", base)
    steps += _after(treatment.after, target, case, around)
    return steps, [_NEW_NAME] if name.replaced else []


def _dates(step: Step) -> bool:
    """Whether a step changes the time that other steps on the file expect."""
    return step.alters is Alters.DATE


def _after(steps: Sequence[Step], path: bytes, case: Case, around: SpoolContext) -> Iterable[Step]:
    """The steps on the file under its last name; a new time last, for the others expect the old."""
    home, expected = _home(case.patient, around), case.patient.expected(around.spool)
    for step in sorted(steps, key=_dates):
        yield replace(step, source=path, expected=expected, folder=home)
