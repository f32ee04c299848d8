"""Checks folders' directories and servers' files: permissions, uidlists, locks, indexes."""

from __future__ import annotations

import os
import re
import socket
import stat
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailsurgeon.diagnosis.folder_rules import bad_permissions, bloated_index, stale_lock
from mailsurgeon.host.files import read_small
from mailsurgeon.host.processes import lives
from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.lists.courier_keywords import LIST
from mailsurgeon.maildir.server_entry import Home
from mailsurgeon.maildir.server_files import COURIER_KEYWORDS, DOVECOT_INDEX_CACHE
from mailsurgeon.maildir.spool import Spool, join, list_path
from mailsurgeon.survey.walk.walk import FoundFolder, Walk

if TYPE_CHECKING:
    from mailsurgeon.survey.compare.job import Comparison

_DOTLOCK = re.compile(rb"(\d{1,10}):(.+?)\s*\Z")
ROOT_OWNS = "root owns most of the spool: owners and groups were not judged"


def check_servers_files(job: Comparison) -> None:
    """Finds the problems of every folder's directories and servers' files, and writes them."""
    for folder in job.walk.folders.values():
        if folder.path in job.abandoned:
            continue
        number = job.writer.folder_id(folder.path)
        for path, status in _own_things(job, folder):
            finding = bad_permissions(status.st_mode, status.st_uid, status.st_gid, job.owner)
            if finding:
                job.writer.directory_problem(path, number, finding)
        _check_lists(job, folder, number)
        _check_locks(job, folder, number)
        _check_indexes(job, folder, number)


def owner_of_most(spool: Spool, found: Walk) -> tuple[int, int] | None:
    """The owner and group of most cur directories; None without any."""
    owners: Counter[tuple[int, int]] = Counter()
    for folder in found.folders.values():
        if b"cur" in folder.present:
            status = _status(spool, join(folder.path, b"cur"))
            if status:
                owners[status.st_uid, status.st_gid] += 1
    return max(owners, key=lambda owner: (owners[owner], owner)) if owners else None


def _own_things(job: Comparison, folder: FoundFolder) -> Iterator[tuple[bytes, os.stat_result]]:
    names = [b"", *sorted(folder.present), *sorted(folder.servers_files)]
    for name in names:
        path = join(folder.path, name) if name else folder.path
        status = _status(job.spool, path)
        if status and not stat.S_ISLNK(status.st_mode):
            yield path, status


UNTOUCHED = 120
"""Seconds after which Dovecot takes a lock for stale whose process it does not know
(file-dotlock.c)."""


def _check_lists(job: Comparison, folder: FoundFolder, number: int) -> None:
    for name in server_files.TABLE.uidlists:
        facts = job.lists.facts(folder.path, name)
        for finding in facts.findings if facts else ():
            path = os.path.relpath(list_path(job.spool, folder.path, name), job.spool.root)
            job.writer.directory_problem(path, number, finding)


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
