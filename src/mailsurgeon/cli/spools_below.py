"""Finds the spools below a directory, for the commands and the screen that take many of them."""

from __future__ import annotations

import os

from mailsurgeon.cli.options import Common
from mailsurgeon.errors import MailsurgeonError, SpoolError
from mailsurgeon.report.output import counted
from mailsurgeon.survey.find_spools import FoundSpool, find_spools
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import visible


def refuse_single_spool_options(common: Common) -> None:
    """Raises MailsurgeonError if an option is given that can apply to one spool only."""
    given = (("control", common.control), ("index", common.index),
             ("quarantine", common.quarantine), ("journal", common.journal))  # fmt: skip
    for name, value in given:
        if value is not None:
            raise MailsurgeonError(
                f"--{name} {value}: belongs to one spool; leave it out here, and give it where"
                " that spool is opened"
            )


def spools_below(
    directory: str, common: Common, not_searched: list[NotExamined]
) -> list[FoundSpool]:
    """All spools at or below a directory; raises SpoolError if there is none.

    Appends to `not_searched` each directory that cannot be read.
    """
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


def require_spool_below(directory: str, common: Common) -> bytes:
    """The directory with symlinks resolved; raises SpoolError if no spool is at or below it.

    Stops searching at the first spool.
    """
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
