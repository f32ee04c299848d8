"""Judges the names of folders, and the symlinks that servers take for folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from mailsurgeon.diagnosis.folder_rules import (
    bad_folder_name,
    bad_name_of_nested,
    linked_folder,
    nested_folder,
)
from mailsurgeon.maildir.folder_names import FS, INBOX, MAILDIRPP
from mailsurgeon.maildir.folder_spelling import SpellingRules, bad_spelling
from mailsurgeon.maildir.reserved import SUBDIRS, is_servers_directory
from mailsurgeon.maildir.server_entry import Tells
from mailsurgeon.maildir.server_files import DOVECOT, MBSYNC_UIDVALIDITY
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.walk.found import FoundFolder, Walk

_COURIERS = (b"courierimap",)
"""How the names begin of the files that Courier makes in each folder; `maildirfolder` and
`maildirsize` others make too."""
_OWN_LINKS = (b".dovecot.", b".sieve")


def check_folder_names(job: Comparison) -> None:
    """Finds the folders that are nested, or have a name by which servers cannot open them, and
    symlinks in the root that Dovecot lists as folders; writes their problems."""
    rules, served = spelling_rules(job)
    given: set[bytes] = set()
    for path in sorted(_named_directories(job)):
        folder = job.walk.folders.get(path)
        bad = bad_spelling(path, _for_folder(rules, folder), is_folder=folder is not None)
        if bad is None or _is_kmails(job, path):
            continue
        becomes = None if bad.becomes is None else os.fsdecode(bad.becomes)
        merge = INBOX if bad.merge else None
        if bad.becomes in given or (bad.becomes and _is_there(job, bad.becomes)):
            merge = becomes
        elif bad.becomes:
            given.add(bad.becomes)
        finding = bad_folder_name(bad, becomes, merge, served=served)
        job.writer.directory_problem(path, job.writer.folder_id(_around(path, job.walk)), finding)
    if job.spool.layout == MAILDIRPP:
        _nested(job, rules)
        _links(job)


def spelling_rules(job: Comparison) -> tuple[SpellingRules, bool]:
    """How this spool's server reads names, and whether one reads them at all.

    A maildir++ spool is taken for Dovecot's unless only Courier has left files in it. In fs, which
    many programs use that open any name, Dovecot must have left files or be configured.
    """
    spool = job.spool
    marks = tuple(file.name for file in DOVECOT.telling(Tells.OPENED))
    dovecot = bool(spool.dovecots or spool.control) or _has_files(job, marks)
    courier = not dovecot and _has_files(job, _COURIERS)
    rules = SpellingRules(
        spool.layout, spool.utf8 or courier, not courier, root_is_inbox=b"" in job.walk.folders
    )
    return rules, dovecot or spool.layout != FS


def _has_files(job: Comparison, beginnings: tuple[bytes, ...]) -> bool:
    return any(
        name.startswith(beginnings)
        for folder in job.walk.folders.values()
        for name in folder.servers_files
    )


def _for_folder(rules: SpellingRules, folder: FoundFolder | None) -> SpellingRules:
    """The rules for one folder. One that mbsync syncs has the names that mbsync makes, of which
    `..NAME` is a folder below INBOX."""
    files = folder.servers_files if folder else ()
    dovecots = any(name.startswith(DOVECOT.prefixes) for name in files)
    if MBSYNC_UIDVALIDITY in files and not dovecots:
        return replace(rules, one_inbox=False, leading_empty=True)
    return rules


def _named_directories(job: Comparison) -> Iterator[bytes]:
    """The folders, and in fs the directories above them too."""
    seen: set[bytes] = set()
    for path in job.walk.folders:
        while path and path not in seen:
            seen.add(path)
            yield path
            path = path.rpartition(b"/")[0] if job.spool.layout == FS else b""


def _is_there(job: Comparison, path: bytes) -> bool:
    return os.path.lexists(job.spool.absolute(path))


def _is_kmails(job: Comparison, path: bytes) -> bool:
    """Whether KMail keeps folders below this one, in `.NAME.directory` beside it, which a new name
    would take from it. No server reads such a tree."""
    parent, name = os.path.split(path)
    below = os.path.join(parent, b"." + name + b".directory")
    return job.spool.layout == FS and os.path.isdir(job.spool.absolute(below))


def _around(path: bytes, walk: Walk) -> bytes | None:
    """The folder at this path, or the nearest one around it."""
    while path and path not in walk.folders:
        path = path.rpartition(b"/")[0]
    return path if path in walk.folders else None


def _nested(job: Comparison, rules: SpellingRules) -> None:
    for path in job.walk.folders:
        finding = nested_folder(path, rules)
        if finding is None:
            continue
        number = job.writer.folder_id(path)
        job.writer.directory_problem(path, number, finding)
        name = bad_name_of_nested(path, rules)
        if name:
            job.writer.directory_problem(path, number, name)


def _links(job: Comparison) -> None:
    """Symlinks `.NAME` in the root that lead to no Maildir: Dovecot lists each as a folder
    (mailbox-list-maildir-iter.c), and fails."""
    if b"" not in job.walk.folders:
        return
    try:
        with os.scandir(job.spool.root) as entries:
            names = [entry.name for entry in entries if _is_linked_name(entry)]
    except OSError:
        return
    elsewhere = {path for path, _ in job.walk.misplaced}  # they are `linked` as servers' files
    for name in sorted(set(names) - elsewhere):
        own = name.startswith(_OWN_LINKS) or is_servers_directory(name)
        if not (own and job.spool.dovecots is False) and not _leads_to_maildir(job, name):
            number = job.writer.folder_id(b"")
            job.writer.directory_problem(name, number, linked_folder(own=own))


def _is_linked_name(entry: os.DirEntry[bytes]) -> bool:
    return entry.name.startswith(b".") and entry.is_symlink()


def _leads_to_maildir(job: Comparison, name: bytes) -> bool:
    """Whether it leads to a Maildir, or that cannot be seen."""
    target = job.spool.absolute(name)
    try:
        os.stat(target)
    except PermissionError:
        return True
    except OSError:
        return False
    return any(os.path.isdir(os.path.join(target, subdir)) for subdir in SUBDIRS[:2])
