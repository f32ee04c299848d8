"""The table of servers: the files that Dovecot, Courier, mbsync and others keep in a spool.

Pure data: one entry per server, with its lists, locks, state, indexes and directories, and the
facts that each of them shows (`server_entry.py` defines the fields). All other modules use `TABLE`.
A list that must follow a rename has a module in `surgery/servers/`, and so has each kind of lock;
the registry there maps the names here to these modules. The formats of lists are in
`maildir/lists/`.

Unless another source is named, the facts are from Dovecot 2.3.19 and 2.4, Courier-IMAP 5.0 to 5.2,
isync 1.4.4, offlineimap 7 and 3, syncmaildir 1.3 and notmuch 0.37.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from mailsurgeon.maildir.server_entry import Home, KnownFile, Role, Server, ServerLock, Tells

DOVECOT_UIDLIST = b"dovecot-uidlist"
DOVECOT_UIDLIST_LOCK = b"dovecot-uidlist.lock"
DOVECOT_KEYWORDS = b"dovecot-keywords"
DOVECOT_UIDVALIDITY = b"dovecot-uidvalidity"
DOVECOT_SUBSCRIPTIONS = b"subscriptions"
DOVECOT_INDEX_CACHE = b"dovecot.index.cache"
COURIER_UIDLIST = b"courierimapuiddb"
COURIER_LOCK = b"courier.lock"
COURIER_KEYWORDS = b"courierimapkeywords"
COURIER_SUBSCRIPTIONS = b"courierimapsubscribed"
FOLDER_MARK = b"maildirfolder"
MAILDIRSIZE = b"maildirsize"
MBSYNC_STATE = b".mbsyncstate"
MBSYNC_UIDVALIDITY = b".uidvalidity"

_ALL_UIDS_LOST = "the UIDs of the whole folder are lost: every client downloads it again"
_INDEX_LOST = (
    "Dovecot makes it anew: UIDs stay by the uidlist, but the history of changes (HIGHESTMODSEQ)"
    " is lost, so that clients sync the folder anew; \\Recent, flags not yet written to file names"
    " and keywords beyond the 26th are lost"
)
_CACHE_LOST = "only a cache: Dovecot makes it anew, and the next search or list is slow"
_MAILBOXES_LOST = "Dovecot makes its list of mailboxes anew; nothing is lost"
_ON_DEMAND = "Dovecot makes it anew when asked to"
_LETTERS_LOST = (
    "the names of all keywords of the folder are lost; letters in file names then mean others"
)
_SUBSCRIPTIONS_LOST = "the list of subscribed folders is lost"
_QUOTA_LOST = "the server counts the quota anew; a limit set only in this file is lost"
_MARK_LOST = "only a mark, which says that its directory is a folder of the spool above"
_SYNC_LOST = "mbsync takes every message for new"

# Its lists lie in CONTROL= if that is configured. With CONTROL=, or once it has opened any folder,
# Dovecot serves the whole spool. The uidlist lacks NUMBERED, because code that needs to know which
# messages have UIDs reads the list itself.
DOVECOT = Server(
    "Dovecot",
    files=(
        KnownFile(
            DOVECOT_UIDLIST, Role.UIDLIST, Home.CONTROL,
            Tells.FOLDER | Tells.OPENED | Tells.COUNTED, _ALL_UIDS_LOST, shadowed=True,
        ),
        KnownFile(DOVECOT_UIDLIST_LOCK, home=Home.CONTROL, lost="only a lock"),
        KnownFile(b"dovecot.index.log", Role.INDEX, tells=Tells.OPENED, lost=_INDEX_LOST),
        KnownFile(
            b"dovecot.index", Role.INDEX,
            tells=Tells.LISTED_FOLDER | Tells.OPENED | Tells.NUMBERED,
            lost=_INDEX_LOST, begins=True,
        ),
        KnownFile(
            DOVECOT_KEYWORDS, Role.KEYWORDS, Home.CONTROL, Tells.OPENED, _LETTERS_LOST,
            shadowed=True,
        ),
        # `dovecot-uidvalidity.HEX` beside it, an empty file, has the last value in its name.
        KnownFile(
            DOVECOT_UIDVALIDITY, Role.STATE, Home.CONTROL_ROOT, Tells.ROOT | Tells.OPENED,
            begins=True, shadowed=True,
        ),
        KnownFile(b"dovecot.list.index", Role.INDEX, Home.ROOT, Tells.ROOT, _MAILBOXES_LOST),
        KnownFile(b"dovecot.list.index.log", Role.INDEX, Home.ROOT, Tells.OPENED, _MAILBOXES_LOST),
        KnownFile(
            b"dovecot.mailbox.log", Role.INDEX, Home.ROOT, Tells.ROOT | Tells.OPENED,
            _MAILBOXES_LOST,
        ),
        KnownFile(DOVECOT_INDEX_CACHE, Role.INDEX, tells=Tells.OPENED, lost=_CACHE_LOST),
        KnownFile(b"dovecot.index.thread", Role.INDEX, lost=_ON_DEMAND),
        KnownFile(b"dovecot.index.search", Role.INDEX, lost=_ON_DEMAND),
        KnownFile(
            DOVECOT_SUBSCRIPTIONS, Role.SUBSCRIPTIONS, Home.CONTROL_ROOT, Tells.ROOT,
            _SUBSCRIPTIONS_LOST, shadowed=True,
        ),
        KnownFile(b"dovecot-attributes", directory=True),
        # Dovecot renames a mailbox to this before it deletes it.
        KnownFile(b"..DOVECOT-TRASHED", tells=Tells.BEING_DELETED, directory=True),
        KnownFile(b"..dovecot-trashed", tells=Tells.BEING_DELETED, directory=True),
        # Pigeonhole's scripts; `sieve` has a tmp of its own.
        KnownFile(b"sieve", home=Home.ROOT, directory=True),
        KnownFile(b".sieve", home=Home.ROOT, directory=True, begins=True),
        KnownFile(b".dovecot.sieve", home=Home.ROOT, directory=True, begins=True),
        # The full-text indexes of the plugins fts-flatcurve, fts-lucene and fts-xapian.
        KnownFile(b"fts-", directory=True, begins=True),
        KnownFile(b"lucene-indexes", home=Home.ROOT, directory=True),
        KnownFile(b"xapian-indexes", home=Home.ROOT, directory=True),
        # The indexes beside mbox files.
        KnownFile(b".imap", tells=Tells.NO_MAIL, directory=True),
    ),
    locks=(ServerLock(DOVECOT_UIDLIST_LOCK, Home.CONTROL, DOVECOT_UIDLIST),),
    prefixes=(b"dovecot", DOVECOT_SUBSCRIPTIONS),
    other_prefixes=(b"extra-",),
    temporary=rb"temp\.[^/]+\.\d+\.[^/]*$",  # temp.HOST.PID.RANDOM
    opens_all=True,
    uids_in_lists=True,
)  # fmt: skip

# Courier makes its list when it first opens a folder, and its lock and drafts in tmp
# (maildirlock.c). It also keeps the files of the Maildir++ specification: maildirfolder,
# maildirsize, shared-maildirs.
COURIER = Server(
    "Courier",
    files=(
        KnownFile(
            COURIER_UIDLIST, Role.UIDLIST,
            tells=Tells.FOLDER | Tells.OPENED | Tells.NUMBERED | Tells.COUNTED,
            lost=_ALL_UIDS_LOST,
        ),
        KnownFile(
            COURIER_SUBSCRIPTIONS, Role.SUBSCRIPTIONS, Home.ROOT, Tells.ROOT | Tells.COUNTED,
            _SUBSCRIPTIONS_LOST,
        ),
        KnownFile(
            COURIER_KEYWORDS, Role.KEYWORDS, tells=Tells.OPENED | Tells.COUNTED,
            lost="all keywords of the folder are lost in Courier", directory=True,
        ),
        KnownFile(b"courierimaphieracl", home=Home.ROOT, directory=True),
        KnownFile(FOLDER_MARK, tells=Tells.FOLDER, lost=_MARK_LOST),
        KnownFile(MAILDIRSIZE, Role.QUOTA, Home.CONTROL_ROOT, Tells.ROOT, _QUOTA_LOST),
        # A list of them; whatever is called so is no folder.
        KnownFile(b"shared-maildirs", home=Home.ROOT, tells=Tells.ROOT, directory=True),
        # Copies of other users' folders, by reference.
        KnownFile(b"shared-folders", home=Home.ROOT, directory=True),
    ),
    locks=(ServerLock(COURIER_LOCK, Home.TMP, COURIER_UIDLIST),),
    prefixes=(b"courier", b"maildir", b"shared-"),
    uids_in_lists=True,
    config=b"/etc/courier/imapd",
)  # fmt: skip

# mbsync keeps its state in the spool only with `SyncState *`. The UIDs it assigns are in the names
# (`,U=`) and the last one in .uidvalidity, or else all are in a database (AltMap).
MBSYNC = Server(
    "mbsync",
    files=(
        KnownFile(MBSYNC_STATE, Role.STATE, tells=Tells.NUMBERED, lost=_SYNC_LOST),
        KnownFile(b".mbsyncstate.journal", Role.STATE, tells=Tells.AT_WORK, lost=_SYNC_LOST),
        KnownFile(b".mbsyncstate.lock", Role.STATE, tells=Tells.AT_WORK, lost=_SYNC_LOST),
        KnownFile(b".mbsyncstate.new", Role.STATE, tells=Tells.AT_WORK, lost=_SYNC_LOST),
        KnownFile(
            MBSYNC_UIDVALIDITY, Role.STATE, tells=Tells.FOLDER | Tells.OPENED | Tells.NUMBERED,
            lost=_SYNC_LOST,
        ),
        KnownFile(b".isyncuidmap.db", Role.STATE, tells=Tells.NUMBERED, lost=_SYNC_LOST),
        KnownFile(b".isyncuidmap", Role.STATE, lost=_SYNC_LOST),
    ),
    locks=(
        ServerLock(MBSYNC_UIDVALIDITY, Home.FOLDER, MBSYNC_UIDVALIDITY, leaves_name=False),
    ),
    prefixes=(MBSYNC_UIDVALIDITY, MBSYNC_STATE, b".isyncuidmap"),
    uids_in_names=True,
    sync_programs=frozenset((b"mbsync",)),
)  # fmt: skip

# offlineimap keeps its state in ~/.offlineimap, and writes `,U=` and `,FMD5=` into names.
OFFLINEIMAP = Server("offlineimap", sync_programs=frozenset((b"offlineimap", b"offlineimap3")))

# syncmaildir keeps its state in ~/.smd, and identifies messages by their content.
SYNCMAILDIR = Server(
    "syncmaildir",
    sync_programs=frozenset((b"smd-pull", b"smd-push", b"smd-client", b"smd-server", b"mddiff")),
)


def _keeps(program: str, name: bytes, *, begins: bool = False) -> Server:
    """A program that keeps nothing in a spool but a directory in which no spool is looked for."""
    kept = KnownFile(name, tells=Tells.NO_MAIL, directory=True, begins=begins)
    return Server(program, files=(kept,))


# A large database.
NOTMUCH = _keeps("notmuch", b".notmuch")

# mu's database, in versions that kept it beside the mail.
MU = _keeps("mu", b".mu")

# Gnus (nnmaildir) keeps marks, numbers and headers of a folder's messages there, by base name.
GNUS = _keeps("Gnus", b".nnmaildir")

# What is no mail program's: metadata, snapshots and waste of file systems and desktops, and tools
# that archive or compress mail.
OTHERS = (
    _keeps("Synology DSM", b"@eaDir"),
    _keeps("netatalk", b".AppleDouble"),
    _keeps("a file server's snapshots", b".snapshot"),
    _keeps("fsck", b"lost+found"),
    _keeps("a desktop's waste", b".Trash-", begins=True),
    _keeps("git", b".git"),
    Server("mail-compress", files=(KnownFile(b".mail-compress", directory=True),)),
)


@dataclass(frozen=True)
class ServerTable:
    """All servers, in the order in which their locks are taken and their lists are read."""

    servers: tuple[Server, ...]

    @cached_property
    def files(self) -> tuple[KnownFile, ...]:
        """The files and directories of all servers."""
        return tuple(file for server in self.servers for file in server.files)

    @cached_property
    def locks(self) -> tuple[ServerLock, ...]:
        """The locks of all servers."""
        return tuple(lock for server in self.servers for lock in server.locks)

    @cached_property
    def uidlists(self) -> tuple[bytes, ...]:
        """The names of all lists of UIDs."""
        return tuple(file.name for file in self.files if file.role is Role.UIDLIST)

    @cached_property
    def prefixes(self) -> tuple[bytes, ...]:
        """The beginnings of names of files in which servers keep state."""
        return tuple(prefix for server in self.servers for prefix in server.prefixes)

    @cached_property
    def other_prefixes(self) -> tuple[bytes, ...]:
        """The beginnings of names of servers' other files and directories."""
        return tuple(prefix for server in self.servers for prefix in server.other_prefixes)

    @cached_property
    def all_prefixes(self) -> tuple[bytes, ...]:
        """The beginnings of names of all servers' files."""
        return self.prefixes + self.other_prefixes

    @cached_property
    def temporary(self) -> re.Pattern[bytes]:
        """A pattern that the names of servers' temporary files match."""
        patterns = [server.temporary for server in self.servers if server.temporary]
        return re.compile(b"|".join(patterns) or b"(?!)")

    def owner_of(self, name: bytes) -> Server | None:
        """The server or program to which a directory of this name belongs; None if to none."""
        whole, beginnings = self._own_directories
        owner = whole.get(name)
        if owner is None and name.startswith(tuple(beginnings)):
            owner = next(one for start, one in beginnings.items() if name.startswith(start))
        return owner

    @cached_property
    def _own_directories(self) -> tuple[dict[bytes, Server], dict[bytes, Server]]:
        """The owners of directories, by whole names and by beginnings of names."""
        whole: dict[bytes, Server] = {}
        beginnings: dict[bytes, Server] = {}
        for server in self.servers:
            for file in server.files:
                if file.directory:
                    (beginnings if file.begins else whole)[file.name] = server
            beginnings.update((start, server) for start in server.other_prefixes)
        return whole, beginnings

    @cached_property
    def in_tmp(self) -> frozenset[bytes]:
        """The names of files and locks that servers keep in a folder's tmp."""
        kept = [(file.home, file.name) for file in self.files]
        kept += [(lock.home, lock.name) for lock in self.locks]
        return frozenset(name for home, name in kept if home is Home.TMP)

    @cached_property
    def sync_programs(self) -> frozenset[bytes]:
        """The names of programs that move mail while they run."""
        return frozenset[bytes]().union(*(server.sync_programs for server in self.servers))

    def telling(self, what: Tells) -> tuple[KnownFile, ...]:
        """The files of all servers that show this fact."""
        return tuple(file for file in self.files if what in file.tells)

    @cached_property
    def folder_marks(self) -> frozenset[bytes]:
        """The names of files that show that their directory is a folder."""
        return frozenset(file.name for file in self.telling(Tells.FOLDER))

    @cached_property
    def listed_folder_marks(self) -> tuple[bytes, ...]:
        """The beginnings of names of files that show it only for a directory that the server lists
        as a folder."""
        return tuple(file.name for file in self.telling(Tells.LISTED_FOLDER))

    @cached_property
    def at_work(self) -> dict[bytes, Server]:
        """The servers by names of files that exist in a folder during a sync, or after one that was
        interrupted."""
        return {
            file.name: server for server in self.servers for file in server.telling(Tells.AT_WORK)
        }

    @cached_property
    def being_deleted(self) -> frozenset[bytes]:
        """The names, in lower case, of directories that a server is deleting."""
        return frozenset(file.name.lower() for file in self.telling(Tells.BEING_DELETED))

    @cached_property
    def no_mail(self) -> tuple[KnownFile, ...]:
        """The directories that the search for spools skips."""
        return self.telling(Tells.NO_MAIL)

    @cached_property
    def root_marks(self) -> tuple[bytes, ...]:
        """The beginnings of names of files that show that their directory is a mail root."""
        return tuple(file.name for file in self.telling(Tells.ROOT))

    def file(self, name: bytes) -> KnownFile | None:
        """The entry with exactly this name; None without one."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[bytes, KnownFile]:
        return {file.name: file for file in self.files}

    @cached_property
    def _losses(self) -> tuple[KnownFile, ...]:
        """The entries whose removal loses something, longest names first."""
        lost = (file for file in self.files if file.lost)
        return tuple(sorted(lost, key=lambda file: -len(file.name)))

    def loss_of(self, name: bytes) -> str:
        """In words, what is lost with a file of this name; empty if it is not a server's."""
        return next((file.lost for file in self._losses if name.startswith(file.name)), "")


TABLE = ServerTable(
    (DOVECOT, COURIER, MBSYNC, OFFLINEIMAP, SYNCMAILDIR, NOTMUCH, MU, GNUS, *OTHERS)
)


def kind_of(path: bytes) -> bytes:
    """The name, in its folder, of the server's file or directory at `path`; empty if it is not a
    server's."""
    directory, _, name = path.rpartition(b"/")
    around = TABLE.file(directory.rpartition(b"/")[2])
    if around is not None and around.directory and around.lost:
        return around.name
    return name if loss_of(name) else b""


def loss_of(kind: bytes) -> str:
    """In words, what is lost with a file whose `kind_of` is `kind`; empty if it is no server's."""
    return TABLE.loss_of(kind)
