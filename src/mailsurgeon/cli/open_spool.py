"""Opens the spool that is named on the command line; loads little, for the screen begins here."""

from __future__ import annotations

import os

from mailsurgeon.cli.console import complain
from mailsurgeon.cli.options import Common
from mailsurgeon.errors import SpoolError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.find_spools import holds_several
from mailsurgeon.survey.open_spool import open_spool


def opened(path: str, common: Common) -> Spool:
    """The spool at `path`; raises SpoolError."""
    spool = open_spool(os.fsencode(path), common.survey_options())
    if common.verbose and spool.found_by:
        complain(_found(spool))
    return spool


def several(path: str, common: Common) -> bool:
    """Whether `path` is no spool, but holds at least two that are so for certain. With --layout
    the operator has said that it is one."""
    try:
        return common.layout is None and holds_several(
            path, exclude=common.exclude, host=common.host
        )
    except SpoolError:
        return False  # who opens it tells what is wrong


def _found(spool: Spool) -> str:
    """Where the lists and indexes were found, and who said so, in one line."""
    places = (("uidlists", spool.control), ("indexes", spool.index))
    found = ", ".join(f"{what} in {os.fsdecode(place)}" for what, place in places if place)
    return f"{spool.shown}: {found} (by {spool.found_by})"
