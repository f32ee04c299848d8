"""One act in progress: its steps, its changes of records, and its outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.surgery.journal.records import StepRecord
from mailsurgeon.surgery.model import Act, Step


@dataclass(slots=True)
class ActRun:
    """One act on its way through a batch: its rows in the journal, and its outcome."""

    number: int
    act: Act
    records: list[StepRecord]
    changes: dict[bytes, list[Change]] = field(default_factory=dict[bytes, list[Change]])
    done: list[int] = field(default_factory=list[int])  # positions of steps that were done
    returned: set[int] = field(default_factory=set[int])  # of renames to a base that is listed
    state: str = "planned"
    reason: str = ""

    @property
    def folders(self) -> frozenset[bytes]:
        """The folders whose locks it needs."""
        if len(self.records) == 1:
            return locks_of((self.records[0].step,))
        return locks_of([record.step for record in self.records])


def locks_of(steps: Sequence[Step]) -> frozenset[bytes]:
    """The folders whose locks the steps of an act need; empty if no step needs any."""
    for step in steps:
        if step.locks:
            return folders_of(steps)
    return frozenset()


def folders_of(steps: Sequence[Step]) -> frozenset[bytes]:
    """The folders that steps touch."""
    if len(steps) == 1:
        return _both(*steps[0].folders)
    return frozenset[bytes]().union(*(_both(*step.folders) for step in steps))


@lru_cache(maxsize=1024)
def _both(*folders: bytes | None) -> frozenset[bytes]:
    return frozenset(folder for folder in folders if folder is not None)


def refuse(runs: Iterable[ActRun], reason: str) -> None:
    """Marks acts as refused, with this reason."""
    for run in runs:
        run.state, run.reason = "refused", reason


def outcome(run: ActRun) -> list[StepRecord]:
    """The rows of an act, settled with its state."""
    reason = "" if run.state == "done" else run.reason
    return [record.settled(run.state, reason) for record in run.records]
