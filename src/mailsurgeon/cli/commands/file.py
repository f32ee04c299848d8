"""`file`: moves messages into the cur/ of a folder."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_folders, require_paths
from mailsurgeon.cli.execute import operate
from mailsurgeon.cli.options import COMMON, CONSENT, Common, Consent, Paths, SpoolPath
from mailsurgeon.cli.remedy_plan import plan_remedy
from mailsurgeon.cli.session import SurveyedSpool
from mailsurgeon.surgery.model import Plan


def file(
    spool: SpoolPath,
    /,
    *paths: Paths,
    to: Annotated[str | None, Parameter(help="Move them to this folder, not to their own.")] = None,
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Move misfiled messages, and leftovers in tmp/, into the cur/ of their folder."""

    def planned(surveyed: SurveyedSpool) -> Plan:
        target = None if to is None else checked_folders(surveyed.spool, surveyed.index, [to])[0]
        into = target.path if target else None
        return plan_remedy(surveyed, paths, "file", consent, common, target=into)

    require_paths(paths)
    return operate(spool, planned, consent, common)
