"""Finds what is wrong with directories that are no folders: stray ones, stores of other kinds, and
directories and links in the place of messages or of servers' files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from mailsurgeon.diagnosis.folder_rules import foreign_store, misplaced, stray_directory
from mailsurgeon.diagnosis.message_rules import LINKED
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.index import directory_queries
from mailsurgeon.survey.read.file_facts import AN_MBOX, NOT_MAIL, kind_of_file
from mailsurgeon.survey.walk.foreign_stores import MBOX
from mailsurgeon.survey.walk.found import Walk
from mailsurgeon.survey.walk.walk import NOT_FOLLOWED


def find_directories(job: Comparison) -> None:
    """Finds stray directories, stores of other kinds and things in servers' places, and sets the
    remedies of directories in cur and new."""
    holding = _with_parents(directory_queries.directories_with_messages(job.index))
    # Paths that could not be examined may be mail.
    unseen = _with_parents(
        directory_queries.not_examined_but_for(job.index, NOT_MAIL, NOT_FOLLOWED)
    )
    remedies = (
        (number, None if path in holding or path in unseen else "quarantine")
        for number, path in directory_queries.filed_directories_with_problem(job.index, LINKED)
    )
    job.writer.set_remedies(LINKED, remedies)
    _find_stores(job)
    _find_misplaced(job, holding | _with_parents(job.walk.folders))
    if not job.full:
        return
    holding |= unseen
    holding |= {place.path for place in job.walk.misplaced} | _with_parents(job.walk.kept)
    stray = {path for path in job.walk.loose if path not in holding}
    for path in sorted(stray):
        around = _folder_around(path, job.walk)
        if path.rpartition(b"/")[0] in stray or not _is_mails(around, job.walk):
            continue
        finding = stray_directory(path, job.spool.layout)
        job.writer.directory_problem(path, job.writer.folder_id(around), finding)


def _is_mails(around: bytes | None, walk: Walk) -> bool:
    """Whether a directory directly in this folder can only be the mail's. Outside a Maildir, and in
    a home directory that is one, it may be anything of its owner's."""
    return around is not None and not (around == b"" and walk.home)


def _find_stores(job: Comparison) -> None:
    for store, folder in job.walk.stores:
        finding = foreign_store(store.kind, store.messages)
        job.writer.directory_problem(store.path, job.writer.folder_id(folder), finding)
    known = {store.path for store, _ in job.walk.stores}
    for path in directory_queries.not_examined_for(job.index, AN_MBOX):
        if path not in known:
            folder = job.writer.folder_id(_folder_around(path, job.walk))
            job.writer.directory_problem(path, folder, foreign_store(MBOX, None))


def _find_misplaced(job: Comparison, holding: set[bytes]) -> None:
    for path, folder in job.walk.misplaced:
        absolute = job.spool.absolute(path)
        try:
            kind = kind_of_file(os.lstat(absolute).st_mode)
        except OSError:
            continue
        finding = misplaced(kind, holds_mail=path in holding, to_file=_leads_to_file(absolute))
        job.writer.directory_problem(path, job.writer.folder_id(folder), finding)


def _leads_to_file(path: bytes) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _with_parents(paths: Iterable[bytes]) -> set[bytes]:
    """These paths, and all directories above them."""
    found: set[bytes] = set()
    for path in paths:
        while path not in found:
            found.add(path)
            path = path.rpartition(b"/")[0]
    return found


def _folder_around(path: bytes, walk: Walk) -> bytes | None:
    while path:
        path = path.rpartition(b"/")[0]
        if path in walk.folders:
            return path
    return None
