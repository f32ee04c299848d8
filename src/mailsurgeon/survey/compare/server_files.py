"""Checks folders' directories and servers' files: permissions, uidlists, locks, indexes."""

from __future__ import annotations

import os
import re
import socket
import stat
from typing import TYPE_CHECKING

from mailsurgeon.diagnosis.folder_rules import bloated_index, stale_lock
from mailsurgeon.diagnosis.state_rules import damaged_sync_state, damaged_uidvalidity
from mailsurgeon.host.files import read_small
from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.lists.courier_keywords import LIST
from mailsurgeon.maildir.server_entry import Home
from mailsurgeon.maildir.server_files import (
    COURIER_KEYWORDS,
    DOVECOT_INDEX_CACHE,
    MBSYNC_STATE,
    MBSYNC_UIDVALIDITY,
)
from mailsurgeon.maildir.spool import Spool, join, list_path
from mailsurgeon.survey.compare.permissions import check_permissions
from mailsurgeon.survey.compare.quota import check_quota
from mailsurgeon.survey.walk.walk import FoundFolder

if TYPE_CHECKING:
    from mailsurgeon.survey.compare.job import Comparison

_DOTLOCK = re.compile(rb"(\d{1,10}):(.+?)\s*\Z")
_LARGEST_STATE = 16 * 1024 * 1024


def check_servers_files(job: Comparison) -> None:
    """Finds the problems of every folder's directories and servers' files, and writes them."""
    check_permissions(job)
    check_quota(job)
    for folder in job.walk.folders.values():
        if folder.path in job.abandoned:
            continue
        number = job.writer.folder_id(folder.path)
        _check_lists(job, folder, number)
        _check_sync_state(job, folder, number)
        _check_locks(job, folder, number)
        _check_indexes(job, folder, number)


def _check_lists(job: Comparison, folder: FoundFolder, number: int) -> None:
    for name in server_files.TABLE.uidlists:
        facts = job.lists.facts(folder.path, name)
        for finding in facts.findings if facts else ():
            path = os.path.relpath(list_path(job.spool, folder.path, name), job.spool.root)
            job.writer.directory_problem(path, number, finding)


def _check_sync_state(job: Comparison, folder: FoundFolder, number: int) -> None:
    rules = ((MBSYNC_UIDVALIDITY, damaged_uidvalidity), (MBSYNC_STATE, damaged_sync_state))
    for name, rule in rules:
        if name in folder.servers_files:
            path = join(folder.path, name)
            data = read_small(job.spool.absolute(path), _LARGEST_STATE)
            finding = None if data is None else rule(data)
            if finding:
                job.writer.directory_problem(path, number, finding)


def _check_locks(job: Comparison, folder: FoundFolder, number: int) -> None:
    for name in _dotlocks(folder):
        path = join(folder.path, name)
        data = read_small(job.spool.absolute(path), 4096)
        found = _DOTLOCK.match(data) if data else None
        status = _status(job.spool, path) if found else None
        if not found or not status or found[2] != os.fsencode(socket.gethostname()):
            continue
        if not _alive(int(found[1])):
            age = int(job.now - status.st_mtime)
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


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _status(spool: Spool, path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(spool.absolute(path))
    except OSError:
        return None
