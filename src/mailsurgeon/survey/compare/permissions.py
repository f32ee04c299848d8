"""Checks the owners and modes of folders' directories, servers' files and messages."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from typing import cast

from mailsurgeon.diagnosis.folder_rules import (
    BAD_PERMISSIONS,
    bad_permissions,
    fit_mode,
    message_mode,
    most_usual,
)
from mailsurgeon.maildir.spool import Spool, join
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.index import directory_queries
from mailsurgeon.survey.walk.found import FoundFolder, Walk

ROOT_OWNS = "root owns most of the spool: owners and groups were not judged"
_SHARED = b"dovecot-shared"
"""In a shared mailbox, whose mode is chosen by its owner (Dovecot's documentation of shared
mailboxes)."""

UsualModes = tuple[int | None, int | None]
"""The permissions of most folders' own directories, and of most cur, new and tmp."""


def owner_of_most(spool: Spool, found: Walk) -> tuple[int, int] | None:
    """The owner and group of most cur directories; None without any."""
    owners: Counter[tuple[int, int]] = Counter()
    for folder in found.folders.values():
        if b"cur" in folder.present:
            status = _status(spool, join(folder.path, b"cur"))
            if status:
                owners[status.st_uid, status.st_gid] += 1
    return max(owners, key=lambda owner: (owners[owner], owner)) if owners else None


def check_permissions(job: Comparison) -> None:
    """Finds folders' directories and servers' files with bad permissions, and writes them. Gives
    messages that have bad ones the permissions of most messages to become."""
    looked = [
        (folder, list(_own_things(job, folder)))
        for folder in job.walk.folders.values()
        if folder.path not in job.abandoned
    ]
    usual = _usual(looked)
    for folder, things in looked:
        number = job.writer.folder_id(folder.path)
        compared = _conflicts(folder, things, usual)
        for path, status in things:
            mode = None
            if stat.S_ISDIR(status.st_mode) and (compared or _unfit(status)):
                mode = usual[0 if path == folder.path else 1]
            finding = bad_permissions(status.st_mode, status.st_uid, status.st_gid, job.owner, mode)
            if finding:
                job.writer.directory_problem(path, number, finding)
    _messages(job)


Things = list[tuple[bytes, os.stat_result]]


def _usual(looked: list[tuple[FoundFolder, Things]]) -> UsualModes:
    own: Counter[int] = Counter()
    inner: Counter[int] = Counter()
    for folder, things in looked:
        for path, status in things:
            if stat.S_ISDIR(status.st_mode):
                # As repaired: what is wrong with some modes must not hide what most have.
                mode = fit_mode(status.st_mode, stat.S_IMODE(status.st_mode))
                (own if path == folder.path else inner)[mode] += 1
    return most_usual(own), most_usual(inner)


def _unfit(status: os.stat_result) -> bool:
    """Whether a mode is wrong by itself, whatever others have."""
    permissions = stat.S_IMODE(status.st_mode)
    return fit_mode(status.st_mode, permissions) != permissions


def _conflicts(folder: FoundFolder, things: Things, usual: UsualModes) -> bool:
    """Whether a folder's own directory has such a mode that Dovecot refuses to move the folder
    below most others, or these below it. The root is never moved."""
    if not folder.path or usual[0] is None or _SHARED in folder.servers_files:
        return False
    mode = next((status.st_mode for path, status in things if path == folder.path), None)
    return mode is not None and (mode ^ usual[0]) & 0o777 != 0


def _own_things(job: Comparison, folder: FoundFolder) -> Iterator[tuple[bytes, os.stat_result]]:
    names = [b"", *sorted(folder.present), *sorted(folder.servers_files)]
    for name in names:
        path = join(folder.path, name) if name else folder.path
        status = _status(job.spool, path)
        if status and not stat.S_ISLNK(status.st_mode):
            yield path, status


def _messages(job: Comparison) -> None:
    found = directory_queries.messages_with_problem(job.index, BAD_PERMISSIONS)
    if not found:
        return
    usual = directory_queries.most_frequent_mode(job.index, [number for number, _, _ in found])
    for number, mode, detail in found:
        should_be = cast("dict[str, object]", detail["should_be"])
        should_be = {**should_be, "mode": f"{message_mode(mode, usual):04o}"}
        job.writer.set_detail(number, BAD_PERMISSIONS, {**detail, "should_be": should_be})


def _status(spool: Spool, path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(spool.absolute(path))
    except OSError:
        return None
