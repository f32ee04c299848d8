"""Checks folders' directories and servers' files: permissions, uidlists, locks, indexes."""

from __future__ import annotations

import os
import re
import socket
import stat
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.folder_rules import (
    bloated_index,
    keywords_damaged,
    keywords_too_large,
    stale_lock,
    unknown_keyword,
)
from mailsurgeon.diagnosis.state_rules import damaged_sync_state, damaged_uidvalidity
from mailsurgeon.host.files import NO_FILE, NOT_REGULAR, PlainFile, read_small
from mailsurgeon.host.processes import lives
from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.filename import parse_info
from mailsurgeon.maildir.lists.courier_keywords import LIST
from mailsurgeon.maildir.lists.keywords import LARGEST_KEYWORDS, bad_keyword_lines, nameless
from mailsurgeon.maildir.server_entry import Home
from mailsurgeon.maildir.server_files import (
    COURIER_KEYWORDS,
    COURIER_SUBSCRIPTIONS,
    DOVECOT_INDEX_CACHE,
    DOVECOT_KEYWORDS,
    DOVECOT_SUBSCRIPTIONS,
    MBSYNC_STATE,
    MBSYNC_UIDVALIDITY,
)
from mailsurgeon.maildir.spool import Spool, join, list_path
from mailsurgeon.survey.compare.permissions import check_permissions
from mailsurgeon.survey.compare.quota import check_quota
from mailsurgeon.survey.index.comparison import file_at
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.survey.index.writer import SEPARATE
from mailsurgeon.survey.read.folder_context import read_letters
from mailsurgeon.survey.uidlists.folder_details import LARGEST_SUBSCRIPTIONS
from mailsurgeon.survey.walk.found import FoundFolder

if TYPE_CHECKING:
    from mailsurgeon.survey.compare.job import Comparison

_DOTLOCK = re.compile(rb"(\d{1,10}):(.+?)\s*\Z")
_LARGEST_STATE = 16 * 1024 * 1024
_LARGEST_UIDVALIDITY = 64 * 1024


def check_servers_files(job: Comparison) -> None:
    """Finds the problems of every folder's directories and servers' files, and writes them."""
    check_permissions(job)
    check_quota(job)
    for folder in job.walk.folders.values():
        if folder.path in job.abandoned:
            continue
        number = job.writer.folder_id(folder.path)
        _check_lists(job, folder, number)
        _check_keywords(job, folder, number)
        _check_sync_state(job, folder, number)
        _check_subscriptions(job, folder, number)
        _check_locks(job, folder, number)
        _check_indexes(job, folder, number)


UNTOUCHED = 120
"""Seconds after which Dovecot takes a lock for stale whose process it does not know
(file-dotlock.c)."""


def _check_lists(job: Comparison, folder: FoundFolder, number: int) -> None:
    for name in server_files.TABLE.uidlists:
        facts = job.lists.facts(folder.path, name)
        if facts is None:
            continue
        if not (facts.findings or facts.unread):
            continue
        path = os.path.relpath(list_path(job.spool, folder.path, name), job.spool.root)
        for finding in facts.findings:
            job.writer.directory_problem(path, number, finding)
        if facts.unread and not (facts.unread == NO_FILE and _is_told(job)):
            job.writer.not_examined(NotExamined(path, facts.unread), number)


def _is_told(job: Comparison) -> bool:
    """Whether what is no regular file in the place of a list is a problem of its own (`linked`):
    only in the spool, not in a CONTROL= directory elsewhere."""
    return job.spool.control is None


def _check_keywords(job: Comparison, folder: FoundFolder, number: int) -> None:
    place = list_path(job.spool, folder.path, DOVECOT_KEYWORDS)
    try:
        with PlainFile(place) as file:
            size = file.status.st_size
            data = b"".join(file.blocks(LARGEST_KEYWORDS)) if size <= LARGEST_KEYWORDS else None
    except OSError as error:
        if error.errno in NOT_REGULAR and not _is_told(job):
            path = os.path.relpath(place, job.spool.root)
            job.writer.not_examined(NotExamined(path, NO_FILE), number)
        return
    if data is None:
        finding = keywords_too_large(size)
    else:
        finding = keywords_damaged(bad_keyword_lines(data))
    if finding:
        path = os.path.relpath(place, job.spool.root)
        job.writer.directory_problem(path, number, finding)


def find_unknown_keywords(job: Comparison, earlier: Iterable[tuple[int, bytes, bytes]]) -> None:
    """Finds messages with keyword letters that have no name. `earlier`: the entries (id, folder,
    filename) that had the problem, of which those count whose folders were not examined now."""
    found: list[tuple[int, int, Finding]] = []
    for folder, context in job.contexts.items():
        number = job.writer.folder_id(folder)
        for path, letters in context.lettered:
            entry, finding = file_at(job.index, path), unknown_keyword(letters)
            if entry is not None and finding:
                found.append((entry, number, finding))
    for entry, folder, filename in earlier:
        names = read_letters(job.spool, folder)
        flags = parse_info(filename).flags
        finding = unknown_keyword(nameless(flags, names)) if names is not None else None
        if finding:
            found.append((entry, job.writer.folder_id(folder), finding))
    job.writer.problems(found, SEPARATE)


def _check_sync_state(job: Comparison, folder: FoundFolder, number: int) -> None:
    rules = (
        (MBSYNC_UIDVALIDITY, damaged_uidvalidity, _LARGEST_UIDVALIDITY),
        (MBSYNC_STATE, damaged_sync_state, _LARGEST_STATE),
    )
    for name, rule, limit in rules:
        if name not in folder.servers_files:
            continue
        path = join(folder.path, name)
        data = read_small(job.spool.absolute(path), limit)
        status = _status(job.spool, path) if data is None else None
        if data is not None:
            finding = rule(data)
            if finding:
                job.writer.directory_problem(path, number, finding)
        elif status and status.st_size > limit:
            reason = f"{status.st_size:,} bytes are more than mbsync writes"
            job.writer.not_examined(NotExamined(path, reason), number)


def _check_subscriptions(job: Comparison, folder: FoundFolder, number: int) -> None:
    for name in (DOVECOT_SUBSCRIPTIONS, COURIER_SUBSCRIPTIONS):
        if folder.path or name not in folder.servers_files:
            continue
        status = _status(job.spool, name)
        if status and stat.S_ISREG(status.st_mode) and status.st_size > LARGEST_SUBSCRIPTIONS:
            reason = f"{status.st_size:,} bytes are more than servers write"
            job.writer.not_examined(NotExamined(name, reason), number)


def _check_locks(job: Comparison, folder: FoundFolder, number: int) -> None:
    for name in _dotlocks(folder):
        path = join(folder.path, name)
        data = read_small(job.spool.absolute(path), 4096)
        found = _DOTLOCK.match(data) if data else None
        status = _status(job.spool, path) if found else None
        if not found or not status or found[2] != os.fsencode(socket.gethostname()):
            continue
        alive, age = lives(int(found[1])), int(job.now - status.st_mtime)
        if alive is False or (alive is None and age > UNTOUCHED):
            job.writer.directory_problem(path, number, stale_lock(int(found[1]), age))


def _dotlocks(folder: FoundFolder) -> list[bytes]:
    """The paths in a folder that may be locks, those ending in `.lock` included, which the table of
    servers may lack."""
    dotlocks = [lock for lock in server_files.TABLE.locks if lock.leaves_name]
    known = {lock.name for lock in dotlocks}
    found = [one for one in folder.servers_files if one.endswith(b".lock") or one in known]
    if b"tmp" in folder.present:
        found += [lock.path for lock in dotlocks if lock.home is Home.TMP]
    return found


def _check_indexes(job: Comparison, folder: FoundFolder, number: int) -> None:
    limits = (
        (DOVECOT_INDEX_CACHE, job.options.largest_cache),
        (join(COURIER_KEYWORDS, LIST), job.options.largest_keywords),
    )
    for name, limit in limits:
        path = join(folder.path, name)
        status = _status(job.spool, path)
        if status and stat.S_ISREG(status.st_mode):
            finding = bloated_index(status.st_size, limit)
            if finding:
                job.writer.directory_problem(path, number, finding)


def _status(spool: Spool, path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(spool.absolute(path))
    except OSError:
        return None
