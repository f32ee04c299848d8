"""Where servers and syncs will stop once a plan has been carried out.

It is derived from the survey that the plan was made from, which is always one of the whole spool,
and from what became of the plan. Which programs stop at which problem is in the catalogue.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from mailsurgeon.diagnosis.catalogue import CATALOGUE, problem_kind
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.diagnosis.stops import Stoppage
from mailsurgeon.maildir.filename import split
from mailsurgeon.surgery.model import Act, Left, Plan, QuarantinePath

if TYPE_CHECKING:
    from mailsurgeon.survey.index.index import Index
    from mailsurgeon.survey.index.rows import ProblemRow

STOPPING = tuple(
    code for code, kind in CATALOGUE.items() if kind.stops.any or kind.server.hides_size
)
"""The kinds of problems at which some program may stop."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A problem at which programs stop. `clash`: what it shares with another message, as long as
    both have it; `keeps`: it is the one of these that is to keep it."""

    path: bytes
    code: str
    stops: Stoppage
    clash: object = None
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where programs stop now. `unseen`: how many paths the survey could not examine; `excluded`:
    it left others out on request."""

    obstacles: tuple[Obstacle, ...]
    unseen: int = 0
    excluded: bool = False

    @property
    def whole(self) -> bool:
        """Whether the survey saw all there is."""
        return not (self.unseen or self.excluded)


def obstacles_left(index: Index, plan: Plan) -> list[Obstacle]:
    """The obstacles that no act of the plan removes."""
    ended = {(act.entry, code) for act in plan.acts for code in act.codes}
    gone = {act.entry for act in plan.acts if _takes_away(act)}
    return [
        obstacle
        for row in index.problems(codes=STOPPING)
        if row.entry not in gone and (row.entry, row.code) not in ended
        and (obstacle := _obstacle(row)) is not None
    ]  # fmt: skip


def _obstacle(row: ProblemRow) -> Obstacle | None:
    kind = problem_kind(row.code)
    stops = kind.stops_at(row.detail)
    if row.severity == Severity.INFO or not stops.any:
        return None
    shared: object = None
    if kind.shares_uid:
        shared = split(os.path.basename(row.path))[0]
    elif kind.shares_synced_uid:
        shared = row.detail.get("uid")
    clash = None if shared is None else (row.code, row.folder, shared)
    return Obstacle(row.path, row.code, stops, clash, clash is not None and row.remedy is None)


def _takes_away(act: Act) -> bool:
    return any(isinstance(step.target, QuarantinePath) for step in act.steps
               if step.source == act.path)  # fmt: skip


def still_there(
    left: Iterable[Obstacle], plan: Plan, undone: Collection[Act] = ()
) -> tuple[Obstacle, ...]:
    """The obstacles after the run: those that no act was to remove (`left`), and those of the acts
    that were not done (`undone`). Of messages that clash none is left when only one remains."""
    found = [*left, *_not_removed(undone)]
    others = {one.clash for one in found if not one.keeps}
    moved = new_places(plan, undone)
    return tuple(
        replace(one, path=path)
        for one in found
        if (not one.keeps or one.clash in others)
        and (path := moved(one.path)) is not None
        and (not one.stops.reading or _is_served(path))
    )


def _is_served(path: bytes) -> bool:
    """Whether a message lies in the cur or new of a folder."""
    return os.path.basename(os.path.dirname(path)) in (b"cur", b"new")


def _not_removed(acts: Collection[Act]) -> Iterator[Obstacle]:
    for act in acts:
        for code in act.codes:
            kind = problem_kind(code)
            if kind.stops.any:
                yield Obstacle(act.path, code, kind.stops)


def new_places(plan: Plan, undone: Collection[Act] = ()) -> Callable[[bytes], bytes | None]:
    """A function that tells where what the survey saw at a path is once the plan has been carried
    out, without these acts; None in the quarantine."""

    @cache
    def moves() -> dict[bytes, bytes]:
        skipped = set(map(id, undone))
        return {
            step.source: step.target
            for act in plan.acts
            if id(act) not in skipped
            for step in act.steps
            if step.source is not None and step.target is not None
        }

    def place(path: bytes) -> bytes | None:
        above = path
        while above:
            target = moves().get(above)
            if target is not None:
                return None if isinstance(target, QuarantinePath) else target + path[len(above) :]
            above = os.path.dirname(above)
        return path

    return place


def left_after(plan: Plan, undone: Collection[Act] = ()) -> list[Left]:
    """What the plan has left alone, by its present path unless that is in the quarantine."""
    moved = new_places(plan, undone)
    return [replace(item, path=moved(item.path) or item.path) for item in plan.left]


def without_settled(left: Iterable[Left], there: Collection[Obstacle]) -> list[Left]:
    """Without the messages that keep what they shared with others, none of which has it now."""
    clashing = {(one.path, one.code) for one in there if one.keeps}

    def settled(item: Left) -> bool:
        keeps = not (item.refused or item.hint) and any(map(_is_shared, item.codes))
        return keeps and not any((item.path, code) in clashing for code in item.codes)

    return [item for item in left if not settled(item)]


def _is_shared(code: str) -> bool:
    kind = problem_kind(code)
    return kind.shares_uid or kind.shares_synced_uid
