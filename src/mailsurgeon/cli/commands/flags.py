"""`flags`: sets the flags of messages."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from mailsurgeon.cli.arguments import paths_in, require_paths
from mailsurgeon.cli.execute import operate
from mailsurgeon.cli.options import COMMON, CONSENT, Common, Consent, Paths, SpoolPath
from mailsurgeon.cli.remedy_plan import plan_remedy
from mailsurgeon.cli.session import SurveyedSpool
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.follow_up.command_line import CommandStyle, option_words
from mailsurgeon.surgery.model import Plan


def flags(
    spool: SpoolPath,
    /,
    *paths: Paths,
    set: Annotated[
        str, Parameter(metavar="FLAGS", help="The new flags, such as FRS; may be empty.")
    ],
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Set the flags of messages: D draft, F flagged, P passed, R replied, S seen, T trashed."""

    def planned(surveyed: SurveyedSpool) -> Plan:
        return plan_remedy(surveyed, paths, "fix-flags", consent, common, flags=set)

    def style(chosen: Spool) -> CommandStyle:
        own = option_words("--set", set)
        operands = tuple(paths_in(chosen, paths))
        return CommandStyle(chosen.shown, ("flags",), operands, (), own, common.words())

    require_paths(paths)
    wrong = sorted({flag for flag in set if flag not in "DFPRST" and not "a" <= flag <= "z"})
    if wrong:
        raise MailsurgeonError(
            f"--set {set}: {''.join(wrong)} is no flag; flags are D F P R S T, keywords a to z"
        )
    return operate(spool, planned, consent, common, style)
