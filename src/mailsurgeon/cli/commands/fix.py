"""The commands that change a spool: fix, file, flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_codes, checked_folders, entry_ids, paths_in
from mailsurgeon.cli.execute import carry_out, may_change
from mailsurgeon.cli.open_spool import opened, several
from mailsurgeon.cli.options import (
    COMMON,
    CONSENT,
    Codes,
    Common,
    Consent,
    Folders,
    SpoolPath,
)
from mailsurgeon.cli.session import Bench, surgeon_for, surveyed
from mailsurgeon.errors import MailsurgeonError, SpoolError
from mailsurgeon.procedures.fix import plan_fix
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.plan.propose import propose
from mailsurgeon.text import visible

Paths = Annotated[
    str,
    Parameter(help="Messages or folders: in the spool, absolute, or seen from here."),
]
Planner = Callable[[Bench], Plan]


def fix(
    spool: SpoolPath,
    /,
    *paths: Paths,
    only: Codes = (),
    folder: Folders = (),
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Repair a spool: all that a plain fix takes on, or only what is named."""

    def planned(bench: Bench) -> Plan:
        return plan_fix(
            bench.spool,
            bench.index,
            only=codes,
            folders=[row.name for row in checked_folders(bench.index, folder)],
            paths=paths_in(bench.spool, paths),
            force=consent.force,
            quarantine=common.quarantine_dir,
        )

    codes = checked_codes(only)
    return operate(spool, planned, consent, common)


def file(
    spool: SpoolPath,
    /,
    *paths: Paths,
    to: Annotated[str | None, Parameter(help="The folder, instead of the one it lies in.")] = None,
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Move misfiled messages, and leftovers in tmp/, into the cur/ of their folder."""

    def planned(bench: Bench) -> Plan:
        target = None if to is None else checked_folders(bench.index, [to])[0].name
        return _proposed(bench, paths, consent, common, "file", target=target)

    some(paths)
    return operate(spool, planned, consent, common)


def flags(
    spool: SpoolPath,
    /,
    *paths: Paths,
    set: Annotated[str, Parameter(help="The flags they shall have, such as FRS; may be empty.")],
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Set the flags of messages: D draft, F flagged, P passed, R replied, S seen, T trashed."""

    def planned(bench: Bench) -> Plan:
        return _proposed(bench, paths, consent, common, "fix-flags", flags=set)

    some(paths)
    wrong = sorted({flag for flag in set if flag not in "DFPRST" and not "a" <= flag <= "z"})
    if wrong:
        raise MailsurgeonError(
            f"--set {set}: {''.join(wrong)} is no flag; flags are D F P R S T, keywords a to z"
        )
    return operate(spool, planned, consent, common)


def some(paths: tuple[str, ...]) -> None:
    """Raises MailsurgeonError when no path is named."""
    if not paths:
        raise MailsurgeonError("name at least one PATH, as scan shows it")


def _proposed(
    bench: Bench,
    paths: tuple[str, ...],
    consent: Consent,
    common: Common,
    remedy: str,
    **choices: str | None,
) -> Plan:
    """The plan of one remedy for what is named. `choices`: `target` of file, `flags`."""
    return propose(
        bench.spool,
        bench.index,
        entry_ids(bench.index, bench.spool, paths_in(bench.spool, paths)),
        remedy,
        force=consent.force,
        quarantine=common.quarantine_dir,
        **choices,
    )


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
