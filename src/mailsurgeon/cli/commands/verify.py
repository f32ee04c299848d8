"""`verify`: compares what Dovecot reads in a spool with a scan."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_folders
from mailsurgeon.cli.console import progress
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, Common, Folders, OutcomeFormat, UsualSpool
from mailsurgeon.cli.session import surveying
from mailsurgeon.host.interrupts import came
from mailsurgeon.procedures.verify.doveadm import find_doveadm, servers_account
from mailsurgeon.procedures.verify.verify import verify as verify_spool
from mailsurgeon.report.verify import write_verification


def verify(
    spool: UsualSpool = None,
    /,
    *,
    folder: Folders = (),
    format: Annotated[
        OutcomeFormat, Parameter(metavar="FORM", help="The form of the output. Default: table.")
    ] = "table",
    common: Common = COMMON,
) -> int:
    """Compare what Dovecot reads in a spool with a scan. The exit code is 1 if they differ.

    Needs doveadm. Neither the spool nor Dovecot's indexes change: doveadm reads a temporary
    directory with the same folders, in which every message is a symlink. Folders that are missing
    from the subscriptions are listed, but do not count as a difference.
    """
    chosen = opened(spool, common)
    find_doveadm()  # fails before the long survey, not after it
    servers_account(chosen)
    with surveying(chosen, common) as surveyed:
        folders = checked_folders(surveyed.spool, surveyed.index, folder)
        with progress(not common.quiet) as advance:
            found = verify_spool(chosen, surveyed.index, folders, cancelled=came, advance=advance)
        write_verification(found, chosen, format, sys.stdout, brief=common.quiet)
        return 0 if found.agrees else 1
