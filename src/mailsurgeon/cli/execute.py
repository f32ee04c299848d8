"""Takes a plan to its report: shows it, applies the brake, asks, runs it, reports."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from mailsurgeon.cli.console import (
    answer,
    asked,
    complain,
    on_terminal,
    progress,
    stoppable,
)
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import Common, Consent
from mailsurgeon.cli.session import SurveyedSpool, readers, surgeon_for, surveying
from mailsurgeon.errors import Refused
from mailsurgeon.host.interrupts import interrupted_code, interruptible
from mailsurgeon.report.not_examined import print_unseen
from mailsurgeon.report.outcome import plan_outcome, print_report, report_outcome
from mailsurgeon.report.output import as_json, console_for, counted
from mailsurgeon.report.plan import print_plan
from mailsurgeon.surgery.plan.brake import BRAKE_MESSAGES, brake
from mailsurgeon.text import visible

if TYPE_CHECKING:
    from mailsurgeon.surgery.model import Plan, Report
    from mailsurgeon.surgery.surgeon import Surgeon
    from mailsurgeon.survey.index.rows import NotExamined

    Planner = Callable[[SurveyedSpool], Plan]


def may_change(consent: Consent) -> bool:
    """Whether this run may end up changing anything: consent is given, or can be asked for."""
    return not consent.dry_run and (consent.yes or on_terminal())


def carry_out(
    surgeon: Surgeon,
    plan: Plan,
    consent: Consent,
    common: Common,
    *,
    sizes: Mapping[bytes, int] | None = None,
    unseen: Sequence[NotExamined] = (),
    codes: Collection[str] = (),
) -> int:
    """Shows the plan, asks, applies it and reports; returns the exit code.

    `sizes`: the number of messages by folder path, for the brake. `unseen`: what the survey could
    not examine, for the report. `codes`: the kinds of problems that the operator asked for.
    """
    if consent.dry_run or not plan.acts:
        write_outcome(plan_outcome(plan, unseen), lambda: _show(plan, common, unseen), consent)
        return 1 if plan.acts or _leaves(plan, codes) else 0
    number = None if plan.brake_exempt else brake(plan, sizes or {})
    if not agreed(plan, number, consent, common, unseen):
        return 1
    report, stopped = run_plan(surgeon.apply, plan, common)
    write_report(surgeon, plan, report, consent, common, unseen)
    return interrupted_code() if stopped else exit_code(plan, report, codes)


def agreed(
    plan: Plan,
    number: int | None,
    consent: Consent,
    common: Common,
    unseen: Sequence[NotExamined] = (),
) -> bool:
    """Whether the operator agrees to the plan, by an option or by answering now.

    `number` is the number that the brake makes the operator type, or None. Raises Refused if the
    plan exceeds a limit.
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
    return confirmed(f"Apply {counted(len(plan.acts), 'change')}?")


def confirmed(question: str) -> bool:
    """Asks on the terminal whether to go on; only `y` and `yes` count as agreement."""
    if asked(f"{question} [y/N] "):
        return True
    complain("nothing was changed")
    return False


def _size(plan: Plan) -> str:
    return counted(len(plan), "message or directory", "messages and directories")


def _answered(question: str, number: int) -> bool:
    return answer(question).replace(",", "") == str(number)


def run_plan(apply: Callable[..., Report], plan: Plan, common: Common) -> tuple[Report, bool]:
    """Runs the plan by `Surgeon.apply` or `Surgeon.purge`; also returns whether an interrupt
    stopped it after a batch."""
    with (
        progress(not common.quiet) as advance,
        interruptible() as interrupted,
        stoppable() as stops,
    ):
        advance(plan.kind, 0, len(plan.acts))
        report = apply(
            plan,
            on_progress=lambda done, total: advance(plan.kind, done, total),
            cancelled=interrupted,
            stops=stops,
        )
        return report, interrupted()


def exit_code(plan: Plan, report: Report, codes: Collection[str] = ()) -> int:
    """0 if everything the operator asked for was done, else 1."""
    done = report.state == "applied" and not report.refused
    return 0 if done and not _leaves(plan, codes) else 1


def _leaves(plan: Plan, codes: Collection[str]) -> bool:
    """Whether a plan refuses something, or leaves something of these kinds that another command
    would repair."""
    return any(
        item.refused or (item.hint and not frozenset(codes).isdisjoint(item.codes))
        for item in plan.left
    )


def write_report(
    surgeon: Surgeon,
    plan: Plan,
    report: Report,
    consent: Consent,
    common: Common,
    unseen: Sequence[NotExamined] = (),
) -> None:
    """Writes the report of one operation to stdout."""
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
    """The command line that undoes the operation; empty if none can."""
    word = {"undo": "redo", "recover": "", "purge": ""}.get(report.kind, "undo")
    if not word or report.operation is None or not report.done:
        return ""
    words = ["mailsurgeon", word, surgeon.spool.shown]
    if report.kind not in ("undo", "redo"):
        words.append(str(report.operation))
    if common.state_dir is not None:
        words += ["--state-dir", str(common.state_dir)]
    if common.journal is not None:
        words += ["--journal", str(common.journal)]
    return visible(shlex.join(words))


def _show(plan: Plan, common: Common, unseen: Sequence[NotExamined]) -> None:
    print_plan(plan, console_for(sys.stdout), whole=common.verbose)
    print_unseen(console_for(sys.stdout), unseen, whole=common.verbose)


def write_outcome(outcome: dict[str, Any], table: Callable[[], None], consent: Consent) -> None:
    """Writes an outcome to stdout, as JSON or by calling `table`."""
    if consent.format == "json":
        sys.stdout.write(as_json(outcome, indent=1) + "\n")
    else:
        table()


def operate(
    spool: str | None,
    planned: Planner,
    consent: Consent,
    common: Common,
    codes: Collection[str] = (),
) -> int:
    """Surveys the spool, makes the plan and carries it out; returns the exit code. `codes`: the
    kinds of problems that the operator asked for."""
    chosen = opened(spool, common)
    changes = may_change(consent)
    with ExitStack() as helped:
        reading = helped.enter_context(readers(common))
        with surgeon_for(chosen, common, force=consent.force, changes=changes) as surgeon:
            with surveying(chosen, common, reading=reading) as surveyed:
                helped.close()  # all is read
                plan = planned(surveyed)
                sizes = {row.path: row.messages for row in surveyed.index.folders()}
                unseen = surveyed.index.not_examined()
            return carry_out(
                surgeon, plan, consent, common, sizes=sizes, unseen=unseen, codes=codes
            )
