"""`scan-all`: surveys every spool below a directory and lists them."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import Annotated, Literal

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_codes
from mailsurgeon.cli.console import complain
from mailsurgeon.cli.options import COMMON, Codes, Common
from mailsurgeon.cli.session import survey_request, warn_of_unfinished
from mailsurgeon.cli.spools_below import refuse_single_spool_options, spools_below
from mailsurgeon.host.interrupts import interrupted_code
from mailsurgeon.procedures.survey_many import SpoolRow, look_at
from mailsurgeon.report.scan_all import ManyFindings, write_many
from mailsurgeon.survey.find_spools import FoundSpool
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import visible


def scan_all(
    directory: Annotated[str, Parameter(help="A directory that holds many spools: /var/vmail.")],
    /,
    *,
    quick: Annotated[bool, Parameter(help="Check names and sizes only; open no message.")] = False,
    only: Codes = (),
    format: Annotated[
        Literal["table", "json", "jsonl", "csv"],
        Parameter(metavar="FORM", help="The form of the output. Default: table."),
    ] = "table",
    fresh: Annotated[bool, Parameter(help="Forget the last surveys and read everything.")] = False,
    common: Common = COMMON,
) -> int:
    """Survey every spool below a directory and list them, worst first. The exit code is 1 if
    anything is worse than info.

    A spool is a Maildir, or a directory whose Maildirs are the folders of one user: it has a folder
    INBOX or Sent, or a server's subscriptions. Nothing inside a spool counts as another spool, nor
    does a quarantine; symlinks are not followed. Maildirs side by side without such a sign count as
    separate spools; with --layout fs they count as folders. mailsurgeon DIR --all opens the same
    list on the screen.
    """
    codes = checked_codes(only)
    refuse_single_spool_options(common)
    started = time.monotonic()
    not_searched: list[NotExamined] = []
    spools = spools_below(directory, common, not_searched)
    rows, ended = _looked_at(spools, codes, common, quick=quick, fresh=fresh)
    found = ManyFindings(
        os.fsencode(os.path.realpath(directory)), rows, not_searched, time.monotonic() - started
    )
    write_many(found, format, sys.stdout, whole=common.verbose)
    if not ended:
        complain(f"interrupted; {len(rows):,} of {len(spools):,} spools were looked at")
        return interrupted_code()
    if found.failed:
        return 2
    return 0 if found.clean else 1


def _looked_at(
    spools: list[FoundSpool],
    codes: frozenset[str],
    common: Common,
    *,
    quick: bool,
    fresh: bool,
) -> tuple[list[SpoolRow], bool]:
    """A row for each spool surveyed, and whether all were (not so after an interrupt)."""
    warn = partial(warn_of_unfinished, common=common)
    rows: list[SpoolRow] = []
    at = ""
    with survey_request(common, quick=quick, fresh=fresh, about=lambda: at) as request:
        for number, spool in enumerate(spools, 1):
            at = f"{number:,} of {len(spools):,} {visible(spool.path)}: "
            try:
                row = look_at(spool.path, request, codes or None, warn)
            except KeyboardInterrupt:
                return rows, False
            if row is None:
                return rows, False
            rows.append(row)
    return rows, True
