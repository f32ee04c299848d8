"""Collects the healthy messages of a slice while it is examined, and packs them at the end."""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Iterator, Sequence
from itertools import compress
from operator import attrgetter

from mailsurgeon.diagnosis.folder_rules import fit_permissions
from mailsurgeon.diagnosis.message_rules import not_surely_sound
from mailsurgeon.maildir.message_fast import USUAL, Peek, sender_shown, subject_shown
from mailsurgeon.survey.index.packed import (
    MOST_OWNERS,
    Healthy,
    Owner,
    Statuses,
    pack,
    pack_statuses,
)
from mailsurgeon.survey.index.rows import LATEST_TIME, Place
from mailsurgeon.survey.index.slice import Packed, Slice
from mailsurgeon.survey.index.sql import Value
from mailsurgeon.survey.read.sealed import numbers_of

_kind_of = attrgetter("st_mode", "st_nlink", "st_uid", "st_gid")


class HealthyMessages:
    """`messages` are those found so far; append to it."""

    def __init__(self, task: Slice) -> None:
        self.messages: list[Healthy] = []
        self._task = task
        self._owners: dict[Owner, int] = {}

    def owner_number(self, owner: Owner) -> int:
        """The number of a mode and owner; -1 if a message that has them cannot be packed."""
        number = self._owners.get(owner)
        if number is None:
            number = len(self._owners)
            if number >= MOST_OWNERS or not fit_permissions(*owner, self._task.folder.owner):
                return -1
            self._owners[owner] = number
        return number

    def __len__(self) -> int:
        return len(self.messages)

    @property
    def bytes(self) -> int:
        """The sum of their sizes."""
        return sum(message[2] for message in self.messages)

    @property
    def latest(self) -> int:
        """The latest of their ctimes (ns); 0 without any."""
        return max((message[4] for message in self.messages), default=0)

    def packed(self) -> Packed | None:
        """All of them, packed; None without any, or if one of them cannot be packed."""
        if not self.messages:
            return None
        task = self._task
        return pack(task.first, self.messages, list(self._owners), full=task.moment.full)

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """All of them as new rows, with QUICK_COLUMNS or USUAL_COLUMNS."""
        task, owners = self._task, list(self._owners)
        for offset, *facts, owner, virtual, identity, sender, subject, date in self.messages:
            content: tuple[Value, ...] = ()
            if task.moment.full:
                content = content_of((virtual, identity, sender, subject, date))
            yield (task.first + offset, task.number, *facts, *owners[owner], 1, *content)


class HealthyStatuses(HealthyMessages):
    """Those of a slice that have been found all at once by their statuses, with one mode and
    owner: columns from the start."""

    def __init__(self, task: Slice, owner: Owner, statuses: Statuses) -> None:
        super().__init__(task)
        self._owner = owner
        self._statuses = statuses

    def __len__(self) -> int:
        return len(self._statuses.names)

    @property
    def bytes(self) -> int:
        return sum(self._statuses.sizes)

    @property
    def latest(self) -> int:
        return max(self._statuses.ctimes, default=0)

    def packed(self) -> Packed | None:
        return pack_statuses(self._task.first, self._statuses, self._owner) if len(self) else None

    def rows(self) -> Iterator[tuple[Value, ...]]:
        for offset, *facts in zip(*self._statuses, strict=True):
            yield (self._task.first + offset, self._task.number, *facts, *self._owner, 1)


def healthy_statuses(
    task: Slice, found: Sequence[os.stat_result]
) -> tuple[HealthyStatuses, list[int], list[int]] | None:
    """The healthy files of a slice by their statuses alone, all at once; the numbers of all
    statuses (see `statuses`), and the places of the names that need a closer look.

    None unless the names are in a usual cur, and the files are alike but for sizes and times.
    """
    if task.place != Place.CUR or task.folder.separator is not None or task.folder.sizes:
        return None
    kinds = set(map(_kind_of, found))
    if len(kinds) > 1:
        return None
    mode, links, uid, gid = kinds.pop()
    numbers = numbers_of(found)
    if not stat.S_ISREG(mode) or links > 1 or isinstance(numbers, list):
        return None
    if not fit_permissions(mode, uid, gid, task.folder.owner) or min(numbers[1::4]) < -LATEST_TIME:
        return None
    columns = [numbers[column::4] for column in range(4)]
    odd = not_surely_sound(task.names, columns[0])
    offsets, names = range(len(found)), task.names
    if odd:
        wanted = bytearray(b"\1") * len(found)
        for offset in odd:
            wanted[offset] = 0
        offsets, names = list(compress(offsets, wanted)), list(compress(names, wanted))
        columns = [array("q", compress(column, wanted)) for column in columns]
    statuses = Statuses(offsets, names, *columns)
    return HealthyStatuses(task, (mode, uid, gid), statuses), numbers.tolist(), odd


def content_of(seen: Peek) -> tuple[Value, ...]:
    """The columns that come after those of a status in USUAL_COLUMNS."""
    virtual, identity, sender, subject, date = seen
    return USUAL, virtual, identity, sender_shown(sender), subject_shown(subject), date
