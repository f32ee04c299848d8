"""Collects the healthy messages of a slice while it is examined, and packs them at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsurgeon.diagnosis.folder_rules import fit_permissions
from mailsurgeon.maildir.message_fast import USUAL, Peek, sender_shown, subject_shown
from mailsurgeon.survey.index.packed import (
    MOST_OWNERS,
    Healthy,
    HealthyColumns,
    Owner,
    pack,
    pack_columns,
)
from mailsurgeon.survey.index.slice import Packed, Slice
from mailsurgeon.survey.index.sql import Value


class HealthyMessages:
    """`messages` are those that Python has found so far; append to it."""

    def __init__(self, task: Slice) -> None:
        self.messages: list[Healthy] = []
        self._task = task
        self._owners: dict[Owner, int] = {}
        self._columns: HealthyColumns | None = None

    def add_columns(self, columns: HealthyColumns, owners: Iterable[Owner]) -> None:
        """Adds what the native reader has found: messages, and the modes and owners that they have.
        Call this before any other."""
        self._columns = columns if columns.offsets else None
        self._owners = {owner: number for number, owner in enumerate(owners)}

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
        columns = self._columns
        return len(self.messages) + (len(columns.offsets) if columns else 0)

    @property
    def bytes(self) -> int:
        """The sum of their sizes."""
        columns = self._columns
        return sum(message[2] for message in self.messages) + (sum(columns.sizes) if columns else 0)

    @property
    def latest(self) -> int:
        """The latest of their ctimes (ns); 0 without any."""
        latest = max((message[4] for message in self.messages), default=0)
        return max(latest, *self._columns.ctimes) if self._columns else latest

    def packed(self) -> Packed | None:
        """All of them, packed; None without any, or if one of them cannot be packed."""
        task, columns = self._task, self._columns
        if columns is not None:
            if not self.messages:
                return pack_columns(task.first, columns, list(self._owners))
            self.messages = sorted([*columns.messages(), *self.messages])
            self._columns = None
        if not self.messages:
            return None
        return pack(task.first, self.messages, list(self._owners), full=task.moment.full)

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """All of them as new rows, with QUICK_COLUMNS or USUAL_COLUMNS."""
        task, owners = self._task, list(self._owners)
        for offset, *facts, owner, virtual, identity, sender, subject, date in self.messages:
            content: tuple[Value, ...] = ()
            if task.moment.full:
                content = content_of((virtual, identity, sender, subject, date))
            yield (task.first + offset, task.number, *facts, *owners[owner], 1, *content)


def content_of(seen: Peek) -> tuple[Value, ...]:
    """The columns that come after those of a status in USUAL_COLUMNS."""
    virtual, identity, sender, subject, date = seen
    return USUAL, virtual, identity, sender_shown(sender), subject_shown(subject), date
