"""Runs the acts of an operation in batches, each written down before and after it happens.

A batch: its intents are committed; its acts are done, in runs that touch the same folders and so
hold the same locks; their directories are synced and the servers' lists rewritten before a lock is
let go; the results are committed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import groupby
from typing import Any

from mailsurgeon.surgery import fs
from mailsurgeon.surgery.acting import Run, folders_of, outcome, refuse
from mailsurgeon.surgery.folders import Occupants, lock_folders
from mailsurgeon.surgery.journal import Journal
from mailsurgeon.surgery.locks import Patience
from mailsurgeon.surgery.places import Places
from mailsurgeon.surgery.records import StepRecord
from mailsurgeon.surgery.section import Section
from mailsurgeon.surgery.steps import QUARANTINE, Act, Action, Refusal, Step
from mailsurgeon.surgery.sync_tools import cut_off_sync
from mailsurgeon.surgery.tally import Tally, count_uids

BATCH_STEPS = 500


class Runner:
    """Does the acts of one operation that the journal has begun."""

    def __init__(
        self,
        places: Places,
        journal: Journal,
        operation: int,
        patience: Patience,
        *,
        force: bool = False,
    ) -> None:
        self.force = force
        self.places = places
        self.journal = journal
        self.operation = operation
        self.patience = patience
        self.tally = Tally()

    def run(
        self,
        acts: Sequence[Act],
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Tally:
        """Does the acts, as far as it gets. Raises JournalError and fs.NotDurable: all is then left
        to recovery.
        """
        finished = 0
        for number, batch in enumerate(batches(acts), start=1):
            if cancelled is not None and cancelled():
                self.tally.cancelled = True
                break
            self._batch(number, finished, batch)
            finished += len(batch)
            if on_progress is not None:
                on_progress(finished, len(acts))
            if self.tally.stopped:
                break
        return self.tally

    def _batch(self, number: int, before: int, acts: Sequence[Act]) -> None:
        runs = self._intend(number, before, acts)
        for folders, group in groupby(runs, key=lambda run: run.folders):
            self._locked(folders, list(group), number)
        self.journal.settle(record for run in runs for record in outcome(run))
        for run in runs:
            self._count(run)

    def _intend(self, batch: int, before: int, acts: Sequence[Act]) -> list[Run]:
        self.places.forget()
        present: dict[bytes, Occupants] = {}
        drafts = [
            StepRecord(
                0, self.operation, batch, number, act.verdict, act.folder,
                self._prepared(step, present), "planned",
            )
            for number, act in enumerate(acts, start=before + 1)
            for step in act.steps
        ]  # fmt: skip
        written = iter(self.journal.intend(drafts))
        return [
            Run(number, act, [next(written) for _ in act.steps])
            for number, act in enumerate(acts, start=before + 1)
        ]

    def _prepared(self, step: Step, present: dict[bytes, Occupants]) -> Step:
        """The step as the journal must know it before it runs.

        The quarantine has its number; a rename inside the spool that names one folder stays in
        it; `links` is what recovery needs after link and unlink, `shared` what undo needs to put
        a message back beside its namesake.
        """
        if step.target is not None and step.target.startswith(QUARANTINE + b"@/"):
            number = b"%d/" % self.operation
            step = replace(step, target=step.target.replace(b"@/", number, 1))
        source, target = step.source, step.target
        if step.action is not Action.RENAME or source is None or target is None:
            return step
        if not (source.startswith(QUARANTINE) or target.startswith(QUARANTINE)):
            folder = step.target_folder if step.folder is None else step.folder
            target_folder = folder if step.target_folder is None else step.target_folder
            step = replace(step, folder=folder, target_folder=target_folder)
        data = self._facts(source, target, step.folder, present)
        return replace(step, data={**step.data, **data})

    def _facts(
        self,
        source: bytes,
        target: bytes,
        folder: bytes | None,
        present: dict[bytes, Occupants],
    ) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        with suppress(OSError, fs.StepRefused):
            status = fs.look(*self.places.locate(source))
            if status is not None:
                facts["links"] = status.st_nlink
            if folder is not None:
                occupants = present.setdefault(folder, Occupants(self.places, folder))
                facts["shared"] = occupants.namesake(source, target) is not None
        return facts

    def _locked(self, folders: frozenset[bytes], runs: list[Run], batch: int) -> None:
        """A run of acts under the locks of their folders; let go and taken again when long."""
        waiting = runs
        while waiting and not self.tally.stopped:
            self.places.forget()
            reason = "" if self.force else cut_off_sync(self.places, folders)
            if reason:
                refuse(waiting, reason)
                return
            try:
                with ExitStack() as stack:
                    locked = lock_folders(self.places, folders, self.patience, stack)
                    section = Section(self.places, self.journal, self.operation, batch, locked)
                    waiting = section.work(waiting)
                    self.tally.stopped = section.stopped
                    self.tally.notes += section.notes
            except fs.StepRefused as refusal:
                refuse((run for run in waiting if run.state == "planned"), str(refusal))
                return
            except fs.HardError as error:
                self.tally.stopped = str(error)
            except OSError as error:  # a lock that could not be taken or let go
                self.tally.stopped = f"a server's lock: {os.strerror(error.errno or 0)}"
        refuse((run for run in waiting if run.state == "planned"), self.tally.stopped)

    def _count(self, run: Run) -> None:
        tally = self.tally
        if run.state == "done":
            tally.done[run.act.verdict] = tally.done.get(run.act.verdict, 0) + 1
            tally.folders.update(folders_of(record.step for record in run.records))
        else:
            tally.refused.append(Refusal(run.act.path, run.reason))
        if run.state == "done":
            count_uids(tally.uids, run)


def batches(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """The acts in portions of at most BATCH_STEPS steps; an act is never divided.

    What is done inside a directory is settled before that directory is moved: recovery would look
    for it in vain where it was.
    """
    batch: list[Act] = []
    steps = 0
    for act in acts:
        full = steps + len(act.steps) > BATCH_STEPS
        if batch and (full or moves_from_under(act, batch)):
            yield batch
            batch, steps = [], 0
        batch.append(act)
        steps += len(act.steps)
    if batch:
        yield batch


def moves_from_under(act: Act, earlier: Sequence[Act]) -> bool:
    """Whether an act moves a directory in which an earlier one did something."""
    moved = tuple(
        step.source + b"/"
        for step in act.steps
        if step.action is Action.RENAME and step.source and step.expected
        if step.expected.size == -1
    )
    return bool(moved) and any(
        path is not None and (path + b"/").startswith(moved)
        for one in earlier
        for step in one.steps
        for path in (step.source, step.target, step.folder, step.target_folder)
    )
