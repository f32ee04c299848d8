"""Readings of the index for the screen: a snapshot of the whole, a list, the changes of a list.

Workers call these functions with their own connection to the index.
"""

from __future__ import annotations

import contextlib
import itertools
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.questions import problem_counts_by_severity
from mailsurgeon.survey.index.rows import ViewQuery
from mailsurgeon.tui.messages import KindRow, Renewed, Snapshot


@dataclass(frozen=True, slots=True)
class ListOrder:
    """An order of the list: ViewQuery's sort, whether descending, and the name."""

    sort: str
    descending: bool
    name: str


SORT_CYCLE = (
    ListOrder(
        "date", False, "by date, oldest first; of one kind, those first that can be repaired"
    ),
    ListOrder("date", True, "by date, newest first"),
    ListOrder("size", True, "by size, largest first"),
    ListOrder("sender", False, "by sender"),
    ListOrder("subject", False, "by subject"),
    ListOrder("problem", True, "by problem, worst first"),
    ListOrder("path", False, "by path"),
)
"""The orders that `s` goes through; from the last one it goes to the first."""
_REVERSED = (
    ListOrder("size", False, "by size, smallest first"),
    ListOrder("sender", True, "by sender, backwards"),
    ListOrder("subject", True, "by subject, backwards"),
    ListOrder("problem", False, "by problem, the worst last"),
    ListOrder("path", True, "by path, backwards"),
)


def next_order(order: ListOrder) -> ListOrder:
    """The order after this one in SORT_CYCLE."""
    here = SORT_CYCLE.index(order) if order in SORT_CYCLE else -1
    return SORT_CYCLE[(here + 1) % len(SORT_CYCLE)]


def order_by(sort: str, now: ListOrder) -> ListOrder:
    """The order that a click on the head of a column asks for: by that column, or the other way
    round if the list is sorted by it."""
    ways = [one for one in (*SORT_CYCLE, *_REVERSED) if one.sort == sort]
    return ways[1] if now == ways[0] else ways[0]


_readings = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where the cursor goes in the next list: to an entry or an end; else it stays on its line."""

    entry: int | None = None
    end: str = ""  # "first", "last", or empty

    def in_list(self, ids: Sequence[int]) -> int | None:
        """The entry of this list to go to, or None."""
        if self.end and ids:
            return ids[0] if self.end == "first" else ids[-1]
        return self.entry


@contextlib.contextmanager
def own_index(index: Index) -> Iterator[Index]:
    """A connection to the index for the calling thread, closed at the end."""
    mine = index.again()
    try:
        yield mine
    finally:
        mine.close()


def read_snapshot(index: Index) -> Snapshot:
    """Reads the snapshot of the whole spool."""
    order = next(_readings)
    worst: dict[str, int] = {}
    for code, severity, _number in problem_counts_by_severity(index):
        worst[code] = max(severity, worst.get(code, 0))
    counts = index.problem_counts().items()
    # A code that came between the two readings is shown as it is at the next one.
    kinds = (KindRow(code, n, Severity(worst[code])) for code, n in counts if code in worst)
    return Snapshot(
        tuple(index.folders()), tuple(kinds), len(index.not_examined()), index.meta("depth"), order
    )


def alike(
    index: Index, view: array[int], code: str, remedy: str | None, any_remedy: bool
) -> frozenset[int]:
    """The entries of a view that have problem `code` with this remedy (or with any)."""
    shown = set(view)
    return frozenset(
        problem.entry
        for problem in index.problems(codes=[code])
        if problem.entry in shown and (any_remedy or problem.remedy == remedy)
    )


def with_filters(
    query: ViewQuery, text: str, badges: frozenset[str], order: ListOrder
) -> ViewQuery:
    """The query of a place with the operator's filters and order."""
    return replace(
        query, text=text, badges=badges, sort=order.sort, descending=order.descending,
        repairable_first=order == SORT_CYCLE[0],
    )  # fmt: skip


def renew(
    index: Index,
    ticket: int,
    query: ViewQuery,
    view: Sequence[int],
    renamed: dict[int, int],
    changed: frozenset[int],
) -> Renewed:
    """What has become of a list, and how a new reading would differ."""
    same = array("q", (renamed.get(number, number) for number in view) if renamed else view)
    now, shown = set(index.view(query)), set(same)
    renewed = {number for number in renamed.values() if number > 0}
    return Renewed(
        ticket, same, renamed, len(now - shown), len(shown - now),
        frozenset(shown & (changed | renewed)),
    )  # fmt: skip
