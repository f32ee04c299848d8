"""The facts that a survey needs of each folder's uidlist: its problems, and whether it has sizes.

A list is read if it has changed since the last survey; the index keeps the facts.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.folder_rules import big_uid, uidlist_damaged, uidlist_unknown
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.host.at_rest import read_at_rest
from mailsurgeon.host.files import NO_FILE, NOT_REGULAR, PlainFile, read_small
from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.lists.uidlist import (
    LIST_CHUNK,
    MOST_BAD,
    Judge,
    Record,
    UidlistError,
    numbered_lines,
    parse_header,
    whole_lines,
)
from mailsurgeon.maildir.lists.uidlist_fast import TooManyRecords, survey_uidlist, uids_in_list
from mailsurgeon.maildir.spool import Spool, list_path
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import GRANULARITY
from mailsurgeon.survey.index.uidlists import StoredList, list_paths, store_list, stored_list

Sizes = Mapping[bytes, tuple[int | None, int | None]]


@dataclass(frozen=True, slots=True)
class ListFacts:
    """The facts of one list. `findings`: its problems; `sizes`: some records have sizes, which
    names may lack; `usual`: `uids_in_list` can search its bytes. `unread`: why it was not read."""

    findings: tuple[Finding, ...] = ()
    sizes: bool = False
    usual: bool = False
    unread: str = ""


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
            paths = uidlist_paths(self.spool, folder)
            if known.isdisjoint(paths):
                found = executor.submit(stamp_lists, paths)
                self._asked.update(dict.fromkeys(paths, found))

    def facts(self, folder: bytes, name: bytes) -> ListFacts | None:
        """The facts of a folder's list of this name; None when there is no readable list."""
        return self._facts_at(list_path(self.spool, folder, name))

    def has_sizes(self, folder: bytes) -> bool:
        """Whether some record in the folder's list has a size, so that `sizes` may be needed."""
        for name in server_files.TABLE.uidlists:
            facts = self.facts(folder, name)
            if facts is not None:
                return facts.sizes
        return False

    def sizes(self, folder: bytes, bases: Callable[[], Collection[bytes]]) -> Sizes:
        """The S and W of the records in the folder's list that have one of them, by base name, for
        these base names; most lists have none, and then nobody asks for the base names."""
        return listed_sizes(uidlist_paths(self.spool, folder), self._facts_at, bases)

    def keep(self, folder: bytes, found: StampedLists) -> None:
        """Takes what somebody else has just read of all the lists of a folder."""
        for path in uidlist_paths(self.spool, folder):
            if path not in self._seen:
                self._seen[path] = self._kept(path, found.get(path))

    def _facts_at(self, path: bytes) -> ListFacts | None:
        if path not in self._seen:
            self._seen[path] = self._facts(path)
        return self._seen[path]

    def _facts(self, path: bytes) -> ListFacts | None:
        asked = self._asked.pop(path, None)
        known = self._known(path) if asked is None else None
        if known is not None:
            return known
        found = asked.result() if asked is not None else stamp_lists([path])
        return self._kept(path, found.get(path))

    def _kept(self, path: bytes, found: Stamped | None) -> ListFacts | None:
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


class Uids:
    """UIDs by base name, in the lists of one spool."""

    LARGEST = 48 << 20
    """The largest list, in bytes, that is searched. Of a larger one, and of one in which `usual`
    searches would miss records, only the first MOST_ODD records count."""
    MOST_ODD = 100_000

    def __init__(self, spool: Spool, lists: Lists) -> None:
        self.spool = spool
        self.lists = lists
        self._odd: dict[bytes, dict[bytes, int]] = {}

    def of(self, folder: bytes, bases: Collection[bytes]) -> Mapping[bytes, int]:
        """The UIDs of those of these messages that have a record in their folder's list. One call
        for many of a folder is best: each reads the list."""
        if folder in self._odd:
            return self._odd[folder]
        for name in server_files.TABLE.uidlists:
            facts = self.lists.facts(folder, name)
            if facts is None or facts.unread:
                continue
            path = list_path(self.spool, folder, name)
            data = read_small(path, self.LARGEST) if facts.usual else None
            if data is not None:
                return uids_in_list(data, bases)
            records = islice(_records(path), self.MOST_ODD)
            self._odd[folder] = {record.base: record.uid for record in records}
            return self._odd[folder]
        self._odd[folder] = {}
        return {}


def uidlist_paths(spool: Spool, folder: bytes) -> list[bytes]:
    """The absolute paths where the uidlists of a folder may lie; the first that is there counts."""
    return [list_path(spool, folder, name) for name in server_files.TABLE.uidlists]


def listed_sizes(
    paths: Iterable[bytes],
    facts: Callable[[bytes], ListFacts | None],
    bases: Callable[[], Collection[bytes]],
) -> Sizes:
    """As `Lists.sizes`, for the lists at these paths, of which these are the facts."""
    for path in paths:
        known = facts(path)
        if known is not None:
            return record_sizes(_records(path), bases()) if known.sizes else {}
    return {}


def stamp_lists(paths: Iterable[bytes]) -> StampedLists:
    """Reads the lists at these absolute paths; leaves out those that are missing or unreadable."""
    found: StampedLists = {}
    for path in paths:
        stamped = read_at_rest(path, partial(_stamped, path), _has_findings)
        if stamped is not None:
            found[path] = stamped
    return found


def _stamped(path: bytes) -> Stamped | None:
    status = _status(path)
    facts = None if status is None else _look(path)
    if status is None or facts is None:
        return None
    return Stamped(_stamp(status), status.st_ctime_ns, facts)


def _has_findings(stamped: Stamped | None) -> bool:
    return stamped is not None and bool(stamped.facts.findings)


def _status(path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _look(path: bytes) -> ListFacts | None:
    """The facts of a list; None if it cannot be read, which its permissions tell."""
    try:
        with PlainFile(path) as file:
            seen = survey_uidlist(lambda: file.blocks(LIST_CHUNK))
    except TooManyRecords as error:
        return ListFacts(unread=str(error))
    except UidlistError as error:
        return ListFacts((uidlist_unknown(str(error), error.number),))
    except OSError as error:
        return ListFacts(unread=NO_FILE) if error.errno in NOT_REGULAR else None
    found = (uidlist_damaged(seen.bad, more=seen.more), big_uid(seen.highest))
    return ListFacts(tuple(each for each in found if each), seen.sizes, seen.usual)


def _records(path: bytes) -> Iterator[Record]:
    """The records of a list, which is read in blocks; ends early where it cannot be read, or at
    the last bad line that a survey knows."""
    with suppress(OSError, UidlistError), PlainFile(path) as file:
        chunks = whole_lines(file.blocks(LIST_CHUNK))
        first = next(chunks, b"")
        judge = Judge(parse_header(first.partition(b"\n")[0]).version)
        bad = 0
        for _, line in numbered_lines(chain([first], chunks)):
            record = judge.record(line)
            if not isinstance(record, str):
                yield record
                continue
            bad += 1
            if bad >= MOST_BAD:
                return


def _packed(facts: ListFacts) -> str:
    return json.dumps([facts.usual, facts.sizes, facts.findings, facts.unread])


def _unpacked(text: str) -> ListFacts:
    usual, sizes, findings, unread = json.loads(text)
    return ListFacts(tuple(_finding(*each) for each in findings), sizes, usual, unread)


def _finding(code: str, severity: int, detail: dict[str, Any], remedy: str | None) -> Finding:
    return Finding(code, Severity(severity), detail, remedy)


_NUMBER = re.compile(rb"\d{1,20}\Z")


def record_sizes(
    records: Iterable[Record], bases: Collection[bytes]
) -> dict[bytes, tuple[int | None, int | None]]:
    """The S and W of those records with one of these base names that have at least one of them.
    The first field of a kind counts."""
    sizes: dict[bytes, tuple[int | None, int | None]] = {}
    for record in records:
        if not record.fields or record.base not in bases:
            continue
        found = {one[:1]: int(one[1:]) for one in reversed(record.fields) if _NUMBER.match(one, 1)}
        size, virtual = found.get(b"S"), found.get(b"W")
        if size is not None or virtual is not None:
            sizes[record.base] = (size, virtual)
    return sizes
