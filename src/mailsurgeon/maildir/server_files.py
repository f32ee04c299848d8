"""What is lost when a server's own file goes to the quarantine, in words. Pure.

From what Dovecot 2.3 and 2.4, Courier-IMAP 5.2 and isync 1.4 keep in each and make anew.
"""

from __future__ import annotations

import os

_INDEX = (
    "Dovecot makes it anew: UIDs stay by the uidlist, but the history of changes (HIGHESTMODSEQ)"
    " is lost, so that clients sync the folder anew; \\Recent, flags not yet written to file names"
    " and keywords beyond the 26th are lost"
)
_ALL_NEW = "the UIDs of the whole folder are lost: every client downloads it again"
_LOSSES: tuple[tuple[tuple[bytes, ...], str], ...] = (
    (
        (b"dovecot.index.cache",),
        "only a cache: Dovecot makes it anew, and the next search or list is slow",
    ),
    (
        (b"dovecot.list.index", b"dovecot.mailbox.log"),
        "Dovecot makes its list of mailboxes anew; nothing is lost",
    ),
    ((b"dovecot.index.thread", b"dovecot.index.search"), "Dovecot makes it anew when asked to"),
    ((b"dovecot.index",), _INDEX),
    ((b"dovecot-uidlist.lock",), "only a lock"),
    ((b"dovecot-uidlist", b"courierimapuiddb"), _ALL_NEW),
    (
        (b"dovecot-keywords",),
        "the names of all keywords of the folder are lost; letters in file names then mean others",
    ),
    ((b"courierimapkeywords",), "all keywords of the folder are lost in Courier"),
    ((b"subscriptions", b"courierimapsubscribed"), "the list of subscribed folders is lost"),
    ((b"maildirsize",), "the server counts the quota anew; a limit set only in this file is lost"),
    ((b".mbsyncstate", b".uidvalidity", b".isyncuidmap"), "mbsync takes every message for new"),
)


def kind_of(path: bytes) -> bytes:
    """The server's file or directory at `path` by its name in the folder; empty for all else."""
    directory, name = os.path.split(path)
    if os.path.basename(directory) == b"courierimapkeywords":
        return b"courierimapkeywords"
    return name if _loss(name) else b""


def loss_of(kind: bytes) -> str:
    """What is lost with it, in words; empty where `kind` is not of a server."""
    return _loss(kind)


def _loss(name: bytes) -> str:
    return next((loss for starts, loss in _LOSSES if name.startswith(starts)), "")
