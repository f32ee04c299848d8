"""scan."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_codes, checked_folders
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, Codes, Common, Folders, SpoolPath
from mailsurgeon.cli.session import surgeon_for, surveyed
from mailsurgeon.report.scan import ScanFindings, write_scan


def scan(
    spool: SpoolPath,
    /,
    *,
    quick: Annotated[bool, Parameter(help="Names and sizes alone; no message is opened.")] = False,
    only: Codes = (),
    folder: Folders = (),
    format: Annotated[
        Literal["table", "json", "jsonl", "csv"], Parameter(help="How the problems are written.")
    ] = "table",
    fresh: Annotated[bool, Parameter(help="Forget the last survey and read everything.")] = False,
    common: Common = COMMON,
) -> int:
    """List the problems of a spool. Ends with 1 when there is anything above info."""
    codes = checked_codes(only)
    place = opened(spool, common)
    with surgeon_for(place, common, looks=True):
        pass  # it tells of an unfinished operation
    with surveyed(place, common, quick=quick, fresh=fresh) as bench:
        folders = checked_folders(bench.index, folder)
        findings = ScanFindings(
            place,
            bench.index,
            bench.result,
            codes=codes or None,
            limit=frozenset(row.id for row in folders) or None,
        )
        write_scan(findings, format, sys.stdout, brief=common.quiet)
        return 0 if findings.clean else 1
