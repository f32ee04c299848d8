"""file."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_folders, entry_ids, paths_in
from mailsurgeon.cli.execute import operate
from mailsurgeon.cli.options import (
    COMMON,
    CONSENT,
    Common,
    Consent,
    Paths,
    SpoolPath,
)
from mailsurgeon.cli.session import SurveyedSpool
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.plan.propose import propose


def file(
    spool: SpoolPath,
    /,
    *paths: Paths,
    to: Annotated[str | None, Parameter(help="The folder, instead of the one it lies in.")] = None,
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Move misfiled messages, and leftovers in tmp/, into the cur/ of their folder."""

    def planned(bench: SurveyedSpool) -> Plan:
        target = None if to is None else checked_folders(bench.index, [to])[0].name
        return _proposed(bench, paths, consent, common, "file", target=target)

    some(paths)
    return operate(spool, planned, consent, common)


def some(paths: tuple[str, ...]) -> None:
    """Raises MailsurgeonError when no path is named."""
    if not paths:
        raise MailsurgeonError("name at least one PATH, as scan shows it")


def _proposed(
    bench: SurveyedSpool,
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
        host=common.host,
        **choices,
    )
