"""Reads whether a folder is subscribed and how its messages are numbered, from servers' lists."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from mailsurgeon.host.files import PlainFile, read_small
from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.folder_names import INBOX, folder_name
from mailsurgeon.maildir.lists.subscriptions import (
    courier_subscriptions,
    dovecot_subscriptions,
    is_subscribed,
)
from mailsurgeon.maildir.lists.uidlist import LIST_CHUNK, UidlistError, numbering
from mailsurgeon.maildir.server_files import COURIER_SUBSCRIPTIONS, DOVECOT_SUBSCRIPTIONS
from mailsurgeon.maildir.spool import Spool, list_path

LARGEST_SUBSCRIPTIONS = 1 << 20
"""The largest list of subscriptions, in bytes, that is read."""


@dataclass(frozen=True, slots=True)
class FolderDetails:
    """The subscription and numbering of one folder.

    `subscriptions` is the name of the spool's list of subscriptions; without a list `subscribed` is
    None. `uidlist` is the name of the folder's uidlist, empty without one. `uidvalidity` and
    `next_uid` are None when it cannot be read, and then `damage` is the reason.
    """

    subscribed: bool | None = None
    subscriptions: str = ""
    uidlist: str = ""
    uidvalidity: int | None = None
    next_uid: int | None = None
    damage: str = ""


def folder_details(spool: Spool, folder: bytes) -> FolderDetails:
    """Reads the lists for one folder (path relative to the spool). Raises nothing."""
    listed = _subscriptions(spool)
    subscribed, source = None, ""
    if listed is not None:
        source, names = listed
        name = folder_name(folder, spool.layout)
        # The INBOX of a list is the spool itself, whatever another directory is shown as.
        subscribed = is_subscribed(name, names) and not (name == INBOX and folder)
    for name in server_files.TABLE.uidlists:
        data = _ends(list_path(spool, folder, name))
        if data is None:
            continue
        try:
            return FolderDetails(subscribed, source, name.decode(), *numbering(data))
        except UidlistError as error:
            return FolderDetails(subscribed, source, name.decode(), damage=str(error))
    return FolderDetails(subscribed, source)


def _ends(path: bytes) -> bytes | None:
    """The first line of a list and its last ones; None if it is no file that we may read."""
    with suppress(OSError), PlainFile(path) as file:
        first = next(file.blocks(LIST_CHUNK), b"")
        if file.status.st_size <= LIST_CHUNK:
            return first
        header = first.partition(b"\n")[0]
        return header + b"\n" + file.end(LIST_CHUNK).partition(b"\n")[2]
    return None


def _subscriptions(spool: Spool) -> tuple[str, frozenset[str]] | None:
    """The name of the list and the folders in it, None without one. Dovecot's list (in CONTROL=, if
    configured) comes before Courier's."""
    path = os.path.join(spool.control or spool.root, DOVECOT_SUBSCRIPTIONS)
    own = read_small(path, LARGEST_SUBSCRIPTIONS)
    if own is not None:
        return DOVECOT_SUBSCRIPTIONS.decode(), dovecot_subscriptions(own, spool.layout)
    couriers = read_small(spool.absolute(COURIER_SUBSCRIPTIONS), LARGEST_SUBSCRIPTIONS)
    if couriers is None:
        return None
    return COURIER_SUBSCRIPTIONS.decode(), courier_subscriptions(couriers)
