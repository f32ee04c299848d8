"""Runs the acts of an operation in batches, each written down before and after it happens.

A batch: its intents are committed; its acts are done, in runs that touch the same folders and so
hold the same locks; their directories are synced and the servers' lists rewritten before a lock is
let go; the results are committed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from mailsurgeon.maildir.uidlist import Change, base_name, parse_record
from mailsurgeon.surgery import fs
from mailsurgeon.surgery.folders import LockedFolder, Occupants, lock_folders
from mailsurgeon.surgery.journal import Journal, StepRecord
from mailsurgeon.surgery.locks import Patience
from mailsurgeon.surgery.performing import inverse, perform
from mailsurgeon.surgery.places import Places
from mailsurgeon.surgery.steps import QUARANTINE, Act, Action, Refusal, Step
from mailsurgeon.text import visible

BATCH_STEPS = 500
LOCK_SECONDS = 3.0
"""No server's lock is held longer (their own limit of patience is not reached by far)."""

WHOLE_BATCH = 0
"""The act number of the steps that the engine itself adds: rewritten uidlists."""


@dataclass(slots=True)
class UidCount:
    """How many messages of a folder kept their UID."""

    kept: int = 0
    unknown: int = 0  # no server has given them one
    lost: list[bytes] = field(default_factory=list[bytes])


@dataclass(slots=True)
class Tally:
    """What has come of an operation so far."""

    done: dict[str, int] = field(default_factory=dict[str, int])
    refused: list[Refusal] = field(default_factory=list[Refusal])
    uids: dict[bytes, UidCount] = field(default_factory=dict[bytes, UidCount])
    folders: set[bytes] = field(default_factory=set[bytes])
    stopped: str = ""  # the line of the error that ended it
    cancelled: bool = False


@dataclass(slots=True)
class Run:
    """One act on its way through a batch: its rows in the journal, what came of it."""

    number: int
    act: Act
    records: list[StepRecord]
    changes: dict[bytes, list[Change]] = field(default_factory=dict[bytes, list[Change]])
    done: list[int] = field(default_factory=list[int])  # positions of steps that were done
    state: str = "planned"
    reason: str = ""

    @property
    def folders(self) -> frozenset[bytes]:
        """The folders whose locks it needs."""
        return frozenset(folders_of(record.step for record in self.records))


def folders_of(steps: Iterable[Step]) -> Iterator[bytes]:
    """The folders that steps touch."""
    for step in steps:
        if step.folder is not None:
            yield step.folder
        if step.target_folder is not None:
            yield step.target_folder


class Runner:
    """Does the acts of one operation that the journal has begun."""

    def __init__(
        self, places: Places, journal: Journal, operation: int, patience: Patience
    ) -> None:
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
            try:
                with ExitStack() as stack:
                    locked = lock_folders(self.places, folders, self.patience, stack)
                    waiting = Section(self, locked, batch).work(waiting)
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
            tally.folders.update(run.folders)
        else:
            tally.refused.append(Refusal(run.act.path, run.reason))
        if run.state == "done":
            count_uids(tally.uids, run)


def batches(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """The acts in portions of at most BATCH_STEPS steps; an act is never divided."""
    batch: list[Act] = []
    steps = 0
    for act in acts:
        if batch and steps + len(act.steps) > BATCH_STEPS:
            yield batch
            batch, steps = [], 0
        batch.append(act)
        steps += len(act.steps)
    if batch:
        yield batch


def refuse(runs: Iterable[Run], reason: str) -> None:
    """Notes that acts were not done."""
    for run in runs:
        run.state, run.reason = "refused", reason


def outcome(run: Run) -> Iterator[StepRecord]:
    """The rows of an act as they are to be settled."""
    for record in run.records:
        reason = "" if run.state == "done" else run.reason
        yield replace(record, state=run.state, reason=reason)


def count_uids(uids: dict[bytes, UidCount], run: Run) -> None:
    """Counts whether the messages renamed inside their folder kept their UIDs."""
    for record in run.records:
        step = record.step
        if not stays_in_folder(step):
            continue
        assert step.folder is not None and step.source is not None and step.target is not None
        count = uids.setdefault(step.folder, UidCount())
        if base_name(os.path.basename(step.source)) == base_name(os.path.basename(step.target)):
            count.kept += 1
        elif not step.data.get("keep_uid"):
            continue
        elif run.changes.get(step.folder):
            count.kept += 1
        else:
            count.unknown += 1


def stays_in_folder(step: Step) -> bool:
    """Whether a step renames a served message inside its folder."""
    if step.action is not Action.RENAME or step.folder is None or step.source is None:
        return False
    if step.target_folder not in (None, step.folder) or step.target is None:
        return False
    served = (os.path.join(step.folder, b"cur"), os.path.join(step.folder, b"new"))
    return os.path.dirname(step.source) in served and os.path.dirname(step.target) in served


class Section:
    """The acts done while the locks of some folders are held once."""

    def __init__(self, runner: Runner, folders: dict[bytes, LockedFolder], batch: int) -> None:
        self.runner = runner
        self.places = runner.places
        self.folders = folders
        self.batch = batch
        self.touched: set[bytes] = set()
        self.lists: list[StepRecord] = []

    def work(self, runs: list[Run]) -> list[Run]:
        """Does what time allows and returns the rest."""
        deadline = time.monotonic() + LOCK_SECONDS
        fit = [run for run in runs if self._plan_uids(run)]
        self._intend_lists(fit)
        rest: list[Run] = []
        for position, run in enumerate(fit):
            if self.runner.tally.stopped or (position and time.monotonic() > deadline):
                rest = fit[position:]
                break
            self._do(run)
        self._sync()
        self._write_lists([run for run in fit if run.state == "done"])
        return rest

    # Before

    def _plan_uids(self, run: Run) -> bool:
        """Works out the records an act changes; False when it must be refused for them."""
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
            self.runner.tally.stopped = str(error)
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
                number = self.runner.operation
                drafts.append(
                    StepRecord(0, number, self.batch, WHOLE_BATCH, "uidlist", None, step, "planned")
                )
        if drafts:
            self.lists = self.runner.journal.intend(drafts)

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
                self.runner.tally.stopped = str(error)
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
                fs.sync(self.places.directory(parent))
            except FileNotFoundError:
                continue  # renamed with its folder: its parent is synced as well
            except OSError as error:
                line = (
                    f"{visible(parent or self.places.spool.root)}: {os.strerror(error.errno or 0)}"
                )
                raise fs.NotDurable(line) from error

    def _write_lists(self, runs: list[Run]) -> None:
        settled: list[StepRecord] = []
        for record in self.lists:
            folder = record.step.folder
            assert folder is not None
            changes = [change for run in runs for change in run.changes.get(folder, ())]
            try:
                for one in self.folders[folder].lists:
                    one.write(changes)
                settled.append(record.settled("done", changes=as_text(changes)))
            except (fs.StepRefused, fs.HardError) as error:
                for run in reversed(runs):
                    if run.changes.get(folder) and run.state == "done":
                        self.take_back(run, str(error))
                settled.append(record.settled("refused", str(error), changes=[]))
                if isinstance(error, fs.HardError):
                    self.runner.tally.stopped = str(error)
                self._sync()
        if settled:
            self.runner.journal.settle(settled)


def uid_edits(run: Run) -> Iterator[tuple[int, list[tuple[bytes, bytes]], list[Change]]]:
    """What the steps of an act (by position) ask of the uidlists: renames of bases, or changes."""
    for position, record in enumerate(run.records):
        step = record.step
        changes = from_text(step.data.get("changes", ()))
        if step.action is Action.UIDLIST:
            renames = [(_bytes(old), _bytes(new)) for old, new in step.data.get("records", ())]
            yield position, renames, changes
        elif step.action is Action.RENAME and step.data.get("keep_uid"):
            assert step.source is not None and step.target is not None
            old, new = (base_name(os.path.basename(p)) for p in (step.source, step.target))
            if old != new:
                yield position, [(old, new)], changes


def as_text(changes: Iterable[Change]) -> list[list[str]]:
    """Record changes as the journal keeps them."""
    return [[os.fsdecode(change.before), os.fsdecode(change.after)] for change in changes]


def from_text(changes: Iterable[Sequence[str]]) -> list[Change]:
    """Record changes from the journal."""
    return [Change(_bytes(before), _bytes(after)) for before, after in changes]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def base_after(change: Change) -> bytes:
    """The base name a changed record ends up with (version 3, else version 1)."""
    for version in (3, 1):
        record = parse_record(change.after, version)
        if not isinstance(record, str):
            return record.base
    return b""
