"""What a session log holds: when and where it was written, counts, sessions, operations, steps."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from mailsurgeon.report.log.messages import LoggedStep, MessageFinder
from mailsurgeon.surgery.journal.change_counts import ChangeCount
from mailsurgeon.surgery.journal.records import Operation, Session
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index

STATES = ("done", "undone", "planned", "refused")


class SessionPart(NamedTuple):
    """Operations of one session that follow one another. `session` is None if the journal does not
    have it; `again`: operations of others lie between these and earlier ones."""

    id: str
    session: Session | None
    operations: Sequence[Operation]
    again: bool


class KindCounts(NamedTuple):
    """How many changes of one kind (a verdict) are in each of STATES."""

    kind: str
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SessionLog:
    """The operations of a journal, oldest first, or those of one session. `written`: unix seconds.

    The steps are read as they are asked for, and only once: see `steps`.
    """

    surgeon: Surgeon
    operations: Sequence[Operation]
    counts: Mapping[int, Sequence[ChangeCount]]
    known_sessions: Mapping[str, Session]
    written: float
    messages: MessageFinder = field(repr=False)

    @property
    def parts(self) -> Iterator[SessionPart]:
        """The operations by session, in their order."""
        seen: set[str] = set()
        for id, operations in groupby(self.operations, lambda operation: operation.session):
            yield SessionPart(id, self.known_sessions.get(id), list(operations), id in seen)
            seen.add(id)

    @property
    def sessions(self) -> int:
        """How many sessions there are."""
        return len({operation.session for operation in self.operations})

    @property
    def operation_states(self) -> Mapping[str, int]:
        """How many operations there are in each state, as the journal names them."""
        return Counter(operation.state for operation in self.operations)

    @property
    def kinds(self) -> Sequence[KindCounts]:
        """All changes by kind, in the order in which each was first made."""
        return by_kind(one for operation in self.operations for one in self.of(operation))

    def of(self, operation: Operation) -> Sequence[ChangeCount]:
        """The counts of one operation."""
        return self.counts.get(operation.id, ())

    def steps(self, operation: Operation) -> Iterator[LoggedStep]:
        """The steps of an operation, each with its message as far as it is known."""
        return self.messages.beside(self.surgeon.steps(operation.id))


def read_log(
    surgeon: Surgeon, index: Index | None, session: str | None, written: float | None
) -> SessionLog:
    """The log of a journal. `index` is of the last survey, None without one; `session`: its
    operations only; `written` in unix seconds, now by default. Raises JournalError."""
    operations = [one for one in surgeon.operations() if session in (None, one.session)]
    counts: dict[int, list[ChangeCount]] = {}
    for count in surgeon.change_counts():
        counts.setdefault(count.operation, []).append(count)
    return SessionLog(
        surgeon,
        operations,
        counts,
        {one.id: one for one in surgeon.sessions()},
        time.time() if written is None else written,
        MessageFinder(surgeon, index),
    )


def by_kind(counts: Iterator[ChangeCount] | Sequence[ChangeCount]) -> list[KindCounts]:
    """The counts by kind, in the order of their first."""
    found: dict[str, Counter[str]] = {}
    for count in counts:
        found.setdefault(count.verdict, Counter())[count.state] += count.number
    return [KindCounts(kind, states) for kind, states in found.items()]


def in_all(kinds: Sequence[KindCounts]) -> Mapping[str, int]:
    """How many changes are in each state."""
    total: Counter[str] = Counter()
    for one in kinds:
        total.update(one.states)
    return total
