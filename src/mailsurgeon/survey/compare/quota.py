"""Checks the quota that servers keep in the spool (`maildirsize`) against the messages."""

from __future__ import annotations

import json
import os
import stat

from mailsurgeon.diagnosis.state_rules import quota_mark_in_root, wrong_quota
from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.maildir.lists.maildirsize import OVERFULL, Sum
from mailsurgeon.maildir.server_files import FOLDER_MARK, MAILDIRSIZE
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.index.questions import file_sizes_in
from mailsurgeon.survey.uidlists.quota_rule import quota_rule
from mailsurgeon.survey.walk.foreign_stores import DBOX, MBOX, MDBOX, MH
from mailsurgeon.survey.walk.walk import is_harmless

_COUNTED = "quota"
"""The index keeps the sums under this key: counting all messages takes a second for 400,000."""
_TRASH = "Trash"
_NO_MAILDIRS = (DBOX, MDBOX, MH, MBOX)
"""Stores in which no server of Maildirs counts anything."""


def check_quota(job: Comparison) -> None:
    """Finds a `maildirsize` that is wrong, and a `maildirfolder` in the root; writes both."""
    root = job.walk.folders.get(b"")
    number = job.writer.folder_id(b"")
    if root and FOLDER_MARK in root.servers_files:
        job.writer.directory_problem(FOLDER_MARK, number, quota_mark_in_root())
    place = os.path.join(job.spool.quota_home, MAILDIRSIZE)
    try:
        status = os.lstat(place)
    except OSError:
        return
    if not stat.S_ISREG(status.st_mode) or status.st_size >= OVERFULL:
        return  # servers count anew before they read so large a file
    # Servers change it with every delivery. If they did so while the messages were looked at, the
    # two do not belong together.
    changing = status.st_mtime > job.now
    counted, other = (None, None) if changing else _counted(job)
    finding = wrong_quota(read_small(place, OVERFULL), counted, other)
    if finding:
        if job.spool.quota_home != job.spool.root:
            finding = finding._replace(remedy=None)
        path = os.path.relpath(place, job.spool.root)
        job.writer.directory_problem(path, number, finding)


def _counted(job: Comparison) -> tuple[Sum | None, Sum | None]:
    """The sum of the messages as their server counts it, and as it does if it is set to treat Trash
    the other way; None when this survey has not seen all of them."""
    if not job.full or job.abandoned or _may_lack_messages(job):
        return None, None
    kept = "" if job.changed else job.index.meta(_COUNTED, "")
    if not kept:
        kept = json.dumps(_count(job))
        job.index.set_meta(**{_COUNTED: kept})
    usual, other = json.loads(kept)
    return Sum(b"", *usual), Sum(b"", *other)


def _may_lack_messages(job: Comparison) -> bool:
    """Whether a server may count messages in what the walk has passed over."""
    stores = {store.path: store.kind for store, _ in job.walk.stores}
    return any(
        not is_harmless(item.reason) and stores.get(item.path) not in _NO_MAILDIRS
        for item in job.walk.not_examined
    )


def _count(job: Comparison) -> tuple[tuple[int, int], tuple[int, int]]:
    counted, other = [0, 0], [0, 0]
    for folder in job.walk.folders:
        rule = quota_rule(job.spool, folder)
        counts = rule.counts_folder(folder)
        is_trash = folder_name(folder, job.spool.layout) == _TRASH
        if not (counts or is_trash):
            continue
        start = len(folder) + 1 if folder else 0
        sums = [counted] if counts else []
        sums += [other] if counts != is_trash else []
        for path, length in file_sizes_in(job.index, folder):
            size, messages = rule.counted(path[start:], length)
            for one in sums:
                one[0] += size
                one[1] += messages
    return (counted[0], counted[1]), (other[0], other[1])
