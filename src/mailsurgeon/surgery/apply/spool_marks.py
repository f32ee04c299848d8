"""The marks that an operation leaves beside the spool: its notice, and the id in the quarantine."""

from __future__ import annotations

import os
from dataclasses import replace

from mailsurgeon.host.host import Host
from mailsurgeon.surgery.fsops.as_owner import files_as_root
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import Session
from mailsurgeon.surgery.quarantine.directory import open_quarantine
from mailsurgeon.surgery.quarantine.spool_id import (
    JournalNamed,
    SpoolId,
    new_id,
    read_spool_id,
    write_spool_id,
)
from mailsurgeon.surgery.quarantine.unfinished_notice import Notice, Notices


class SpoolMarks:
    """Writes and removes the marks of one journal. `directory`: the quarantine of this run."""

    def __init__(
        self, places: Places, journal: Journal, session: Session, host: Host, directory: bytes
    ) -> None:
        self._places = places
        self._journal = journal
        self._session = session
        self._machine = host.machine
        self._directory = directory
        root = places.directories.root
        self._notices = Notices(places.spool, root, places.owner, self._is_ours)

    def refuse_foreign(self) -> None:
        """Raises SpoolBusy if an operation of another journal is unfinished, and JournalError."""
        self._notices.refuse_foreign()

    def id_for_quarantine(self) -> SpoolId:
        """The id in the quarantine; a new one if it has none, or has that of a copied spool."""
        known = read_spool_id(self._directory)
        if known is None:
            return SpoolId(self._journal.spool_id or new_id())
        copied = self._journal.is_beside_a_copy(known.id)
        return replace(known, id=new_id()) if copied else known

    def post(self, operation: int, id: SpoolId | None) -> None:
        """Writes the notice of an operation and, if it has one, the id. Raises OSError."""
        session, journal = self._session, self._journal
        notice = Notice(
            str(operation), str(journal.path), session.user, journal.name, session.host,
            self._machine, str(session.pid), session.time,
        )  # fmt: skip
        self._notices.post(notice)
        if id is not None:
            self._write(id)

    def _write(self, id: SpoolId) -> None:
        session, journal = self._session, self._journal
        ours = JournalNamed(journal.name, str(journal.path), session.user, session.host)
        if ours in id.journals and id == read_spool_id(self._directory):
            return
        places = self._places
        with files_as_root():
            root = open_quarantine(
                self._directory, places.spool, places.owner, places.directories.root, make=False
            )
        try:
            write_spool_id(root, id.known_to(ours), places.owner)
        finally:
            os.close(root)

    def take_down(self) -> None:
        """Removes the notice, and the quarantine if nothing is left in it. Raises OSError."""
        if self._notices.take_down(self._journal.name):
            self._journal.forget_id()

    def _is_ours(self, notice: Notice) -> bool:
        """Whether a notice is of the journal that this run writes to."""
        if notice.name:
            return notice.name == self._journal.name
        # An earlier version wrote it, without the name of the journal.
        number = int(notice.operation) if notice.operation.isdecimal() else 0
        same = notice.journal == str(self._journal.path)
        return same and self._journal.operation(number) is not None
