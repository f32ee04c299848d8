"""`Surgeon`: the only way to change a spool, to list its changes, and to undo them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from mailsurgeon.errors import Refused, SpoolBusy, SpoolError
from mailsurgeon.host.host import Host
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.apply.operation import OperationWriter
from mailsurgeon.surgery.apply.writer_lock import hold_as_writer, writer_lives
from mailsurgeon.surgery.fsops.as_owner import refuse_rights_of_root
from mailsurgeon.surgery.fsops.resolve import open_root
from mailsurgeon.surgery.journal.change_counts import ChangeCount
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.journal_home import DoubtfulJournal
from mailsurgeon.surgery.journal.records import (
    Operation,
    Session,
    StepRecord,
    new_session,
)
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.surgery.plan import undo
from mailsurgeon.surgery.plan.propose import described
from mailsurgeon.surgery.plan.quota_delta import ArrivalCount
from mailsurgeon.surgery.plan.returns.folder_return import one_by_one
from mailsurgeon.surgery.plan.returns.mbsync_return import as_new_to_mbsync
from mailsurgeon.surgery.quarantine import directory, unfinished_notice
from mailsurgeon.surgery.quarantine.directory import QuarantineItem
from mailsurgeon.surgery.quarantine.spool_id import JournalNamed, read_spool_id
from mailsurgeon.surgery.servers.lock_wait import NO_STOPS, WAIT_SECONDS, LockWait, Stops
from mailsurgeon.surgery.servers.sync_tools import running_tool
from mailsurgeon.surgery.spool_journal import journal_home
from mailsurgeon.surgery.stored_items import StoredItems
from mailsurgeon.text import visible


class Surgeon:
    """Changes one spool. A context manager; usable from several threads, one operation at a time.

    `state_dir` holds the journals (default: `own_places.state_home`); `journal` is a journal that
    the operator says is the spool's. `quarantine` is the directory for files taken out of the spool
    (default: `.NAME.quarantine` beside the spool). `leave_unfinished`: works beside an unfinished
    operation of somebody else. `host` is the computer this runs on (default: examined anew).
    `on_wait` gets a line when we wait for a server's lock. `doubts_told`: set it when the operator
    has been told of the `doubts`.
    """

    def __init__(
        self,
        spool: Spool,
        *,
        state_dir: Path | None = None,
        journal: Path | None = None,
        quarantine: bytes | None = None,
        force: bool = False,
        leave_unfinished: bool = False,
        host: Host | None = None,
    ) -> None:
        self.spool = spool
        self.force = force
        self.host = host or Host.this()
        self.on_wait: Callable[[str], None] = _silent
        self.lock_wait = WAIT_SECONDS
        self.doubts_told = False
        self._session = new_session()
        self._leave_unfinished = leave_unfinished
        self._quarantine = os.path.abspath(quarantine) if quarantine else None
        self._journal = Journal(journal_home(spool, state_dir, journal, self.quarantine_dir))

    def __enter__(self) -> Surgeon:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection to the journal."""
        self._journal.close()

    @property
    def session(self) -> str:
        """The id of this run in the journal."""
        return self._session.id

    @property
    def journal_path(self) -> Path:
        """Where the journal is, or will be."""
        return self._journal.path

    @property
    def quarantine_dir(self) -> bytes:
        """The absolute path of the quarantine, which is made when first needed."""
        return self._quarantine or directory.default_directory(self.spool)

    # Changing the spool

    def apply(
        self,
        plan: Plan,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        stops: Stops = NO_STOPS,
    ) -> Report:
        """Runs a plan; checks each step again first and refuses those that no longer fit.

        `on_progress` gets (acts done, acts in all) after each batch; `cancelled` is called before
        each act, and True ends the operation. `stops`: where the process may stop (Ctrl+Z). Raises
        SpoolBusy, Refused, SpoolError and JournalError before anything has changed. JournalError
        may also come later, when the journal fails halfway: recovery then settles the rest.
        """
        if not plan.acts:
            return Report(None, plan.kind, "applied", "nothing to do", {})
        with self._writing() as writer:
            self._refuse_unfinished()
            if not self.force:
                self._refuse_beside_sync_tools(writer.places.owner[0])
            writer.force = self.force
            return writer.run(plan, self._waiting(cancelled, stops), on_progress, cancelled)

    def recover(
        self, stops: Stops = NO_STOPS, cancelled: Callable[[], bool] | None = None
    ) -> Report | None:
        """Finishes an operation that was interrupted; None if there is none.

        Raises SpoolBusy while its writer lives, while a server's lock stays held, or once
        `cancelled` returns True; and JournalError.
        """
        if not self._open_operations():
            self._take_notice_down()
            return None
        with self._writing() as writer:
            return writer.recover(self._open_operations(), self._waiting(cancelled, stops))

    def _take_notice_down(self) -> None:
        """Removes the notice of a run that ended after closing its operation, but before this."""
        if not unfinished_notice.stands(self.spool):
            return
        with suppress(SpoolBusy, SpoolError, OSError), self._writing() as writer:
            if not self._open_operations():
                writer.marks.take_down()

    def _refuse_unfinished(self) -> None:
        for one in self._open_operations():
            raise SpoolBusy(
                f"{visible(self.spool.root)}: operation {one.id} is unfinished; recover it first"
            )

    def _refuse_beside_sync_tools(self, owner: int) -> None:
        tool = running_tool(self.host, self.spool.root, owner)
        if tool:
            raise Refused(
                f"{visible(self.spool.root)}: {visible(tool)}; wait for it, or go on with --force"
            )

    def _waiting(self, cancelled: Callable[[], bool] | None, stops: Stops) -> LockWait:
        cancelled = cancelled or (lambda: False)
        return LockWait(self.lock_wait, self.on_wait, cancelled, stops=stops)

    @contextmanager
    def _writing(self) -> Generator[OperationWriter]:
        """Makes this run the spool's only writer until the block ends."""
        self._journal.refuse_in_use()
        root = open_root(self.spool)
        try:
            status = os.fstat(root)
            owner = status.st_uid, status.st_gid
            refuse_rights_of_root(owner, visible(self.spool.root))
            hold_as_writer(root, self.spool.root, self.host)
        except BaseException:
            os.close(root)
            raise
        writer = OperationWriter(
            self.spool, root, self._journal, self._session, self.quarantine_dir, self.host
        )
        try:
            if not self._leave_unfinished:
                writer.marks.refuse_foreign()
            yield writer
        finally:
            writer.close()

    # What was done

    def operations(self) -> list[Operation]:
        """All operations, oldest first."""
        return self._journal.operations()

    def steps(self, operation: int) -> Iterator[StepRecord]:
        """The steps of one operation, in order; read as they are asked for."""
        yield from self._journal.each_step_of(operation)

    def change_counts(self) -> list[ChangeCount]:
        """How many acts of each verdict and state every operation has."""
        return self._journal.change_counts()

    def sessions(self) -> list[Session]:
        """The runs that wrote to the journal, oldest first."""
        return self._journal.sessions()

    @property
    def this_session(self) -> Session:
        """This run, whether or not it has written to the journal."""
        return self._session

    @property
    def doubts(self) -> tuple[DoubtfulJournal, ...]:
        """Journals that may be this spool's but are not used, as long as it has no other. Raises
        JournalError."""
        return self._journal.doubts if self._journal.is_new else ()

    def use(self, doubtful: DoubtfulJournal) -> None:
        """Uses this journal after all: the operator has said that it is the spool's."""
        self._journal.use(doubtful)

    def foreign_unfinished(self) -> list[str]:
        """Unfinished operations of other journals: whose each is, safe to show."""
        name = self._journal.name
        return [
            one.whose
            for one in unfinished_notice.notices_beside(self.spool)
            if one.journal and one.name and one.name != name
        ]

    def history(self, path: bytes) -> list[tuple[Operation, StepRecord]]:
        """What was done to the file now at `path`, newest first; follows renames backwards."""
        operations = {one.id: one for one in self._journal.operations()}
        found: list[tuple[Operation, StepRecord]] = []
        here, before = path, 2**62
        while True:
            row = self._journal.last_step_at(here, before)
            if row is None:
                return found
            if row.operation in operations:
                found.append((operations[row.operation], row))
            before = row.id
            here = here if row.step.came_from is None else row.step.came_from

    def unfinished(self) -> Operation | None:
        """The operation a crash interrupted; None if there is none, or its writer lives."""
        operations = self._open_operations()
        if not operations:
            return None
        root = open_root(self.spool)
        try:
            return None if writer_lives(root) else operations[-1]
        finally:
            os.close(root)

    def _open_operations(self) -> list[Operation]:
        return self._journal.open_operations()

    # Taking back

    def undoable(self) -> list[int]:
        """The operations that undoing everything would undo, newest first."""
        return [one.id for one in undo.undoable(self._journal)]

    def plan_undo(self, operation: int | None = None) -> Plan:
        """The plan that undoes the last operation, or this one. Raises Refused if there is none."""
        try:
            return self._told(undo.plan_undo(self._journal, operation))
        except Refused as refusal:
            why = self._why_unknown()
            if not why:
                raise
            raise Refused(f"{visible(self.spool.root)}: {refusal}; {why}") from None

    def _why_unknown(self) -> str:
        """Why this journal does not have what was done to the spool, and what to do; empty if
        nothing shows that anything was done."""
        parts = [] if self.doubts_told else [one.line for one in self._journal.doubts]
        found = len(self.unlisted())
        if found:
            things = "1 item lies" if found == 1 else f"{found:,} items lie"
            parts.append(
                f"{things} in {visible(self.quarantine_dir)} that this journal"
                f" ({visible(str(self.journal_path))}) does not know: `quarantine list` shows them,"
                " and `quarantine restore` puts them back by path"
            )
            parts += [self._other_journal(one) for one in self.other_journals()]
        return "; ".join(parts)

    @staticmethod
    def _other_journal(journal: JournalNamed) -> str:
        return f"things were put there by {journal.shown}"

    def plan_redo(self, operation: int | None = None) -> Plan:
        """The plan that redoes the operation undone last, or this one. Raises Refused if there is
        none."""
        return self._told(undo.plan_redo(self._journal, operation))

    def _told(self, plan: Plan) -> Plan:
        """A plan that takes back, adapted to what is there now, with what clients will notice."""
        with suppress(OSError):  # else the folder is refused as a whole
            plan = one_by_one(self.spool, plan, self._stored.place_of)
        plan = as_new_to_mbsync(self.spool, plan)
        return described(self.spool, None, plan, quarantine=self.quarantine_dir, host=self.host)

    # The quarantine

    def place_in_quarantine(self, path: bytes) -> bytes:
        """The absolute path of a path in the quarantine of this journal, as it is now."""
        return self._stored.place_of(path)

    @property
    def _stored(self) -> StoredItems:
        return StoredItems(self.spool, self._journal, self.quarantine_dir)

    def quarantined(self) -> list[QuarantineItem]:
        """What this journal put into the quarantine and is still there, oldest first."""
        return self._stored.listed()

    def unlisted(self) -> list[QuarantineItem]:
        """What is in the quarantine without being in this journal; see `StoredItems`."""
        return self._stored.unlisted()

    def other_journals(self) -> list[JournalNamed]:
        """The journals of others that have put things into this quarantine."""
        known = read_spool_id(self.quarantine_dir)
        name = self._journal.name
        return [one for one in known.journals if one.name != name] if known else []

    def quarantined_before(self, days: float) -> list[QuarantineItem]:
        """What has been in the quarantine for this long, counted from when it last went in."""
        limit = time.time() - days * 86_400
        return [item for item in self.quarantined() if item.since <= limit]

    def plan_purge(self, items: Collection[QuarantineItem]) -> Plan:
        """The plan that deletes these for good, file by file."""
        return self._stored.plan_purge(items)

    def purge(
        self,
        plan: Plan,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        stops: Stops = NO_STOPS,
    ) -> Report:
        """Deletes for good what the plan lists. It is journaled, but cannot be undone.

        The arguments and errors are those of `apply`.
        """
        if not plan.acts:
            return Report(None, plan.kind, "applied", "nothing that old is in the quarantine", {})

        with self._writing() as writer:
            self._refuse_unfinished()
            return writer.purge(plan, on_progress, cancelled, stops)

    def plan_restore(self, what: int | Sequence[QuarantineItem]) -> Plan:
        """The plan that puts things back in place: all an operation quarantined, or these items.

        Raises Refused when there is nothing to put back.
        """
        if isinstance(what, int):
            operation = self._journal.operation(what)
            if operation is None:
                raise Refused(f"there is no operation {what} in this spool's journal")
            return self._told(undo.plan_restore(self._journal, operation, None))
        steps = {item.step for item in what if item.step is not None}
        plans = [
            undo.plan_restore(self._journal, one, {number for number in steps if number})
            for one in reversed(self._journal.operations())
            if self._has_any(one, steps)
        ]
        found = [item for item in what if item.step is None]
        if found:
            count = ArrivalCount(self.spool).of_arrival
            plans.append(undo.plan_bring_back(self.spool, found, count))
        if not plans:
            raise Refused("there is nothing to put back")
        acts = tuple(act for plan in plans for act in plan.acts)
        left = tuple(item for plan in plans for item in plan.left)
        effects = tuple(line for plan in plans for line in plan.effects)
        return self._told(Plan("restore", acts, left, effects, brake_exempt=True))

    def _has_any(self, operation: Operation, steps: Collection[int | None]) -> bool:
        return any(row.id in steps for row in self._journal.steps_of(operation.id))


def _silent(_line: str) -> None:
    """The default for `on_wait`: reports nothing."""
