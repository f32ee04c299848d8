"""`quarantine`: lists, adds to, restores from and purges the quarantine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Annotated, TypedDict, Unpack

from cyclopts import App, Parameter
from cyclopts.validators import Number

from mailsurgeon.cli.arguments import entry_ids, is_sound_server_file, paths_in, require_paths
from mailsurgeon.cli.console import complain
from mailsurgeon.cli.execute import (
    Errand,
    agreed,
    carry_out,
    exit_code,
    may_change,
    operate,
    run_plan,
    write_report,
)
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import (
    COMMON,
    CONSENT,
    DEFAULTS,
    Common,
    Consent,
    OutcomeFormat,
    Paths,
    SpoolPath,
    UsualSpool,
)
from mailsurgeon.cli.session import SurveyedSpool, surgeon_for
from mailsurgeon.errors import MailsurgeonError, Refused
from mailsurgeon.host.host import Host
from mailsurgeon.host.interrupts import interrupted_code
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.follow_up.command_line import CommandStyle
from mailsurgeon.report.output import as_json, console_for
from mailsurgeon.report.quarantine import items_as_dict, print_items
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.plan.brake import brake
from mailsurgeon.surgery.plan.propose import described, propose, propose_file, propose_folder
from mailsurgeon.surgery.quarantine.directory import QuarantineItem
from mailsurgeon.surgery.quarantine.spool_id import JournalNamed

Format = Annotated[
    OutcomeFormat, Parameter(metavar="FORM", help="The form of the output. Default: table.")
]


def _list(spool: UsualSpool = None, /, *, format: Format = "table", common: Common = COMMON) -> int:
    """List what is in the quarantine of a spool."""
    with surgeon_for(opened(spool, common), common) as surgeon:
        items = [*surgeon.quarantined(), *surgeon.unlisted()]
        _write_items(surgeon.quarantine_dir, items, format, surgeon.other_journals())
    return 0


def _write_items(
    directory: bytes,
    items: Sequence[QuarantineItem],
    format: OutcomeFormat,
    others: Sequence[JournalNamed] = (),
) -> None:
    if format == "json":
        print(as_json(items_as_dict(directory, items, others), indent=1))
    else:
        print_items(directory, items, console_for(sys.stdout), others)


def add(
    spool: SpoolPath, /, *paths: Paths, consent: Consent = CONSENT, common: Common = COMMON
) -> int:
    """Move messages or whole folders to the quarantine; for clients they are deleted."""

    def planned(surveyed: SurveyedSpool) -> Plan:
        named = paths_in(surveyed.spool, paths)
        return _plan_add(
            surveyed,
            named,
            force=consent.force,
            quarantine=common.quarantine_dir,
            host=common.host,
        )

    def style(chosen: Spool) -> CommandStyle:
        operands = tuple(paths_in(chosen, paths))
        return CommandStyle(chosen.shown, ("quarantine", "add"), operands, common=common.words())

    require_paths(paths)
    return operate(spool, planned, consent, common, style)


class _PlanOptions(TypedDict):
    """The options that `propose`, `propose_folder` and `propose_file` share."""

    force: bool
    quarantine: bytes | None
    host: Host | None


def _plan_add(surveyed: SurveyedSpool, paths: list[bytes], **options: Unpack[_PlanOptions]) -> Plan:
    """One plan for messages, whole folders and servers' files."""
    spool, index = surveyed.spool, surveyed.index
    folders = {row.path: row.id for row in index.folders()}
    whole = [
        propose_folder(spool, index, folders[path], **options) for path in paths if path in folders
    ]
    files = [path for path in paths if path not in folders and is_sound_server_file(index, path)]
    whole += [propose_file(spool, index, path, **options) for path in files]
    rest = [path for path in paths if path not in folders and path not in files]
    single = propose(spool, index, entry_ids(index, spool, rest), "quarantine", **options)
    if not whole:
        return single
    joined = reduce(_joined, whole, single)
    return described(spool, index, joined, quarantine=options["quarantine"], host=options["host"])


def _joined(first: Plan, second: Plan) -> Plan:
    """The acts of both plans; the effects and needs are still those of the first."""
    return replace(first, acts=first.acts + second.acts, left=first.left + second.left)


def restore(
    spool: SpoolPath,
    /,
    *what: Annotated[str, Parameter(help="An operation's number, or paths as list shows them.")],
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Move things back to where they were."""
    if not what:
        raise MailsurgeonError("name what is to come back: an operation's number, or a PATH")
    chosen = opened(spool, common)
    with surgeon_for(chosen, common, force=consent.force, changes=may_change(consent)) as surgeon:
        items = _meant([*surgeon.quarantined(), *surgeon.unlisted()], what)
        # Paths that are back can be named no more.
        words = ("quarantine", "restore") if all(map(str.isdigit, what)) else ()
        style = CommandStyle(chosen.shown, words, own=(*what, *common.words()))
        return carry_out(surgeon, surgeon.plan_restore(items), consent, common, Errand(style))


def _meant(items: Sequence[QuarantineItem], what: Sequence[str]) -> list[QuarantineItem]:
    """The items that the words name: by operation, by their path in the quarantine or in the spool,
    or by a directory above one of these. Raises Refused for a word that names none."""
    found: dict[bytes, QuarantineItem] = {}
    for word in what:
        name = os.fsencode(word.rstrip("/"))
        meant = [item for item in items if _is_meant(item, name)]
        if not meant:
            raise Refused(f"{word}: nothing of that name lies in the quarantine")
        found |= {item.path: item for item in meant}
    return list(found.values())


def _is_meant(item: QuarantineItem, name: bytes) -> bool:
    if name.isdigit() and int(name) == item.operation:
        return True
    return any(path == name or path.startswith(name + b"/") for path in (item.path, item.original))


def purge(
    spool: SpoolPath,
    /,
    *,
    older_than: Annotated[
        float,
        Parameter(
            validator=Number(gte=0), metavar="DAYS", help="Only what has been there this many days."
        ),
    ],
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Delete old things from the quarantine for good. This cannot be undone."""
    chosen = opened(spool, common)
    with surgeon_for(chosen, common, force=consent.force, changes=may_change(consent)) as surgeon:
        old = surgeon.quarantined_before(older_than)
        plan = surgeon.plan_purge(old)
        if consent.dry_run or not old or not may_change(consent):
            _write_items(surgeon.quarantine_dir, old, consent.format)
            if old and not consent.dry_run:
                complain("nothing was deleted; --yes deletes what is listed, for good")
            return 1 if old else 0
        if not consent.yes:
            print_items(surgeon.quarantine_dir, old, console_for(sys.stderr))
            complain("what is listed will be deleted for good")
        own = ("--older-than", f"{older_than:g}", *common.words())
        errand = Errand(CommandStyle(chosen.shown, ("quarantine", "purge"), own=own))
        if not agreed(plan, brake(plan, {}), consent, common, errand):
            return 1
        report, stopped = run_plan(surgeon.purge, plan, common)
        write_report(surgeon, plan, report, consent, common, errand)
        return interrupted_code() if stopped else exit_code(plan, report)


APPLICATION = App(
    name="quarantine",
    help="List the quarantine, add to it, restore from it, or delete from it for good.",
    default_parameter=DEFAULTS,
)
APPLICATION.command(_list, name="list")
for _command in (add, restore, purge):
    APPLICATION.command(_command)
