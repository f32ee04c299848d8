"""Recognises mail stores of other kinds by the marks that their programs leave in them.

Their messages are named, numbered and flagged in ways of their own, and a repair by the rules of
Maildir would destroy that: Thunderbird's summary files go by the names of messages, and so do the
marks of Gnus. Sources: Dovecot 2.3.19 (sdbox, mdbox), nmh and mutt (`.mh_sequences`), Claws Mail
and Sylpheed (their mark files), Thunderbird's pluggable stores (`NAME.msf` and `NAME.sbd` beside
`NAME`), the Gnus manual (nnmaildir keeps marks in `.nnmaildir/marks/FLAG/BASE`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.server_entry import Role
from mailsurgeon.maildir.spool import join
from mailsurgeon.survey.walk.listing import Listing

DBOX, MDBOX, THUNDERBIRD, MH, MBOX, NNMAILDIR = (
    "dbox", "mdbox", "thunderbird", "mh", "mbox", "nnmaildir"
)  # fmt: skip

_MDBOX_FILE = re.compile(rb"m\.\d+\Z")
_MDBOX_MAP = b"dovecot.map.index"
_DBOX_MAILS = b"dbox-Mails"
_DBOX_FILE = re.compile(rb"u\.\d+\Z")
_MH_MARKS = frozenset((b".mh_sequences", b".claws_mark", b".sylpheed_mark"))
_SUMMARY, _BELOW = b".msf", b".sbd"
_MOST_DIRECTORIES = 10_000
"""The most directories that are listed to count the messages of a store."""


class ForeignStore(NamedTuple):
    """A store of another kind. `path`: its directory (an mbox: the file), relative to the spool.
    `messages` is None where a count would need to read them."""

    path: bytes
    kind: str
    messages: int | None


class Entries(Protocol):
    """The names in a directory: all of its directories, and at least the files that `marks_store`
    names."""

    @property
    def directories(self) -> list[bytes]: ...
    @property
    def files(self) -> list[bytes]: ...


def marks_store(name: bytes) -> bool:
    """Whether a file of this name may show a store of another kind, or that a directory is none."""
    return name in _MH_MARKS or name.endswith(_SUMMARY) or server_files.TABLE.file(name) is not None


def another_kind(store: ForeignStore) -> str:
    """The reason why a store of another kind is not examined."""
    return f"a store of another kind: {store.kind}"


def foreign_stores(
    root: bytes, path: bytes, listing: Entries, *, folder: bool
) -> list[ForeignStore]:
    """The stores of other kinds that the entries of one directory show.

    `root` is absolute, `path` relative to it; `folder`: the directory is a folder. A store with the
    same `path` is the directory itself. Lists a few directories below, only where a name gives
    reason to.
    """
    here = os.path.join(root, path) if path else root
    own = _gnus(here, path, listing) if folder else _mh(here, path, listing)
    dovecots = _dovecots(here, path, listing, folder=folder)
    for store in (*dovecots, own):
        if store is not None and store.path == path:
            return [store]
    return dovecots + _thunderbirds(here, path, listing, folder=folder)


def _dovecots(here: bytes, path: bytes, listing: Entries, *, folder: bool) -> list[ForeignStore]:
    """Dovecot's sdbox and mdbox: the whole directory, or if there are Maildirs in it too, the
    store's own directories."""
    found: list[ForeignStore] = []
    mdbox = b"storage" in listing.directories and _is_mdbox(os.path.join(here, b"storage"))
    if mdbox:
        found.append(ForeignStore(join(path, b"storage"), MDBOX, None))
    if b"mailboxes" in listing.directories:
        messages = _dbox_messages(os.path.join(here, b"mailboxes"))
        if messages is not None:
            kind, count = (MDBOX, None) if mdbox else (DBOX, messages)
            found.append(ForeignStore(join(path, b"mailboxes"), kind, count))
    if _DBOX_MAILS in listing.directories and not folder:
        messages = _dbox_messages(here)
        return found if messages is None else [ForeignStore(path, DBOX, messages)]
    if not found or folder:
        return found
    own = {os.path.basename(store.path) for store in found}
    if any(_has_cur(os.path.join(here, name)) for name in listing.directories if name not in own):
        return found
    return [found[-1]._replace(path=path)]


def _is_mdbox(storage: bytes) -> bool:
    files = _files(storage)
    return any(_MDBOX_FILE.match(name) or name.startswith(_MDBOX_MAP) for name in files)


def _dbox_messages(directory: bytes) -> int | None:
    """The messages in the mailboxes of an sdbox below a directory; None if there are none of
    these. In an mdbox they hold only indexes."""
    found, messages = False, 0
    for place, inner in _tree(directory):
        if os.path.basename(place) == _DBOX_MAILS and b"cur" not in inner.directories:
            found = True
            messages += sum(_DBOX_FILE.match(name) is not None for name in inner.files)
    return messages if found else None


def _mh(here: bytes, path: bytes, listing: Entries) -> ForeignStore | None:
    """A folder of MH, with those in it. The messages of one are numbered."""
    if _MH_MARKS.isdisjoint(listing.files):
        return None
    return ForeignStore(
        path, MH, sum(name.isdigit() for _, inner in _tree(here) for name in inner.files)
    )


def _gnus(here: bytes, path: bytes, listing: Entries) -> ForeignStore | None:
    """A folder whose flags Gnus keeps, unless a server has numbered its messages: then the server's
    flags are in the names as usual."""
    if b".nnmaildir" not in listing.directories:
        return None
    servers = (server_files.TABLE.file(name) for name in listing.files)
    if any(file is not None and file.role in (Role.UIDLIST, Role.STATE) for file in servers):
        return None
    marks = _listing(os.path.join(here, b".nnmaildir", b"marks"))
    if marks is None or not any(
        _files(os.path.join(here, b".nnmaildir", b"marks", name)) for name in marks.directories
    ):
        return None
    return ForeignStore(path, NNMAILDIR, _filed(here))


def _thunderbirds(
    here: bytes, path: bytes, listing: Entries, *, folder: bool
) -> list[ForeignStore]:
    """Thunderbird's folders: the whole directory, if it has no other Maildir in it."""
    stems = {name[: -len(_SUMMARY)] for name in listing.files if name.endswith(_SUMMARY)}
    stems.discard(b"")
    if not stems:
        return []
    others = [name for name in listing.directories if name not in stems]
    stores = [
        ForeignStore(join(path, stem), THUNDERBIRD, _filed(os.path.join(here, stem)))
        for stem in sorted(stems)
        if stem in listing.directories and _is_thunderbirds(os.path.join(here, stem))
    ]
    known = {os.path.basename(store.path) for store in stores}
    files = [stem for stem in stems if is_mbox(os.path.join(here, stem))]
    if not stores and not files:
        return []
    strange = [
        name
        for name in (*others, *(stems - known))
        if name in listing.directories and _has_cur(os.path.join(here, name))
    ]
    below = sorted(name for name in listing.directories if name.endswith(_BELOW))
    inside = [(name, *_counted(os.path.join(here, name))) for name in below]
    if folder or strange:
        stores += [ForeignStore(join(path, name), THUNDERBIRD, count) for name, count, _ in inside]
        return stores
    unknown = bool(files) or any(mboxes for _, _, mboxes in inside)
    messages = sum(store.messages or 0 for store in stores) + sum(count for _, count, _ in inside)
    return [ForeignStore(path, THUNDERBIRD, None if unknown else messages)]


def _is_thunderbirds(directory: bytes) -> bool:
    """Whether a directory beside its summary file is a folder of Thunderbird, which makes no `new`
    and gives its messages no info."""
    listing = _listing(directory)
    if listing is None or b"cur" not in listing.directories:
        return False
    names = _files(os.path.join(directory, b"cur"))
    if any(b":2," in name for name in names):
        return False
    return b"new" not in listing.directories or any(name.endswith(b".eml") for name in names)


def _counted(directory: bytes) -> tuple[int, bool]:
    """The messages filed below a directory of Thunderbird's, and whether an mbox is there too."""
    messages, mboxes = 0, False
    for place, listing in _tree(directory):
        if os.path.basename(place) == b"cur":
            messages += len(listing.files)
        for name in listing.files:
            if name.endswith(_SUMMARY) and name[: -len(_SUMMARY)] in listing.files:
                mboxes |= is_mbox(os.path.join(place, name[: -len(_SUMMARY)]))
    return messages, mboxes


def is_mbox(path: bytes) -> bool:
    """Whether the regular file at an absolute path begins as an mbox does. Raises nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.read(descriptor, 5) == b"From "
    except OSError:  # a directory, for example
        return False
    finally:
        os.close(descriptor)


def _filed(directory: bytes) -> int:
    return sum(len(_files(os.path.join(directory, name))) for name in (b"cur", b"new"))


def _has_cur(directory: bytes) -> bool:
    return os.path.isdir(os.path.join(directory, b"cur"))


def _files(directory: bytes) -> list[bytes]:
    listing = _listing(directory)
    return listing.files if listing else []


def _listing(directory: bytes) -> Listing | None:
    try:
        return Listing(directory)
    except OSError:
        return None


def _tree(directory: bytes) -> Iterator[tuple[bytes, Listing]]:
    """A directory and all below it, as far as they can be read and there are not too many."""
    waiting = [directory]
    for _ in range(_MOST_DIRECTORIES):
        if not waiting:
            return
        place = waiting.pop()
        listing = _listing(place)
        if listing:
            yield place, listing
            waiting += [os.path.join(place, name) for name in listing.directories]
