"""A plan as one list of lines: its kinds, what the operator must know, then every change.

The lines of the changes are made when they come into view, because a plan may have a million.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from rich.text import Text

from mailsurgeon.report.output import counted
from mailsurgeon.report.plan import verdicts
from mailsurgeon.surgery.fsops.paths import spelled
from mailsurgeon.surgery.model import Act, Left, Plan, QuarantinePath, Step
from mailsurgeon.text import path_shown, visible
from mailsurgeon.tui.text.changes import ARROW, shown, step_lines, wrapped, wrapped_height
from mailsurgeon.tui.text.fields import fit
from mailsurgeon.tui.text.hints import advice

FIRST_BATCH_STEPS = 500  # steps the journal commits together at first
_LABEL, _BROAD = 14, 24  # columns before a change, for the name of its kind
_INDENT = 3  # of what is wrapped
_WORDS = 32  # columns of a kind in the table of kinds, at most


@dataclass(frozen=True)
class PlanLines:
    """The lines of a plan in `width` columns; the changes of `dropped` kinds are not listed.

    `whole` is the plan as it was made; `plan` is what would be applied, None while it is made.
    """

    whole: Plan
    plan: Plan | None
    dropped: frozenset[str]
    width: int

    def __len__(self) -> int:
        return len(self._head) + (self._starts[-1] if self._starts else 0)

    def line(self, number: int) -> Text:
        """A line, from 0 on."""
        if number < len(self._head):
            return self._head[number][1]
        place, row = self._change_at(number)
        return self._change(place)[row]

    def kind_at(self, number: int) -> str | None:
        """The kind of change that a line belongs to; None for other lines."""
        if number < len(self._head):
            return self._head[number][0]
        place, _ = self._change_at(number)
        return self._changes[place][0].verdict

    def row_of(self, kind: str) -> int:
        """The line that names a kind; 0 if there is none."""
        return next((row for row, (one, _) in enumerate(self._head) if one == kind), 0)

    @property
    def first_change(self) -> int:
        """The line where the changes begin."""
        return len(self._head)

    @property
    def _label(self) -> int:
        return _BROAD if self.width >= 100 else _LABEL

    @cached_property
    def _head(self) -> list[tuple[str | None, Text]]:
        kinds = by_size(self.whole)
        words = min(max((len(verdict) for verdict, _ in kinds), default=0), _WORDS)
        rows: list[tuple[str | None, Text]] = [
            (verdict, verdict_row(verdict, acts, words, dropped=verdict in self.dropped))
            for verdict, acts in kinds
        ]
        if self.plan is not None:
            for line in _about(self.plan):
                rows += [(None, part) for part in wrapped(line, self.width, _INDENT)]
            if self.plan.acts:
                title = f" Every change ({counted(len(self.plan.acts), 'change')})"
                rows.append((None, Text(title, "bold")))
        return rows

    @cached_property
    def _changes(self) -> list[tuple[Act, Step]]:
        acts = self.plan.acts if self.plan is not None else ()
        return [(act, step) for act in acts for step in act.steps]

    @cached_property
    def _starts(self) -> list[int]:
        """How many lines the changes have up to each one."""
        return list(accumulate(self._height(place) for place in range(len(self._changes))))

    def _height(self, place: int) -> int:
        """How many lines a change has; for a rename without making them."""
        step = self._changes[place][1]
        if step.source is None or step.target is None:
            return len(self._change(place))
        paths = shown(spelled(step.source)), ARROW + shown(spelled(step.target))
        return sum(wrapped_height(path, self._room(path), _INDENT) for path in paths)

    def _room(self, line: str) -> int:
        """The columns for a line; an arrow stands before them, so that both names are aligned."""
        return self.width - self._label - 1 + (len(ARROW) if line.startswith(ARROW) else 0)

    def _change_at(self, number: int) -> tuple[int, int]:
        line = number - len(self._head)
        place = bisect_right(self._starts, line)
        return place, line - (self._starts[place - 1] if place else 0)

    def _change(self, place: int) -> list[Text]:
        act, step = self._changes[place]
        lines: list[Text] = []
        for line in step_lines(step):
            room = self._room(line.plain)
            before = " " * (self.width - room)
            lines += [Text.assemble(before, part) for part in wrapped(line, room, _INDENT)]
        says_it = step.action == act.verdict and step.target is None
        first = step is act.steps[0] and not says_it
        width = self._label
        if first:
            label = f" {fit(visible(act.verdict), width - 1):<{width}}"
            lines[0] = Text.assemble((label, "dim"), lines[0][len(label) :])
        return lines


def verdict_row(verdict: str, acts: Sequence[Act], words: int, *, dropped: bool) -> Text:
    """`   file   11,961   .Archives.2012/ -> .Archives.2012/cur/`; `words`: the columns of the
    kind."""
    mark = "-" if dropped else " "
    text = f" {mark} {fit(visible(verdict), words)} {len(acts):>8,}   {_where(acts)}"
    return Text(text + ("   dropped" if dropped else ""), "dim" if dropped else "")


def by_size(plan: Plan) -> list[tuple[str, list[Act]]]:
    """The verdicts with their acts, the most numerous first."""
    return sorted(verdicts(plan).items(), key=lambda item: -len(item[1]))


def _about(plan: Plan) -> Iterator[Text]:
    """What clients will notice, what is left alone, what is needed."""
    yield from _section("Of these", _notes(plan.acts))
    yield from _section("Clients will notice", map(visible, plan.effects))
    yield from _section("Left alone", _left(plan.left))
    yield from _section("Needs", _needs(plan))


def nothing_to_do(plan: Plan) -> str:
    """Why a plan does nothing, in one line; empty if it does something, if something is refused, or
    if there are several reasons."""
    reasons = {(item.reason, item.hint) for item in plan.left}
    if plan.acts or len(reasons) > 1 or any(item.refused for item in plan.left):
        return ""
    if not reasons:
        return "There is nothing to do."
    ((reason, hint),) = reasons
    number = f" for {len(plan.left):,}" if len(plan.left) > 1 else ""
    return visible(f"Nothing to do{number}: {reason}{advice(hint)}.")


def _section(title: str, lines: Iterable[str]) -> list[Text]:
    found = [Text(f"   {line}") for line in lines]
    return [Text(f" {title}", "bold"), *found] if found else []


def _where(acts: Sequence[Act]) -> str:
    pairs = Counter(pair for act in acts if (pair := _ends(act)))
    if not pairs:
        return ""
    if len(pairs) == 1:
        ((source, target),) = pairs
        return f"in {source}" if source == target else f"{source} -> {target}"
    folders = len({act.folder for act in acts})
    where = "one folder" if folders == 1 else f"{folders:,} folders"
    if all(source == target for source, target in pairs):
        return f"in {where}"
    targets = {target for _source, target in pairs}
    to = next(iter(targets)) if len(targets) == 1 else _common_end(targets)
    return f"in {where}{f' -> {to}' if to else ''}"


def _common_end(targets: Iterable[str]) -> str:
    ends = {target.rstrip("/").rsplit("/", 1)[-1] for target in targets}
    if all(target.startswith("quarantine") for target in targets):
        return "quarantine"
    return f"{next(iter(ends))}/" if len(ends) == 1 else ""


def _ends(act: Act) -> tuple[str, str] | None:
    step = main_step(act)
    if step is None:
        return None
    return _directory(step.source or act.path), _directory(step.target or act.path)


def main_step(act: Act) -> Step | None:
    """The step that moves the subject of the act, else the first step."""
    for step in act.steps:
        if step.source == act.path and step.target is not None:
            return step
    return act.steps[0] if act.steps else None


def _directory(path: bytes) -> str:
    if isinstance(path, QuarantinePath):
        return "quarantine"
    return path_shown(os.path.dirname(path)) + "/"


def _notes(acts: Sequence[Act]) -> Iterator[str]:
    notes = Counter(visible(act.note.split(":")[0]) for act in acts if act.note)
    for note, number in notes.most_common(4):
        yield f"{number:,}: {note}"


def _left(left: Sequence[Left]) -> Iterator[str]:
    groups = Counter((item.refused, item.reason, item.hint) for item in left)
    for (refused, reason, hint), number in groups.most_common(8):
        word = "refused" if refused else "left"
        yield f"{number:,} {word}: {visible(reason)}{advice(hint)}"
    if len(groups) > 8:
        yield f"and {len(groups) - 8:,} other reasons"


def _needs(plan: Plan) -> Iterator[str]:
    yield from map(visible, plan.needs)
    if sum(len(act.steps) for act in plan.acts) > FIRST_BATCH_STEPS:
        yield "done in batches; Esc stops after one"
