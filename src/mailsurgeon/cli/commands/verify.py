"""The command that asks the server: verify."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_folders
from mailsurgeon.cli.console import interruptible, progress
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, Common, Folders, OutcomeFormat, SpoolPath
from mailsurgeon.cli.session import surveyed
from mailsurgeon.procedures.verify.doveadm import find_doveadm, servers_account
from mailsurgeon.procedures.verify.verify import verify as verify_spool
from mailsurgeon.report.verify import write_verification


def verify(
    spool: SpoolPath,
    /,
    *,
    folder: Folders = (),
    format: Annotated[OutcomeFormat, Parameter(help="How it is written.")] = "table",
    common: Common = COMMON,
) -> int:
    """Let Dovecot read a spool, and compare what it says with a scan. Ends with 1 when they differ.

    Needs doveadm. Nothing in the spool and in Dovecot's indexes is changed: it is shown a copy of
    the folders in a temporary directory, in which every message is a symlink. Folders that are
    missing from the subscriptions are listed; they are no difference.
    """
    place = opened(spool, common)
    find_doveadm()  # said before a long survey
    servers_account(place)
    with surveyed(place, common) as bench:
        folders = checked_folders(bench.index, folder)
        with progress(not common.quiet) as advance, interruptible() as interrupted:
            found = verify_spool(
                place, bench.index, folders, cancelled=interrupted, advance=advance
            )
        write_verification(found, place, format, sys.stdout, brief=common.quiet)
        return 0 if found.agrees else 1
