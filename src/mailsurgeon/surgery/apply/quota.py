"""Updates the spool's `maildirsize` with what an operation does.

Each step has the bytes and messages it adds to the sum. All acts under the same locks make one
line together, which is journaled before it is appended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailsurgeon.surgery.fsops.as_owner import files_as_owner
from mailsurgeon.surgery.fsops.failures import HardError, StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import WHOLE_BATCH, StepRecord
from mailsurgeon.surgery.steps.lists.maildirsize import CountQuota, counting


def count_quota(
    places: Places,
    journal: Journal,
    operation: int,
    batch: int,
    acts: Mapping[int, Sequence[StepRecord]],
) -> str:
    """Appends the sum of these acts (by number, all done); returns why not, or an empty text.

    Raises HardError when the file system fails, and JournalError.
    """
    parts = [record.step.quota_change for records in acts.values() for record in records]
    size, messages = sum(part[0] for part in parts), sum(part[1] for part in parts)
    if not (size or messages):
        return ""
    step = counting(places, size, messages, acts)
    if step is None:
        return ""
    record = StepRecord(0, operation, batch, WHOLE_BATCH, step.action, None, step, "planned")
    (record,) = journal.intend([record])
    return settle_alone(places, journal, record)


def settle_alone(places: Places, journal: Journal, record: StepRecord) -> str:
    """Does a batch's step that needs no lock and journals its outcome; returns why not, or an empty
    text. Raises as `count_quota` does.
    """
    try:
        with files_as_owner(places.owner):
            record.step.do(places, {})
    except StepRefused as refusal:
        journal.settle([record.settled("refused", str(refusal))])
        return str(refusal)
    except HardError as error:
        journal.settle([record.settled("refused", str(error))])
        raise
    journal.settle([record.settled("done")])
    return ""


def counted_acts(journal: Journal, operation: int) -> set[int]:
    """The acts of an operation that are counted in `maildirsize`, or were to be."""
    rows = journal.batch_steps(operation, CountQuota.action)
    return {act for row in rows for act in row.step.counted_acts}
