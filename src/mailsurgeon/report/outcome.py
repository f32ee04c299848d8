"""Reports an operation: done, refused, left, what clients notice, and how to undo it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mailsurgeon.report.not_examined import print_unseen, unseen_as_dicts
from mailsurgeon.report.output import path_json
from mailsurgeon.report.plan import (
    left_as_dicts,
    plan_as_dict,
    plan_summary,
    print_left,
    print_notes,
)
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import path_shown, visible

if TYPE_CHECKING:
    from rich.console import Console


def plan_outcome(plan: Plan, unseen: Sequence[NotExamined] = ()) -> dict[str, Any]:
    """The JSON of a command that has not run its plan: the plan, in the shape of an outcome."""
    return {
        "schema": 1,
        "operation": None,
        "kind": plan.kind,
        "state": "planned" if plan.acts else "nothing to do",
        "summary": plan_summary(plan),
        "done": {},
        "refused": [],
        "left": left_as_dicts(plan.left),
        "effects": list(plan.effects),
        "not_examined": unseen_as_dicts(unseen),
        "plan": plan_as_dict(plan),
    }


def report_outcome(
    plan: Plan, report: Report, unseen: Sequence[NotExamined] = ()
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
        "left": left_as_dicts(plan.left),
        "effects": list(report.effects),
        "not_examined": unseen_as_dicts(unseen),
    }


def print_report(
    plan: Plan,
    report: Report,
    console: Console,
    *,
    undo: str,
    unseen: Sequence[NotExamined] = (),
    whole: bool = False,
) -> None:
    """Prints the report as text. `undo`: the command line that undoes the operation, or empty."""
    console.print(
        f"{report.kind}: {visible(report.summary)} ({visible(report.state)})", soft_wrap=True
    )
    for verdict, number in report.done.items():
        console.print(f"{'done':<8}  {number:,} {visible(verdict)}", soft_wrap=True)
    for item in report.refused:
        line = f"{'refused':<8}  {path_shown(item.path)}: {visible(item.reason)}"
        console.print(line, soft_wrap=True)
    print_notes(console, "clients", report.effects)
    print_left(console, plan.left, whole=whole)
    print_unseen(console, unseen, whole=whole)
    if report.operation is not None:
        back = f" {undo} takes it back." if undo else ""
        console.print(f"Operation {report.operation}.{back}", soft_wrap=True)
