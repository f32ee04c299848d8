"""`Surgeon`: the only way to change a spool, to list its changes, and to undo them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from platformdirs import user_state_dir

from mailsurgeon.errors import Refused, SpoolBusy, SpoolError
from mailsurgeon.host.host import Host
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.apply.operation import OperationWriter
from mailsurgeon.surgery.apply.writer_lock import hold_as_writer, writer_lives
from mailsurgeon.surgery.fsops.as_owner import refuse_rights_of_root
from mailsurgeon.surgery.fsops.resolve import open_root
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import Operation, StepRecord, new_session
from mailsurgeon.surgery.model import QUARANTINE, Plan, Report
from mailsurgeon.surgery.plan import undo
from mailsurgeon.surgery.plan.mbsync_return import as_new_to_mbsync
from mailsurgeon.surgery.quarantine import directory, unfinished_notice
from mailsurgeon.surgery.quarantine.directory import QuarantineItem
from mailsurgeon.surgery.servers.lock_wait import NO_STOPS, WAIT_SECONDS, LockWait, Stops
from mailsurgeon.surgery.servers.sync_tools import running_tool
from mailsurgeon.text import visible


class Surgeon:
    """Changes one spool. A context manager; usable from several threads, one operation at a time.

    `state_dir` holds the journals (default: the user's state directory); `quarantine` is the
    directory for files taken out of the spool (default: `.NAME.quarantine` beside the spool);
    `host` is the computer this runs on (default: examined anew). `on_wait` gets a line when we wait
    for a server's lock.
    """

    def __init__(
        self,
        spool: Spool,
        *,
        state_dir: Path | None = None,
        quarantine: bytes | None = None,
        force: bool = False,
        host: Host | None = None,
    ) -> None:
        self.spool = spool
        self.force = force
        self.host = host or Host.this()
        self.on_wait: Callable[[str], None] = _silent
        self.lock_wait = WAIT_SECONDS
        self._session = new_session()
        self._journal = Journal(state_dir or Path(user_state_dir("mailsurgeon")), spool)
        self._quarantine = os.path.abspath(quarantine) if quarantine else None

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

    def recover(self, stops: Stops = NO_STOPS) -> Report | None:
        """Finishes an operation that was interrupted; None if there is none.

        Raises SpoolBusy while its writer lives or a server's lock stays held, and JournalError.
        """
        if not self._open_operations():
            self._take_notice_down()
            return None
        with self._writing() as writer:
            return writer.recover(self._open_operations(), self._waiting(None, stops))

    def _take_notice_down(self) -> None:
        """Removes the notice of a run that ended after closing its operation, but before this."""
        if not unfinished_notice.stands(self.spool):
            return
        with suppress(SpoolBusy, SpoolError, OSError), self._writing() as writer:
            if not self._open_operations():
                writer.notices.take_down()

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
            writer.notices.refuse_foreign(self._journal.path)
            yield writer
        finally:
            writer.close()

    # What was done

    def operations(self) -> list[Operation]:
        """All operations, oldest first."""
        return self._journal.operations()

    def steps(self, operation: int) -> Iterator[StepRecord]:
        """The steps of one operation, in order."""
        yield from self._journal.steps_of(operation)

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
        return as_new_to_mbsync(self.spool, undo.plan_undo(self._journal, operation))

    def plan_redo(self, operation: int | None = None) -> Plan:
        """The plan that redoes the operation undone last, or this one. Raises Refused if there is
        none."""
        return undo.plan_redo(self._journal, operation)

    # The quarantine

    def quarantined(self) -> list[QuarantineItem]:
        """What this journal put into the quarantine and is still there, oldest first."""
        operations = {one.id: one for one in self._journal.operations()}
        items = (self._item(row, operations[row.operation]) for row in self._put_away())
        return [item for item in items if item is not None]

    def _put_away(self) -> list[StepRecord]:
        """The steps that quarantined something; undo and redo only change their state."""
        rows = self._journal.quarantining_steps()
        return [row for row in rows if row.step.puts_away and not row.step.is_linked]

    def purge(self, older_than_days: float) -> Report:
        """Deletes quarantined files of that age for good. Journaled, but it cannot be undone."""
        with self._writing() as writer:
            self._refuse_unfinished()
            return writer.purge(older_than_days, self._put_away())

    def _item(self, row: StepRecord, operation: Operation) -> QuarantineItem | None:
        assert row.target is not None and row.source is not None
        holder, _, relative = row.target[len(QUARANTINE) :].partition(b"/")
        place = os.path.join(operation.quarantine or self.quarantine_dir, holder, relative)
        try:
            status = os.lstat(place)
        except OSError:
            return None
        kind = "other"
        if stat.S_ISREG(status.st_mode):
            kind = "file"
        elif stat.S_ISDIR(status.st_mode):
            kind = "directory"
        return QuarantineItem(
            int(holder), row.target, relative, operation.time, kind,
            0 if kind == "directory" else status.st_size, row.verdict, row.id,
        )  # fmt: skip

    def plan_restore(self, what: int | Sequence[QuarantineItem]) -> Plan:
        """The plan that puts things back in place: all an operation quarantined, or these items.

        Raises Refused when there is nothing to put back.
        """
        if isinstance(what, int):
            operation = self._journal.operation(what)
            if operation is None:
                raise Refused(f"there is no operation {what} in this spool's journal")
            return as_new_to_mbsync(self.spool, undo.plan_restore(self._journal, operation, None))
        steps = {item.step for item in what if item.step is not None}
        plans = [
            undo.plan_restore(self._journal, one, {number for number in steps if number})
            for one in reversed(self._journal.operations())
            if self._has_any(one, steps)
        ]
        if not plans:
            raise Refused("there is nothing to put back")
        acts = tuple(act for plan in plans for act in plan.acts)
        left = tuple(item for plan in plans for item in plan.left)
        return as_new_to_mbsync(self.spool, Plan("restore", acts, left, brake_exempt=True))

    def _has_any(self, operation: Operation, steps: Collection[int | None]) -> bool:
        return any(row.id in steps for row in self._journal.steps_of(operation.id))


def _silent(_line: str) -> None:
    """The default for `on_wait`: reports nothing."""
