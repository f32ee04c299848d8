"""Runs the acts of an operation in batches, each journaled before and after.

For each batch it commits the intents, does the acts, in groups that touch the same folders and need
the same locks, syncs their directories and rewrites the servers' lists before it releases a lock,
and commits the results together with the intents of the next batch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count, groupby

from mailsurgeon.host.open_files import descriptors_left, limit_line, no_more_files
from mailsurgeon.surgery.apply.act_run import ActRun, folders_of, outcome, refuse
from mailsurgeon.surgery.apply.gc_pause import sweep
from mailsurgeon.surgery.apply.locked_batch import LockedBatch
from mailsurgeon.surgery.apply.outcome import OperationOutcome, count_uids
from mailsurgeon.surgery.fsops.failures import HardError, OutOfDescriptors, StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import StepRecord
from mailsurgeon.surgery.model import Act, Refusal
from mailsurgeon.surgery.servers.folder_names import Register
from mailsurgeon.surgery.servers.lock_wait import LockWait, SuspendAsked
from mailsurgeon.surgery.servers.locked_folder import lock_folders, sync_let_go
from mailsurgeon.surgery.servers.sync_tools import cut_off_sync, keep_notmuch_out
from mailsurgeon.surgery.steps.scene import Scene

BATCH_STEPS = 500
"""Steps in the first batch, and in later ones while steps are slow; see `Room`."""
MOST_STEPS = 4_000
BATCH_SECONDS = 0.5
JOIN_SECONDS = 0.5
"""Seconds from the first lock on during which locks of further groups may be added."""
NOT_DONE = "you stopped it before this was done"
MOST_GROUPS = 4_000
FOLDER_FILES = 10
"""The most descriptors that a locked folder keeps open: its directories, locks and lists."""
WORK_FILES = 100
"""Descriptors for the directories in which acts work, for the journal and for what is replaced."""


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive acts that need the same locks."""

    folders: frozenset[bytes]
    runs: list[ActRun]

    @property
    def may_join(self) -> bool:
        """Whether each step changes only a message or its record."""
        return all(record.step.may_join for run in self.runs for record in run.records)


def grouped(runs: Iterable[ActRun]) -> list[Group]:
    """Consecutive acts with the same locks as groups, in order."""
    return [Group(key, list(some)) for key, some in groupby(runs, key=lambda run: run.folders)]


class Runner:
    """Does the acts of an operation that is open in the journal."""

    def __init__(
        self,
        places: Places,
        journal: Journal,
        operation: int,
        wait: LockWait,
        *,
        force: bool = False,
        notmuch: Sequence[bytes] = (),
    ) -> None:
        """`notmuch`: its databases, which are locked while acts run."""
        self.force = force
        self.notmuch = notmuch
        self.places = places
        self.journal = journal
        self.operation = operation
        self.wait = wait
        self.tally = OperationOutcome()
        self._register = Register(places)
        self._settled: list[StepRecord] = []  # not yet in the journal
        self._groups_at_once = MOST_GROUPS
        self._cut_short = False  # acts that were not begun are no refusals

    def run(
        self,
        acts: Sequence[Act],
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> OperationOutcome:
        """Does the acts, until an error ends the operation or `cancelled` returns True. Raises
        JournalError and NotDurable, and leaves the rest to recovery.
        """
        finished = 0
        room = Room(BATCH_STEPS)
        for number, batch in enumerate(batches(acts, room), start=1):
            if cancelled is not None and cancelled():
                self.tally.cancelled = True
                break
            begun = time.monotonic()
            self._batch(number, finished, batch)
            room.took(time.monotonic() - begun)
            finished += len(batch)
            sweep()
            if on_progress is not None:
                on_progress(finished, len(acts))
            if self.tally.stopped or self.tally.cancelled:
                break
        self.journal.settle(self._settled)
        return self.tally

    def _batch(self, number: int, before: int, acts: Sequence[Act]) -> None:
        runs = self._intend(number, before, acts)
        groups = grouped(runs)
        self._register.keep({folder for group in groups for folder in group.folders})
        while groups and not self.tally.stopped:
            self.wait.stops.here()
            if self.wait.cancelled():
                self.tally.cancelled = self._cut_short = True
                break
            groups = self._locked(groups, number)
        for run in runs:
            begun = run.state != "planned"
            if not begun:
                refuse([run], self.tally.stopped or NOT_DONE)
            self._settled += outcome(run)
            if begun or not self._cut_short:
                self._count(run)

    def _intend(self, batch: int, before: int, acts: Sequence[Act]) -> list[ActRun]:
        """Journals the steps of a batch, and the outcomes of the batch before."""
        self.places.forget()
        scene = Scene(self.places, self._register, self.operation)
        steps = count(self.journal.next_step())
        written = iter(self.journal.intend(
            [
                StepRecord(
                    next(steps), self.operation, batch, number, act.verdict, act.folder,
                    step.prepared(scene), "planned", "", False,
                )
                for number, act in enumerate(acts, start=before + 1)
                for step in act.steps
            ],
            self._settled,
        ))  # fmt: skip
        self._settled = []
        return [
            ActRun(number, act, [next(written) for _ in act.steps])
            for number, act in enumerate(acts, start=before + 1)
        ]

    def _locked(self, groups: list[Group], batch: int) -> list[Group]:
        """Does acts under the locks of their folders; returns the groups still to do.

        It waits for the locks of the first group. It adds those of further groups that it gets
        without waiting, so that their folders are made durable together.
        """
        self.places.forget()
        locked = LockedBatch(
            self.places, self.journal, self.operation, batch, self._lets_go
        )  # fmt: skip
        taken = 1
        crowded = ""
        try:
            with ExitStack() as stack:
                keep_notmuch_out(self.notmuch, self.places.owner, self.wait, stack)
                begun = self._admit(locked, groups[0], self.wait, stack)
                taken += self._admit_more(locked, groups, stack, begun)
                locked.work()
            if len(locked.folders) > 1:
                sync_let_go(self.places, locked.folders)
        except SuspendAsked:
            pass  # while it waited for the first group's locks, so that nothing was done
        except StepRefused as refusal:
            for group in groups[:taken]:
                refuse((run for run in group.runs if run.state == "planned"), str(refusal))
        except OutOfDescriptors as error:
            crowded = str(error)
        except HardError as error:
            self.tally.stopped = str(error)
        except OSError as error:  # a lock that could not be taken or released
            if no_more_files(error):
                crowded = limit_line(error)
            else:
                self.tally.stopped = f"a server's lock: {os.strerror(error.errno or 0)}"
        self.tally.stopped = self.tally.stopped or locked.stopped
        self.tally.notes += locked.notes
        self._settled += locked.settled
        tried = [run for group in groups[:taken] for run in group.runs]
        rest = [run for run in tried if run.state == "planned"]
        if crowded := crowded or locked.crowded:
            if taken > 1:
                self._groups_at_once = max(1, taken // 2)
            elif len(rest) == len(tried):  # they do not suffice for one act of one group
                self.tally.stopped = self.tally.stopped or crowded
                self._cut_short = True
        return [*grouped(rest), *groups[taken:]]

    def _lets_go(self) -> bool:
        return self.wait.stops.wanted() or self.wait.cancelled()

    def _admit(self, batch: LockedBatch, group: Group, wait: LockWait, stack: ExitStack) -> float:
        """Locks the folders of a group, and reads their lists. Returns the time of the lock."""
        reason = "" if self.force else cut_off_sync(self.places, group.folders)
        if reason:
            refuse(group.runs, reason)
            return time.monotonic()
        with ExitStack() as own:
            locked = lock_folders(self.places, group.folders, wait, own, self._register)
            stack.push(own.pop_all())
        begun = time.monotonic()
        batch.admit(locked, group.runs)
        return begun

    def _admit_more(
        self, batch: LockedBatch, groups: Sequence[Group], stack: ExitStack, begun: float
    ) -> int:
        """Admits further groups while their locks are free; returns how many. `begun`: the time of
        the first lock. Several large lists under one lock would keep it for long."""
        at_once = replace(self.wait, seconds=0.0)
        held = set(groups[0].folders)
        more = 0
        most = min(len(groups), self._groups_at_once, self._room())
        while more + 1 < most and time.monotonic() - begun < JOIN_SECONDS:
            group = groups[more + 1]
            if not (groups[0].may_join and group.may_join) or held & group.folders:
                break
            try:
                self._admit(batch, group, at_once, stack)
            except (StepRefused, HardError, OSError):
                break  # as first group of a later call it will wait, or report the error
            held |= group.folders
            more += 1
        return more

    @staticmethod
    def _room() -> int:
        """How many folders the process has descriptors for, beside those it needs for its work."""
        return max(0, descriptors_left() - WORK_FILES) // FOLDER_FILES

    def _count(self, run: ActRun) -> None:
        tally = self.tally
        if run.state != "done":
            tally.refused.append(Refusal(run.act.path, run.reason))
            return
        tally.done[run.act.verdict] = tally.done.get(run.act.verdict, 0) + 1
        folders = folders_of([record.step for record in run.records])
        if not folders <= tally.folders:
            tally.folders |= folders
        count_uids(tally.uids, run)


@dataclass(slots=True)
class Room:
    """How many steps the next batch may have: as many as take BATCH_SECONDS.

    Small batches stop soon when the operator cancels and leave little to recovery; large ones
    save the cost per batch.
    """

    steps: int

    def took(self, seconds: float) -> None:
        """Adapts the size to how long a batch has taken."""
        faster = min(2.0, BATCH_SECONDS / max(seconds, 0.001))
        self.steps = max(BATCH_STEPS, min(int(self.steps * faster), MOST_STEPS))


def batches(acts: Sequence[Act], room: Room) -> Iterator[list[Act]]:
    """Cuts acts into batches, each of at most as many steps as `room` has at that time; an act is
    never divided.

    A batch ends before an act that moves a directory in which an earlier one did something:
    recovery would search for that at its old path, in vain.
    """
    batch: list[Act] = []
    steps = 0
    for act in acts:
        full = steps + len(act.steps) > room.steps
        if batch and (full or moves_from_under(act, batch)):
            yield batch
            batch, steps = [], 0
        batch.append(act)
        steps += len(act.steps)
    if batch:
        yield batch


def moves_from_under(act: Act, earlier: Sequence[Act]) -> bool:
    """Whether an act moves a directory in which an earlier one did something."""
    moved = [step.source + b"/" for step in act.steps if step.carries_directory and step.source]
    if not moved:
        return False
    within = tuple(moved)
    return any(
        path is not None and (path + b"/").startswith(within)
        for one in earlier
        for step in one.steps
        for path in (step.source, step.target, step.folder, step.target_folder)
    )
