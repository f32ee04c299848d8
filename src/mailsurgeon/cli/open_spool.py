"""Opens the spool named on the command line. Imports little, so that the screen opens fast."""

from __future__ import annotations

import os

from mailsurgeon.cli.console import complain
from mailsurgeon.cli.options import Common
from mailsurgeon.errors import SpoolError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.find_spools import several_in
from mailsurgeon.survey.mail_root import usual_spool
from mailsurgeon.survey.open_spool import open_spool
from mailsurgeon.text import visible


def opened(path: str | None, common: Common) -> Spool:
    """The spool at `path`, or the user's own if None; raises SpoolError if there is none, or if
    there are several.

    Says on stderr when it opens another directory than the one given.
    """
    found = several(path, common)
    if found is not None:
        # Taken as one spool, the mail of one user would be compared with another's.
        first, second = map(visible, found)
        raise SpoolError(
            f"{visible(path or '')}: holds several spools; name one of them, such as {first} or"
            f" {second} (mailsurgeon scan-all lists them), or give --layout fs where they are"
            " folders of one"
        )
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


def several(path: str | None, common: Common) -> tuple[bytes, bytes] | None:
    """Two of the spools below `path`, if it is none itself, stands for none, and certainly holds at
    least two; else None.

    `--layout` says that it is one spool. All commands refuse such a path; the screen shows a list.
    """
    if path is None or common.layout is not None:
        return None
    try:
        return several_in(path, exclude=common.exclude, host=common.host)
    except SpoolError:
        return None  # opening it will report what is wrong


def _found(spool: Spool) -> str:
    """One line that says where the lists and indexes are, and which source gave the place."""
    directories = (("uidlists", spool.control), ("indexes", spool.index))
    found = ", ".join(f"{what} in {os.fsdecode(where)}" for what, where in directories if where)
    return f"{spool.shown}: {found} (by {spool.found_by})"
