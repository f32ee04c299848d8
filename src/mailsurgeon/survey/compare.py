"""The last part of a survey: messages beside each other, folders, leftovers, copies.

Everything here is found again at every survey, since any change anywhere may change it. Bytes are
compared by digest, and only of files that could be equal.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.folder_rules import (
    backup_folder,
    copies_of_each_other,
    missing_subdir,
    named_like_backup,
    nested_folder,
    stray_directory,
)
from mailsurgeon.diagnosis.group_rules import (
    Copy,
    Marked,
    duplicate_id,
    misfiled,
    name_clash,
    uid_clash,
)
from mailsurgeon.maildir.filename import fmd5_field, uid_field
from mailsurgeon.maildir.message import Traits
from mailsurgeon.maildir.names import MAILDIRPP, folder_name
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.context import FolderContext, read_uidlist, read_uidvalidity
from mailsurgeon.survey.copies import Copies
from mailsurgeon.survey.examine import NOT_MAIL
from mailsurgeon.survey.folder_checks import check_servers_files
from mailsurgeon.survey.index import Index
from mailsurgeon.survey.leftovers import find_leftovers
from mailsurgeon.survey.opening import Options
from mailsurgeon.survey.rows import Place
from mailsurgeon.survey.walk import NOT_FOLLOWED, Walk
from mailsurgeon.survey.writer import Writer

PATH = (
    "CASE WHEN length(directory) = 0 THEN filename"
    " ELSE CAST(directory || x'2f' || filename AS BLOB) END"
)
MESSAGE = "kind = 'file' AND place IN ('cur', 'new', 'root', 'nested')"
FILED = "kind = 'file' AND place IN ('cur', 'new')"
# Content that can be told apart by a Message-ID: neither junk nor an mbox.
_COMPARABLE = f"(traits & {Traits.FIRST_FIELD | Traits.KNOWN_FIELD}) AND NOT traits & {Traits.MBOX}"


@dataclass(slots=True)
class Comparison:
    """What the comparison needs. `full`: the whole spool's contents have been read."""

    spool: Spool
    index: Index
    writer: Writer
    options: Options
    walk: Walk
    contexts: Mapping[bytes, FolderContext]
    now: float
    full: bool


def compare(job: Comparison) -> None:
    """Finds all problems of more than one file, and of folders, and writes them."""
    copies = Copies(job.spool, job.index.db)
    kept = _clashes_elsewhere(job)
    job.writer.forget_groups()
    lost, kept_now = _name_clashes(job, copies, kept)
    _uid_clashes(job)
    _folders(job)
    check_servers_files(job)
    _misfiled(job, copies)
    find_leftovers(job, copies)
    _directories(job)
    if job.full:
        shared = _duplicates(job, copies, kept_now, lost)
        _backups(job, shared)
    else:
        _named_backups(job)
    job.writer.sweep_directories()


def _clashes_elsewhere(job: Comparison) -> dict[bytes, list[list[int]]]:
    """Groups of clashing entries in folders that were not looked at this time."""
    found: dict[bytes, dict[bytes, list[int]]] = {}
    folders = {number: path for path, number in job.writer.folders.items()}
    rows = job.index.db.execute(
        "SELECT e.id, e.folder, e.filename FROM problems p JOIN entries e ON e.id = p.entry"
        " WHERE p.code = 'name-clash'"
    )
    for number, folder, filename in rows:
        path = folders.get(folder)
        if path is not None and path not in job.contexts:
            base = filename.partition(b":")[0]
            found.setdefault(path, {}).setdefault(base, []).append(number)
    return {path: list(groups.values()) for path, groups in found.items()}


def _name_clashes(
    job: Comparison, copies: Copies, elsewhere: Mapping[bytes, list[list[int]]]
) -> tuple[set[int], set[int]]:
    """Writes the name clashes; the ids that lose their name, and those that keep it."""
    groups = [group for of_folder in elsewhere.values() for group in of_folder]
    for context in job.contexts.values():
        groups += [_ids_at(job, paths) for paths in context.clashes.values()]
    lost: set[int] = set()
    kept: set[int] = set()
    for ids in groups:
        group = copies.of(ids, digests=job.full)
        if len(group) < 2:
            continue
        for number, finding in name_clash(group):
            (kept if finding.remedy is None else lost).add(number)
            job.writer.problem(number, group[0].folder, finding)
    return lost, kept


def _ids_at(job: Comparison, paths: Sequence[bytes]) -> list[int]:
    found: list[int] = []
    for path in paths:
        row = job.index.db.execute(
            "SELECT id FROM entries WHERE directory = ? AND filename = ? AND kind = 'file'",
            os.path.split(path),
        ).fetchone()
        if row:
            found.append(row[0])
    return found


def _uid_clashes(job: Comparison) -> None:
    rows = job.index.db.execute(
        f"SELECT id, folder, filename, ctime_ns FROM entries WHERE {FILED}"
        " AND instr(filename, x'2c553d') > 0"
    )
    folders: dict[int, list[Marked]] = {}
    for number, folder, filename, ctime_ns in rows:
        uid = uid_field(filename)
        if uid is not None:
            marked = Marked(number, filename, ctime_ns, uid, fmd5_field(filename))
            folders.setdefault(folder, []).append(marked)
    paths = {number: path for path, number in job.writer.folders.items()}
    for folder, messages in folders.items():
        highest = read_uidvalidity(job.spool, paths[folder]) if folder in paths else None
        for number, finding in uid_clash(messages, highest):
            job.writer.problem(number, folder, finding)


def _folders(job: Comparison) -> None:
    for path, folder in job.walk.folders.items():
        number = job.writer.folder_id(path)
        findings: list[Finding | None] = [missing_subdir(folder.present)]
        if job.spool.layout == MAILDIRPP:
            findings.append(nested_folder(path))
        for finding in findings:
            if finding:
                job.writer.directory_problem(path, number, finding)


def _misfiled(job: Comparison, copies: Copies) -> None:
    rows = job.index.db.execute(
        f"SELECT id, folder, place FROM entries WHERE {MESSAGE} AND place IN ('root', 'nested')"
    ).fetchall()
    paths = {number: path for path, number in job.writer.folders.items()}
    twins = copies.filed_twins_in_folder() if job.full and rows else {}
    for number, folder, place in rows:
        path = paths.get(folder)
        target = None
        if path is not None and (path or place == Place.ROOT):
            target = folder_name(path, job.spool.layout)
        where = "folder-root" if place == Place.ROOT else "nested"
        twin = twins.get(number) if target is not None else None
        job.writer.problem(number, folder, misfiled(where, target, twin, full=job.full))


def _directories(job: Comparison) -> None:
    """Directories that are no folder: stray ones, and those in cur and new."""
    db = job.index.db
    holding = _with_parents(
        row[0] for row in db.execute(f"SELECT DISTINCT directory FROM entries WHERE {MESSAGE}")
    )
    rows = db.execute(
        f"SELECT id, {PATH} FROM entries WHERE kind = 'directory' AND place IN ('cur', 'new')"
    ).fetchall()
    for number, path in rows:
        if path in holding:
            db.execute(
                "UPDATE problems SET remedy = NULL WHERE entry = ? AND code = 'linked'", (number,)
            )
    if not job.full:
        return
    # What could not be looked at may be mail.
    unknown = db.execute(
        "SELECT path FROM not_examined WHERE reason NOT IN (?, ?)", (NOT_MAIL, NOT_FOLLOWED)
    )
    holding |= _with_parents(row[0] for row in unknown)
    stray = {path for path in job.walk.loose if path not in holding}
    for path in sorted(stray):
        if path.rpartition(b"/")[0] not in stray:
            finding = stray_directory(path, job.spool.layout)
            folder = job.writer.folder_id(_folder_around(path, job.walk))
            job.writer.directory_problem(path, folder, finding)


def _with_parents(paths: Iterable[bytes]) -> set[bytes]:
    """These paths and all directories above them."""
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


class Shared:
    """How many messages folders share: by pair for filed ones, and how many are filed elsewhere."""

    def __init__(self) -> None:
        self.pairs: dict[tuple[int, int], int] = {}
        self.elsewhere: dict[int, int] = {}

    def add(self, group: Sequence[Copy]) -> None:
        """Takes messages with equal Message-ID, or of equal size without one."""
        classes: dict[bytes, list[Copy]] = {}
        for copy in group:
            if copy.digest is not None:
                classes.setdefault(copy.digest, []).append(copy)
        for equal in classes.values():
            homes = {copy.folder for copy in equal if copy.filed}
            for copy in equal:
                others = homes - {copy.folder}
                if others:
                    self.elsewhere[copy.folder] = self.elsewhere.get(copy.folder, 0) + 1
                for other in others if copy.filed else ():
                    pair = (copy.folder, other)
                    self.pairs[pair] = self.pairs.get(pair, 0) + 1


def _duplicates(job: Comparison, copies: Copies, kept: set[int], lost: set[int]) -> Shared:
    shared = Shared()
    db = job.index.db
    ids = db.execute(
        f"SELECT message_id FROM entries WHERE message_id IS NOT NULL AND {MESSAGE}"
        f" AND {_COMPARABLE} GROUP BY message_id HAVING COUNT(*) > 1"
    ).fetchall()
    uids = _Uids(job)
    for (message_id,) in ids:
        rows = db.execute(
            f"SELECT id FROM entries WHERE message_id = ? AND {MESSAGE} AND {_COMPARABLE}",
            (message_id,),
        )
        group = copies.of([row[0] for row in rows], digests=True)
        group = [copy._replace(uid=uids.of(copy)) for copy in group]
        homes = {copy.id: copy.folder for copy in group}
        for number, finding in duplicate_id(group, kept, lost):
            job.writer.problem(number, homes[number], finding)
        shared.add(group)
    for group in copies.groups_without_id():
        shared.add(group)
    return shared


class _Uids:
    """UIDs of messages by their folders' uidlists, each list read when first needed."""

    def __init__(self, job: Comparison) -> None:
        self.job = job
        self.paths = {number: path for path, number in job.writer.folders.items()}
        self.lists: dict[int, dict[bytes, int]] = {}

    def of(self, copy: Copy) -> int | None:
        if not copy.filed or copy.folder not in self.paths:
            return None
        if copy.folder not in self.lists:
            listed = read_uidlist(self.job.spool, self.paths[copy.folder])
            records = listed.records if listed else ()
            self.lists[copy.folder] = {record.base: record.uid for record in records}
        return self.lists[copy.folder].get(copy.filename.partition(b":")[0])


def _backups(job: Comparison, shared: Shared) -> None:
    sizes = _counts(job, MESSAGE)
    filed = _counts(job, FILED)
    paths = {number: path for path, number in job.writer.folders.items()}
    because = {number: "name" for number, path in paths.items() if path and named_like_backup(path)}
    both = {
        (first, second): (number, shared.pairs.get((second, first), 0))
        for (first, second), number in shared.pairs.items()
        if first < second
    }
    for first, second in copies_of_each_other(both, filed):
        longer = max((first, second), key=lambda number: (len(paths[number]), paths[number]))
        if paths[longer]:
            because.setdefault(longer, "content")
    for number, reason in because.items():
        elsewhere = shared.elsewhere.get(number, 0)
        finding = backup_folder(reason, elsewhere, sizes.get(number, 0))
        job.writer.directory_problem(paths[number], number, finding)


def _named_backups(job: Comparison) -> None:
    sizes = _counts(job, MESSAGE)
    for path, number in job.writer.folders.items():
        if path and named_like_backup(path):
            finding = backup_folder("name", None, sizes.get(number, 0))
            job.writer.directory_problem(path, number, finding)


def _counts(job: Comparison, which: str) -> dict[int, int]:
    rows = job.index.db.execute(
        f"SELECT folder, COUNT(*) FROM entries WHERE {which} GROUP BY folder"
    )
    return dict(rows.fetchall())
