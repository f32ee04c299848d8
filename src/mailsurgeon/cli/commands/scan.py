"""`scan`: lists the problems of a spool."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_codes, checked_folders
from mailsurgeon.cli.console import goes_on
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, Codes, Common, Folders, UsualSpool
from mailsurgeon.cli.session import surveying, warn_of_unfinished
from mailsurgeon.report.follow_up.command_line import CommandStyle, option_words
from mailsurgeon.report.scan import ScanFindings, write_scan


def scan(
    spool: UsualSpool = None,
    /,
    *,
    quick: Annotated[bool, Parameter(help="Check names and sizes only; open no message.")] = False,
    only: Codes = (),
    folder: Folders = (),
    format: Annotated[
        Literal["table", "json", "jsonl", "csv"],
        Parameter(metavar="FORM", help="The form of the output. Default: table."),
    ] = "table",
    fresh: Annotated[bool, Parameter(help="Forget the last survey and read everything.")] = False,
    common: Common = COMMON,
) -> int:
    """List the problems of a spool. The exit code is 1 if any is worse than info."""
    codes = checked_codes(only)
    chosen = opened(spool, common)
    warn_of_unfinished(chosen, common)
    style = CommandStyle(
        chosen.shown,
        ("scan",),
        limits=tuple(word for name in folder for word in option_words("--folder", name)),
        own=(
            *(["--quick"] if quick else ()),
            *(word for code in sorted(codes) for word in ("--only", code)),
            *(["--format", format] if format != "table" else ()),
        ),
        common=common.words(),
    )
    with (
        goes_on(lambda: f"interrupted; nothing was changed; to go on: {style.again(())[0]}"),
        surveying(chosen, common, quick=quick, fresh=fresh) as surveyed,
    ):
        folders = checked_folders(surveyed.spool, surveyed.index, folder)
        findings = ScanFindings(
            chosen,
            surveyed.index,
            surveyed.result,
            codes=codes or None,
            limit=frozenset(row.id for row in folders) or None,
            style=style,
        )
        write_scan(findings, format, sys.stdout, brief=common.quiet, whole=common.verbose)
        return 0 if findings.clean else 1
