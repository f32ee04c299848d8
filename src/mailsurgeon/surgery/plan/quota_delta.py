"""What a rename adds to, or subtracts from, the sum in the spool's `maildirsize`."""

from __future__ import annotations

import os
import stat
from functools import cached_property

from mailsurgeon.maildir.lists.maildirsize import Rule
from mailsurgeon.maildir.server_files import MAILDIRSIZE
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.model import QuarantinePath
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.questions import file_sizes_in
from mailsurgeon.survey.uidlists.quota_rule import quota_rule


class ArrivalCount:
    """Counts by the rules of the server that left files in the spool. Made for one plan."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._rules: dict[bytes, Rule] = {}

    @cached_property
    def is_kept(self) -> bool:
        """Whether there is a `maildirsize`."""
        try:
            status = os.lstat(os.path.join(self._spool.quota_home, MAILDIRSIZE))
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode)

    def of_arrival(self, target: bytes, folder: bytes | None, size: int) -> tuple[int, int] | None:
        """Bytes and messages that a file adds by coming to the path `target` in this folder; None
        if there is no `maildirsize` or nothing changes."""
        if not self.is_kept:
            return None
        return _unless_zero(*self._counted(target, folder, size))

    def _counted(self, path: bytes, folder: bytes | None, size: int) -> tuple[int, int]:
        if folder is None or isinstance(path, QuarantinePath):
            return 0, 0
        rule = self._rule(folder)
        if not rule.counts_folder(folder):
            return 0, 0
        return rule.counted(path[len(folder) + 1 :] if folder else path, size)

    def _rule(self, folder: bytes) -> Rule:
        if folder not in self._rules:
            self._rules[folder] = quota_rule(self._spool, folder)
        return self._rules[folder]


class QuotaCount(ArrivalCount):
    """Counts what moves within the spool, or out of it, by the index."""

    def __init__(self, spool: Spool, index: Index) -> None:
        super().__init__(spool)
        self._index = index

    def of_message(
        self, entry: EntryDetail, home: bytes | None, target: bytes, goal: bytes | None
    ) -> tuple[int, int] | None:
        """Bytes and messages that a step adds by moving a file from the folder `home` to the path
        `target` in the folder `goal`; None if there is no `maildirsize` or nothing changes."""
        if not self.is_kept or not entry.is_file:
            return None
        before = self._counted(entry.path, home, entry.size)
        after = self._counted(target, goal, entry.size)
        return _unless_zero(after[0] - before[0], after[1] - before[1])

    def of_folder(self, source: bytes, target: bytes) -> tuple[int, int] | None:
        """The same for a whole directory and everything in it, from the index."""
        if not self.is_kept:
            return None
        away = isinstance(target, QuarantinePath)
        size = count = 0
        for folder in self._index.folders():
            if folder.path != source and not folder.path.startswith(source + b"/"):
                continue
            goal = None if away else target + folder.path[len(source) :]
            for path, length in file_sizes_in(self._index, folder.path):
                before = self._counted(path, folder.path, length)
                after = self._counted(target + path[len(source) :], goal, length)
                size, count = size + after[0] - before[0], count + after[1] - before[1]
        return _unless_zero(size, count)


def _unless_zero(size: int, messages: int) -> tuple[int, int] | None:
    return (size, messages) if size or messages else None
