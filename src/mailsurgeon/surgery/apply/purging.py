"""Plans what to delete from the quarantine for good, and does it, file by file.

The steps are journaled in batches, before and after.

It takes no server's lock, because no server looks there, and root's rights, because what lies there
may belong to anybody. The step that quarantined a thing is marked as purged before anything of the
thing is deleted, so that nobody is offered to have it back after a crash.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from mailsurgeon.surgery.apply.outcome import OperationOutcome
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_root
from mailsurgeon.surgery.fsops.failures import HardError, NotDurable, StepRefused, failure_at
from mailsurgeon.surgery.fsops.paths import QuarantinePath, parent_of, spelled
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import StepRecord
from mailsurgeon.surgery.model import Act, Left, Plan, Refusal
from mailsurgeon.surgery.quarantine.contents import Found
from mailsurgeon.surgery.servers.lock_wait import NO_STOPS, Stops
from mailsurgeon.surgery.steps.purge import Purge
from mailsurgeon.text import visible

PURGE = "purge"
BATCH = 500
"""Steps journaled together."""


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


@dataclass(frozen=True, slots=True)
class Purged:
    """How many of the things that a purge was about are gone whole, and how many in part."""

    whole: int
    partly: int


@dataclass(slots=True)
class Purging:
    """A purge that is open in the journal."""

    places: Places
    journal: Journal
    operation: int
    tally: OperationOutcome = field(default_factory=OperationOutcome)

    def run(
        self,
        acts: Sequence[Act],
        on_progress: Callable[[int, int], None] | None,
        cancelled: Callable[[], bool] | None,
        stops: Stops = NO_STOPS,
    ) -> OperationOutcome:
        """Deletes in the order of the acts, until an error ends it or `cancelled` returns True.
        Between batches the process may stop.

        Raises JournalError and NotDurable, and leaves the rest to recovery.
        """
        things = {number for act in acts for step in act.steps if (number := step.purges)}
        self.journal.mark(things, mark_of(self.operation))
        settled: list[StepRecord] = []
        for start in range(0, len(acts), BATCH):
            stops.here()
            if self.tally.stopped or (cancelled is not None and cancelled()):
                self.tally.cancelled = not self.tally.stopped
                break
            drafts = [
                StepRecord(
                    0, self.operation, start // BATCH + 1, number, act.verdict, act.folder,
                    step, "planned",
                )
                for number, act in enumerate(acts[start : start + BATCH], start=start + 1)
                for step in act.steps
            ]  # fmt: skip
            written = self.journal.intend(drafts, settled)
            with files_as_root():
                settled = [self._delete(record) for record in written]
                self._sync(settled)
            if on_progress is not None:
                on_progress(min(start + BATCH, len(acts)), len(acts))
        self.journal.settle(settled)
        return self.tally

    def _delete(self, record: StepRecord) -> StepRecord:
        path = record.source or b""
        if self.tally.stopped:
            return self._refused(record, path, self.tally.stopped)
        try:
            record.step.do(self.places, {})
        except StepRefused as refusal:
            return self._refused(record, path, str(refusal))
        except HardError as error:
            self.tally.stopped = str(error)
            return self._refused(record, path, str(error))
        except OSError as error:
            return self._refused(record, path, str(failure_at(error, path)))
        return record.settled("done")

    def _refused(self, record: StepRecord, path: bytes, reason: str) -> StepRecord:
        self.tally.refused.append(Refusal(path, reason))
        return record.settled("refused", reason)

    def _sync(self, settled: Sequence[StepRecord]) -> None:
        sources = [one.source for one in settled if one.state == "done" and one.source is not None]
        parents = {spelled(parent): parent for parent in map(parent_of, sources)}
        for _, parent in sorted(parents.items()):
            with suppress(FileNotFoundError):  # deleted itself, and its own parent is synced
                try:
                    at.sync(self.places.directory(parent))
                except FileNotFoundError:
                    raise
                except OSError as error:
                    line = f"{visible(parent)}: {os.strerror(error.errno or 0)}"
                    raise NotDurable(line) from error


def mark_of(operation: int) -> str:
    """What a purge notes at the steps that quarantined what it deletes."""
    return f"purged by operation {operation}"


def settle_marks(journal: Journal, operation: int) -> Purged:
    """Makes the marks of what a purge was about true, once its steps are settled.

    What stayed whole loses its mark and can come back; what is only partly gone says so.
    """
    gone: dict[int, set[bytes | None]] = {}
    for row in journal.steps_of(operation, "done"):
        if row.step.purges is not None:
            gone.setdefault(row.step.purges, set()).add(row.source)
    whole = partly = 0
    for thing in journal.steps_marked(mark_of(operation)):
        sources = gone.get(thing.id, set())
        if thing.target in sources or (sources and not thing.step.carries_directory):
            whole += 1
            continue
        earlier = None
        if thing.step.carries_directory and thing.target is not None:
            earlier = journal.last_purge_below(thing.target)
        partly += earlier == operation
        journal.mark([thing.id], "" if earlier is None else f"partly {mark_of(earlier)}")
    return Purged(whole, partly)
