"""Reports an operation: done, refused, left, what clients notice, and how to undo it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mailsurgeon.procedures.obstacles import Outlook
from mailsurgeon.report.follow_up.command_line import BRIEF, CommandStyle
from mailsurgeon.report.follow_up.left import left_as_dicts, print_left
from mailsurgeon.report.follow_up.outlook import outlook_as_dict, print_outlook
from mailsurgeon.report.not_examined import print_unseen, unseen_as_dicts
from mailsurgeon.report.output import path_json, print_folded
from mailsurgeon.report.plan import plan_as_dict, plan_summary, print_notes, print_plan
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import path_shown, visible

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What a report says besides the plan and its result. `unseen`: what the survey could not
    examine; `outlook`: where servers and syncs stop, if the report says it; `style`: how the
    commands that follow are spelled."""

    unseen: Sequence[NotExamined] = ()
    outlook: Outlook | None = None
    style: CommandStyle = BRIEF


NOTHING_MORE = ReportContext()


def plan_outcome(plan: Plan, known: ReportContext = NOTHING_MORE) -> dict[str, Any]:
    """The JSON of a command that has not run its plan: the plan, in the shape of an outcome."""
    return {
        "schema": 1,
        "operation": None,
        "kind": plan.kind,
        "state": "planned" if plan.acts else "nothing to do",
        "summary": plan_summary(plan),
        "done": {},
        "refused": [],
        "left": left_as_dicts(plan.left, known.style),
        "effects": list(plan.effects),
        "not_examined": unseen_as_dicts(known.unseen),
        **_servers(known),
        "plan": plan_as_dict(plan),
    }


def report_outcome(
    plan: Plan, report: Report, known: ReportContext = NOTHING_MORE
) -> dict[str, Any]:
    """The JSON of a command that has run its plan."""
    return {
        "schema": 1,
        "operation": report.operation,
        "kind": report.kind,
        "state": report.state,
        "summary": report.summary,
        "done": dict(report.done),
        "refused": [
            {"path": path_json(item.path), "reason": item.reason} for item in report.refused
        ],
        "left": left_as_dicts(plan.left, known.style),
        "effects": list(report.effects),
        "not_examined": unseen_as_dicts(known.unseen),
        **_servers(known),
    }


def _servers(known: ReportContext) -> dict[str, Any]:
    return {} if known.outlook is None else {"servers": outlook_as_dict(known.outlook)}


def print_outcome_of_plan(
    plan: Plan, console: Console, known: ReportContext = NOTHING_MORE, *, whole: bool = False
) -> None:
    """Prints a plan that is not run: all that follows from it, with the commands to go on with."""
    print_plan(plan, console, whole=whole, style=known.style)
    if known.outlook is not None:
        print_outlook(console, known.outlook, whole=whole, planned=bool(plan.acts))
    print_unseen(console, known.unseen, whole=whole)


def print_report(
    plan: Plan,
    report: Report,
    console: Console,
    *,
    undo: str,
    known: ReportContext = NOTHING_MORE,
    again: Sequence[str] = (),
    whole: bool = False,
) -> None:
    """Prints the report as text. `undo`: the command line that undoes the operation, or empty;
    `again`: those that do what was not done."""
    print_folded(console, f"{report.kind}: {visible(report.summary)} ({visible(report.state)})")
    for verdict, number in report.done.items():
        console.print(f"{'done':<8}  {number:,} {visible(verdict)}", soft_wrap=True)
    for item in report.refused:
        line = f"{'refused':<8}  {path_shown(item.path)}: {visible(item.reason)}"
        console.print(line, soft_wrap=True)
    print_notes(console, "clients", report.effects)
    print_left(console, plan.left, whole=whole, style=known.style)
    if known.outlook is not None:
        print_outlook(console, known.outlook, whole=whole)
    print_unseen(console, known.unseen, whole=whole)
    for number, line in enumerate(again):
        console.print(f"{'' if number else 'again':<8}  {line}", soft_wrap=True)
    if report.operation is not None:
        back = f" {undo} takes it back." if undo else ""
        console.print(f"Operation {report.operation}.{back}", soft_wrap=True)
