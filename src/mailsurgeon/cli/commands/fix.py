"""The commands that change a spool: fix, file, flags."""

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
    SpoolPath,
)
from mailsurgeon.cli.session import SurveyedSpool
from mailsurgeon.procedures.fix import plan_fix
from mailsurgeon.surgery.model import Plan


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

    def planned(bench: SurveyedSpool) -> Plan:
        return plan_fix(
            bench.spool,
            bench.index,
            only=codes,
            folders=[row.name for row in checked_folders(bench.index, folder)],
            paths=paths_in(bench.spool, paths),
            force=consent.force,
            quarantine=common.quarantine_dir,
            host=common.host,
        )

    codes = checked_codes(only)
    return operate(spool, planned, consent, common)
