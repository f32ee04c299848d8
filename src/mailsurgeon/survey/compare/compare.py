"""The last part of a survey: compares messages, and checks folders, servers' files and leftovers.

Any change in the spool may cause or end a problem between messages, so all of these are found again
after a change. Folders, servers' files and leftovers may change with time alone, so every survey
checks them. Files are compared by digest, and only if they could be equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.folder_rules import (
    UNKNOWN_KEYWORD,
    backup_folder,
    copies_of_each_other,
    missing_subdir,
    named_like_backup,
)
from mailsurgeon.diagnosis.group_rules import (
    NAME_CLASH,
    Copy,
    Marked,
    duplicate_id,
    misfiled,
    name_clash,
    uid_clash,
)
from mailsurgeon.maildir.filename import fmd5_field, neighbours_of, split, uid_field
from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.survey.compare.copies import Copies
from mailsurgeon.survey.compare.dates import notes_on_dates
from mailsurgeon.survey.compare.directories import find_directories
from mailsurgeon.survey.compare.folder_names import check_folder_names
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.compare.packed import find_packed
from mailsurgeon.survey.compare.server_files import check_servers_files, find_unknown_keywords
from mailsurgeon.survey.compare.tmp_leftovers import find_leftovers
from mailsurgeon.survey.index import comparison, directory_queries
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import Place
from mailsurgeon.survey.index.writer import SEPARATE, TOGETHER
from mailsurgeon.survey.read.folder_context import read_uidvalidity
from mailsurgeon.survey.uidlists.cache import Uids

_GROUPS = 2_000
"""Groups of duplicates that are judged together: for each such set, uidlists are searched once."""


def compare(job: Comparison) -> list[str]:
    """Finds all problems between files and of folders, and writes them into the index. Returns
    remarks on folders, in sentences."""
    copies = Copies(job.spool, job.index, job.writer)
    if job.changed:
        _together(job, copies)
    lettered = list(_lettered_elsewhere(job))
    job.writer.forget_groups(SEPARATE)
    _folders(job)
    check_servers_files(job)
    find_unknown_keywords(job, lettered)
    if job.full:
        find_packed(job)
    find_leftovers(job, copies)
    find_directories(job)
    job.writer.sweep()
    return notes_on_dates(job) if job.full else []


def _together(job: Comparison, copies: Copies) -> None:
    """Finds all problems between messages again."""
    kept = _clashes_elsewhere(job)
    job.writer.forget_groups(TOGETHER)
    lost, kept_now = _name_clashes(job, copies, kept)
    lost_uids, kept_uids = _uid_clashes(job, copies, lost)
    lost, kept_now = lost | lost_uids, kept_now | kept_uids
    _misfiled(job, copies)
    if job.full:
        shared = _duplicates(job, copies, kept_now, lost)
        _backups(job, shared)
    else:
        _named_backups(job)


def _clashes_elsewhere(job: Comparison) -> dict[bytes, list[list[int]]]:
    """The groups of clashing entries in folders that this survey did not examine, by folder."""
    found: dict[bytes, dict[bytes, list[int]]] = {}
    folders = {number: path for path, number in job.writer.folders.items()}
    for number, folder, filename in comparison.names_with_problem(job.index, NAME_CLASH):
        path = folders.get(folder)
        if path is not None and path not in job.contexts:
            base = split(filename)[0]
            found.setdefault(path, {}).setdefault(base, []).append(number)
    return {path: list(groups.values()) for path, groups in found.items()}


def _lettered_elsewhere(job: Comparison) -> Iterator[tuple[int, bytes, bytes]]:
    """The entries with unknown keywords in folders that this survey did not examine."""
    folders = {number: path for path, number in job.writer.folders.items()}
    for number, folder, filename in comparison.names_with_problem(job.index, UNKNOWN_KEYWORD):
        path = folders.get(folder)
        if path is not None and path not in job.contexts:
            yield number, path, filename


def _name_clashes(
    job: Comparison, copies: Copies, elsewhere: Mapping[bytes, list[list[int]]]
) -> tuple[set[int], set[int]]:
    """Writes the name clashes. Returns the ids that lose their name, and those that keep it."""
    groups = [group for of_folder in elsewhere.values() for group in of_folder]
    for context in job.contexts.values():
        groups += [_ids_at(job.index, paths) for paths in context.clashes.values()]
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


def _ids_at(index: Index, paths: Sequence[bytes]) -> list[int]:
    numbers = (comparison.file_at(index, path) for path in paths)
    return [number for number in numbers if number is not None]


def _uid_clashes(
    job: Comparison, copies: Copies, clash_lost: set[int]
) -> tuple[set[int], set[int]]:
    """Writes the clashes of `,U=`. Returns the ids that lose their `,U=`, and those that keep it
    from others."""
    lost: set[int] = set()
    kept: set[int] = set()
    numbers = dict(job.writer.folders)
    # For folders that this survey did not examine, the index must be searched for names with UIDs.
    marked = [numbers[path] for path, context in job.contexts.items() if context.marked]
    marked += [number for path, number in numbers.items() if path not in job.contexts]
    paths = {number: path for path, number in numbers.items()}
    for folder in marked:
        named = list(comparison.names_with_uid(job.index, folder))
        highest = read_uidvalidity(job.spool, paths[folder]) if named else None
        neighbours = neighbours_of((filename for _, filename, _ in named), highest)
        messages = [
            Marked(number, filename, ctime_ns, uid, fmd5_field(filename))
            for number, filename, ctime_ns in named
            if (uid := uid_field(filename, neighbours)) is not None
        ]
        messages = _with_digests(messages, job, copies)
        for number, finding in uid_clash(messages, highest, clash_lost, full=job.full):
            (kept if finding.remedy is None else lost).add(number)
            job.writer.problem(number, folder, finding)
    return lost, kept


def _with_digests(messages: list[Marked], job: Comparison, copies: Copies) -> list[Marked]:
    """The same messages; those that share their `,U=` have their paths and digests."""
    often = Counter((message.uid, message.fmd5) for message in messages)
    shared = [message.id for message in messages if often[message.uid, message.fmd5] > 1]
    known = {copy.id: copy for copy in copies.of(shared, digests=job.full)} if shared else {}
    return [
        message._replace(digest=copy.digest, path=copy.path)
        if (copy := known.get(message.id))
        else message
        for message in messages
    ]


def _folders(job: Comparison) -> None:
    for path, folder in job.walk.folders.items():
        finding = missing_subdir(folder.present | folder.linked, folder.taken)
        if finding:
            job.writer.directory_problem(path, job.writer.folder_id(path), finding)
    check_folder_names(job)


def _misfiled(job: Comparison, copies: Copies) -> None:
    rows = comparison.misfiled_files(job.index)
    paths = {number: path for path, number in job.writer.folders.items()}
    twins = copies.filed_twins_in_folder() if job.full and rows else {}

    def found() -> Iterator[tuple[int, int, Finding]]:
        for number, folder, place in rows:
            path = paths.get(folder)
            target = None
            if path is not None and (path or place == Place.ROOT):
                target = folder_name(path, job.spool.layout)
            where = "folder-root" if place == Place.ROOT else "nested"
            twin = twins.get(number) if target is not None else None
            around = path is not None
            yield number, folder, misfiled(where, target, twin, full=job.full, around=around)

    job.writer.problems(found())


class Shared:
    """Counts shared messages: `pairs` by two folders, for filed messages; `elsewhere` by folder,
    for messages that are also filed in another and not marked deleted there."""

    def __init__(self) -> None:
        self.pairs: dict[tuple[int, int], int] = {}
        self.elsewhere: dict[int, int] = {}

    def add(self, group: Sequence[Copy]) -> None:
        """Counts a group of messages with equal Message-ID, or of equal size without one."""
        classes: dict[bytes, list[Copy]] = {}
        for copy in group:
            if copy.digest is not None:
                classes.setdefault(copy.digest, []).append(copy)
        for equal in classes.values():
            homes = {copy.folder for copy in equal if copy.filed}
            living = {copy.folder for copy in equal if copy.filed and not copy.trashed}
            for copy in equal:
                others = homes - {copy.folder}
                if living - {copy.folder}:
                    self.elsewhere[copy.folder] = self.elsewhere.get(copy.folder, 0) + 1
                for other in others if copy.filed else ():
                    pair = (copy.folder, other)
                    self.pairs[pair] = self.pairs.get(pair, 0) + 1


def _duplicates(job: Comparison, copies: Copies, kept: set[int], lost: set[int]) -> Shared:
    shared = Shared()
    uids = Uids(job.spool, job.lists)
    waiting = copies.groups_with_id()
    while groups := list(islice(waiting, _GROUPS)):
        known = _uids_of(groups, uids, job)
        found: list[tuple[int, int, Finding]] = []
        for group in groups:
            homes = {copy.id: copy.folder for copy in group}
            group = [copy._replace(uid=known.get(copy.id)) for copy in group]
            for number, finding in duplicate_id(group, kept, lost):
                found.append((number, homes[number], finding))
            shared.add(group)
        job.writer.problems(found)
    for are_messages, group in copies.groups_without_id():
        if are_messages:
            homes = {copy.id: copy.folder for copy in group}
            judged = duplicate_id(group, kept, lost)
            job.writer.problems((number, homes[number], finding) for number, finding in judged)
        shared.add(group)
    return shared


def _uids_of(groups: Iterable[Sequence[Copy]], uids: Uids, job: Comparison) -> dict[int, int]:
    """The UIDs of copies, by id, where they matter: between copies in the same folder."""
    bases: dict[int, dict[int, bytes]] = {}
    for group in groups:
        often = Counter(copy.folder for copy in group)
        for copy in group:
            if copy.filed and often[copy.folder] > 1:
                bases.setdefault(copy.folder, {})[copy.id] = split(copy.filename)[0]
    found: dict[int, int] = {}
    for path, folder in job.writer.folders.items():
        if folder in bases:
            wanted = bases[folder]
            known = uids.of(path, set(wanted.values()))
            found.update((each, known[base]) for each, base in wanted.items() if base in known)
    return found


def _backups(job: Comparison, shared: Shared) -> None:
    sizes = directory_queries.messages_by_folder(job.index)
    filed = directory_queries.filed_by_folder(job.index)
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
        job.writer.directory_problem(paths[number], number, finding, TOGETHER)


def _named_backups(job: Comparison) -> None:
    sizes = directory_queries.messages_by_folder(job.index)
    for path, number in job.writer.folders.items():
        if path and named_like_backup(path):
            finding = backup_folder("name", None, sizes.get(number, 0))
            job.writer.directory_problem(path, number, finding, TOGETHER)
