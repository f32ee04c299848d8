"""Names that are not mail: files and directories that servers, clients and file systems keep in a
spool. Sources: Dovecot 2.3.19, Courier-IMAP 5.0, isync 1.4.4, notmuch 0.37.
"""

from __future__ import annotations

import re

SUBDIRS = (b"cur", b"new", b"tmp")

_PREFIXES = (b"dovecot", b"courier", b"maildir", b"shared-", b"subscriptions", b".")
_TEMPORARY = re.compile(rb"temp\.[^/]+\.\d+\.[^/]*$")
_OWN_DIRECTORIES = frozenset(
    (
        b"courierimapkeywords", b"courierimaphieracl", b".notmuch", b"dovecot-attributes",
        b"..DOVECOT-TRASHED", b"..dovecot-trashed", b"sieve", b".sieve", b".git",
        b".mail-compress", b"lost+found",
    )
)  # fmt: skip
_FOLDER_MARKS = frozenset(
    (b"maildirfolder", b"dovecot-uidlist", b"courierimapuiddb", b".uidvalidity")
)


def is_servers_file(name: bytes) -> bool:
    """Whether a plain file in a folder's directory belongs to a server or is a dot file, never
    mail."""
    return name.startswith((*_PREFIXES, b"extra-")) or _TEMPORARY.match(name) is not None


def is_servers_directory(name: bytes) -> bool:
    """Whether a directory with this name belongs to a server or tool; a survey does not enter
    it."""
    return name in _OWN_DIRECTORIES or name.startswith(b"extra-")


def never_a_folder(name: bytes) -> bool:
    """Whether a directory is never a folder although it may look like one: Dovecot is deleting
    it."""
    return name.lower() == b"..dovecot-trashed"


def keeps_state(name: bytes) -> bool:
    """Whether a server or sync tool keeps its state of a folder in a file with this name."""
    return name.startswith((*_PREFIXES[:-1], b".uidvalidity", b".mbsyncstate", b".isyncuidmap"))


def marks_folder(name: bytes) -> bool:
    """Whether a file with this name marks its directory as a folder, even without cur, new, tmp."""
    return name in _FOLDER_MARKS or name.startswith(b"dovecot.index")


def never_leftover(name: bytes) -> bool:
    """Whether a file in tmp/ is never a leftover of a delivery: dot files, `.nfs*`, Courier's
    lock."""
    return name.startswith(b".") or name == b"courier.lock"
