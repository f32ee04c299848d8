"""`fix`: repairs a spool, all of it or what the operator names."""

from __future__ import annotations

from mailsurgeon.cli.arguments import checked_codes, checked_folders, paths_in
from mailsurgeon.cli.execute import operate
from mailsurgeon.cli.options import (
    COMMON,
    CONSENT,
    Codes,
    Common,
    Consent,
    Folders,
    Paths,
    UsualSpool,
)
from mailsurgeon.cli.session import SurveyedSpool
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.fix import plan_fix
from mailsurgeon.report.follow_up.command_line import CommandStyle, option_words
from mailsurgeon.surgery.model import Plan


def fix(
    spool: UsualSpool = None,
    /,
    *paths: Paths,
    only: Codes = (),
    folder: Folders = (),
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Repair a spool: what is safe for clients, or only what you name."""

    def planned(surveyed: SurveyedSpool) -> Plan:
        return plan_fix(
            surveyed.spool,
            surveyed.index,
            only=codes,
            folders=[row.path for row in checked_folders(surveyed.spool, surveyed.index, folder)],
            paths=paths_in(surveyed.spool, paths),
            force=consent.force,
            quarantine=common.quarantine_dir,
            host=common.host,
        )

    def style(chosen: Spool) -> CommandStyle:
        return CommandStyle(
            chosen.shown,
            ("fix",),
            tuple(paths_in(chosen, paths)),
            tuple(word for name in folder for word in option_words("--folder", name)),
            tuple(word for code in sorted(codes) for word in ("--only", code)),
            common.words(),
        )

    codes = checked_codes(only)
    return operate(spool, planned, consent, common, style, codes, looks_ahead=True)
