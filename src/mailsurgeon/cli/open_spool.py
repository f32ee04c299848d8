"""Opens the spool named on the command line. Imports little, so that the screen opens fast."""

from __future__ import annotations

import os

from mailsurgeon.cli.console import complain
from mailsurgeon.cli.options import Common
from mailsurgeon.errors import SpoolError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.find_spools import holds_several
from mailsurgeon.survey.open_spool import open_spool


def opened(path: str, common: Common) -> Spool:
    """The spool at `path`; raises SpoolError if there is none."""
    spool = open_spool(os.fsencode(path), common.survey_options())
    if common.verbose and spool.found_by:
        complain(_found(spool))
    return spool


def several(path: str, common: Common) -> bool:
    """Whether `path` is not a spool itself but certainly holds at least two.

    `--layout` says that it is one spool.
    """
    try:
        return common.layout is None and holds_several(
            path, exclude=common.exclude, host=common.host
        )
    except SpoolError:
        return False  # opening it will report what is wrong


def _found(spool: Spool) -> str:
    """One line that says where the lists and indexes are, and which source gave the place."""
    directories = (("uidlists", spool.control), ("indexes", spool.index))
    found = ", ".join(f"{what} in {os.fsdecode(where)}" for what, where in directories if where)
    return f"{spool.shown}: {found} (by {spool.found_by})"
