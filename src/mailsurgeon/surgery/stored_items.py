"""What is in the quarantine of a spool: what its journal put there, and what else lies there."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from mailsurgeon.errors import Refused, SpoolError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.apply.purging import PURGE, mark_of, plan_purge
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.resolve import open_root
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import Operation, StepRecord, seconds
from mailsurgeon.surgery.model import Left, Plan, QuarantinePath
from mailsurgeon.surgery.quarantine import directory
from mailsurgeon.surgery.quarantine.contents import Found, contents_of
from mailsurgeon.surgery.quarantine.directory import QuarantineItem
from mailsurgeon.surgery.quarantine.found_on_disk import found_on_disk


@dataclass(frozen=True, slots=True)
class StoredItems:
    """Looks into the quarantine; changes nothing. `directory`: where it is if nothing is said."""

    spool: Spool
    journal: Journal
    directory: bytes

    def listed(self) -> list[QuarantineItem]:
        """What the journal put into the quarantine and is still there, oldest first."""
        operations = {one.id: one for one in self.journal.operations()}
        last = self.journal.quarantined_by()
        rows = [row for row in self._put_away() if row.target in last]
        homes = {number: self._home(number) for number in {row.operation for row in rows}}
        items = (
            self._item(row, operations[last[row.target]], homes[row.operation])
            for row in rows
            if row.target is not None
        )
        return [item for item in items if item is not None]

    def unlisted(self) -> list[QuarantineItem]:
        """What is in the quarantine without being in this journal, found on the disk.

        Another journal has it, or the journal was lost. Empty if the quarantine cannot be read.
        """
        known = {
            row.target.inside for row in self._put_away() if isinstance(row.target, QuarantinePath)
        }
        known |= {b"%d/" % item.operation + item.present for item in self.listed()}
        unfinished = {one.id for one in self.journal.open_operations()}
        with suppress(OSError, SpoolError), ExitStack() as stack:
            root = open_root(self.spool)
            stack.callback(os.close, root)
            quarantine = at.open_directory(os.path.realpath(self.directory))
            stack.callback(os.close, quarantine)
            return list(found_on_disk(quarantine, root, known, unfinished))
        return []

    def plan_purge(self, items: Collection[QuarantineItem]) -> Plan:
        """The plan that deletes these for good, file by file."""
        rows = {row.id: row for row in self._put_away()}
        homes: dict[int, bytes] = {}  # to ask the journal takes longer the more steps there are
        things: list[tuple[StepRecord, list[Found]]] = []
        left: list[Left] = []
        for item in items:
            if item.step not in rows:
                continue
            put_away = rows[item.step].step.expected
            try:
                if item.operation not in homes:
                    homes[item.operation] = self._home(item.operation)
                found = self._contents(item, homes[item.operation])
            except Refused as refusal:
                left.append(Left(item.path, str(refusal)))
            except OSError as error:
                left.append(Left(item.path, os.strerror(error.errno or 0)))
            else:
                if found and put_away and found[-1].expected.inode != put_away.inode:
                    left.append(Left(item.path, "another file has taken its place"))
                else:
                    things.append((rows[item.step], found))
        return plan_purge(things, left)

    def place_of(self, path: bytes) -> bytes:
        """The absolute path of a path in the quarantine."""
        assert isinstance(path, QuarantinePath)
        return os.path.join(self._home(path.operation or 0), path.inside)

    def _home(self, number: int) -> bytes:
        """The absolute path of the quarantine that an operation used, as it is now."""
        known = self.journal.operation(number)
        return directory.relocated(
            known.quarantine if known else None, number, self.spool, self.journal.earlier_roots,
            self.directory, self.journal.name,
        )  # fmt: skip

    def _put_away(self) -> list[StepRecord]:
        """The steps that quarantined something; undo and redo only change their state.

        Each leads into the directory of its own operation: so does what is left of a folder whose
        messages an undo or restore has brought back one by one. What an unfinished purge has not
        deleted yet is among them, with that as its note.
        """
        rows = self.journal.quarantining_steps()
        for one in self.journal.open_operations():
            marked = self.journal.steps_marked(mark_of(one.id)) if one.kind == PURGE else ()
            rows += [row._replace(reason=f"its purge, operation {one.id}, is unfinished")
                     for row in marked]  # fmt: skip
        return [
            row
            for row in rows
            if row.step.puts_away
            and isinstance(row.target, QuarantinePath)
            and row.target.operation == row.operation
        ]

    @staticmethod
    def _contents(item: QuarantineItem, home: bytes) -> list[Found]:
        root = at.open_directory(os.path.join(home, b"%d" % item.operation))
        try:
            return contents_of(root, item.present)
        finally:
            os.close(root)

    def _item(self, row: StepRecord, last: Operation, home: bytes) -> QuarantineItem | None:
        """The item that a step quarantined; `last`: the operation that put it there last; `home`:
        the quarantine."""
        path = row.target
        if not isinstance(path, QuarantinePath) or path.operation is None:
            return None
        try:
            name, status = directory.status_of(os.path.join(home, path.inside), row.step.expected)
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
            path.operation, path, path.relative, last.time, kind,
            0 if kind == "directory" else status.st_size, row.verdict, row.id,
            since=since, note=row.reason,
            present=os.path.join(os.path.dirname(path.relative), name),
        )  # fmt: skip
