"""By which server's rule the messages of a folder count towards the quota."""

from __future__ import annotations

import os

from mailsurgeon.maildir.lists.maildirsize import Rule
from mailsurgeon.maildir.server_entry import Server, Tells
from mailsurgeon.maildir.server_files import COURIER, DOVECOT
from mailsurgeon.maildir.spool import Spool, list_path


def quota_rule(spool: Spool, folder: bytes) -> Rule:
    """Courier's rule if Courier has left files here and Dovecot has not; else Dovecot's."""
    courier = not _counts(spool, DOVECOT, b"") and any(
        _counts(spool, COURIER, home) for home in {b"", folder}
    )
    return Rule(courier, spool.layout)


def _counts(spool: Spool, server: Server, folder: bytes) -> bool:
    """Whether the folder holds a file which shows that this server counts there."""
    return any(
        os.path.lexists(list_path(spool, folder, file.name))
        for file in server.telling(Tells.COUNTED)
    )
