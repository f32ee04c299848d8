"""An operation that a crash has cut off, brought to its end by what is on the disk.

Each step that was only planned when the program died is looked for: done, not done, or half done
(both names of the link-and-unlink rename). An act of several steps is completed, or taken back
where that cannot be. A uidlist that was not rewritten follows its files now, so that the server
finds the old UID, if it has not looked in between. Doing all this twice comes to the same.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import groupby

from mailsurgeon.maildir.lists.uidlist import (
    COURIER_KEYWORDS,
    Change,
    UidlistError,
    base_name,
    drop_lines,
)
from mailsurgeon.surgery.apply.act_run import folders_of, locks_of
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_owner
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import WHOLE_BATCH, Operation, StepRecord
from mailsurgeon.surgery.model import Refusal, Step, StepKind
from mailsurgeon.surgery.servers import dotlock
from mailsurgeon.surgery.servers.folder_names import Register
from mailsurgeon.surgery.servers.lock_wait import LockWait
from mailsurgeon.surgery.servers.locked_folder import Ledger, LockedFolder, lock_folders, name_of
from mailsurgeon.surgery.servers.uid_changes import (
    as_text,
    base_after,
    from_text,
    key_of,
    stays_in_folder,
)
from mailsurgeon.surgery.steps import maildirsize
from mailsurgeon.surgery.steps.keywords import keywords_done
from mailsurgeon.surgery.steps.registry import directory_of, inverse, owner_of, perform
from mailsurgeon.text import visible

NOT_BEGUN = "interrupted before it was done"


@dataclass(slots=True)
class RecoveryOutcome:
    """What a recovery has found and settled, in acts."""

    done: int = 0
    refused: list[Refusal] = field(default_factory=list[Refusal])
    lost_uids: list[str] = field(default_factory=list[str])
    folders: set[bytes] = field(default_factory=set[bytes])


class Recovery:
    """Settles the open steps of one operation. The caller is the spool's one writer."""

    def __init__(
        self, places: Places, journal: Journal, operation: Operation, patience: LockWait
    ) -> None:
        self.places = places
        self.journal = journal
        self.operation = operation
        self.patience = patience
        self.found = RecoveryOutcome()
        self._register = Register(places)

    def run(self) -> RecoveryOutcome:
        """Raises StepRefused when a server's lock stays held, HardError, OSError, JournalError;
        the operation is then as unfinished as before.
        """
        planned = self.journal.steps_of(self.operation.id, "planned")
        self._settle_quota(one for one in planned if one.action is StepKind.MAILDIRSIZE)
        lists = [
            one for one in planned if one.act == WHOLE_BATCH and one.action is StepKind.UIDLIST
        ]
        acts = [one for one in planned if one.act != WHOLE_BATCH]
        by_act = [list(act) for _, act in groupby(acts, key=lambda one: one.act)]
        for folders, group in groupby(by_act, key=_folders):
            self._remove_own_locks(folders, by_act)
            self._group(folders, list(group), lists)
        self._settle_lists(lists)
        return self.found

    def _group(
        self, folders: frozenset[bytes], acts: list[list[StepRecord]], lists: list[StepRecord]
    ) -> None:
        with ExitStack() as stack:
            self.places.forget()
            locked = lock_folders(self.places, folders, self.patience, stack, self._register)
            for folder in locked.values():
                with suppress(StepRefused):  # a list that is not to be touched
                    folder.tidy()
            settled = [one for act in acts for one in self._act(locked, act)]
            self._sync(settled)
            for folder in locked.values():
                rows = [one for one in lists if one.step.folder == folder.path]
                self._lists(folder, rows, settled)
            self._count_quota(settled)
        self.journal.settle(settled)
        self.found.folders.update(folders_of([one.step for act in acts for one in act]))

    def _settle_quota(self, rows: Iterable[StepRecord]) -> None:
        for row in rows:
            maildirsize.append_line(self.places, self.journal, row)

    def _count_quota(self, settled: Iterable[StepRecord]) -> None:
        """Tells the spool's `maildirsize` of the acts that were done but not counted yet."""
        rows = self.journal.batch_steps(self.operation.id, StepKind.MAILDIRSIZE)
        counted = maildirsize.covered(rows)
        done: dict[int, dict[int, list[StepRecord]]] = {}
        for one in settled:
            if one.state == "done" and one.act not in counted:
                done.setdefault(one.batch, {}).setdefault(one.act, []).append(one)
        for batch, acts in done.items():
            maildirsize.follow(self.places, self.journal, self.operation.id, batch, acts)

    def _remove_own_locks(
        self, folders: frozenset[bytes], acts: Iterable[list[StepRecord]]
    ) -> None:
        """The locks our dead process held, also inside a folder it was moving."""
        moved = {
            one.step.target
            for act in acts
            for one in act
            if one.action is StepKind.RENAME
            and one.step.target is not None
            and one.step.expected is not None
            and one.step.expected.size == -1
        }
        for path in folders | moved:
            with suppress(OSError), files_as_owner(self.places.owner):
                self._remove_own_lock(self.places.directory(path), dotlock.UIDLIST_LOCK)
            with suppress(OSError), files_as_owner(self.places.owner):
                tmp = self.places.directory(os.path.join(path, b"tmp"))
                self._remove_own_lock(tmp, dotlock.COURIER_LOCK)

    def _remove_own_lock(self, directory: int, name: bytes) -> None:
        dotlock.remove_of_dead(directory, name, self.operation.pid, self.operation.host)

    # One act

    def _act(
        self, folders: dict[bytes, LockedFolder], act: Sequence[StepRecord]
    ) -> list[StepRecord]:
        with files_as_owner(self.places.owner):
            done = _in_order(act, [self._is_done(folders, one) for one in act])
        path = act[0].step.source or act[0].step.target or b""
        lists_only = all(one.action is StepKind.UIDLIST for one in act)
        if lists_only or not any(done):
            if not lists_only:
                self.found.refused.append(Refusal(path, NOT_BEGUN))
            return [one.settled("refused", NOT_BEGUN) for one in act]
        try:
            for position, one in enumerate(act):
                if not done[position] and one.action is not StepKind.UIDLIST:
                    perform(self.places, folders, one.step)
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
            if was_done and one.action is not StepKind.UIDLIST:
                step = inverse(one.step)
                perform(self.places, folders, replace(step, data={**step.data, "may_share": True}))
        path = act[0].step.source or act[0].step.target or b""
        self.found.refused.append(Refusal(path, reason))
        return [one.settled("refused", reason) for one in act]

    def _is_done(self, folders: dict[bytes, LockedFolder], record: StepRecord) -> bool:
        """Whether a step happened; one that half happened is completed."""
        step = record.step
        try:
            match step.action:
                case StepKind.RENAME:
                    return self._is_renamed(record)
                case StepKind.MKDIR:
                    return self._is_made(record)
                case StepKind.RMDIR:
                    parent, name = self.places.locate(directory_of(step))
                    return at.look(parent, name) is None
                case StepKind.PURGE:
                    return at.look(*self.places.locate(step.source or b"")) is None
                case StepKind.CHMOD | StepKind.CHOWN | StepKind.UTIME:
                    return self._is_set(record)
                case StepKind.UIDLIST_LINES:
                    return self._are_dropped(folders, step)
                case StepKind.KEYWORDS:
                    return keywords_done(self.places, folders, step)
                case _:
                    return False
        except (FileNotFoundError, NotADirectoryError):
            return step.action is StepKind.PURGE

    def _is_renamed(self, record: StepRecord) -> bool:
        step = record.step
        assert step.source is not None and step.target is not None and step.expected is not None
        try:
            target_dir, target = self.places.locate(step.target)
        except (FileNotFoundError, NotADirectoryError):
            return False
        there = at.look(target_dir, target)
        if not at.same_inode(there, step.expected):
            return self._went_on(record, target_dir)
        try:
            source_dir, source = self.places.locate(step.source)
        except (FileNotFoundError, NotADirectoryError):
            return True
        here = at.look(source_dir, source)
        if here is None or not at.same_inode(here, step.expected):
            return True
        if stat.S_ISDIR(here.st_mode) or here.st_nlink <= int(record.data.get("links", 1)):
            return False  # the second name was there before us
        at.drop_second_name(source_dir, source, target_dir, target)
        return True

    def _went_on(self, record: StepRecord, target_dir: int) -> bool:
        """Whether it was renamed and a client has renamed it on since (it was read, say)."""
        step = record.step
        assert step.source is not None and step.target is not None and step.expected is not None
        with suppress(FileNotFoundError, NotADirectoryError):
            source_dir, source = self.places.locate(step.source)
            if at.same_inode(at.look(source_dir, source), step.expected):
                return False
        base = base_name(os.path.basename(step.target))
        return any(
            base_name(os.fsencode(name)) == base
            and at.same_inode(at.look(target_dir, os.fsencode(name)), step.expected)
            for name in os.listdir(target_dir)
        )

    def _is_made(self, record: StepRecord) -> bool:
        parent, name = self.places.locate(directory_of(record.step))
        status = at.look(parent, name)
        if status is None or not stat.S_ISDIR(status.st_mode):
            return False
        mode = int(record.data.get("mode", 0o700))
        at.finish_directory(parent, name, mode, owner_of(record.step))
        return True

    @staticmethod
    def _are_dropped(folders: dict[bytes, LockedFolder], step: Step) -> bool:
        """Whether lines of a uidlist are no longer (or, to be restored, again) where they were."""
        assert step.folder is not None
        wanted = step.data.get("drop") or step.data.get("restore", ())
        lines = [(int(number), os.fsencode(text)) for number, text in wanted]
        with suppress(StepRefused):
            one = folders[step.folder].uidlist(os.fsencode(step.data["name"]))
            try:
                drop_lines(one.data, lines)
            except UidlistError:
                return bool(step.data.get("drop"))
            return not step.data.get("drop")
        return False

    def _is_set(self, record: StepRecord) -> bool:
        step = record.step
        assert step.source is not None
        if step.source:
            status = at.look(*self.places.locate(step.source))
        else:
            status = os.fstat(self.places.directories.root)
        if status is None:
            return False
        is_now = {
            StepKind.CHMOD: stat.S_IMODE(status.st_mode),
            StepKind.CHOWN: [status.st_uid, status.st_gid],
            StepKind.UTIME: status.st_mtime_ns,
        }[step.action]
        return is_now == step.data["after"]

    def _sync(self, settled: Iterable[StepRecord]) -> None:
        paths = {p for one in settled for p in (one.step.source, one.step.target) if p is not None}
        for parent in sorted({os.path.dirname(path) for path in paths}):
            missing = suppress(FileNotFoundError, NotADirectoryError)
            with missing, files_as_owner(self.places.owner):
                at.sync(self.places.directory(parent))

    # The servers' lists

    def _lists(
        self, folder: LockedFolder, rows: Sequence[StepRecord], settled: list[StepRecord]
    ) -> None:
        """Brings the records of a folder in line with what its files are called now.

        `settled` are the steps just looked at; `uidlist` steps among them are settled here.
        """
        owners = _owners(settled)
        follow: list[Change] = []
        for row in rows:
            for change in from_text(row.data.get("changes", ())):
                for position in owners.get((folder.path, base_after(change)), ()):
                    one = settled[position]
                    if one.action is StepKind.UIDLIST:
                        settled[position] = one.settled("done", changes=as_text([change]))
                        self.found.done += 1
                    done = settled[position].state == "done"
                    follow.append(change if done else change.back)
        self._follow(folder, follow)

    def _settle_lists(self, rows: Sequence[StepRecord]) -> None:
        """Notes which record changes have stayed, by the steps that asked for them."""
        settled: list[StepRecord] = []
        for row in rows:
            owners = _owners(self.journal.steps_that_stayed(row.operation, row.batch))
            kept = [
                change
                for change in from_text(row.data.get("changes", ()))
                if (row.step.folder or b"", base_after(change)) in owners
            ]
            state = "done" if kept else "refused"
            settled.append(row.settled(state, "" if kept else NOT_BEGUN, changes=as_text(kept)))
        self.journal.settle(settled)

    def _follow(self, folder: LockedFolder, changes: Sequence[Change]) -> None:
        """Makes the record changes that are missing, and names the UIDs a server has taken."""
        for one in folder.ledgers:
            own = [change for change in changes if change.list == one.name]
            listed = one.keys()
            missing = [change for change in own if key_of(one.name, change.before) in listed]
            with files_as_owner(self.places.owner):
                _write_what_can_be(one, missing)
            if one.name != COURIER_KEYWORDS:
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
    """Which steps of an act happened, since they happen in their order.

    What comes before one that surely happened did too, though its file has another name by now.
    Keywords not to be taken away are no sign that they were: they may be in use.
    """
    sure = (
        position
        for position, one in enumerate(act)
        if done[position] and not (one.action is StepKind.KEYWORDS and _takes_away(one))
    )
    last = max(sure, default=-1)
    return [position <= last for position, _ in enumerate(act)]


def _takes_away(record: StepRecord) -> bool:
    return "remove" in record.data or bool(record.data.get("carry", {}).get("back"))


def _folders(act: Sequence[StepRecord]) -> frozenset[bytes]:
    return locks_of([one.step for one in act])


def _owners(records: Sequence[StepRecord]) -> dict[tuple[bytes, bytes], list[int]]:
    """The positions of the steps that change records, by folder and the base name they lead to."""
    owners: dict[tuple[bytes, bytes], list[int]] = {}
    for position, one in enumerate(records):
        step = one.step
        bases: list[bytes] = []
        if step.action is StepKind.UIDLIST:
            bases += [os.fsencode(new) for _, new in one.data.get("records", ())]
            bases += [base_after(change) for change in from_text(one.data.get("changes", ()))]
        elif stays_in_folder(step):
            name = os.path.basename(step.target or b"")
            bases += [base_name(name), name.rpartition(b":")[0]]  # the latter is Courier's way
        for base in dict.fromkeys(bases):
            owners.setdefault((step.folder or b"", base), []).append(position)
    return owners
