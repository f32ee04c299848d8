"""Finishes an operation that a crash interrupted, from what is on the disk.

For each step that was only planned when the program died, it finds out whether it was done, not
done, or half done (both names of the link-and-unlink rename). It completes an act of several steps,
or undoes it where that is impossible. If a uidlist was not rewritten, it now follows its files, so
that the server finds the old UID unless it has read the folder meanwhile. Running recovery twice
has the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import groupby

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.surgery.apply.act_run import folders_of, locks_of
from mailsurgeon.surgery.apply.quota import count_quota, counted_acts, settle_alone
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_owner
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.paths import parent_of, spelled
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import WHOLE_BATCH, Operation, StepRecord
from mailsurgeon.surgery.model import Refusal
from mailsurgeon.surgery.servers.folder_names import Register
from mailsurgeon.surgery.servers.lock_wait import NO_STOPS, LockWait
from mailsurgeon.surgery.servers.locked_folder import (
    LockedFolder,
    lock_folders,
    name_of,
    remove_dead_locks,
)
from mailsurgeon.surgery.servers.registry import Ledger
from mailsurgeon.surgery.servers.sync_tools import keep_notmuch_out
from mailsurgeon.surgery.servers.uid_changes import base_after, key_of
from mailsurgeon.surgery.steps.base import Alters
from mailsurgeon.surgery.steps.performing import perform
from mailsurgeon.text import visible

NOT_BEGUN = "interrupted before it was done"
CUT_SHORT = "you stopped it"


@dataclass(slots=True)
class RecoveryOutcome:
    """What a recovery found and settled, counted in acts."""

    done: int = 0
    refused: list[Refusal] = field(default_factory=list[Refusal])
    lost_uids: list[str] = field(default_factory=list[str])
    folders: set[bytes] = field(default_factory=set[bytes])


class Recovery:
    """Settles the open steps of one operation. The caller is the spool's only writer."""

    def __init__(
        self,
        places: Places,
        journal: Journal,
        operation: Operation,
        wait: LockWait,
        notmuch: Sequence[bytes] = (),
    ) -> None:
        """`notmuch`: its databases, which are locked meanwhile."""
        self.notmuch = notmuch
        self.places = places
        self.journal = journal
        self.operation = operation
        # Once it has a lock it goes on; between two folders it may stop.
        self.wait = replace(wait, stops=NO_STOPS)
        self._stops = wait.stops
        self.found = RecoveryOutcome()
        self._register = Register(places)

    def run(self) -> RecoveryOutcome:
        """Settles the steps and returns what it found.

        Raises StepRefused when a server's lock stays held or the wait is cancelled, HardError,
        NotDurable, OSError and JournalError; the operation is then still unfinished.
        """
        planned = self.journal.steps_of(self.operation.id, "planned")
        lists: list[StepRecord] = []
        acts: list[StepRecord] = []
        for one in planned:
            if one.act != WHOLE_BATCH:
                acts.append(one)
            elif one.step.in_lists:
                lists.append(one)
            else:
                settle_alone(self.places, self.journal, one)
        by_act = [list(act) for _, act in groupby(acts, key=lambda one: one.act)]
        for folders, group in groupby(by_act, key=_folders):
            self._stops.here()
            if self.wait.cancelled():
                raise StepRefused(CUT_SHORT)
            some = list(group)
            self._remove_own_locks(folders, by_act)
            self._clear_away(some)
            self._group(folders, some, lists)
        self._settle_lists(lists)
        return self.found

    def _group(
        self, folders: frozenset[bytes], acts: list[list[StepRecord]], lists: list[StepRecord]
    ) -> None:
        with ExitStack() as stack:
            self.places.forget()
            keep_notmuch_out(self.notmuch, self.places.owner, self.wait, stack)
            locked = lock_folders(self.places, folders, self.wait, stack, self._register)
            for folder in locked.values():
                with suppress(StepRefused):  # a list that must not be touched
                    folder.tidy()
            settled = [one for act in acts for one in self._act(locked, list(act))]
            self._sync(settled)
            for folder in locked.values():
                rows = [one for one in lists if one.step.folder == folder.path]
                self._lists(folder, rows, settled)
            self._count_quota(settled)
        self.journal.settle(settled)
        self.found.folders.update(folders_of([one.step for act in acts for one in act]))

    def _count_quota(self, settled: Iterable[StepRecord]) -> None:
        """Adds acts that were done but not yet counted to the spool's `maildirsize`."""
        counted = counted_acts(self.journal, self.operation.id)
        done: dict[int, dict[int, list[StepRecord]]] = {}
        for one in settled:
            if one.state == "done" and one.act not in counted:
                done.setdefault(one.batch, {}).setdefault(one.act, []).append(one)
        for batch, acts in done.items():
            count_quota(self.places, self.journal, self.operation.id, batch, acts)

    def _remove_own_locks(
        self, folders: frozenset[bytes], acts: Iterable[list[StepRecord]]
    ) -> None:
        """Removes the locks our dead process held, also inside a folder it was moving."""
        moved = {
            one.step.target
            for act in acts
            for one in act
            if one.step.carries_directory and one.step.target is not None
        }
        for path in folders | moved:
            remove_dead_locks(self.places, path, self.operation.pid, self.operation.host)

    def _clear_away(self, acts: Iterable[list[StepRecord]]) -> None:
        with files_as_owner(self.places.owner):
            for act in acts:
                for one in act:
                    one.step.clear_away(self.places)

    # One act

    def _act(self, folders: dict[bytes, LockedFolder], act: list[StepRecord]) -> list[StepRecord]:
        with files_as_owner(self.places.owner):
            done = _in_order(act, [self._is_done(folders, one) for one in act])
        path = act[0].step.source or act[0].step.target or b""
        lists_only = all(one.step.in_lists for one in act)
        if lists_only or not any(done):
            if not lists_only:
                self.found.refused.append(Refusal(path, NOT_BEGUN))
            return [one.settled("refused", NOT_BEGUN) for one in act]
        try:
            for position, one in enumerate(act):
                if not done[position] and not one.step.in_lists:
                    step = perform(self.places, folders, one.step)
                    act[position] = one.settled("planned", step=step)
                    done[position] = True
        except StepRefused as refusal:
            return self._take_back(folders, act, done, str(refusal))
        self.found.done += 1
        return [one.settled("done") for one in act]

    def _take_back(
        self,
        folders: dict[bytes, LockedFolder],
        act: Sequence[StepRecord],
        done: Sequence[bool],
        reason: str,
    ) -> list[StepRecord]:
        for one, was_done in reversed(list(zip(act, done, strict=True))):
            if was_done and not one.step.in_lists:
                perform(self.places, folders, one.step.taking_back())
        path = act[0].step.source or act[0].step.target or b""
        self.found.refused.append(Refusal(path, reason))
        return [one.settled("refused", reason) for one in act]

    def _is_done(self, folders: dict[bytes, LockedFolder], record: StepRecord) -> bool:
        """Whether a step happened; completes one that half happened."""
        try:
            return record.step.recover(self.places, folders)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _sync(self, settled: Sequence[StepRecord]) -> None:
        paths = {p for one in settled for p in (one.step.source, one.step.target) if p is not None}
        parents = {spelled(parent): parent for parent in map(parent_of, paths)}
        for _, parent in sorted(parents.items()):
            missing = suppress(FileNotFoundError, NotADirectoryError)
            with missing, files_as_owner(self.places.owner):
                at.sync(self.places.directory(parent))
        for one in settled:
            if one.step.alters is Alters.DIRECTORY and one.step.target is not None:
                with files_as_owner(self.places.owner):
                    self.places.sync_made(one.step.target)

    # The servers' lists

    def _lists(
        self, folder: LockedFolder, rows: Sequence[StepRecord], settled: list[StepRecord]
    ) -> None:
        """Makes a folder's records follow the present names of its files.

        `settled` are the steps just examined; `uidlist` steps among them are settled here.
        """
        owners = _owners(settled)
        follow: list[Change] = []
        for row in rows:
            for change in _changes(row):
                for position in owners.get((folder.path, base_after(change)), ()):
                    one = settled[position]
                    if one.step.in_lists:
                        settled[position] = one.settled("done", step=one.step.noting([change]))
                        self.found.done += 1
                    done = settled[position].state == "done"
                    follow.append(change if done else change.back)
        self._follow(folder, follow)

    def _settle_lists(self, rows: Sequence[StepRecord]) -> None:
        """Notes which record changes have stayed, by the steps that requested them."""
        settled: list[StepRecord] = []
        for row in rows:
            owners = _owners(self.journal.steps_that_stayed(row.operation, row.batch))
            kept = [
                change
                for change in _changes(row)
                if (row.step.folder or b"", base_after(change)) in owners
            ]
            state = "done" if kept else "refused"
            settled.append(row.settled(state, "" if kept else NOT_BEGUN, row.step.noting(kept)))
        self.journal.settle(settled)

    def _follow(self, folder: LockedFolder, changes: Sequence[Change]) -> None:
        """Makes missing record changes, and notes which UIDs a server has assigned anew."""
        for one in folder.ledgers:
            own = [change for change in changes if change.list == one.name]
            listed = one.keys()
            missing = [change for change in own if key_of(one.name, change.before) in listed]
            with files_as_owner(self.places.owner):
                _write_what_can_be(one, missing)
            if one.name in server_files.TABLE.uidlists:
                self._name_lost(folder, one, own)

    def _name_lost(self, folder: LockedFolder, ledger: Ledger, changes: Iterable[Change]) -> None:
        listed = ledger.keys()
        name = visible(name_of(self.places, folder.path))
        for change in changes:
            if key_of(ledger.name, change.after) not in listed:
                self.found.lost_uids.append(f"{visible(base_after(change))} in {name}")


def _write_what_can_be(ledger: Ledger, changes: Sequence[Change]) -> None:
    try:
        ledger.write(changes)
    except StepRefused:
        for change in changes:
            with suppress(StepRefused):
                ledger.write([change])


def _in_order(act: Sequence[StepRecord], done: Sequence[bool]) -> list[bool]:
    """Which steps of an act happened. Steps are done in order.

    So if one certainly happened, all before it did too, even if a file has another name by now.
    """
    sure = (position for position, one in enumerate(act) if done[position] and one.step.is_sign)
    last = max(sure, default=-1)
    return [position <= last for position, _ in enumerate(act)]


def _changes(row: StepRecord) -> list[Change]:
    """The record changes of a step that edits lists."""
    edit = row.step.uid_edit()
    return edit.changes if edit is not None else []


def _folders(act: Sequence[StepRecord]) -> frozenset[bytes]:
    return locks_of([one.step for one in act])


def _owners(records: Sequence[StepRecord]) -> dict[tuple[bytes, bytes], list[int]]:
    """The positions of the steps that change records, by folder and the new base name."""
    owners: dict[tuple[bytes, bytes], list[int]] = {}
    for position, one in enumerate(records):
        for base in dict.fromkeys(one.step.bases_led_to()):
            owners.setdefault((one.step.folder or b"", base), []).append(position)
    return owners
