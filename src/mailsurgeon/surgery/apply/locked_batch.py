"""The work done while the locks of some folders are held once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.surgery.apply.act_run import ActRun, refuse
from mailsurgeon.surgery.apply.quota import count_quota
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_owner
from mailsurgeon.surgery.fsops.failures import (
    HardError,
    NotDurable,
    OutOfDescriptors,
    StepRefused,
)
from mailsurgeon.surgery.fsops.paths import parent_of, spelled
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import WHOLE_BATCH, StepRecord
from mailsurgeon.surgery.model import Step
from mailsurgeon.surgery.servers.locked_folder import LockedFolder
from mailsurgeon.surgery.steps.base import Alters
from mailsurgeon.surgery.steps.lists.uidlist import ChangeRecords
from mailsurgeon.surgery.steps.performing import enact, perform, present_step
from mailsurgeon.surgery.steps.rename_run import RenameRun
from mailsurgeon.text import visible


@dataclass(frozen=True, slots=True)
class ListEdit:
    """What becomes of the lists of one folder: its row in the journal, the acts that want it so,
    and the changes of records."""

    record: StepRecord
    locked: LockedFolder
    owners: list[ActRun]
    changes: list[Change]

    def draft(self) -> None:
        """Begins to write new lists under other names."""
        self.locked.draft(self.changes)

    def sync_drafts(self) -> None:
        """Makes these durable."""
        self.locked.sync_drafts()

    def put(self) -> None:
        """Puts them in place of the old ones."""
        self.locked.put(self.changes)


LOCK_SECONDS = 3.0
"""While we hold a server's lock, we start no act after this time; servers wait far longer."""


class LockedBatch:
    """The acts done while the locks of some folders are held once."""

    def __init__(
        self,
        places: Places,
        journal: Journal,
        operation: int,
        batch: int,
        let_go: Callable[[], bool] = lambda: False,
    ) -> None:
        """`let_go`: whether the locks are to be released before further acts begin."""
        self.let_go = let_go
        self.places = places
        self.journal = journal
        self.operation = operation
        self.batch = batch
        self.folders: dict[bytes, LockedFolder] = {}
        self.stopped = ""  # the line of an error that ends the operation
        self.crowded = ""  # the line of the error when there were too few descriptors
        self.settled: list[StepRecord] = []  # outcomes of the lists, not yet in the journal
        self.notes: list[str] = []  # what could not be updated, one line each
        self._runs: list[ActRun] = []
        self._touched: dict[bytes, bytes] = {}  # directories, by how they are spelled
        self._made: list[bytes] = []  # directories
        self._requested: dict[bytes, list[Change]] = {}  # changes of the lists, by folder
        self._lists: list[StepRecord] = []
        self._renames = RenameRun(places, self.folders, self._touch)

    def admit(self, folders: dict[bytes, LockedFolder], runs: list[ActRun]) -> None:
        """Adds the acts of some folders, whose locks are now held."""
        self.folders.update(folders)
        self._runs += [run for run in runs if self._plan_uids(run)]

    def work(self) -> None:
        """Does as many acts as time allows; the others stay planned.

        Raises NotDurable and JournalError.
        """
        runs = self._runs
        self._intend_lists(runs)
        self._do_in_time(runs)
        self._sync()
        done = [run for run in runs if run.state == "done"]
        self._write_lists(done)
        self._count_quota([run for run in done if run.state == "done"])

    # Before

    def _plan_uids(self, run: ActRun) -> bool:
        """Computes the records an act changes; refuses the act and returns False if it cannot."""
        run.changes.clear()
        run.returned.clear()
        try:
            if len(run.records) > 1:
                self._look_ahead(run)
            for position, record in enumerate(run.records):
                step = record.step
                if not (step.in_lists or step.keeps_uid or step.stays_in_folder):
                    continue  # whatever name its file has now
                record = self._found(run, position)
                edit, folder = record.step.uid_edit(), record.step.folder
                if edit is None or folder is None or folder not in self.folders:
                    continue
                planned = self.folders[folder].check_uids(edit.renames, edit.changes)
                run.changes.setdefault(folder, []).extend(planned)
                noted = record.step.noting(planned)
                if not planned and self._comes_back(folder, edit.renames):
                    noted = noted.coming_back()
                    run.returned.add(position)
                if noted is not record.step:
                    run.records[position] = record.settled("planned", step=noted)
        except StepRefused as refusal:
            refuse([run], str(refusal))
        except OutOfDescriptors:
            raise
        except HardError as error:
            self.stopped = str(error)
            refuse([run], str(error))
        return run.state == "planned"

    def _comes_back(self, folder: bytes, renames: list[tuple[bytes, bytes]]) -> bool:
        """Whether no list has the old base name of a message, but one has the new: it was listed
        under it before something else renamed the file."""
        return any(self.folders[folder].lists_base(new) for _, new in renames)

    def _look_ahead(self, run: ActRun) -> None:
        """Refuses an act of which a later step is known to be refused, before the first is done: to
        take that back is not always possible. Raises StepRefused and HardError.
        """
        seen: set[tuple[int, int]] = set()
        for record in run.records:
            step, expected = record.step, record.step.expected
            if not step.is_linked or expected is None:
                continue
            file = expected.device, expected.inode
            if file not in seen:  # else an earlier step gives it the name that this one expects
                seen.add(file)
                with files_as_owner(self.places.owner):
                    present_step(self.places, self.folders, step)

    def _found(self, run: ActRun, position: int) -> StepRecord:
        """A step of an act, for the present name of its file. Raises StepRefused, HardError."""
        record = run.records[position]
        if record.step.is_linked:
            with files_as_owner(self.places.owner):
                step = present_step(self.places, self.folders, record.step)
            if step is not record.step:
                record = run.records[position] = record.settled("planned", step=step)
        return record

    def _intend_lists(self, runs: list[ActRun]) -> None:
        """Journals which records will change, before any file is renamed."""
        changes: dict[bytes, list[Change]] = {}
        for run in runs:
            for folder, own in run.changes.items():
                changes.setdefault(folder, []).extend(own)
        self._requested = {folder: wanted for folder, wanted in changes.items() if wanted}
        drafts = [
            StepRecord(
                0, self.operation, self.batch, WHOLE_BATCH, ChangeRecords.action, None,
                ChangeRecords(None, None, folder=folder, changes=tuple(wanted)), "planned",
            )
            for folder, wanted in self._requested.items()
        ]  # fmt: skip
        if drafts:
            self._lists = self.journal.intend(drafts)

    # The acts

    def _do_in_time(self, runs: list[ActRun]) -> None:
        """Does acts until the locks have been held for LOCK_SECONDS."""
        deadline = time.monotonic() + LOCK_SECONDS
        with files_as_owner(self.places.owner):
            for position, run in enumerate(runs):
                late = position and time.monotonic() > deadline
                if self.stopped or late or self.let_go():
                    return
                try:
                    self._do(run)
                except OutOfDescriptors as error:
                    self.crowded = str(error)
                    return

    def _do(self, run: ActRun) -> None:
        """Does one act, or takes back what was done of it. Raises OutOfDescriptors when it may be
        tried again with fewer files open.
        """
        for position, record in enumerate(run.records):
            step = record.step
            if step.in_lists:
                continue
            try:
                if self._renames.does(step):
                    run.done.append(position)
                    continue
                self._renames.stop()
                ran = enact(self.places, self.folders, step)
            except StepRefused as refusal:
                self._take_back(run, str(refusal))
                return
            except OutOfDescriptors:
                self._take_back(run, "")
                run.state = "planned"
                raise
            except HardError as error:
                self.stopped = str(error)
                self._take_back(run, str(error))
                return
            if ran is not step:
                run.records[position] = record.settled("planned", step=ran)
            self._note(ran)
            run.done.append(position)
        run.state = "done"

    def _note(self, step: Step) -> None:
        if step.source is not None:
            self._touch(parent_of(step.source))
        if step.target is not None:
            self._touch(parent_of(step.target))
            if step.alters is Alters.DIRECTORY:
                self._made.append(step.target)

    def _touch(self, directory: bytes) -> None:
        self._touched[spelled(directory)] = directory

    def _take_back(self, run: ActRun, reason: str) -> None:
        """Undoes the finished steps of an act that failed. Raises NotDurable if that fails."""
        self._renames.stop()
        for position in reversed(run.done):
            step = run.records[position].step.taking_back()
            try:
                perform(self.places, self.folders, step)
            except (StepRefused, HardError) as error:
                raise NotDurable(f"{reason}; and it could not be taken back: {error}") from error
            self._note(step)
        run.done.clear()
        refuse([run], reason)

    # After

    def _sync(self) -> None:
        for _, directory in sorted(self._touched.items()):
            self._sync_one(directory, self._sync_names)
        for directory in self._made:
            self._sync_one(directory, self.places.sync_made)

    def _sync_one(self, directory: bytes, sync: Callable[[bytes], None]) -> None:
        try:
            with files_as_owner(self.places.owner):
                sync(directory)
        except OSError as error:
            line = f"{visible(directory or b'the root')}: {os.strerror(error.errno or 0)}"
            raise NotDurable(line) from error

    def _sync_names(self, directory: bytes) -> None:
        with suppress(FileNotFoundError):  # renamed with its folder, whose parent is synced too
            at.sync(self.places.directory(directory))

    def _write_lists(self, runs: list[ActRun]) -> None:
        """Writes the lists of all folders, in parts, so that the disk gets each part at once."""
        owners: dict[bytes, list[ActRun]] = {}
        for run in runs:
            for folder, changes in run.changes.items():
                if changes:
                    owners.setdefault(folder, []).append(run)
        edits = [self._edit_of(record, owners) for record in self._lists]
        for part in (ListEdit.draft, ListEdit.sync_drafts, ListEdit.put):
            edits = [one for one in edits if self._part_done(one, part)]
        for one in edits:
            one.locked.settle()
            changes, record = one.changes, one.record
            state = "done" if changes else "refused"
            if len(changes) == len(self._requested[one.locked.path]):
                self.settled.append(record.settled(state))
            else:
                self.settled.append(record.settled(state, step=record.step.noting(changes)))

    def _edit_of(self, record: StepRecord, owners: dict[bytes, list[ActRun]]) -> ListEdit:
        folder = record.step.folder
        assert folder is not None
        own = owners.get(folder, [])
        changes = [change for run in own for change in run.changes[folder]]
        return ListEdit(record, self.folders[folder], own, changes)

    def _part_done(self, edit: ListEdit, part: Callable[[ListEdit], None]) -> bool:
        """Does one part for one folder; if it fails, takes back the acts that it is for."""
        try:
            part(edit)
            return True
        except (StepRefused, HardError) as error:
            with suppress(StepRefused, HardError):
                edit.locked.drop_drafts()
            self._refuse_list(edit.record, edit.owners, error)
            self._sync()
            return False

    def _refuse_list(
        self, record: StepRecord, owners: list[ActRun], error: StepRefused | HardError
    ) -> None:
        """Takes back the acts whose records could not be changed."""
        crowded = isinstance(error, OutOfDescriptors)
        for run in reversed(owners):
            if run.state == "done":
                self._take_back(run, str(error))
                if crowded:
                    run.state, run.reason = "planned", ""
        self.settled.append(record.settled("refused", str(error), record.step.noting(())))
        if crowded:
            self.crowded = str(error)
        elif isinstance(error, HardError):
            self.stopped = str(error)

    def _count_quota(self, runs: list[ActRun]) -> None:
        """Adds the sum of these acts to the spool's `maildirsize`."""
        acts = {run.number: run.records for run in runs}
        try:
            reason = count_quota(self.places, self.journal, self.operation, self.batch, acts)
        except HardError as error:
            self.stopped = reason = str(error)
        if reason:
            self.notes.append(f"maildirsize was not brought up to date: {reason}")
