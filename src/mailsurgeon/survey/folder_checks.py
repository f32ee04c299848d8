"""Looks at folders' directories and servers' files: permissions, uidlists, locks, indexes."""

from __future__ import annotations

import os
import re
import socket
import stat
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mailsurgeon.diagnosis.folder_rules import (
    bad_permissions,
    big_uid,
    bloated_index,
    stale_lock,
    uidlist_damaged,
    uidlist_unknown,
)
from mailsurgeon.maildir.uidlist import UidlistError, parse
from mailsurgeon.survey.context import LARGEST_LIST, list_path, read_small
from mailsurgeon.survey.walk import FoundFolder

if TYPE_CHECKING:
    from mailsurgeon.survey.compare import Comparison

_LISTS = (b"dovecot-uidlist", b"courierimapuiddb")
_DOTLOCK = re.compile(rb"(\d{1,10}):(.+?)\s*\Z")
ROOT_OWNS = "root owns most of the spool: owners and groups were not judged"


def check_servers_files(job: Comparison) -> None:
    """Writes what is wrong with directories and servers' files of every folder."""
    reference = _reference(job)
    notes = []
    if reference is not None and 0 in reference:
        notes.append(ROOT_OWNS)
        reference = None
    job.index.set_notes(notes)
    for folder in job.walk.folders.values():
        number = job.writer.folder_id(folder.path)
        for path, status in _own_things(job, folder):
            finding = bad_permissions(status.st_mode, status.st_uid, status.st_gid, reference)
            if finding:
                job.writer.directory_problem(path, number, finding)
        _check_lists(job, folder, number)
        _check_locks(job, folder, number)
        _check_indexes(job, folder, number)
    _check_messages(job, reference)


def _reference(job: Comparison) -> tuple[int, int] | None:
    """Owner and group of most cur directories; None without any."""
    owners: Counter[tuple[int, int]] = Counter()
    for folder in job.walk.folders.values():
        if b"cur" in folder.present:
            status = _status(job, _join(folder.path, b"cur"))
            if status:
                owners[status.st_uid, status.st_gid] += 1
    return max(owners, key=lambda owner: (owners[owner], owner)) if owners else None


def _own_things(job: Comparison, folder: FoundFolder) -> Iterator[tuple[bytes, os.stat_result]]:
    names = [b"", *sorted(folder.present), *sorted(folder.servers_files)]
    for name in names:
        path = _join(folder.path, name) if name else folder.path
        status = _status(job, path)
        if status and not stat.S_ISLNK(status.st_mode):
            yield path, status


def _check_messages(job: Comparison, reference: tuple[int, int] | None) -> None:
    owner = "" if reference is None else " OR uid != ? OR gid != ?"
    rows = job.index.db.execute(
        "SELECT id, folder, mode, uid, gid FROM entries WHERE kind = 'file'"
        " AND place IN ('cur', 'new', 'root', 'nested')"
        f" AND (mode & {stat.S_IWOTH} OR NOT mode & {stat.S_IRUSR}{owner})",
        reference or (),
    ).fetchall()
    for number, folder, mode, uid, gid in rows:
        finding = bad_permissions(mode, uid, gid, reference)
        if finding:
            job.writer.problem(number, folder, finding)


def _check_lists(job: Comparison, folder: FoundFolder, number: int) -> None:
    for name in _LISTS:
        absolute = list_path(job.spool, folder.path, name)
        data = read_small(absolute, LARGEST_LIST)
        if data is None:
            continue
        path = os.path.relpath(absolute, job.spool.root)
        try:
            listed = parse(data)
        except UidlistError as error:
            job.writer.directory_problem(path, number, uidlist_unknown(str(error)))
            continue
        highest = max((record.uid for record in listed.records), default=0)
        for finding in (uidlist_damaged(listed.bad), big_uid(highest)):
            if finding:
                job.writer.directory_problem(path, number, finding)


def _check_locks(job: Comparison, folder: FoundFolder, number: int) -> None:
    names = [name for name in folder.servers_files if name.endswith(b".lock")]
    if b"tmp" in folder.present:
        names.append(b"tmp/courier.lock")
    for name in names:
        path = _join(folder.path, name)
        data = read_small(job.spool.absolute(path), 4096)
        found = _DOTLOCK.match(data) if data else None
        status = _status(job, path) if found else None
        if not found or not status or found[2] != os.fsencode(socket.gethostname()):
            continue
        if not _alive(int(found[1])):
            age = int(job.now - status.st_mtime)
            job.writer.directory_problem(path, number, stale_lock(int(found[1]), age))


def _check_indexes(job: Comparison, folder: FoundFolder, number: int) -> None:
    limits = (
        (b"dovecot.index.cache", job.options.largest_cache),
        (b"courierimapkeywords/:list", job.options.largest_keywords),
    )
    for name, limit in limits:
        path = _join(folder.path, name)
        status = _status(job, path)
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


def _status(job: Comparison, path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(job.spool.absolute(path))
    except OSError:
        return None


def _join(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name
