"""The facts that a survey needs of each folder's uidlist: its problems, and whether it has sizes.

A list is read if it has changed since the last survey; the index keeps the facts.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.folder_rules import big_uid, uidlist_damaged, uidlist_unknown
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.host.files import LARGEST_SURVEYED_LIST, read_small
from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.lists.uidlist import Uidlist, UidlistError, parse_uidlist
from mailsurgeon.maildir.lists.uidlist_fast import glance_at_list, uid_in_list
from mailsurgeon.maildir.spool import Spool, list_path
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import GRANULARITY
from mailsurgeon.survey.index.uidlists import StoredList, list_paths, store_list, stored_list

Sizes = Mapping[bytes, tuple[int | None, int | None]]


@dataclass(frozen=True, slots=True)
class ListFacts:
    """The facts of one list. `findings`: its problems; `sizes`: some records have sizes, which
    names may lack; `usual`: `uid_in_list` can search its bytes."""

    findings: tuple[Finding, ...] = ()
    sizes: bool = False
    usual: bool = False


class Stamped(NamedTuple):
    """The facts of a list, and the stamp that shows whether the list is unchanged."""

    stamp: str
    ctime_ns: int
    facts: ListFacts


StampedLists = dict[bytes, Stamped]
"""Lists by their path."""


@dataclass(slots=True)
class Lists:
    """The lists of one spool. Raises only BrokenExecutor, when a process that was reading lists
    ahead has died."""

    spool: Spool
    index: Index
    _seen: dict[bytes, ListFacts | None] = field(default_factory=dict[bytes, "ListFacts | None"])
    _asked: dict[bytes, Future[StampedLists]] = field(
        default_factory=dict[bytes, "Future[StampedLists]"]
    )

    def ask_ahead(self, executor: Executor, folders: Iterable[bytes]) -> None:
        """Starts reading the lists that the index lacks in the executor, before they are needed.

        Leaves out lists outside the spool, since workers on another host may have other files
        there.
        """
        if self.spool.control is not None:
            return
        known = list_paths(self.index)
        for folder in folders:
            paths = [list_path(self.spool, folder, name) for name in server_files.TABLE.uidlists]
            if known.isdisjoint(paths):
                found = executor.submit(stamp_lists, paths)
                self._asked.update(dict.fromkeys(paths, found))

    def facts(self, folder: bytes, name: bytes) -> ListFacts | None:
        """The facts of a folder's list of this name; None when there is no readable list."""
        path = list_path(self.spool, folder, name)
        if path not in self._seen:
            self._seen[path] = self._facts(path)
        return self._seen[path]

    def sizes(self, folder: bytes) -> Sizes:
        """The S and W of the records in the folder's list that have one of them, by base name."""
        for name in server_files.TABLE.uidlists:
            facts = self.facts(folder, name)
            if facts is not None:
                listed = self._parsed(folder, name) if facts.sizes else None
                return record_sizes(listed) if listed else {}
        return {}

    def _facts(self, path: bytes) -> ListFacts | None:
        asked = self._asked.pop(path, None)
        known = self._known(path) if asked is None else None
        if known is not None:
            return known
        found = (asked.result() if asked is not None else stamp_lists([path])).get(path)
        if found is None:
            return None
        # A list written a moment ago may be written again without a change of its times.
        if found.ctime_ns < time.time_ns() - GRANULARITY:
            store_list(self.index, path, StoredList(found.stamp, _packed(found.facts)))
        return found.facts

    def _known(self, path: bytes) -> ListFacts | None:
        """The facts in the index; None if it has none or the list has changed since."""
        stored = stored_list(self.index, path)
        status = _status(path) if stored else None
        if stored and status and stored.stamp == _stamp(status):
            return _unpacked(stored.facts)
        return None

    def _parsed(self, folder: bytes, name: bytes) -> Uidlist | None:
        data = read_small(list_path(self.spool, folder, name), LARGEST_SURVEYED_LIST)
        try:
            return parse_uidlist(data) if data is not None else None
        except UidlistError:
            return None


class Uids:
    """UIDs by base name. Lists stay in memory up to ROOM bytes, so that callers may alternate
    between folders."""

    ROOM = 32 * 1024 * 1024

    def __init__(self, spool: Spool, lists: Lists) -> None:
        self.spool = spool
        self.lists = lists
        self._usual: dict[bytes, bytes] = {}  # the bytes of lists that `uid_in_list` can search
        self._odd: dict[bytes, dict[bytes, int]] = {}
        self._room = self.ROOM

    def of(self, folder: bytes, base: bytes) -> int | None:
        """The UID of a message in its folder's list, None without a record."""
        if folder not in self._usual and folder not in self._odd:
            self._read(folder)
        if folder in self._odd:
            return self._odd[folder].get(base)
        return uid_in_list(self._usual[folder], base)

    def _read(self, folder: bytes) -> None:
        for name in server_files.TABLE.uidlists:
            data = read_small(list_path(self.spool, folder, name), LARGEST_SURVEYED_LIST)
            if data is None:
                continue
            facts = self.lists.facts(folder, name)
            if facts is not None and facts.usual:
                self._keep(folder, data)
                return
            try:
                self._odd[folder] = {
                    record.base: record.uid for record in parse_uidlist(data).records
                }
            except UidlistError:
                self._odd[folder] = {}
            return
        self._odd[folder] = {}

    def _keep(self, folder: bytes, data: bytes) -> None:
        self._room -= len(data)
        while self._room < 0 and self._usual:
            self._room += len(self._usual.pop(next(iter(self._usual))))
        self._usual[folder] = data


def stamp_lists(paths: Iterable[bytes]) -> StampedLists:
    """Reads the lists at these absolute paths; leaves out those that are missing or unreadable."""
    found: StampedLists = {}
    for path in paths:
        status = _status(path)
        data = read_small(path, LARGEST_SURVEYED_LIST) if status else None
        if status is not None and data is not None:
            found[path] = Stamped(_stamp(status), status.st_ctime_ns, _look(data))
    return found


def _status(path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _look(data: bytes) -> ListFacts:
    seen = glance_at_list(data)
    if seen is not None:
        finding = big_uid(seen.highest)
        return ListFacts((finding,) if finding else (), seen.sizes, usual=True)
    try:
        listed = parse_uidlist(data)
    except UidlistError as error:
        return ListFacts((uidlist_unknown(str(error)),))
    highest = max((record.uid for record in listed.records), default=0)
    found = (uidlist_damaged(listed.bad), big_uid(highest))
    return ListFacts(tuple(each for each in found if each), bool(record_sizes(listed)))


def _packed(facts: ListFacts) -> str:
    return json.dumps([facts.usual, facts.sizes, facts.findings])


def _unpacked(text: str) -> ListFacts:
    usual, sizes, findings = json.loads(text)
    return ListFacts(tuple(_finding(*each) for each in findings), sizes, usual)


def _finding(code: str, severity: int, detail: dict[str, Any], remedy: str | None) -> Finding:
    return Finding(code, Severity(severity), detail, remedy)


_NUMBER = re.compile(rb"\d{1,20}\Z")


def record_sizes(listed: Uidlist) -> dict[bytes, tuple[int | None, int | None]]:
    """The S and W of records that have at least one of them, by base name."""
    sizes: dict[bytes, tuple[int | None, int | None]] = {}
    for record in listed.records:
        size = virtual = None
        for value in record.fields:
            if not _NUMBER.match(value, 1):
                continue
            if value[:1] == b"S":
                size = int(value[1:])
            elif value[:1] == b"W":
                virtual = int(value[1:])
        if size is not None or virtual is not None:
            sizes[record.base] = (size, virtual)
    return sizes
