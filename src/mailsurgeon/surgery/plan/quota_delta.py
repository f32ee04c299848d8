"""What a rename adds to the sum that the spool's `maildirsize` keeps, or takes from it."""

from __future__ import annotations

import os
import stat
from functools import cached_property

from mailsurgeon.maildir.lists.maildirsize import FILE, Rule
from mailsurgeon.maildir.spool import Spool, join
from mailsurgeon.surgery.model import QUARANTINE
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.survey.index.index import Index

_COURIER_TRACES = (b"courierimapuiddb", b"courierimapsubscribed", b"courierimapkeywords")
_DOVECOT_TRACE = b"dovecot-uidlist"


class QuotaCount:
    """Counts as the server does that the spool shows traces of. Made for one plan."""

    def __init__(self, spool: Spool, index: Index) -> None:
        self._spool = spool
        self._index = index
        self._rules: dict[bytes, Rule] = {}

    @cached_property
    def is_kept(self) -> bool:
        """Whether there is a `maildirsize`."""
        try:
            status = os.lstat(os.path.join(self._spool.quota_home, FILE))
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode)

    def of_message(
        self, patient: EntryDetail, home: bytes | None, target: bytes, goal: bytes | None
    ) -> tuple[int, int] | None:
        """Bytes and messages that the step adds which takes a file from the folder `home` to the
        path `target` in the folder `goal`; None where nothing is counted or nothing changes."""
        if not self.is_kept or not patient.is_file:
            return None
        before = self._counted(patient.path, home, patient.size)
        after = self._counted(target, goal, patient.size)
        return _unless_zero(after[0] - before[0], after[1] - before[1])

    def of_folder(self, source: bytes, target: bytes) -> tuple[int, int] | None:
        """The same for a whole directory and all that lies in it, by the index."""
        if not self.is_kept:
            return None
        size = count = 0
        for folder in self._index.folders():
            if folder.path != source and not folder.path.startswith(source + b"/"):
                continue
            goal = target + folder.path[len(source) :]
            for path, length in self._messages(folder.path):
                before = self._counted(path, folder.path, length)
                after = self._counted(target + path[len(source) :], goal, length)
                size, count = size + after[0] - before[0], count + after[1] - before[1]
        return _unless_zero(size, count)

    def _messages(self, folder: bytes) -> list[tuple[bytes, int]]:
        rows = self._index.db.execute(
            "SELECT directory, filename, size FROM entries WHERE directory IN (?, ?)"
            " AND kind = 'file'",
            (join(folder, b"cur"), join(folder, b"new")),
        )
        return [(join(directory, filename), size) for directory, filename, size in rows]

    def _counted(self, path: bytes, folder: bytes | None, size: int) -> tuple[int, int]:
        if folder is None or path.startswith(QUARANTINE):
            return 0, 0
        rule = self._rule(folder)
        if not rule.counts_folder(folder):
            return 0, 0
        return rule.counted(path[len(folder) + 1 :] if folder else path, size)

    def _rule(self, folder: bytes) -> Rule:
        """Courier's where it has been and Dovecot has not; else Dovecot's."""
        if folder not in self._rules:
            homes = {b"", folder}
            courier = not self._is_there(b"", _DOVECOT_TRACE) and any(
                self._is_there(home, name) for home in homes for name in _COURIER_TRACES
            )
            self._rules[folder] = Rule(courier, self._spool.layout)
        return self._rules[folder]

    def _is_there(self, folder: bytes, name: bytes) -> bool:
        own = name == _DOVECOT_TRACE
        home = self._spool.control_of(folder) if own else self._spool.absolute(folder)
        return os.path.lexists(os.path.join(home, name))


def _unless_zero(size: int, messages: int) -> tuple[int, int] | None:
    return (size, messages) if size or messages else None
