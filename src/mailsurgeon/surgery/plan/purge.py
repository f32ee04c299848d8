"""The plan that deletes things from the quarantine for good, file by file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.journal.records import StepRecord
from mailsurgeon.surgery.model import Act, Left, Plan
from mailsurgeon.surgery.quarantine.contents import Found
from mailsurgeon.surgery.steps.purge import Purge

PURGE = "purge"


def plan_purge(things: Iterable[tuple[StepRecord, Sequence[Found]]], left: Iterable[Left]) -> Plan:
    """One act for each file and directory, in the order given.

    `things`: each step that quarantined something, with what lies there now (paths below the
    directory of its operation), all that a directory holds before it. `left`: what cannot be
    deleted, and why.
    """
    acts = [_act(record, one) for record, found in things for one in found]
    return Plan(PURGE, tuple(acts), tuple(left))


def _act(record: StepRecord, found: Found) -> Act:
    place = record.target
    assert isinstance(place, QuarantinePath)
    path = QuarantinePath.of(place.operation, found.path)
    step = Purge(path, None, found.expected, of=record.id)
    return Act(PURGE, path, (step,), record.label)
