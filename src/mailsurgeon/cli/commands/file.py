"""`file`: moves messages into the cur/ of a folder."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_folders, paths_in, require_paths
from mailsurgeon.cli.execute import operate
from mailsurgeon.cli.options import COMMON, CONSENT, Common, Consent, Paths, SpoolPath
from mailsurgeon.cli.remedy_plan import plan_remedy
from mailsurgeon.cli.session import SurveyedSpool
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.follow_up.command_line import CommandStyle, option_words
from mailsurgeon.surgery.model import Plan


def file(
    spool: SpoolPath,
    /,
    *paths: Paths,
    to: Annotated[
        str | None,
        Parameter(metavar="FOLDER", help="The folder to move them to. Default: their own."),
    ] = None,
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Move misfiled messages, and leftovers in tmp/, into the cur/ of their folder.

    With --to it moves any message, and all of a folder that is named by its path.
    """

    def planned(surveyed: SurveyedSpool) -> Plan:
        target = None if to is None else checked_folders(surveyed.spool, surveyed.index, [to])[0]
        into = target.path if target else None
        return plan_remedy(surveyed, paths, "file", consent, common, target=into)

    def style(chosen: Spool) -> CommandStyle:
        own = () if to is None else option_words("--to", to)
        operands = tuple(paths_in(chosen, paths))
        return CommandStyle(chosen.shown, ("file",), operands, (), own, common.words())

    require_paths(paths)
    return operate(spool, planned, consent, common, style)
