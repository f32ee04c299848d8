"""A plan as lines: one row per verdict, then what the operator must know before agreeing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.text import Text

from mailsurgeon.report.output import counted
from mailsurgeon.report.plan import verdicts
from mailsurgeon.surgery.fsops.paths import spelled
from mailsurgeon.surgery.model import Act, Left, Plan, QuarantinePath, Step
from mailsurgeon.text import path_shown, visible
from mailsurgeon.tui.text.changes import shown
from mailsurgeon.tui.text.fields import fit

FIRST_BATCH_STEPS = 500  # steps the journal commits together at first


def verdict_row(verdict: str, acts: Sequence[Act], dropped: bool) -> Text:
    """`   file   11,961   .Archives.2012/ -> .Archives.2012/cur/`"""
    mark = "-" if dropped else " "
    text = f" {mark} {fit(visible(verdict), 22)} {len(acts):>8,}   {_where(acts)}"
    return Text(text + ("   dropped" if dropped else ""), "dim" if dropped else "")


def verdict_rows(plan: Plan, dropped: frozenset[str]) -> list[tuple[str, Text]]:
    """The rows, each with its verdict."""
    return [
        (verdict, verdict_row(verdict, acts, verdict in dropped)) for verdict, acts in by_size(plan)
    ]


def by_size(plan: Plan) -> list[tuple[str, list[Act]]]:
    """The verdicts with their acts, the most numerous first."""
    return sorted(verdicts(plan).items(), key=lambda item: -len(item[1]))


def body_of(plan: Plan, first: int = 4) -> list[Text]:
    """What clients will notice, the `first` acts, what is left alone, what is needed."""
    lines: list[Text] = []
    lines += _section("Of these", _notes(plan.acts))
    lines += _section("What clients will notice", map(visible, plan.effects))
    if plan.acts:
        total = len(plan.acts)
        shown_first = _first(by_size(plan)[0][1], total, first)
        lines += _section(f"First of {counted(total, 'act')}", shown_first)
    lines += _section("Left alone", _left(plan.left))
    lines += _section("Needs", _needs(plan))
    return lines


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
    return visible(f"Nothing to do{number}: {reason}{f' ({hint})' if hint else ''}.")


def plan_lines(plan: Plan) -> tuple[int, Callable[[int], Text]]:
    """The number of all steps, and a function that makes the line of each."""
    steps = [(act, step) for act in plan.acts for step in act.steps]

    def line(number: int) -> Text:
        act, step = steps[number]
        return Text.assemble((f"{visible(act.verdict):<22} ", "dim"), step.tell(shown))

    return len(steps), line


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


def _first(acts: Sequence[Act], total: int, limit: int) -> Iterator[str]:
    for act in acts[:limit]:
        step = main_step(act)
        if step is None:
            continue
        yield shown(act.path)
        if step.target is not None and step.target != act.path:
            yield f"  -> {shown(spelled(step.target))}"
        elif step.source != act.path or step.target is None:
            yield f"  {step.tell(shown)}"
    if total > min(limit, len(acts)):
        yield "...   w  the whole list"


def _left(left: Sequence[Left]) -> Iterator[str]:
    groups = Counter((item.refused, item.reason, item.hint) for item in left)
    for (refused, reason, hint), number in groups.most_common(8):
        word = "refused" if refused else "left"
        more = f" ({visible(hint)})" if hint else ""
        yield f"{number:,} {word}: {visible(reason)}{more}"
    if len(groups) > 8:
        yield f"and {len(groups) - 8:,} other reasons"


def _needs(plan: Plan) -> Iterator[str]:
    yield from map(visible, plan.needs)
    if sum(len(act.steps) for act in plan.acts) > FIRST_BATCH_STEPS:
        yield "done in batches; Esc stops after one"
