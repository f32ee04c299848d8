"""From a plan to its report: show it, ask, brake, apply, tell."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mailsurgeon.cli.console import INTERRUPTED, complain, interruptible, progress
from mailsurgeon.cli.open_spool import opened, several
from mailsurgeon.cli.options import (
    Common,
    Consent,
)
from mailsurgeon.cli.session import SurveyedSpool, surgeon_for, surveyed
from mailsurgeon.errors import Refused, SpoolError
from mailsurgeon.report.not_examined import print_unseen
from mailsurgeon.report.outcome import plan_outcome, print_report, report_outcome
from mailsurgeon.report.output import as_json, console_for, counted
from mailsurgeon.report.plan import print_plan
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.surgery.plan.brake import BRAKE_MESSAGES, brake
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import visible


def on_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def may_change(consent: Consent) -> bool:
    """Whether this run can come to change anything: agreed to, or somebody can be asked."""
    return not consent.dry_run and (consent.yes or on_terminal())


def carry_out(
    surgeon: Surgeon,
    plan: Plan,
    consent: Consent,
    common: Common,
    *,
    sizes: Mapping[bytes, int] | None = None,
    unseen: Sequence[NotExamined] = (),
) -> int:
    """Shows, asks, applies and reports; gives the exit code.

    `sizes`: messages by folder path, for the brake. `unseen`: what the survey did not look at.
    """
    refused = any(left.refused for left in plan.left)
    if consent.dry_run or not plan.acts:
        write_outcome(plan_outcome(plan, unseen), lambda: _show(plan, common, unseen), consent)
        return 1 if plan.acts or refused else 0
    number = None if plan.brake_exempt else brake(plan, sizes or {})
    if not agreed(plan, number, consent, common, unseen):
        return 1
    report, stopped = run_plan(surgeon, plan, common)
    write_report(surgeon, plan, report, consent, common, unseen)
    return INTERRUPTED if stopped else exit_code(plan, report)


def agreed(
    plan: Plan,
    number: int | None,
    consent: Consent,
    common: Common,
    unseen: Sequence[NotExamined] = (),
) -> bool:
    """Whether the plan may run: agreed to beforehand, or asked for and agreed to now.

    `number` is what the brake asks to be typed, or None. Raises Refused over a limit.
    """
    allowed = consent.max is not None and len(plan) <= consent.max
    if consent.max is not None and not allowed:
        raise Refused(f"{_size(plan)} would be changed, and --max allows {consent.max:,}")
    if consent.yes:
        if number is not None and number > BRAKE_MESSAGES and not allowed:
            raise Refused(f"{_size(plan)} would be changed; --max {number} allows it")
        return True
    if not on_terminal():
        write_outcome(plan_outcome(plan, unseen), lambda: _show(plan, common, unseen), consent)
        complain("nothing was changed; --yes does what the plan says")
        return False
    print_plan(plan, console_for(sys.stderr), whole=common.verbose)
    print_unseen(console_for(sys.stderr), unseen, whole=common.verbose)
    if number is not None and not allowed and not _answered(f"Type {number} to go on: ", number):
        complain("nothing was changed")
        return False
    return confirmed()


def confirmed() -> bool:
    """Asks on the terminal whether to go on; only a yes is one."""
    if _ask("Do this? [y/N] ").lower() in ("y", "yes"):
        return True
    complain("nothing was changed")
    return False


def _size(plan: Plan) -> str:
    return counted(len(plan), "message or directory", "messages and directories")


def _answered(question: str, number: int) -> bool:
    return _ask(question).replace(",", "") == str(number)


def _ask(question: str) -> str:
    """The answer, typed on the terminal; empty at its end."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def run_plan(surgeon: Surgeon, plan: Plan, common: Common) -> tuple[Report, bool]:
    """Applies the plan; also tells whether it was interrupted (it then ends with its batch)."""
    with progress(not common.quiet) as advance, interruptible() as interrupted:
        report = surgeon.apply(
            plan,
            on_progress=lambda done, total: advance(plan.kind, done, total),
            cancelled=interrupted,
        )
        return report, interrupted()


def exit_code(plan: Plan, report: Report) -> int:
    """0 when all was done that was asked for, else 1."""
    left = any(item.refused for item in plan.left)
    return 0 if report.state == "applied" and not report.refused and not left else 1


def write_report(
    surgeon: Surgeon,
    plan: Plan,
    report: Report,
    consent: Consent,
    common: Common,
    unseen: Sequence[NotExamined] = (),
) -> None:
    """The report of one operation on stdout."""
    quiet = common.quiet and exit_code(plan, report) == 0

    def table() -> None:
        if quiet:
            print_unseen(console_for(sys.stdout), unseen)
            return
        print_report(
            plan,
            report,
            console_for(sys.stdout),
            undo=undo_command(surgeon, report, common),
            unseen=unseen,
            whole=common.verbose,
        )

    write_outcome(report_outcome(plan, report, unseen), table, consent)


def undo_command(surgeon: Surgeon, report: Report, common: Common) -> str:
    """What takes the operation back, ready to be typed; empty where nothing does."""
    word = {"undo": "redo", "recover": "", "purge": ""}.get(report.kind, "undo")
    if not word or report.operation is None or not report.done:
        return ""
    words = ["mailsurgeon", word, surgeon.spool.shown]
    if report.kind not in ("undo", "redo"):
        words.append(str(report.operation))
    if common.state_dir is not None:
        words += ["--state-dir", str(common.state_dir)]
    return visible(shlex.join(words))


def _show(plan: Plan, common: Common, unseen: Sequence[NotExamined]) -> None:
    print_plan(plan, console_for(sys.stdout), whole=common.verbose)
    print_unseen(console_for(sys.stdout), unseen, whole=common.verbose)


def write_outcome(outcome: dict[str, Any], table: Callable[[], None], consent: Consent) -> None:
    """An outcome in the format asked for, on stdout."""
    if consent.format == "json":
        sys.stdout.write(as_json(outcome, indent=1) + "\n")
    else:
        table()


Planner = Callable[[SurveyedSpool], Plan]


def operate(spool: str, planned: Planner, consent: Consent, common: Common) -> int:
    """Surveys the spool, makes the plan and carries it out; gives the exit code."""
    if several(spool, common):
        # As one spool, mail of one user would be judged by that of another.
        raise SpoolError(
            f"{visible(spool)}: holds several spools; name one of them (mailsurgeon scan-all lists"
            " them), or give --layout fs where they are folders of one"
        )
    place = opened(spool, common)
    changes = may_change(consent)
    with surgeon_for(place, common, force=consent.force, changes=changes) as surgeon:
        with surveyed(place, common) as bench:
            plan = planned(bench)
            sizes = {row.path: row.messages for row in bench.index.folders()}
            unseen = bench.index.not_examined()
        return carry_out(surgeon, plan, consent, common, sizes=sizes, unseen=unseen)
