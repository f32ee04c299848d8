"""The surroundings of a plan's entries: folders, names in use, servers' files.

All of planning's disk reads are here: a few small files and directory entries.
"""

from __future__ import annotations

import os
import stat
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import cached_property

from mailsurgeon.diagnosis.conventions import Conventions, conventions_of
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.host.auto_expunge import Expiry
from mailsurgeon.host.files import PlainFile, read_small
from mailsurgeon.host.host import Host
from mailsurgeon.host.mounts import FileSystems
from mailsurgeon.maildir.filename import (
    NO_NEIGHBOURS,
    Info,
    Neighbours,
    parse_info,
    split,
    uid_field,
)
from mailsurgeon.maildir.folder_names import INBOX, folder_name
from mailsurgeon.maildir.lists.mbsync_state import highest_uid_given
from mailsurgeon.maildir.lists.subscriptions import courier_subscriptions, dovecot_subscriptions
from mailsurgeon.maildir.lists.uidlist import LIST_CHUNK
from mailsurgeon.maildir.lists.uidlist_fast import ListSurvey, survey_uidlist
from mailsurgeon.maildir.server_files import (
    COURIER_SUBSCRIPTIONS,
    DOVECOT_SUBSCRIPTIONS,
    MAILDIRSIZE,
    MBSYNC_UIDVALIDITY,
)
from mailsurgeon.maildir.spool import Spool, join, list_path
from mailsurgeon.surgery.model import Expected
from mailsurgeon.surgery.plan.entry_detail import EntryDetail, load
from mailsurgeon.surgery.plan.folder_state import FolderState, SpoolState
from mailsurgeon.surgery.plan.keyword_letters import KeywordBook
from mailsurgeon.surgery.plan.quota_delta import QuotaCount
from mailsurgeon.surgery.servers.lists_present import Listed, lists_present, lists_there, traces_in
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.questions import folder_called, names_in, names_of_linked_files
from mailsurgeon.survey.index.rows import FolderRow, Place, indexed_time

_SMALL = 1 << 20  # most bytes to read of a server's file
_SETS_KEPT = 4  # folders whose names stay in memory at once


class SpoolContext:
    """The spool around the entries of one plan. It caches what it reads, so use it for one plan."""

    def __init__(self, spool: Spool, index: Index | None, host: Host | None = None) -> None:
        """`index` None: only what the effects and needs of a plan depend on can be asked for."""
        self.spool = spool
        self._index = index
        self.host = host or Host.this()
        self._in_use: OrderedDict[bytes, set[bytes]] = OrderedDict()
        self._dated: set[int] = set()
        self._given: dict[bytes, set[bytes]] = {}
        self._listings: dict[bytes, frozenset[bytes]] = {}
        self._lists: dict[bytes, Listed] = {}
        self._uids: dict[bytes, set[int]] = {}  # of `,U=`
        self._claimed: dict[bytes, set[int]] = {}
        self._conventions: dict[bytes, Conventions] = {}
        self.becoming: dict[bytes, bytes] = {}  # folders that this plan renames, by their new paths

    @property
    def index(self) -> Index:
        """The index of the last survey."""
        assert self._index is not None
        return self._index

    @cached_property
    def folders(self) -> dict[int, FolderRow]:
        """All folders by id; none without an index."""
        return {row.id: row for row in self._index.folders()} if self._index else {}

    @cached_property
    def by_path(self) -> dict[bytes, FolderRow]:
        """All folders by path."""
        return {row.path: row for row in self.folders.values()}

    def named(self, name: str | bytes) -> FolderRow:
        """The folder at this path, in bytes, or that `folder_called` finds. Raises
        MailsurgeonError if there is none."""
        if isinstance(name, bytes):
            row = self.by_path.get(name)
        else:
            row = folder_called(name, self.folders.values(), self.spool.layout)
        if row is None:
            shown = os.fsdecode(name)
            raise MailsurgeonError(f"{shown}: no folder of this name in {self.spool.shown}")
        return row

    def home(self, entry: EntryDetail) -> bytes | None:
        """The path of the entry's folder; None if it is in none."""
        row = self.folders.get(entry.folder)
        return row.path if row else None

    def name(self, entry: EntryDetail) -> str | None:
        """The name of the entry's folder; None if it is in none."""
        row = self.folders.get(entry.folder)
        return row.name if row else None

    def folder_name(self, folder: bytes) -> str:
        """The name of the folder at this path, even if the index does not have it."""
        row = self.by_path.get(folder)
        return row.name if row else folder_name(folder, self.spool.layout)

    def details(self, ids: Sequence[int]) -> dict[int, EntryDetail]:
        """The entries with these ids; those that are gone are missing.

        For directories and servers' files the index has little more than their problems, so these
        are read from the disk.
        """
        found: dict[int, EntryDetail] = {}
        for number, entry in load(self.index, ids).items():
            if entry.place == Place.FOLDER:
                looked_at = self.look_at(entry)
                if looked_at is not None:
                    found[number] = looked_at
            else:
                found[number] = entry
        return found

    def look_at(self, entry: EntryDetail) -> EntryDetail | None:
        """The entry as it is on the disk now; None if it is gone."""
        status = self.lstat(entry.path)
        if status is None:
            return None
        kind = "directory" if stat.S_ISDIR(status.st_mode) else "other"
        if stat.S_ISREG(status.st_mode):
            kind = "file"
        return entry._replace(
            kind=kind, size=status.st_size, mtime_ns=indexed_time(status.st_mtime_ns),
            ctime_ns=indexed_time(status.st_ctime_ns), inode=status.st_ino, mode=status.st_mode,
            uid=status.st_uid, gid=status.st_gid, nlink=status.st_nlink,
        )  # fmt: skip

    # File systems

    @cached_property
    def file_systems(self) -> FileSystems:
        """The file systems of the spool's directories."""
        return self.host.file_systems(self.spool.root)

    def expected(self, entry: EntryDetail) -> Expected:
        """What the source of a step on this entry must still be when the step runs. A folder may
        have a file system of its own."""
        status = self.lstat(entry.path)
        if status is not None and status.st_ino == entry.inode:
            return entry.expected(status.st_dev)
        return entry.expected(self.file_systems.of(entry.directory)[0])

    # Names in use

    def taken(self, folder: bytes) -> Callable[[bytes], bool]:
        """A test: is a base name used in cur or new of `folder`, or assigned by this plan?"""
        in_use, given = self._names(folder), self._given.setdefault(folder, set())
        return lambda base: base in in_use or base in given

    def give(self, folder: bytes, base: bytes) -> None:
        """Notes that this plan assigns `base` to a message of `folder`."""
        self._given.setdefault(folder, set()).add(base)

    def conventions(self, folder: bytes | None) -> Conventions:
        """How the names of a folder end, by the survey's own rules; None is no folder."""
        if folder is None:
            return Conventions()
        if folder not in self._conventions:
            store = self.index.meta("separator").encode() or None
            names = list(names_in(self.index, folder))
            odd = [name for name in names if b":" not in name]
            self._conventions[folder] = conventions_of(
                odd,
                len(names) - len(odd),
                store,
                highest_uid=lambda: self.highest_uid(folder),
                served=lambda: bool(self.lists_there(folder)),
            )
        return self._conventions[folder]

    def info(self, entry: EntryDetail) -> Info:
        """The info of an entry's name, read as the survey reads it."""
        return parse_info(entry.filename, *entry.sizes, self.neighbours(entry))

    def neighbours(self, entry: EntryDetail) -> Neighbours:
        """What the names of the entry's folder tell about its own, if that has no colon."""
        if b":" in entry.filename:
            return NO_NEIGHBOURS
        return self.conventions(self.home(entry)).neighbours

    def claim_uid(self, folder: bytes, uid: int) -> bool:
        """Claims a `,U=` for a message that this plan files into `folder`; False if it is taken,
        by a message there or by another of this plan."""
        claimed = self._claimed.setdefault(folder, set())
        free = uid not in claimed and not self.uid_in_use(folder, uid)
        claimed.add(uid)
        return free

    def to_date(self, inode: int) -> bool:
        """Whether this is the first call for `inode`: a plan sets a file's time only once."""
        first = inode not in self._dated
        self._dated.add(inode)
        return first

    def linked_outside(self, entry: EntryDetail) -> bool:
        """Whether a file has more names (hard links) than the index knows in the spool: the others
        may be a backup's, which no repair may change."""
        key = entry.inode, entry.size, entry.mtime_ns
        return entry.is_file and entry.nlink > max(1, self._linked.get(key, 0))

    @cached_property
    def _linked(self) -> dict[tuple[int, int, int], int]:
        return names_of_linked_files(self.index)

    def uid_in_use(self, folder: bytes, uid: int) -> bool:
        """Whether a message in cur or new of `folder` has `,U=uid` in its name."""
        if folder not in self._uids:
            neighbours = self.conventions(folder).neighbours
            found = (uid_field(name, neighbours) for name in names_in(self.index, folder))
            self._uids[folder] = {number for number in found if number is not None}
        return uid in self._uids[folder]

    def highest_uid(self, folder: bytes) -> int | None:
        """The highest `,U=` that mbsync has assigned in `folder`; None if it keeps no count."""
        return highest_uid_given(self._read(join(folder, MBSYNC_UIDVALIDITY)))

    @cached_property
    def quota(self) -> QuotaCount:
        """Computes what renames add to the spool's `maildirsize`."""
        return QuotaCount(self.spool, self.index)

    @cached_property
    def keyword_book(self) -> KeywordBook:
        """The names of keywords in each folder, and the letters this plan assigns."""
        return KeywordBook(self.spool)

    def _read(self, path: bytes) -> bytes:
        """A server's small file, relative to the spool or absolute; empty if unreadable."""
        return read_small(os.path.join(self.spool.root, path), _SMALL) or b""

    def _names(self, folder: bytes) -> set[bytes]:
        if folder in self._in_use:
            self._in_use.move_to_end(folder)
            return self._in_use[folder]
        names = {split(filename)[0] for filename in names_in(self.index, folder)}
        self._in_use[folder] = names
        if len(self._in_use) > _SETS_KEPT:
            self._in_use.popitem(last=False)
        return names

    # Servers' files

    def has_sync_state(self, folder: bytes) -> bool:
        """Whether mbsync keeps its state in this folder."""
        return traces_in(self.listing(folder)).synced

    def lists_there(self, folder: bytes) -> tuple[bytes, ...]:
        """The names of the lists of UIDs that exist for this folder."""
        return lists_there(self.spool, folder)

    def lists(self, folder: bytes, bases: Collection[bytes] = ()) -> Listed:
        """Looks `bases` up in a folder's lists, for the first call only; later ones return that."""
        if folder not in self._lists:
            root = self.lstat(b"")
            owner = root.st_uid if root else os.geteuid()
            self._lists[folder] = lists_present(self.spool, folder, bases, owner)
        return self._lists[folder]

    def state(self, folder: bytes, bases: Collection[bytes] = ()) -> FolderState:
        """What a plan's effects depend on in a folder; `bases`: names whose records it changes."""
        row, name = self.by_path.get(folder), self.folder_name(folder)
        listed = self.lists(folder, bases) if bases else Listed(self.lists_there(folder))
        control = self.spool.control_of(folder) if self.spool.control else b""
        emptied_by, days = self.expiry.of(name)
        return FolderState(
            name,
            row.messages if row else self._count(folder),
            uidlist=bool(listed.names),
            unlisted=listed.unlisted,
            awaited=frozenset(bases) - listed.unlisted if listed.names else frozenset(),
            list_bytes=listed.largest,
            control=os.fsdecode(control),
            traces=traces_in(self.listing(folder)),
            emptied_by=emptied_by,
            days=days,
        )

    def _count(self, folder: bytes) -> int:
        """The number of files in cur and new of a folder that is not in the index."""
        count = 0
        for part in (b"cur", b"new"):
            with suppress(OSError):
                count += len(os.listdir(self.spool.absolute(join(folder, part))))
        return count

    @cached_property
    def expiry(self) -> Expiry:
        """How long this host's servers keep messages in a folder."""
        return self.host.expiry()

    def spool_state(self) -> SpoolState:
        """What a plan's effects depend on in the spool as a whole."""
        return SpoolState(time.time(), self._no_quota(), self.spool.found_by)

    def _no_quota(self) -> str:
        status = self.lstat(os.path.join(self.spool.quota_home, MAILDIRSIZE))
        root = self.lstat(b"")
        if status is None or root is None:
            return ""
        if not stat.S_ISREG(status.st_mode):
            return "it is no plain file"
        if status.st_uid != root.st_uid:
            return f"it belongs to somebody else (uid {status.st_uid})"
        return "" if status.st_mode & stat.S_IWUSR else "it is read-only"

    def listing(self, folder: bytes) -> frozenset[bytes]:
        """The names in a folder's directory; empty if it cannot be read."""
        if folder not in self._listings:
            try:
                with os.scandir(self.spool.absolute(folder)) as entries:
                    names = frozenset(entry.name for entry in entries)
            except OSError:
                names = frozenset[bytes]()
            self._listings[folder] = names
        return self._listings[folder]

    def uidlist(self, folder: bytes, name: bytes) -> ListSurvey | None:
        """The facts of one of a folder's uidlists; None if it is not a plain file that we may read.
        Raises UidlistError."""
        with suppress(OSError), PlainFile(list_path(self.spool, folder, name)) as file:
            return survey_uidlist(lambda: file.blocks(LIST_CHUNK))
        return None

    @cached_property
    def subscriptions(self) -> dict[str, str]:
        """The subscribed folders by name, each with the line to show."""
        home = self.spool.control or self.spool.root
        dovecot = self._read(os.path.join(home, DOVECOT_SUBSCRIPTIONS))
        courier = self._read(COURIER_SUBSCRIPTIONS)
        found = {name: name for name in dovecot_subscriptions(dovecot, self.spool.layout)}
        found.update((name, f"INBOX.{name}") for name in courier_subscriptions(courier))
        return found

    def subscribed(self, folder: bytes) -> tuple[str, ...]:
        """The subscription lines that name this folder or one below it."""
        name = folder_name(folder, self.spool.layout)
        if name == INBOX and folder:
            return ()  # the INBOX of a list is the spool itself
        below = tuple(name + separator for separator in "./")
        return tuple(
            line for listed, line in sorted(self.subscriptions.items())
            if listed == name or listed.startswith(below)
        )  # fmt: skip

    def open_by(self, path: bytes) -> list[int] | None:
        """The processes that have this file open; None if we may not see other users' processes."""
        return self.host.processes.holders_of(self.spool.absolute(path))

    def lstat(self, path: bytes) -> os.stat_result | None:
        """The status of `path` (relative to the spool); None if there is nothing."""
        try:
            return os.lstat(self.spool.absolute(path))
        except OSError:
            return None
