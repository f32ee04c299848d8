"""`undo`: undoes an operation, or all of them."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from mailsurgeon.cli.console import complain, goes_on, on_terminal, say
from mailsurgeon.cli.execute import (
    carry_out,
    confirmed,
    exit_code,
    may_change,
    run_plan,
    taking_back,
    undo_command,
)
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, CONSENT, Common, Consent, UsualSpool
from mailsurgeon.cli.session import surgeon_for
from mailsurgeon.errors import MailsurgeonError, Refused
from mailsurgeon.host.interrupts import interrupted_code
from mailsurgeon.report.follow_up.command_line import command_line
from mailsurgeon.report.outcome import print_report, report_outcome
from mailsurgeon.report.output import as_json, console_for, counted
from mailsurgeon.surgery.journal.journal import Operation
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.text import visible


def undo(
    spool: UsualSpool = None,
    operation: Annotated[int | None, Parameter(help="Its number. Default: the last one.")] = None,
    /,
    *,
    all: Annotated[bool, Parameter(help="Undo everything, newest first.")] = False,
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Undo an operation."""
    if all and operation is not None:
        raise MailsurgeonError(f"undo --all undoes everything; leave {operation} or --all out")
    chosen = opened(spool, common)
    with surgeon_for(chosen, common, force=consent.force, changes=may_change(consent)) as surgeon:
        if all:
            return _undo_all(surgeon, consent, common)
        plan = surgeon.plan_undo(operation)
        return carry_out(surgeon, plan, consent, common, taking_back("undo", chosen, plan, common))


def _undo_all(surgeon: Surgeon, consent: Consent, common: Common) -> int:
    """Lists the operations, asks, and undoes them, newest first; returns the exit code."""
    numbers = surgeon.undoable()
    if not numbers:
        surgeon.plan_undo()  # says why there is nothing
        raise Refused(f"{surgeon.spool.shown}: there is nothing to undo")
    known = {operation.id: operation for operation in surgeon.operations()}
    operations = [known[number] for number in numbers]
    if consent.dry_run or not (consent.yes or on_terminal()):
        _list(operations, consent)
        if not consent.dry_run:
            complain("nothing was changed; --yes undoes these")
        return 1
    if not consent.yes:
        for operation in operations:
            print(_line(operation), file=sys.stderr)
        if not confirmed(f"Undo {counted(len(operations), 'operation')}?"):
            return 1
    return _one_by_one(surgeon, consent, common)


def _one_by_one(surgeon: Surgeon, consent: Consent, common: Common) -> int:
    """Undoes every operation in turn; returns the exit code.

    Each plan is made only after the later operations are undone: it depends on what they left.
    Undoing a restore can make an older operation undoable again, so the list is read anew.
    """
    code, outcomes, tried = 0, list[dict[str, Any]](), set[int]()
    while waiting := [number for number in surgeon.undoable() if number not in tried]:
        number = waiting[0]
        tried.add(number)
        try:
            plan = surgeon.plan_undo(number)
        except Refused as refusal:
            complain(str(refusal))
            code = 1
            continue
        with goes_on(lambda: _all_again(surgeon, common)):
            report, stopped = run_plan(surgeon.apply, plan, common)
        code = interrupted_code() if stopped else max(code, exit_code(plan, report))
        outcomes.append(report_outcome(plan, report))
        if consent.format == "table" and not (common.quiet and code == 0):
            print_report(
                plan,
                report,
                console_for(sys.stdout),
                undo=undo_command(surgeon, report, common),
                whole=common.verbose,
            )
        if stopped:
            say(_all_again(surgeon, common))
            break
    if consent.format == "json":
        print(as_json({"schema": 1, "operations": outcomes}, indent=1))
    return code


def _all_again(surgeon: Surgeon, common: Common) -> str:
    words = ["mailsurgeon", "undo", surgeon.spool.shown, "--all", *common.words()]
    return f"interrupted; to go on: {command_line(words)}"


def _list(operations: list[Operation], consent: Consent) -> None:
    if consent.format == "json":
        rows = [{"id": one.id, "kind": one.kind, "summary": one.summary} for one in operations]
        print(as_json({"schema": 1, "undoable": rows}, indent=1))
        return
    for operation in operations:
        print(_line(operation))


def _line(operation: Operation) -> str:
    return f"undo {operation.id}: {operation.kind}, {visible(operation.summary)}"
