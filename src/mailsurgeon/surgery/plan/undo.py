"""Plans that undo an operation, redo it, or restore files from the quarantine.

What lies in the quarantine but is in no journal comes back by its path there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby

from mailsurgeon.errors import Refused
from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import NOT_UNDOABLE, WHOLE_BATCH, Operation, StepRecord
from mailsurgeon.surgery.model import Act, Left, Plan, QuarantinePath, Step
from mailsurgeon.surgery.plan.returns.folder_return import is_rest, redone
from mailsurgeon.surgery.quarantine.directory import QuarantineItem
from mailsurgeon.surgery.servers.folder_names import folder_around
from mailsurgeon.surgery.servers.uid_changes import base_after
from mailsurgeon.surgery.steps.lists.maildirsize import CountQuota
from mailsurgeon.surgery.steps.lists.uidlist import ChangeRecords
from mailsurgeon.surgery.steps.rename import Rename

_NEW_TO_CLIENTS = (
    "the journal that knows their UIDs is not at hand: clients see what comes back as new"
)
_REST = "the folder is back without it; it holds only what servers make anew"
_UNCOUNTED = "maildirsize does not count what comes back in whole directories"

CountArrival = Callable[[bytes, bytes | None, int], tuple[int, int] | None]
"""What a message of so many bytes adds to `maildirsize`, by its path and folder."""


def undoable(journal: Journal) -> list[Operation]:
    """The operations that undoing everything takes back, newest first.

    They include those that an undo has only partly undone: whatever blocked it may be gone by now.
    An operation of which everything has been purged is not among them.
    """
    returnable = journal.operations_with_acts_to_undo()
    return [
        one
        for one in reversed(journal.operations())
        if one.kind not in NOT_UNDOABLE and not one.open and one.id in returnable
    ]


def plan_undo(journal: Journal, number: int | None) -> Plan:
    """The plan that undoes the last operation, or this one. Raises Refused if there is none."""
    if number is None:
        returnable = undoable(journal)
        candidates = [one for one in returnable if one.taken_back is None]
        if not candidates:
            raise Refused(f"there is nothing to undo{_tried_before(returnable)}")
        operation = candidates[0]
    else:
        operation = _named(journal, number)
        if operation.kind in NOT_UNDOABLE:
            raise Refused(_not_undoable(operation))
    return _taking_back(journal, operation, "undo", None)


def _tried_before(operations: Sequence[Operation]) -> str:
    """How to try again what an undo could not take back; empty if there is no such thing."""
    if not operations:
        return ""
    number = operations[0].id
    return f"; operation {number} could not be taken back whole: `undo SPOOL {number}` tries again"


def plan_restore(journal: Journal, operation: Operation, steps: Collection[int] | None) -> Plan:
    """The plan that restores what an operation quarantined: all of it, or by these steps."""
    return _taking_back(journal, operation, "restore", steps)


def plan_redo(journal: Journal, number: int | None) -> Plan:
    """The plan that redoes the operation undone last, or this one.

    Raises Refused if there is none.
    """
    if number is None:
        operation = _last_taken_back(journal)
        if operation is None:
            raise Refused("there is nothing to redo")
    else:
        operation = _named(journal, number)
        if operation.kind in NOT_UNDOABLE:
            raise Refused(_not_undoable(operation))
    restored = _restored(journal)
    records = [one for one in _of_acts(journal, operation.id, "undone") if one.id not in restored]
    acts: list[Act] = []
    for first, act in _by_act(records):
        parts = redone(journal, operation.id, first) if first.step.carries_directory else []
        path = first.step.source or first.step.target or b""
        again = tuple(one.step.linked(repeats=one.id) for one in act)
        acts += parts or [Act(first.verdict, path, again, first.label)]
    if not acts:
        raise Refused(f"operation {operation.id} has nothing to redo")
    return Plan("redo", tuple(acts), of=operation.id, brake_exempt=True)


def plan_bring_back(spool: Spool, items: Sequence[QuarantineItem], count: CountArrival) -> Plan:
    """The plan that renames each item to its original path; what is taken already is left."""
    acts: list[Act] = []
    left: list[Left] = []
    for item in items:
        if os.path.lexists(spool.absolute(item.original)):
            left.append(Left(item.path, "its place in the spool is taken"))
            continue
        directory = item.kind == "directory"
        folder = item.original if directory else folder_around(os.path.dirname(item.original))
        quota = None if directory else count(item.original, folder, item.size)
        step = Rename(
            item.path, item.original, item.expected, None, folder, quota=quota
        )  # fmt: skip
        label = None if folder is None else folder_name(folder, spool.layout)
        acts.append(Act("restore quarantine", item.path, (step,), label))
    effects = (_NEW_TO_CLIENTS,) if acts else ()
    if any(item.kind == "directory" for item in items) and count(b"cur/any", b"", 1):
        effects += (_UNCOUNTED,)
    return Plan("restore", tuple(acts), tuple(left), effects, brake_exempt=True)


def _restored(journal: Journal) -> set[int]:
    """The steps undone by a restore; only undoing the restore does them again, not a redo."""
    rows = journal.restoring_steps()
    return {row.step.inverts for row in rows if row.step.inverts is not None}


def _named(journal: Journal, number: int) -> Operation:
    operation = journal.operation(number)
    if operation is None:
        raise Refused(f"there is no operation {number} in this spool's journal")
    if operation.open:
        raise Refused(f"operation {number} is not finished yet")
    return operation


def _not_undoable(operation: Operation) -> str:
    if operation.kind == "undo":
        return f"operation {operation.id} is itself an undo; redo {operation.of} takes it back"
    if operation.kind == "redo":
        return f"operation {operation.id} is a redo; undo {operation.of} takes it back"
    return f"operation {operation.id} ({operation.kind}) cannot be taken back"


def _last_taken_back(journal: Journal) -> Operation | None:
    """The operation that redo means: the last one undone, unless another was done since."""
    operations = journal.operations()
    undone = [one for one in operations if one.taken_back and one.counts.get("undone")]
    if not undone:
        return None
    last = max(undone, key=lambda one: one.taken_back or 0)
    newer = [one for one in operations if one.id > (last.taken_back or 0)]
    if any(one.kind not in NOT_UNDOABLE and one.counts.get("done") for one in newer):
        return None
    return last


def _taking_back(
    journal: Journal, operation: Operation, kind: str, steps: Collection[int] | None
) -> Plan:
    records = _of_acts(journal, operation.id, "done")
    if kind == "restore":
        records = _put_away(records, steps)
    carried = _carried_records(journal, operation.id)
    uncounted = {
        act
        for row in journal.batch_steps(operation.id, CountQuota.action)
        if row.state == "refused"
        for act in row.step.counted_acts
    }
    purged = {one.source + b"/": one.reason for one in records if one.source and is_rest(one)}
    acts: list[Act] = []
    left: list[Left] = []
    for first, act in reversed(_by_act(records)):
        path = act[-1].step.target or act[-1].step.source or b""
        gone = next((one.reason for one in act if one.reason), "") or _homeless(act, purged)
        if kind == "restore" and is_rest(first):
            gone = gone or _REST
        if gone:
            left.append(Left(path, gone))
            continue
        try:
            back = tuple(_inverse(one, carried) for one in reversed(act))
            if first.act in uncounted:
                back = tuple(step.uncounted() for step in back)
        except StepRefused as refusal:
            left.append(Left(path, str(refusal)))
            continue
        acts.append(Act(f"{kind} {first.verdict}", path, back, first.label))
    if not acts and not left:
        raise Refused(f"operation {operation.id} has nothing left to take back")
    of = operation.id if kind == "undo" else None
    return Plan(kind, tuple(acts), tuple(left), of=of, brake_exempt=True)


def _homeless(act: Sequence[StepRecord], purged: Mapping[bytes, str]) -> str:
    """Why an act's message cannot go back to the quarantine: what is left of its folder has been
    purged; empty if it can. `purged`: the reasons by directory."""
    source = act[-1].source
    if not isinstance(source, QuarantinePath):
        return ""
    return next((why for inside, why in purged.items() if source.startswith(inside)), "")


def _of_acts(journal: Journal, operation: int, state: str) -> list[StepRecord]:
    """The steps of an operation's acts that are in this state.

    It filters here, not in SQL: SQL would skip a row with a damaged `act` without an error.
    """
    rows = journal.steps_of(operation, state)
    return [row for row in rows if row.act != WHOLE_BATCH]


def _put_away(records: list[StepRecord], steps: Collection[int] | None) -> list[StepRecord]:
    """The steps that quarantine something, or those of `steps` among them, and the steps of the
    same acts that save its keywords."""
    chosen = [
        one for one in records if one.step.puts_away and (steps is None or one.id in steps)
    ]  # fmt: skip
    ids, acts = {one.id for one in chosen}, {one.act for one in chosen}
    return [
        one for one in records if one.id in ids or (one.act in acts and one.step.keeps_for_return)
    ]


def _by_act(records: Iterable[StepRecord]) -> list[tuple[StepRecord, list[StepRecord]]]:
    groups = (list(act) for _, act in groupby(records, key=lambda one: one.act))
    return [(act[0], act) for act in groups]


def _carried_records(journal: Journal, operation: int) -> dict[tuple[bytes, bytes], list[Change]]:
    """The record changes an operation made, by folder and the new base name.

    The latest change in each list counts, because a redo makes them anew.
    """
    rows = journal.batch_steps_and_redone(operation, ChangeRecords.action)
    latest: dict[tuple[bytes, bytes], dict[bytes, Change]] = {}
    for row in rows:
        edit = row.step.uid_edit()
        for change in edit.changes if edit is not None else ():
            key = (row.step.folder or b"", base_after(change))
            latest.setdefault(key, {})[change.list] = change
    return {key: list(by_list.values()) for key, by_list in latest.items()}


def _inverse(record: StepRecord, carried: dict[tuple[bytes, bytes], list[Change]]) -> Step:
    step = record.step.undoing(record.id)
    after = step.record_after
    changes = carried.get(after, ()) if after is not None else ()
    return step.carrying([change.back for change in changes]) if changes else step
