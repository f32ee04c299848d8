"""The command that looks at many spools: scan-all."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import Annotated, Literal

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_codes
from mailsurgeon.cli.console import INTERRUPTED, complain
from mailsurgeon.cli.options import COMMON, Codes, Common
from mailsurgeon.cli.session import looking, surgeon_for
from mailsurgeon.errors import MailsurgeonError, SpoolError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.survey_many import SpoolRow, look_at
from mailsurgeon.report.output import counted
from mailsurgeon.report.scan_all import ManyFindings, write_many
from mailsurgeon.survey.find_spools import FoundSpool, find_spools
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import visible


def scan_all(
    directory: Annotated[str, Parameter(help="Where the mail of many lies, such as /var/vmail.")],
    /,
    *,
    quick: Annotated[bool, Parameter(help="Names and sizes alone; no message is opened.")] = False,
    only: Codes = (),
    format: Annotated[
        Literal["table", "json", "jsonl", "csv"], Parameter(help="How the spools are written.")
    ] = "table",
    fresh: Annotated[bool, Parameter(help="Forget the last surveys and read everything.")] = False,
    common: Common = COMMON,
) -> int:
    """Survey every spool below a directory and list them, worst first. Ends with 1 when there is
    anything above info.

    A Maildir is a spool, and so is a directory whose Maildirs are one user's folders (INBOX, Sent,
    or a server's subscriptions tell). What lies in a spool is no other spool; quarantines are none;
    symlinks are not followed. Where nothing tells whether Maildirs side by side are folders or
    spools they are taken for spools; --layout fs takes them for folders. mailsurgeon DIR --all
    opens the same list on the screen.
    """
    codes = checked_codes(only)
    for_many(common)
    started = time.monotonic()
    not_searched: list[NotExamined] = []
    spools = found_below(directory, common, not_searched)
    rows, ended = _looked_at(spools, codes, common, quick=quick, fresh=fresh)
    found = ManyFindings(
        os.fsencode(os.path.realpath(directory)), rows, not_searched, time.monotonic() - started
    )
    write_many(found, format, sys.stdout, whole=common.verbose)
    if not ended:
        complain(f"interrupted; {len(rows):,} of {len(spools):,} spools were looked at")
        return INTERRUPTED
    if found.failed:
        return 2
    return 0 if found.clean else 1


def for_many(common: Common) -> None:
    """Raises MailsurgeonError for an option that can mean one spool only."""
    given = (("control", common.control), ("index", common.index),
             ("quarantine", common.quarantine))  # fmt: skip
    for name, value in given:
        if value is not None:
            raise MailsurgeonError(
                f"--{name} {value}: belongs to one spool; leave it out here, and give it where"
                " that spool is opened"
            )


def found_below(
    directory: str, common: Common, not_searched: list[NotExamined]
) -> list[FoundSpool]:
    """The spools below a directory; raises SpoolError when there is none."""
    spools = list(
        find_spools(
            directory,
            exclude=common.exclude,
            layout=common.layout,
            not_searched=not_searched,
            host=common.host,
        )
    )
    if not spools:
        raise SpoolError(_no_spool(directory, not_searched))
    return spools


def some_below(directory: str, common: Common) -> bytes:
    """The directory, without symlinks; raises SpoolError when no spool is in it."""
    not_searched: list[NotExamined] = []
    spools = find_spools(
        directory,
        exclude=common.exclude,
        layout=common.layout,
        not_searched=not_searched,
        host=common.host,
    )
    if next(spools, None) is None:
        raise SpoolError(_no_spool(directory, not_searched))
    return os.fsencode(os.path.realpath(directory))


def _no_spool(directory: str, not_searched: list[NotExamined]) -> str:
    missed = len(not_searched)
    unseen = (
        f"; {counted(missed, 'directory', 'directories')} could not be searched" if missed else ""
    )
    return f"{visible(directory)}: no spool is here or below{unseen}"


def _looked_at(
    spools: list[FoundSpool],
    codes: frozenset[str],
    common: Common,
    *,
    quick: bool,
    fresh: bool,
) -> tuple[list[SpoolRow], bool]:
    """A row for each spool, and whether it came to the end."""
    rows: list[SpoolRow] = []
    at = ""
    with looking(common, quick=quick, fresh=fresh, about=lambda: at) as order:
        assert order.cancelled is not None
        for number, spool in enumerate(spools, 1):
            at = f"{number:,} of {len(spools):,} {visible(spool.path)}: "
            if order.cancelled():
                return rows, False
            row = look_at(spool.path, order, codes or None, partial(_tell_unfinished, common))
            if row is None:
                return rows, False
            rows.append(row)
    return rows, True


def _tell_unfinished(common: Common, spool: Spool) -> None:
    with surgeon_for(spool, common, looks=True):
        pass  # it tells of an unfinished operation
