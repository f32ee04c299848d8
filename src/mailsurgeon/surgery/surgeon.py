"""`Surgeon`: the only way to change a spool, to list its changes, and to undo them."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from platformdirs import user_state_dir

from mailsurgeon.errors import Refused, SpoolBusy, SpoolError
from mailsurgeon.host.host import Host
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.apply.operation import OperationWriter
from mailsurgeon.surgery.apply.purging import plan_purge
from mailsurgeon.surgery.apply.writer_lock import hold_as_writer, writer_lives
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.resolve import open_root
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import Operation, StepRecord, new_session, seconds
from mailsurgeon.surgery.model import Left, Plan, QuarantinePath, Report
from mailsurgeon.surgery.plan import undo
from mailsurgeon.surgery.plan.propose import described
from mailsurgeon.surgery.plan.returns.folder_return import one_by_one
from mailsurgeon.surgery.plan.returns.mbsync_return import as_new_to_mbsync
from mailsurgeon.surgery.quarantine import directory, unfinished_notice
from mailsurgeon.surgery.quarantine.contents import Found, contents_of
from mailsurgeon.surgery.quarantine.directory import QuarantineItem
from mailsurgeon.surgery.servers.lock_wait import WAIT_SECONDS, LockWait
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
    ) -> Report:
        """Runs a plan; checks each step again first and refuses those that no longer fit.

        `on_progress` gets (acts done, acts in all) after each batch; `cancelled` is called before
        each, and True stops. Raises SpoolBusy, Refused, SpoolError and JournalError before anything
        has changed. JournalError may also come later, when the journal fails halfway: recovery then
        settles the rest.
        """
        if not plan.acts:
            return Report(None, plan.kind, "applied", "nothing to do", {})
        with self._writing() as writer:
            self._refuse_unfinished()
            if not self.force:
                self._refuse_beside_sync_tools(writer.places.owner[0])
            writer.force = self.force
            return writer.run(plan, self._waiting(cancelled), on_progress, cancelled)

    def recover(self) -> Report | None:
        """Finishes an operation that was interrupted; None if there is none.

        Raises SpoolBusy while its writer lives or a server's lock stays held, and JournalError.
        """
        if not self._open_operations():
            self._take_notice_down()
            return None
        with self._writing() as writer:
            return writer.recover(self._open_operations(), self._waiting(None))

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

    def _waiting(self, cancelled: Callable[[], bool] | None) -> LockWait:
        return LockWait(self.lock_wait, self.on_wait, cancelled or (lambda: False))

    @contextmanager
    def _writing(self) -> Generator[OperationWriter]:
        """Makes this run the spool's only writer until the block ends."""
        root = open_root(self.spool)
        try:
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
        return self._told(undo.plan_undo(self._journal, operation))

    def plan_redo(self, operation: int | None = None) -> Plan:
        """The plan that redoes the operation undone last, or this one. Raises Refused if there is
        none."""
        return self._told(undo.plan_redo(self._journal, operation))

    def _told(self, plan: Plan) -> Plan:
        """A plan that takes back, adapted to what is there now, with what clients will notice."""
        with suppress(OSError):  # else the folder is refused as a whole
            plan = one_by_one(self.spool, plan, self._place_of)
        plan = as_new_to_mbsync(self.spool, plan)
        return described(self.spool, None, plan, quarantine=self.quarantine_dir, host=self.host)

    # The quarantine

    def quarantined(self) -> list[QuarantineItem]:
        """What this journal put into the quarantine and is still there, oldest first."""
        operations = {one.id: one for one in self._journal.operations()}
        last = self._journal.quarantined_by()
        items = (
            self._item(row, operations[row.operation], operations[last[row.target]])
            for row in self._put_away()
            if row.target in last
        )
        return [item for item in items if item is not None]

    def _put_away(self) -> list[StepRecord]:
        """The steps that quarantined something; undo and redo only change their state."""
        rows = self._journal.quarantining_steps()
        return [row for row in rows if row.step.puts_away and not row.step.is_linked]

    def quarantined_before(self, days: float) -> list[QuarantineItem]:
        """What has been in the quarantine for this long, counted from when it last went in."""
        limit = time.time() - days * 86_400
        return [item for item in self.quarantined() if item.since <= limit]

    def plan_purge(self, items: Collection[QuarantineItem]) -> Plan:
        """The plan that deletes these for good, file by file."""
        rows = {row.id: row for row in self._put_away()}
        things: list[tuple[StepRecord, list[Found]]] = []
        left: list[Left] = []
        for item in items:
            try:
                found = self._contents(item)
            except Refused as refusal:
                left.append(Left(item.path, str(refusal)))
            except OSError as error:
                left.append(Left(item.path, os.strerror(error.errno or 0)))
            else:
                if item.step in rows:
                    things.append((rows[item.step], found))
        return plan_purge(things, left)

    def _contents(self, item: QuarantineItem) -> list[Found]:
        known = self._journal.operation(item.operation)
        place = known.quarantine if known and known.quarantine else self.quarantine_dir
        root = at.open_directory(os.path.join(place, b"%d" % item.operation))
        try:
            return contents_of(root, item.original)
        finally:
            os.close(root)

    def purge(
        self,
        plan: Plan,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Report:
        """Deletes for good what the plan lists. It is journaled, but cannot be undone.

        The arguments and errors are those of `apply`.
        """
        if not plan.acts:
            return Report(None, plan.kind, "applied", "nothing that old is in the quarantine", {})
        with self._writing() as writer:
            self._refuse_unfinished()
            return writer.purge(plan, on_progress, cancelled)

    def _item(self, row: StepRecord, first: Operation, last: Operation) -> QuarantineItem | None:
        """The item that a step quarantined; `first` and `last` are the operations that put it there
        for the first and for the last time."""
        if not isinstance(row.target, QuarantinePath) or row.target.operation is None:
            return None
        place = os.path.join(first.quarantine or self.quarantine_dir, row.target.inside)
        try:
            status = directory.status_of(place, row.step.expected)
        except OSError:
            return None
        # The operation may have begun long before it came to this item, whose rename set its ctime.
        since = max(seconds(last.time), status.st_ctime)
        kind = "other"
        if stat.S_ISREG(status.st_mode):
            kind = "file"
        elif stat.S_ISDIR(status.st_mode):
            kind = "directory"
        return QuarantineItem(
            row.target.operation, row.target, row.target.relative, last.time, kind,
            0 if kind == "directory" else status.st_size, row.verdict, row.id, since, row.reason,
        )  # fmt: skip

    def _place_of(self, path: bytes) -> bytes:
        """The absolute path of a path in the quarantine."""
        assert isinstance(path, QuarantinePath)
        operation = self._journal.operation(path.operation or 0)
        home = operation.quarantine if operation else None
        return os.path.join(home or self.quarantine_dir, path.inside)

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
        if not plans:
            raise Refused("there is nothing to put back")
        acts = tuple(act for plan in plans for act in plan.acts)
        left = tuple(item for plan in plans for item in plan.left)
        return self._told(Plan("restore", acts, left, brake_exempt=True))

    def _has_any(self, operation: Operation, steps: Collection[int | None]) -> bool:
        return any(row.id in steps for row in self._journal.steps_of(operation.id))


def _silent(_line: str) -> None:
    """The default for `on_wait`: reports nothing."""
