"""What is done while the locks of some folders are held once."""

from __future__ import annotations

import os
import time
from dataclasses import replace

from mailsurgeon.surgery import fs, quota
from mailsurgeon.surgery.acting import WHOLE_BATCH, Run, as_text, refuse, uid_edits
from mailsurgeon.surgery.folders import LockedFolder
from mailsurgeon.surgery.identity import acting_as
from mailsurgeon.surgery.journal import Journal
from mailsurgeon.surgery.performing import inverse, perform
from mailsurgeon.surgery.places import Places
from mailsurgeon.surgery.records import StepRecord
from mailsurgeon.surgery.steps import Action, Step
from mailsurgeon.text import visible

LOCK_SECONDS = 3.0
"""No server's lock is held longer (their own limit of patience is not reached by far)."""


class Section:
    """The acts done while the locks of some folders are held once."""

    def __init__(
        self,
        places: Places,
        journal: Journal,
        operation: int,
        batch: int,
        folders: dict[bytes, LockedFolder],
    ) -> None:
        self.places = places
        self.journal = journal
        self.operation = operation
        self.batch = batch
        self.folders = folders
        self.stopped = ""  # the line of an error that ends the operation
        self.touched: set[bytes] = set()
        self.lists: list[StepRecord] = []
        self.notes: list[str] = []  # what did not follow, one line each

    def work(self, runs: list[Run]) -> list[Run]:
        """Does what time allows and returns the rest."""
        deadline = time.monotonic() + LOCK_SECONDS
        fit = [run for run in runs if self._plan_uids(run)]
        self._intend_lists(fit)
        rest: list[Run] = []
        for position, run in enumerate(fit):
            if self.stopped or (position and time.monotonic() > deadline):
                rest = fit[position:]
                break
            self._do(run)
        self._sync()
        self._write_lists([run for run in fit if run.state == "done"])
        self._count_quota([run for run in fit if run.state == "done"])
        return rest

    # Before

    def _plan_uids(self, run: Run) -> bool:
        """Works out the records an act changes; False when it must be refused for them."""
        run.changes.clear()
        try:
            for position, renames, changes in uid_edits(run):
                record = run.records[position]
                folder = record.step.folder
                if folder is None or folder not in self.folders:
                    continue
                planned = self.folders[folder].check_uids(renames, changes)
                run.changes.setdefault(folder, []).extend(planned)
                if record.step.action is Action.UIDLIST:
                    run.records[position] = record.settled("planned", changes=as_text(planned))
        except fs.StepRefused as refusal:
            refuse([run], str(refusal))
        except fs.HardError as error:
            self.stopped = str(error)
            refuse([run], str(error))
        return run.state == "planned"

    def _intend_lists(self, runs: list[Run]) -> None:
        """Writes down which records will change, before any file is renamed."""
        drafts: list[StepRecord] = []
        for folder in self.folders:
            changes = [change for run in runs for change in run.changes.get(folder, ())]
            if changes:
                step = Step(
                    Action.UIDLIST, None, None, None, folder, None, {"changes": as_text(changes)}
                )
                number = self.operation
                drafts.append(
                    StepRecord(0, number, self.batch, WHOLE_BATCH, "uidlist", None, step, "planned")
                )
        if drafts:
            self.lists = self.journal.intend(drafts)

    # The acts

    def _do(self, run: Run) -> None:
        for position, record in enumerate(run.records):
            step = record.step
            if step.action is Action.UIDLIST:
                continue
            try:
                perform(self.places, self.folders, step)
            except fs.StepRefused as refusal:
                self.take_back(run, str(refusal))
                return
            except fs.HardError as error:
                self.stopped = str(error)
                self.take_back(run, str(error))
                return
            self._note(step)
            run.done.append(position)
        run.state = "done"

    def _note(self, step: Step) -> None:
        for path in (step.source, step.target):
            if path is not None:
                self.touched.add(path)

    def take_back(self, run: Run, reason: str) -> None:
        """Undoes the steps of an act that could not be done whole."""
        for position in reversed(run.done):
            step = inverse(run.records[position].step)
            step = replace(step, data={**step.data, "may_share": True})
            try:
                perform(self.places, self.folders, step)
            except (fs.StepRefused, fs.HardError) as error:
                raise fs.NotDurable(f"{reason}; and it could not be taken back: {error}") from error
            self._note(step)
        run.done.clear()
        refuse([run], reason)

    # After

    def _sync(self) -> None:
        parents = {os.path.dirname(path) for path in self.touched}
        for parent in sorted(parents):
            try:
                with acting_as(self.places.owner):
                    fs.sync(self.places.directory(parent))
            except FileNotFoundError:
                continue  # renamed with its folder: its parent is synced as well
            except OSError as error:
                line = f"{visible(parent or b'the root')}: {os.strerror(error.errno or 0)}"
                raise fs.NotDurable(line) from error

    def _write_lists(self, runs: list[Run]) -> None:
        settled: list[StepRecord] = []
        for record in self.lists:
            folder = record.step.folder
            assert folder is not None
            changes = [change for run in runs for change in run.changes.get(folder, ())]
            try:
                self.folders[folder].write(changes)
                state = "done" if changes else "refused"
                settled.append(record.settled(state, changes=as_text(changes)))
            except (fs.StepRefused, fs.HardError) as error:
                for run in reversed(runs):
                    if run.changes.get(folder) and run.state == "done":
                        self.take_back(run, str(error))
                settled.append(record.settled("refused", str(error), changes=[]))
                if isinstance(error, fs.HardError):
                    self.stopped = str(error)
                self._sync()
        if settled:
            self.journal.settle(settled)

    def _count_quota(self, runs: list[Run]) -> None:
        """Tells the spool's `maildirsize` what all this has come to."""
        acts = {run.number: run.records for run in runs}
        try:
            reason = quota.follow(self.places, self.journal, self.operation, self.batch, acts)
        except fs.HardError as error:
            self.stopped = reason = str(error)
        if reason:
            self.notes.append(f"maildirsize was not brought up to date: {reason}")
