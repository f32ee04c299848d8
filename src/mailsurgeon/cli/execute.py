"""Takes a plan to its report: shows it, applies the brake, asks, runs it, reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mailsurgeon.cli.console import (
    answer,
    asked,
    complain,
    goes_on,
    on_terminal,
    progress,
    say,
    stoppable,
)
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import Common, Consent
from mailsurgeon.cli.session import SurveyedSpool, readers, surgeon_for, surveying
from mailsurgeon.errors import Refused
from mailsurgeon.host.interrupts import interrupted_code, interruptible
from mailsurgeon.procedures.obstacles import (
    Obstacle,
    Outlook,
    left_after,
    obstacles_left,
    still_there,
    without_settled,
)
from mailsurgeon.report.follow_up.command_line import CommandStyle, command_line
from mailsurgeon.report.not_examined import print_unseen
from mailsurgeon.report.outcome import (
    ReportContext,
    plan_outcome,
    print_outcome_of_plan,
    print_report,
    report_outcome,
)
from mailsurgeon.report.output import as_json, console_for, counted
from mailsurgeon.report.plan import print_plan, print_question
from mailsurgeon.surgery.plan.brake import BRAKE_MESSAGES, brake

if TYPE_CHECKING:
    from mailsurgeon.maildir.spool import Spool
    from mailsurgeon.surgery.model import Act, Plan, Report
    from mailsurgeon.surgery.surgeon import Surgeon
    from mailsurgeon.survey.index.rows import NotExamined

    Planner = Callable[[SurveyedSpool], Plan]


def may_change(consent: Consent) -> bool:
    """Whether this run may end up changing anything: consent is given, or can be asked for."""
    return not consent.dry_run and (consent.yes or on_terminal())


@dataclass(frozen=True, slots=True)
class Errand:
    """What a command was asked to do, and what its survey found besides the plan.

    `style`: how commands that follow are spelled; `codes`: the kinds of problems asked for;
    `sizes`: the number of messages by folder path, for the brake; `unseen`: what the survey could
    not examine; `obstacles`: those that the plan leaves, if the report is to say where servers and
    syncs stop.
    """

    style: CommandStyle
    codes: Collection[str] = ()
    sizes: Mapping[bytes, int] = field(default_factory=dict[bytes, int])
    unseen: Sequence[NotExamined] = ()
    obstacles: Sequence[Obstacle] | None = None

    def known(self, plan: Plan, common: Common, undone: Sequence[Act] = ()) -> ReportContext:
        """What the report says besides the plan and its result."""
        outlook = None
        if self.obstacles is not None:
            there = still_there(self.obstacles, plan, undone)
            outlook = Outlook(there, len(self.unseen), bool(common.exclude))
        return ReportContext(self.unseen, outlook, self.style)


def taking_back(word: str, spool: Spool, plan: Plan, common: Common) -> Errand:
    """The errand of `undo` or `redo`, which goes on with the same operation."""
    number = () if plan.of is None else (str(plan.of),)
    return Errand(CommandStyle(spool.shown, (word,), own=(*number, *common.words())))


def carry_out(
    surgeon: Surgeon, plan: Plan, consent: Consent, common: Common, errand: Errand
) -> int:
    """Shows the plan, asks, applies it and reports; returns the exit code."""
    if consent.dry_run or not plan.acts:
        _write_plan(plan, consent, common, errand)
        return 1 if plan.acts or _leaves(plan, errand.codes) else 0
    number = None if plan.brake_exempt else brake(plan, errand.sizes)
    with goes_on(
        lambda: _interrupted("nothing was changed", errand.style.again(errand.style.operands))
    ):
        if not agreed(plan, number, consent, common, errand):
            return 1
    report, stopped = _applied(surgeon, plan, common, errand)
    undone = _undone(surgeon, plan, report)
    write_report(surgeon, plan, report, consent, common, errand, undone, stopped=stopped)
    if stopped:
        _tell_interrupted(surgeon, plan, report, common, errand, undone)
    return interrupted_code() if stopped else exit_code(plan, report, errand.codes)


def _applied(surgeon: Surgeon, plan: Plan, common: Common, errand: Errand) -> tuple[Report, bool]:
    middle = "the operation was cut off and is settled at once when you go on"
    with goes_on(lambda: _interrupted(middle, errand.style.again(errand.style.operands))):
        return run_plan(surgeon.apply, plan, common)


def _interrupted(what: str, commands: Sequence[str]) -> str:
    """One line that says what is done so far, and the first of the commands that go on."""
    told = [f"to go on: {line}" for line in commands[:1]]
    return "; ".join(filter(None, ["interrupted", what, *told]))


def _tell_interrupted(
    surgeon: Surgeon,
    plan: Plan,
    report: Report,
    common: Common,
    errand: Errand,
    undone: Sequence[Act],
) -> None:
    """Says in one line on stderr what was done, and how to go on and back."""
    done = sum(report.done.values())
    so_far = f"{done:,} of {counted(len(plan.acts), 'change')} done"
    line = _interrupted(so_far, _rest(surgeon, errand.style, undone))
    back = undo_command(surgeon, report, common)
    say(f"{line}; to take back what was done: {back}" if back else line)


def _undone(surgeon: Surgeon, plan: Plan, report: Report) -> list[Act]:
    """The acts of the plan that were not done."""
    if report.state == "applied":
        return []
    states: dict[int, set[str]] = {}
    for row in surgeon.steps(report.operation) if report.operation is not None else ():
        states.setdefault(row.act, set()).add(row.state)
    return [act for number, act in enumerate(plan.acts, start=1) if states.get(number) != {"done"}]


def _rest(surgeon: Surgeon, style: CommandStyle, undone: Sequence[Act]) -> list[str]:
    """The commands that do the acts that were not done. They name directories again, and messages
    that were not dealt with."""
    if not (undone and style.operands):
        return style.again(()) if undone else []
    waiting = {act.path for act in undone}
    operands = [
        path
        for path in style.operands
        if os.path.isdir(place := surgeon.spool.absolute(path))
        or (path in waiting and os.path.lexists(place))
    ]
    return style.again(operands) if operands else []


def agreed(
    plan: Plan, number: int | None, consent: Consent, common: Common, errand: Errand
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
        _write_plan(plan, consent, common, errand)
        complain("nothing was changed; --yes does what the plan says")
        return False
    console = console_for(sys.stderr)
    if common.verbose:
        print_plan(plan, console, whole=True)
        print_unseen(console, errand.unseen, whole=True)
    else:
        print_question(plan, console, errand.unseen)
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
    errand: Errand,
    undone: Sequence[Act] = (),
    *,
    stopped: bool = False,
) -> None:
    """Writes the report of one operation to stdout. `undone`: the acts that were not done;
    `stopped`: by the operator, who is told how to go on in another line."""
    known = errand.known(plan, common, undone)
    after = replace(plan, left=tuple(left_after(plan, undone)))
    # What stood in the way may be gone; but a single file refused is refused again.
    tries = report.kind in ("fix", "undo", "redo") and report.operation is not None

    def table() -> None:
        console = console_for(sys.stdout)
        if common.quiet and exit_code(plan, report) == 0:
            print_unseen(console, errand.unseen)
            return
        there = () if known.outlook is None else known.outlook.obstacles
        left = after.left if known.outlook is None else without_settled(after.left, there)
        print_report(
            replace(after, left=tuple(left)),
            report,
            console,
            undo=undo_command(surgeon, report, common),
            known=known,
            again=() if stopped or not tries else _rest(surgeon, errand.style, undone),
            whole=common.verbose,
        )

    write_outcome(report_outcome(after, report, known), table, consent)


def undo_command(surgeon: Surgeon, report: Report, common: Common) -> str:
    """The command line that undoes the operation; empty if none can."""
    word = {"undo": "redo", "recover": "", "purge": ""}.get(report.kind, "undo")
    if not word or report.operation is None or not report.done:
        return ""
    number = () if report.kind in ("undo", "redo") else (str(report.operation),)
    return command_line(["mailsurgeon", word, surgeon.spool.shown, *number, *common.words()])


def _write_plan(plan: Plan, consent: Consent, common: Common, errand: Errand) -> None:
    """Writes a plan that is not run to stdout, with all that follows from it."""
    known = errand.known(plan, common)

    def table() -> None:
        console = console_for(sys.stdout)
        print_outcome_of_plan(plan, console, known, whole=common.verbose)

    write_outcome(plan_outcome(plan, known), table, consent)


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
    style: Callable[[Spool], CommandStyle],
    codes: Collection[str] = (),
    *,
    looks_ahead: bool = False,
) -> int:
    """Surveys the spool, makes the plan and carries it out; returns the exit code. `style`: how the
    commands that follow are spelled; `codes`: the kinds of problems that the operator asked for;
    `looks_ahead`: the report says where servers and syncs will stop."""
    chosen = opened(spool, common)
    changes = may_change(consent)
    spelled = style(chosen)
    with goes_on(lambda: _interrupted("", spelled.again(spelled.operands))), ExitStack() as helped:
        reading = helped.enter_context(readers(common))
        with surgeon_for(chosen, common, force=consent.force, changes=changes) as surgeon:
            with (
                goes_on(
                    lambda: _interrupted("nothing was changed", spelled.again(spelled.operands))
                ),
                surveying(chosen, common, reading=reading) as surveyed,
            ):
                helped.close()  # all is read
                plan = planned(surveyed)
                errand = Errand(
                    spelled,
                    codes,
                    {row.path: row.messages for row in surveyed.index.folders()},
                    surveyed.index.not_examined(),
                    obstacles_left(surveyed.index, plan) if looks_ahead else None,
                )
            return carry_out(surgeon, plan, consent, common, errand)
