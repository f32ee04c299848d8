"""Says what a directory or file is that holds no Maildir, and finds messages loose in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mailsurgeon.maildir.message import Traits, analyse
from mailsurgeon.maildir.reserved import is_servers_directory, is_servers_file
from mailsurgeon.maildir.spool import join
from mailsurgeon.survey.walk.foreign_stores import (
    DBOX,
    MBOX,
    MDBOX,
    MH,
    NNMAILDIR,
    THUNDERBIRD,
    ForeignStore,
    is_mbox,
)
from mailsurgeon.survey.walk.listing import Listing
from mailsurgeon.text import visible

_LOOKED_AT = 200
"""The most directories, and the most files in all of them, that are looked at."""
_HEAD = 64 * 1024  # bytes of a file that show whether it is mail
_OURS = "mailsurgeon repairs Maildir spools"


class _Owner(NamedTuple):
    """What a store of another kind is called, and how its own program repairs it."""

    called: str
    repair: str


_OWNERS = {
    DBOX: _Owner("a Dovecot sdbox store", "doveadm force-resync -u USER '*' repairs it"),
    MDBOX: _Owner("a Dovecot mdbox store", "doveadm force-resync -u USER '*' repairs it"),
    THUNDERBIRD: _Owner(
        "a store of Thunderbird",
        "Repair Folder, in the properties of a folder in Thunderbird, reads it anew",
    ),
    MH: _Owner("a store of MH folders", "folder -pack +FOLDER numbers the messages of one anew"),
    MBOX: _Owner("an mbox store", "doveadm force-resync -u USER FOLDER reads a folder anew"),
    NNMAILDIR: _Owner(
        "a Maildir of Gnus (nnmaildir), which keeps the flags in .nnmaildir",
        "M-g on the group in Gnus reads it anew",
    ),
}


def what_a_file_is(path: bytes) -> str:
    """A sentence about a regular file, given as a mail root."""
    if is_mbox(path):
        return f"an mbox file: {_OWNERS[MBOX].repair}; {_OURS}"
    return "not a directory; a Maildir spool is needed"


def what_a_directory_is(root: bytes, stores: Sequence[ForeignStore]) -> str:
    """A sentence about a directory without a Maildir, in which these stores of other kinds were
    found; `root` is absolute."""
    store = next(iter(stores), None)
    if store is None:
        for path in _files(root):
            if is_mbox(os.path.join(root, path)):
                store = ForeignStore(path, MBOX, None)
                break
    if store is None:
        return (
            "no Maildir is here: no directory with cur or new; give the directory that holds cur,"
            " new and tmp, or the folders"
        )
    owner = _OWNERS[store.kind]
    where = f" ({visible(store.path)})" if store.path else ""
    return f"{owner.called}{where}: {owner.repair}; {_OURS}"


def holds_loose_mail(root: bytes) -> bool:
    """Whether one of the first files in a directory, or directly in one in it, is a message: a
    delivery to a directory that is no Maildir leaves such files."""
    return any(_is_message(os.path.join(root, path)) for path in _files(root))


def _files(root: bytes) -> Iterator[bytes]:
    """The first files in a directory and in those directly in it, by path relative to it."""
    left = _LOOKED_AT
    try:
        listing = Listing(root)
    except OSError:
        return
    inner = [name for name in sorted(listing.directories) if not is_servers_directory(name)]
    for directory in (b"", *inner[:_LOOKED_AT]):
        try:
            files = Listing(os.path.join(root, directory)).files
        except OSError:
            continue
        for name in files:
            if not is_servers_file(name):
                yield join(directory, name)
                left -= 1
            if not left:
                return


def _is_message(path: bytes) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        head = os.read(descriptor, _HEAD)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    mail = analyse([head]).traits & Traits.MAIL == Traits.MAIL
    return mail and not head.startswith(b"From ")
