"""Keeps the spool's `maildirsize` in step with what an operation does.

Each rename knows what it adds to the sum or takes from it. What the acts done under the same locks
come to is one line, written down in the journal before it is appended.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_owner
from mailsurgeon.surgery.fsops.failures import HardError, StepRefused, told
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import WHOLE_BATCH, StepRecord
from mailsurgeon.surgery.model import Step, StepKind
from mailsurgeon.surgery.servers import maildirsize_file

MAILDIRSIZE = b"maildirsize"


def quota_change(records: Iterable[StepRecord]) -> tuple[int, int]:
    """The bytes and messages that steps add to the sum."""
    parts = [one.step.data["quota"] for one in records if one.step.data.get("quota")]
    return sum(int(size) for size, _ in parts), sum(int(count) for _, count in parts)


def follow(
    places: Places,
    journal: Journal,
    operation: int,
    batch: int,
    acts: Mapping[int, Sequence[StepRecord]],
) -> str:
    """Appends what these acts (by their numbers, all done) come to; says why where it cannot.

    Raises HardError when the file system fails, and JournalError.
    """
    size, count = quota_change(record for records in acts.values() for record in records)
    if not (size or count):
        return ""
    with _home(places) as home:
        before = maildirsize_file.inode_and_size(home)
    if before is None:
        return ""
    data = {"bytes": size, "messages": count, "before": list(before), "acts": sorted(acts)}
    step = Step(StepKind.MAILDIRSIZE, MAILDIRSIZE, None, data=data)
    record = StepRecord(0, operation, batch, WHOLE_BATCH, "maildirsize", None, step, "planned")
    (record,) = journal.intend([record])
    return append_line(places, journal, record)


def append_line(places: Places, journal: Journal, record: StepRecord) -> str:
    """Appends the line of a record unless it is there already; says why where it cannot."""
    data = record.data
    inode, length = data["before"]
    line = (int(inode), int(length)), int(data["bytes"]), int(data["messages"])
    try:
        with files_as_owner(places.owner), _home(places) as home:
            if not maildirsize_file.appended(home, *line):
                maildirsize_file.append(home, *line)
    except StepRefused as refusal:
        journal.settle([record.settled("refused", str(refusal))])
        return str(refusal)
    except HardError as error:
        journal.settle([record.settled("refused", str(error))])
        raise
    journal.settle([record.settled("done")])
    return ""


@contextmanager
def _home(places: Places) -> Generator[int]:
    """A descriptor of the directory that `maildirsize` is in. Raises StepRefused, HardError."""
    if places.spool.control is None:
        yield places.directories.root
        return
    path = places.spool.quota_home
    with told(path):
        home = at.open_directory(os.path.realpath(path))
    try:
        yield home
    finally:
        os.close(home)


def covered(records: Iterable[StepRecord]) -> set[int]:
    """The acts that records of `maildirsize` have counted already."""
    return {
        int(act)
        for one in records
        if one.action is StepKind.MAILDIRSIZE
        for act in one.data.get("acts", ())
    }
