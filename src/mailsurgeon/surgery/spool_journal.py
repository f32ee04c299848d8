"""Where the journal of a spool is looked for, and whether it may have anything unfinished.

Commands that only look ask this. It loads nothing of what changes a spool, which takes longer than
a survey of a small one.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from mailsurgeon.host.own_places import state_home
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.journal.journal_file import JournalFile
from mailsurgeon.surgery.journal.journal_home import JournalHome
from mailsurgeon.surgery.quarantine import unfinished_notice
from mailsurgeon.surgery.quarantine.directory import default_directory
from mailsurgeon.surgery.quarantine.spool_id import read_spool_id


def journal_home(
    spool: Spool, state_dir: Path | None, journal: Path | None, quarantine: bytes
) -> JournalHome:
    """The place of the spool's journal; the arguments are those of `Surgeon`, but `quarantine` is
    the directory in use."""
    known = read_spool_id(quarantine)
    return JournalHome(
        state_dir or state_home(spool.root),
        spool,
        only_there=state_dir is not None,
        named=None if journal is None else journal.absolute(),
        id=known.id if known else None,
        pointers=known.paths if known else (),
    )


def may_be_unfinished(
    spool: Spool,
    *,
    state_dir: Path | None = None,
    journal: Path | None = None,
    quarantine: bytes | None = None,
) -> bool:
    """Whether `Surgeon.unfinished` or `Surgeon.foreign_unfinished` may have something to tell.

    Takes no lock. Raises JournalError.
    """
    if unfinished_notice.stands(spool):
        return True
    beside = os.path.abspath(quarantine) if quarantine else default_directory(spool)
    home = journal_home(spool, state_dir, journal, beside)
    with closing(JournalFile(home)) as file:
        return file.any_open()
