"""Opens the spool named on the command line. Imports little, so that the screen opens fast."""

from __future__ import annotations

import os

from mailsurgeon.cli.console import complain
from mailsurgeon.cli.options import Common
from mailsurgeon.errors import SpoolError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.find_spools import holds_several
from mailsurgeon.survey.open_spool import open_spool, usual_spool


def opened(path: str | None, common: Common) -> Spool:
    """The spool at `path`, or the user's own if None; raises SpoolError if there is none.

    Says on stderr when it opens another directory than the one given.
    """
    spool = open_spool(_chosen(path), common.survey_options())
    if path is None:
        complain(f"no SPOOL is given; this is {spool.shown}")
    elif spool.opened_for:
        given = os.fsdecode(spool.opened_for)
        complain(f"{given}: is no Maildir itself; this is {spool.shown}, the one in it")
    if common.verbose and spool.found_by:
        complain(_found(spool))
    return spool


def _chosen(path: str | None) -> bytes:
    if path is not None:
        return os.fsencode(path)
    found = usual_spool(os.environ)
    if found is None:
        raise SpoolError(
            "no SPOOL is given, and neither $MAIL nor Maildir, mail or .maildir in the home"
            " directory is one"
        )
    return found


def several(path: str | None, common: Common) -> bool:
    """Whether `path` is not a spool itself but certainly holds at least two.

    `--layout` says that it is one spool.
    """
    if path is None:
        return False
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
