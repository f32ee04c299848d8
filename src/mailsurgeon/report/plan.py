"""Shows a plan before it runs: as a table for the operator, as JSON with every step."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.report.follow_up.command_line import CommandStyle
from mailsurgeon.report.follow_up.left import print_left
from mailsurgeon.report.output import console_for, path_json, print_folded, print_table
from mailsurgeon.surgery.fsops.paths import spelled
from mailsurgeon.surgery.model import Act, Left, Plan, Step
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import path_shown, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

FIRST_PATHS = 3


def verdicts(plan: Plan) -> dict[str, list[Act]]:
    """The acts by verdict, in the order in which the verdicts first appear."""
    found: dict[str, list[Act]] = {}
    for act in plan.acts:
        found.setdefault(act.verdict, []).append(act)
    return found


def plan_summary(plan: Plan) -> str:
    """`file 84, quarantine empty 21`; safe to show."""
    if not plan.acts:
        return "nothing to do"
    return visible(", ".join(f"{name} {len(acts):,}" for name, acts in verdicts(plan).items()))


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """The whole plan, ready for JSON: its acts in order, each with its steps."""
    return {
        "kind": plan.kind,
        "of": plan.of,
        "verdicts": {name: len(acts) for name, acts in verdicts(plan).items()},
        "needs": list(plan.needs),
        "acts": [_act(act) for act in plan.acts],
    }


def print_plan(
    plan: Plan, console: Console, *, whole: bool = False, style: CommandStyle | None = None
) -> None:
    """Prints a row for each verdict with its count and first paths (`whole`: every path and step),
    then what clients will notice, what the plan uses (its `needs`), and what it leaves alone; with
    a `style` also which messages that are, and the commands that ask for them."""
    print_folded(console, f"{plan.kind}: {plan_summary(plan)}")
    if plan.acts:
        print_table(console, _table(plan, whole))
    print_notes(console, "clients", plan.effects)
    print_notes(console, "uses", plan.needs)
    print_left(console, plan.left, whole=whole, style=style)


def print_question(plan: Plan, console: Console, unseen: Sequence[NotExamined] = ()) -> None:
    """Prints the plan before the operator is asked, with as many examples as fit on the screen.
    What it leaves alone is only counted."""
    text = ""
    for examples in (FIRST_PATHS, 1, 0):
        stream = io.StringIO()
        trial = console_for(stream, console.width)
        print_folded(trial, f"{plan.kind}: {plan_summary(plan)}")
        if examples:
            print_table(trial, _table(plan, whole=False, examples=examples))
        print_notes(trial, "clients", plan.effects)
        print_notes(trial, "uses", plan.needs)
        print_left(trial, [item for item in plan.left if item.refused])
        print_notes(trial, "not done", filter(None, [_counts(plan.left)]))
        if unseen:
            trial.print(f"{len(unseen):,} not examined")
        text = stream.getvalue()
        if text.count("\n") < console.height:
            break
    console.file.write(text)


def _counts(left: Iterable[Left]) -> str:
    """`2 SIZE, 1 TRNC`, in the order of the catalogue."""
    found = Counter(code for item in left if not item.refused for code in item.codes)
    counts = [f"{found[code]:,} {kind.badge}" for code, kind in CATALOGUE.items() if found[code]]
    return f"{', '.join(counts)}; --dry-run names them" if counts else ""


def print_notes(console: Console, label: str, notes: Iterable[str]) -> None:
    """Prints each note on a line of its own; the label stands before the first."""
    for number, note in enumerate(notes):
        print_folded(console, f"{'' if number else label:<8}  {visible(note)}")


def _table(plan: Plan, whole: bool, examples: int = FIRST_PATHS) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("what", no_wrap=True)
    table.add_column("number", justify="right", no_wrap=True)
    table.add_column("where from and where to", overflow="fold")
    for verdict, acts in verdicts(plan).items():
        rows = list(_rows(acts if whole else acts[:examples], whole))
        if not whole and len(acts) > examples:
            rows.append(f"and {len(acts) - examples:,} more")
        for number, row in enumerate(rows):
            first = number == 0
            table.add_row(visible(verdict) if first else "", f"{len(acts):,}" if first else "", row)
    return table


def _rows(acts: Iterable[Act], whole: bool) -> Iterator[str]:
    for act in acts:
        note = f" ({visible(act.note)})" if act.note else ""
        if whole:
            for step in act.steps:
                yield f"{step.tell()}{_values(step)}{note}"
                note = ""
        else:
            yield f"{_from_to(act)}{note}"


def _values(step: Step) -> str:
    """What a step changes besides paths: ` 0777 -> 0700`."""
    pairs = (f"{old or 'nothing'} -> {new or 'nothing'}" for old, new in step.values)
    text = "; ".join(pairs)
    return f" {text}" if text else ""


def _from_to(act: Act) -> str:
    """The act in one line: where its own file goes, or else its first step."""
    for step in act.steps:
        if step.source == act.path and step.target is not None:
            return f"{path_shown(act.path)} -> {path_shown(spelled(step.target))}"
    return path_shown(act.path)


def _act(act: Act) -> dict[str, Any]:
    return {
        "verdict": act.verdict,
        "path": path_json(act.path),
        "folder": act.folder,
        "codes": list(act.codes),
        "remedies": list(act.remedies),
        "note": act.note,
        "steps": [_step(step) for step in act.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "source": None if step.source is None else path_json(spelled(step.source)),
        "target": None if step.target is None else path_json(spelled(step.target)),
        "data": step.data,
    }
