"""The spool's only writer: an operation from its entry in the journal to its report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from mailsurgeon.errors import JournalError, Refused, SpoolBusy
from mailsurgeon.host.host import Host
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.apply.batches import Runner
from mailsurgeon.surgery.apply.gc_pause import known_in_use
from mailsurgeon.surgery.apply.outcome import OperationOutcome
from mailsurgeon.surgery.apply.purging import Purged, Purging, settle_marks
from mailsurgeon.surgery.apply.recovery import Recovery, RecoveryOutcome
from mailsurgeon.surgery.apply.spool_marks import SpoolMarks
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_root
from mailsurgeon.surgery.fsops.failures import HardError, NotDurable, StepRefused
from mailsurgeon.surgery.fsops.paths import parent_of
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import Operation, Session
from mailsurgeon.surgery.model import Plan, QuarantinePath, Refusal, Report
from mailsurgeon.surgery.quarantine import directory as quarantine
from mailsurgeon.surgery.quarantine.spool_id import SpoolId
from mailsurgeon.surgery.servers.lists_present import lists_there, traces_of
from mailsurgeon.surgery.servers.lock_wait import NO_STOPS, LockWait, Stops
from mailsurgeon.surgery.servers.locked_folder import name_of
from mailsurgeon.surgery.uid_effects import UidCount, no_list, uid_lines
from mailsurgeon.text import visible

OnProgress = Callable[[int, int], None]
StopAsked = Callable[[], bool]


class OperationWriter:
    """Owns the root descriptor with the writer's lock, and closes it in `close`."""

    def __init__(
        self,
        spool: Spool,
        root: int,
        journal: Journal,
        session: Session,
        directory: bytes,
        host: Host,
    ) -> None:
        self.spool = spool
        self.journal = journal
        self.session = session
        self.directory = directory
        self.host = host
        self.force = False
        self.running = 0
        self.places = Places(spool, root, self._quarantine_of)
        self.marks = SpoolMarks(self.places, journal, session, host, directory)

    def close(self) -> None:
        """Closes the root, which releases the writer's lock."""
        self.places.close()

    # An operation

    def run(
        self,
        plan: Plan,
        wait: LockWait,
        on_progress: OnProgress | None,
        cancelled: StopAsked | None,
    ) -> Report:
        """Runs a plan as one operation. Raises Refused, SpoolBusy and JournalError."""
        if any(step.edits_uids for act in plan.acts for step in act.steps):
            self.places.uidl_is_name = self.host.pop3_uidl_is_name()
        uses = any(
            isinstance(step.target, QuarantinePath) and step.target.operation is None
            for act in plan.acts
            for step in act.steps
        )
        if uses:
            self._check_mount()
        id = self._marked_id() if uses else None
        if plan.of is not None:
            self._look_where(plan.of)
        self.running = self._begin(plan.kind, plan.of, len(plan.acts), uses, id)
        runner = Runner(
            self.places, self.journal, self.running, wait, force=self.force,
            notmuch=() if self.force else self._notmuch(),
        )  # fmt: skip
        try:
            with known_in_use():
                tally = runner.run(plan.acts, on_progress, cancelled)
        except NotDurable as error:
            return self._cut_off(plan, runner.tally, str(error))
        except JournalError as error:
            raise JournalError(
                f"operation {self.running} was cut off; what was done is settled when you run"
                f" mailsurgeon again: {error}"
            ) from error
        return self._end(plan, tally)

    def _notmuch(self) -> list[bytes]:
        return self.host.notmuch_databases(self.spool.root, self.places.owner[0])

    def _check_mount(self) -> None:
        """Raises Refused if the quarantine is on another mount than the spool, though perhaps on
        the same file system, as with a bind mount. Another device is refused when it is opened."""
        mounts = self.host.file_systems(b"/")
        root = self.spool.root.strip(b"/")
        above = os.path.realpath(os.path.dirname(self.directory)).strip(b"/")
        (device, point), (other, there) = mounts.of(root), mounts.of(above)
        if point != there and (device == other or point == root):
            raise Refused(
                f"{visible(self.directory)}: a file system is mounted between it and the spool, so"
                " no rename leads there; name a directory on the spool's side with --quarantine, or"
                " keep the spool one directory below the mount point"
            )

    def _begin(
        self, kind: str, of: int | None, acts: int, uses_quarantine: bool, id: SpoolId | None = None
    ) -> int:
        highest = quarantine.highest_operation(self.directory)
        number = self.journal.begin(
            self.session, kind, of=of, acts=acts, at_least=highest + 1,
            quarantine=self.directory if uses_quarantine else None, lists=self._where(),
            id=None if id is None else id.id,
        )  # fmt: skip
        try:
            self.marks.post(number, id)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            self.journal.finish(number, "failed", f"nothing was done: {reason}", whole=False)
            self._take_notice_down()
            raise SpoolBusy(
                f"{visible(self.spool.root)}: cannot be written to ({reason}); nothing was changed"
            ) from error
        return number

    def _where(self) -> bytes | None:
        """The layout and CONTROL= as the journal keeps them; None without CONTROL=."""
        spool = self.places.spool
        return None if spool.control is None else spool.layout.encode() + b" " + spool.control

    def _look_where(self, operation: int) -> None:
        """Uses the uidlists' place of an earlier operation, unless the operator gave one.

        Otherwise, undoing what was done with CONTROL= would lose every UID.
        """
        self.places.spool = self.spool
        known = self.journal.lists_of(operation)
        if known is not None and (self.spool.control is None or self.spool.found_by):
            layout, _, control = known.partition(b" ")
            self.places.spool = replace(self.spool, layout=layout.decode(), control=control)

    def _end(self, plan: Plan, tally: OperationOutcome) -> Report:
        done = sum(tally.done.values())
        whole = done == len(plan.acts)
        state = "applied" if whole else "partial" if done else "failed"
        summary = summarise(plan, tally)
        effects = [*uid_effects(self.places, tally), *dict.fromkeys(tally.notes)]
        tried = not (tally.cancelled or tally.stopped)
        self._prune(self.running)
        self.journal.finish(self.running, state, summary, effects, whole=tried)
        self._take_notice_down()
        return Report(
            self.running, plan.kind, state, summary, dict(tally.done), tuple(tally.refused),
            tuple(effects), tuple(sorted(tally.folders)),
        )  # fmt: skip

    def _cut_off(self, plan: Plan, tally: OperationOutcome, reason: str) -> Report:
        """The report when nobody knows what reached the disk; leaves the rest to recovery."""
        summary = f"stopped: {reason}; what was done is settled when you run mailsurgeon again"
        folders = {f for act in plan.acts for s in act.steps for f in (s.folder, s.target_folder)}
        return Report(
            self.running, plan.kind, "interrupted", summary, dict(tally.done),
            tuple(tally.refused), (), tuple(sorted(f for f in folders if f is not None)),
        )  # fmt: skip

    def _prune(self, operation: int) -> None:
        """Removes directories in the quarantine that this operation left empty."""
        emptied: dict[int, dict[bytes, QuarantinePath]] = {}
        for row in self.journal.quarantine_steps(operation):
            left = row.source if row.state == "done" else row.target
            if isinstance(left, QuarantinePath):
                emptied.setdefault(left.operation or 0, {})[parent_of(left)] = left
        for number, lefts in emptied.items():
            with suppress(OSError, Refused):
                root = self._open_quarantine(self._directory_of(number), make=False)
                try:
                    self._prune_below(root, lefts.values())
                finally:
                    os.close(root)

    @staticmethod
    def _prune_below(root: int, lefts: Iterable[QuarantinePath]) -> None:
        for left in lefts:
            with suppress(OSError):
                quarantine.prune(root, left.inside)

    def _take_notice_down(self) -> None:
        with suppress(OSError):
            self.marks.take_down()

    # The quarantine

    def _quarantine_of(self, operation: int, make: bool) -> int:
        """Opens the directory of one operation in the quarantine that it used."""
        try:
            root = self._open_quarantine(self._directory_of(operation), make=make)
        except Refused as error:
            raise StepRefused(str(error)) from error
        try:
            name = b"%d" % operation
            with files_as_root():  # root may own the directory given by --quarantine
                if make:
                    return at.make_beneath(root, name, 0o700, self.places.owner)
                found = at.open_beneath(root, name)
                at.hand_over_empty(found, self.places.owner)
                return found
        finally:
            os.close(root)

    def _directory_of(self, operation: int) -> bytes:
        known = self.journal.operation(operation)
        recorded = known.quarantine if known else None
        earlier = self.journal.earlier_roots
        return quarantine.relocated(
            recorded, operation, self.spool, earlier, self.directory, self.journal.name
        )

    def _open_quarantine(self, directory: bytes, *, make: bool) -> int:
        with files_as_root():
            root = self.places.directories.root
            owner = self.places.owner
            return quarantine.open_quarantine(directory, self.spool, owner, root, make=make)

    def _marked_id(self) -> SpoolId:
        """Makes the quarantine if need be; returns the id that is in it or is to be."""
        os.close(self._open_quarantine(self.directory, make=True))
        return self.marks.id_for_quarantine()

    # Recovery

    def recover(self, operations: Sequence[Operation], wait: LockWait) -> Report:
        """Finishes unfinished operations; normally there is at most one.

        Raises SpoolBusy when one cannot be recovered now, and JournalError.
        """
        refused: list[Refusal] = []
        effects: list[str] = []
        lines: list[str] = []
        folders: set[bytes] = set()
        done = number = 0
        for operation in operations:
            self.running = operation.id
            found = self._recover_one(operation, wait)
            number = operation.id
            done += found.done
            refused += found.refused
            folders |= found.folders
            lost = [f"UID not kept, a server looked in between: {one}" for one in found.lost_uids]
            effects += lost
            lines.append(self._settle(operation, found, lost))
        self._take_notice_down()
        return Report(
            number, "recover", "applied", "; ".join(lines), {"recovered": done} if done else {},
            tuple(refused), tuple(effects), tuple(sorted(folders)),
        )  # fmt: skip

    def _recover_one(self, operation: Operation, wait: LockWait) -> RecoveryOutcome:
        self._look_where(operation.id)
        try:
            notmuch = self._notmuch()
            return Recovery(self.places, self.journal, operation, wait, notmuch).run()
        except (StepRefused, HardError, NotDurable) as error:
            raise SpoolBusy(f"operation {operation.id} cannot be recovered now: {error}") from error
        except OSError as error:
            raise JournalError(
                f"{visible(self.spool.root)}: operation {operation.id} cannot be recovered now"
                f" ({os.strerror(error.errno or 0)})"
            ) from error

    def _settle(self, operation: Operation, found: RecoveryOutcome, lost: Sequence[str]) -> str:
        rows = self.journal.act_steps(operation.id)
        done = len({row.act for row in rows if row.state in ("done", "undone")})
        complete = done == operation.acts
        elsewhere = "" if operation.host == self.session.host else f" on {visible(operation.host)}"
        line = f"operation {operation.id} had been interrupted{elsewhere}:"
        line += f" {done} of {operation.acts} done"
        if found.lost_uids:
            uids = "1 UID" if len(found.lost_uids) == 1 else f"{len(found.lost_uids):,} UIDs"
            line += f", {uids} not kept"
        state = "applied" if complete else "interrupted"
        settle_marks(self.journal, operation.id)
        self._prune(operation.id)
        self.journal.finish(operation.id, state, line, [*operation.effects, *lost], whole=complete)
        self.journal.enter(
            self.session, "recover", of=operation.id, summary=line, effects=list(lost)
        )
        return line

    # Purge

    def purge(
        self,
        plan: Plan,
        on_progress: OnProgress | None,
        cancelled: StopAsked | None,
        stops: Stops = NO_STOPS,
    ) -> Report:
        """Deletes for good what the plan lists. Raises Refused, SpoolBusy and JournalError."""
        self.running = self._begin(plan.kind, None, len(plan.acts), False)
        purging = Purging(self.places, self.journal, self.running)
        try:
            tally = purging.run(plan.acts, on_progress, cancelled, stops)
        except NotDurable as error:
            return self._cut_off(plan, purging.tally, str(error))
        purged = settle_marks(self.journal, self.running)
        self._prune(self.running)
        things = len({number for act in plan.acts for s in act.steps if (number := s.purges)})
        whole = purged.whole == things
        state = "applied" if whole else "partial" if purged.whole or purged.partly else "failed"
        summary = summarise_purge(purged, tally)
        self.journal.finish(self.running, state, summary)
        self._take_notice_down()
        done = {"purge": purged.whole} if purged.whole else {}
        return Report(self.running, plan.kind, state, summary, done, tuple(tally.refused))


def summarise_purge(purged: Purged, tally: OperationOutcome) -> str:
    """Sums a purge up in one line."""
    parts = [f"{purged.whole:,} deleted for good"]
    if purged.partly:
        parts.append(f"{purged.partly:,} partly")
    if tally.cancelled:
        parts.append("stopped by you")
    if tally.stopped:
        parts.append(f"stopped: {tally.stopped}")
    return "; ".join(parts)


def summarise(plan: Plan, tally: OperationOutcome) -> str:
    """Sums an operation up in one line: `file 84, quarantine copy 19; 2 refused`."""
    line = ", ".join(f"{verdict} {number:,}" for verdict, number in tally.done.items())
    if plan.of is not None:
        line = f"of {plan.of}: {line or 'nothing'}"
    parts = [line or "nothing was done"]
    if tally.refused:
        parts.append(f"{len(tally.refused):,} refused")
    if tally.cancelled:
        parts.append("stopped by you")
    if tally.stopped:
        parts.append(f"stopped: {tally.stopped}")
    return "; ".join(parts)


def uid_effects(places: Places, tally: OperationOutcome) -> list[str]:
    """Lines about the UIDs of messages renamed within their folder, worded as in the plan."""
    spool = places.spool
    counts: dict[str, UidCount] = {}
    for folder, tallied in tally.uids.items():
        count = counts[visible(name_of(places, folder))] = UidCount(
            tallied.kept, returned=tallied.returned
        )
        others = tallied.unknown + tallied.named + tallied.stripped
        if lists_there(spool, folder):
            count.unlisted = others
            continue
        traces = traces_of(spool, folder)
        named = tallied.named + (tallied.unknown if traces.synced else 0)
        named = named if traces.names_tell else 0
        count.kept += named
        if lost := others - named:
            control = os.fsdecode(spool.control_of(folder)) if spool.control else ""
            count.lost[visible(no_list(control, spool.found_by))] = lost
    return list(uid_lines(counts))
