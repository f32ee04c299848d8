"""Queries of plans and procedures: full entries, names in use, problems by place.

Each query is a function with one SQL statement that returns typed rows.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.folder_names import folder_path
from mailsurgeon.maildir.message import Traits
from mailsurgeon.maildir.spool import join
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import FolderRow
from mailsurgeon.survey.index.slices import Held, directory_places
from mailsurgeon.survey.index.sql import chunks, limits, marks
from mailsurgeon.text import path_shown

_FULL_ENTRY = (
    "e.id, e.folder, e.place, e.directory, e.filename, e.kind, e.size, e.mtime_ns, e.ctime_ns,"
    " e.inode, e.mode, e.uid, e.gid, e.nlink, e.encoding, e.plain_size, e.virtual_size, e.date,"
    " e.message_id, e.digest"
)
_AFTER_INFO = b";"
"""Sorts after every name that begins with the base name and a colon, which is the byte before."""
_CHUNK = 400  # a path takes two variables, of which SQLite allows 999


# Entries


class FullEntry(NamedTuple):
    """A whole row of the index. Sizes in bytes, times in nanoseconds, `date` in unix seconds.

    `id` is None for a directory without a row; `folder` is the id of the folder around the entry.
    """

    id: int | None
    folder: int
    place: str
    directory: bytes
    filename: bytes
    kind: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    mode: int
    uid: int
    gid: int
    nlink: int
    encoding: str | None = None
    plain_size: int | None = None
    virtual_size: int | None = None
    date: int | None = None
    message_id: str | None = None
    digest: bytes | None = None


def full_entries(index: Index, ids: Sequence[int]) -> Iterator[FullEntry]:
    """The entries with these ids, in any order; ids that are gone are left out."""
    packed = list(index.slices.find(ids))
    yield from _full_entries(index, packed)
    found = {held.id for held in packed}
    for chunk in chunks([number for number in ids if number not in found], _CHUNK):
        sql = f"SELECT {_FULL_ENTRY} FROM entries e WHERE e.id IN ({marks(chunk)})"
        yield from map(FullEntry._make, index.db.execute(sql, chunk))


def full_entries_at(index: Index, paths: Iterable[bytes]) -> Iterator[FullEntry]:
    """The entries at these paths (relative to the spool), in any order."""
    places = [os.path.split(path) for path in paths]
    for chunk in chunks(places, _CHUNK):
        pairs = ",".join(["(?, ?)"] * len(chunk))
        rows = index.db.execute(
            f"SELECT {_FULL_ENTRY} FROM entries e WHERE (e.directory, e.filename)"
            f" IN (VALUES {pairs})",
            [part for pair in chunk for part in pair],
        )
        yield from map(FullEntry._make, rows)
    if index.slices.exist():
        held = (index.slices.named(directory, name) for directory, name in places)
        yield from _full_entries(index, [each for each in held if each is not None])


def _full_entries(index: Index, messages: Iterable[Held]) -> Iterator[FullEntry]:
    found = list(messages)
    where = directory_places(index.db, {held.columns.directory for held in found})
    for held in found:
        facts, at = held.facts, where[held.columns.directory]
        yield FullEntry(
            held.id, at.folder, at.place, at.path, facts.filename, facts.kind, facts.size,
            facts.mtime_ns, facts.ctime_ns, facts.inode, facts.mode, facts.uid, facts.gid,
            facts.nlink, facts.encoding, facts.plain_size, facts.virtual_size, facts.date,
            facts.message_id,
        )  # fmt: skip


def every_id(index: Index) -> list[int]:
    """The ids of all entries, sorted."""
    ids = [number for (number,) in index.db.execute("SELECT id FROM files")]
    for columns in index.slices.every():
        ids += columns.ids
    return sorted(ids)


def names_in(index: Index, folder: bytes) -> Iterator[bytes]:
    """The names of all entries in cur and new of the folder at this path."""
    rows = index.db.execute(
        "SELECT filename FROM entries WHERE directory IN (?, ?)", _cur_and_new(folder)
    )
    yield from (filename for (filename,) in rows)
    for path in _cur_and_new(folder):
        for columns in index.slices.at(path):
            yield from columns.names


def file_sizes_in(index: Index, folder: bytes) -> Iterator[tuple[bytes, int]]:
    """The path and size (bytes) of each regular file in cur and new of the folder at this path."""
    rows = index.db.execute(
        "SELECT directory, filename, size FROM entries WHERE directory IN (?, ?) AND kind = 'file'",
        _cur_and_new(folder),
    )
    yield from ((join(directory, filename), size) for directory, filename, size in rows)
    for path in _cur_and_new(folder):
        for columns in index.slices.at(path):
            yield from zip((join(path, name) for name in columns.names), columns.sizes, strict=True)


class FileFacts(NamedTuple):
    """What stays the same of a message while its flags change (bytes, nanoseconds)."""

    inode: int
    size: int
    mtime_ns: int


def messages_below(index: Index, directory: bytes) -> Iterator[FileFacts]:
    """The regular files in cur and new of the folder at this path and of all folders below, without
    dot files."""
    rows = index.db.execute(
        "SELECT inode, size, mtime_ns FROM entries WHERE directory > ? AND directory < ?"
        " AND place IN ('cur', 'new') AND kind = 'file' AND substr(filename, 1, 1) != x'2e'",
        (directory + b"/", directory + b"0"),
    )
    yield from map(FileFacts._make, rows)
    for columns in index.slices.below(directory):
        times = zip(columns.inodes, columns.sizes, columns.mtimes, strict=True)
        yield from map(FileFacts._make, times)


def holds_files(index: Index, directory: bytes) -> bool:
    """Whether a message or a misfiled one lies in this directory or below."""
    row = index.db.execute(
        "SELECT 1 FROM entries WHERE place != 'folder'"
        " AND (directory = ? OR (directory > ? AND directory < ?)) LIMIT 1",
        (directory, directory + b"/", directory + b"0"),
    ).fetchone()
    return (
        row is not None
        or any(map(len, index.slices.at(directory)))
        or any(map(len, index.slices.below(directory)))
    )


class FiledCopy(NamedTuple):
    """A message in cur or new that is identical to one of another folder, by its digest."""

    digest: bytes
    directory: bytes
    filename: bytes
    facts: FileFacts


def copies_filed_elsewhere(index: Index, folder: int) -> Iterator[FiledCopy]:
    """The messages of other folders that are identical to one of this folder (by its id)."""
    rows = index.db.execute(
        "SELECT digest, directory, filename, inode, size, mtime_ns FROM entries"
        " WHERE folder != ?1 AND place IN ('cur', 'new') AND digest IN"
        " (SELECT digest FROM entries WHERE folder = ?1 AND digest IS NOT NULL)"
        " ORDER BY directory, filename",
        (folder,),
    )
    return (FiledCopy(row[0], row[1], row[2], FileFacts._make(row[3:])) for row in rows)


def digests_in(index: Index, folder: int) -> list[bytes]:
    """The digests of the messages of a folder (by its id) that have one, not of those in tmp."""
    rows = index.db.execute(
        "SELECT digest FROM entries WHERE folder = ? AND place NOT IN ('tmp', 'folder')"
        " AND digest IS NOT NULL",
        (folder,),
    )
    return [digest for (digest,) in rows]


def names_of_linked_files(index: Index) -> dict[tuple[int, int, int], int]:
    """How many names in the spool each file with several hard links has, by inode, size and
    mtime_ns: inode numbers alone repeat where a folder has a file system of its own."""
    rows = index.db.execute(
        "SELECT inode, size, mtime_ns, COUNT(*) FROM files WHERE nlink > 1 AND kind = 'file'"
        " GROUP BY inode, size, mtime_ns"
    )
    return {(inode, size, mtime_ns): number for inode, size, mtime_ns, number in rows}


class MessageSummary(NamedTuple):
    """By what a person knows a message: decoded, made visible and cut; `date` in unix seconds."""

    subject: str
    sender: str
    date: int | None


def message_summaries(
    index: Index, places: Collection[tuple[bytes, bytes]], files: Collection[tuple[int, int]]
) -> dict[tuple[int, int], MessageSummary]:
    """Subject, sender and date of those of `files` (inode and size) that lie at one of these
    `places`: the path of a directory and a base name, so that flags do not matter.

    Files that the index does not have, or only by a quick survey, and what is no mail are left out.
    Raises sqlite3.Error, at once while the first survey of a spool is filling the index.
    """
    found: dict[tuple[int, int], MessageSummary] = {}
    for chunk in chunks(sorted(places), _CHUNK // 2):
        rows = index.db.execute(
            "SELECT f.inode, f.size, f.subject, f.sender, f.date"
            f" FROM (VALUES {','.join(['(?, ?, ?)'] * len(chunk))}) v"
            " CROSS JOIN directories d ON d.path = v.column1"
            " CROSS JOIN files f INDEXED BY files_place ON f.directory = d.id"
            " AND f.filename >= v.column2 AND f.filename < v.column3"
            f" WHERE f.traits & {Traits.MAIL:d}",
            [part for directory, base in chunk for part in (directory, base, base + _AFTER_INFO)],
        )
        for inode, size, subject, *others in rows:
            if subject is not None and (inode, size) in files:
                found[inode, size] = MessageSummary(subject, *others)
    if len(found) < len(files) and index.slices.exist():
        _summaries_in_slices(index, places, files, found)
    return found


def _summaries_in_slices(
    index: Index,
    places: Collection[tuple[bytes, bytes]],
    files: Collection[tuple[int, int]],
    found: dict[tuple[int, int], MessageSummary],
) -> None:
    """Adds those of the files that are packed."""
    bases: dict[bytes, list[bytes]] = {}
    for directory, base in sorted(places):
        bases.setdefault(directory, []).append(base)
    for directory, names in bases.items():
        for columns in index.slices.spanning(directory, names[0], names[-1] + _AFTER_INFO):
            for base in names if columns.full else ():
                at = bisect_left(columns.names, base)
                while at < len(columns) and columns.names[at] < base + _AFTER_INFO:
                    file = columns.inodes[at], columns.sizes[at]
                    if file in files and file not in found:
                        facts = columns.facts(at)
                        found[file] = MessageSummary(
                            facts.subject or "", facts.sender or "", facts.date
                        )
                    at += 1


def is_folder(index: Index, path: bytes) -> bool:
    """Whether there is a folder at this path."""
    row = index.db.execute("SELECT 1 FROM folders WHERE path = ?", (path,)).fetchone()
    return row is not None


def folder_called(name: str, folders: Iterable[FolderRow], layout: str) -> FolderRow | None:
    """The folder that an operator means by a name or by a path in the spool; None if there is none.

    Several directories may be shown by one name: `.A.B` and `.A\\2eB`, or `.INBOX` and the spool
    itself, which is INBOX. The name means the one that servers show by it, else the path decides.
    Raises MailsurgeonError, which gives the paths, if it could mean any of several.
    """
    rows = {row.path: row for row in folders}
    meant = rows.get(folder_path(name, layout))
    if meant is not None and meant.name == name:
        return meant
    path = os.fsencode(name)
    found = rows.get(b"" if path == b"." else path.removeprefix(b"./").rstrip(b"/"))
    if found is not None:
        return found
    alike = [row for row in rows.values() if row.name == name]
    if len(alike) > 1:
        paths = ", ".join(sorted(path_shown(row.path) for row in alike))
        raise MailsurgeonError(f"{name}: several folders have this name; give the path: {paths}")
    return alike[0] if alike else None


# Entries with a problem


def entries_with_problem(
    index: Index, codes: Collection[str] = (), folders: Sequence[int] = ()
) -> list[int]:
    """The ids of entries that have one of these problems, in these `folders` (ids; all if empty).

    Without `codes`: entries with any problem that has a remedy or is above `info`.
    """
    where, values = "(remedy IS NOT NULL OR severity > 0)", [*codes, *folders]
    if codes:
        where = f"code IN ({marks(codes)})"
    if folders:
        where += f" AND folder IN ({marks(folders)})"
    rows = index.db.execute(f"SELECT DISTINCT entry FROM problems WHERE {where}", values)
    return [entry for (entry,) in rows]


def entries_with_problem_below(index: Index, directory: bytes) -> list[int]:
    """The ids of entries with a problem, at any depth below the directory at this path (b"": the
    spool)."""
    rows = index.db.execute(
        "SELECT DISTINCT e.id FROM entries e JOIN problems p ON p.entry = e.id"
        " WHERE ? = x'' OR e.directory = ? OR (e.directory > ? AND e.directory < ?)",
        (directory, directory, directory + b"/", directory + b"0"),
    )
    return [entry for (entry,) in rows]


# Counts


class ProblemCount(NamedTuple):
    """The number of problems of one code and one severity (a `diagnosis.severity` value)."""

    code: str
    severity: int
    number: int


class RemedyCount(NamedTuple):
    """The number of problems of one kind with one remedy, and the worst of their severities."""

    code: str
    remedy: str | None
    severity: int
    number: int


class Totals(NamedTuple):
    """The numbers of messages, of their bytes, and of paths that were not examined."""

    messages: int
    bytes: int
    not_examined: int


def problem_counts_by_severity(index: Index) -> Iterator[ProblemCount]:
    """The problems of the whole spool, counted by code and severity."""
    rows = index.db.execute("SELECT code, severity, COUNT(*) FROM problems GROUP BY code, severity")
    return map(ProblemCount._make, rows)


def problem_counts_by_remedy(
    index: Index, codes: Iterable[str] | None = None, folders: Iterable[int] | None = None
) -> Iterator[RemedyCount]:
    """The problems of these codes and folders (ids; None: all), by code and remedy, the most
    frequent remedy first."""
    where, values = limits(codes, folders)
    rows = index.db.execute(
        "SELECT p.code, p.remedy, MAX(p.severity), COUNT(*) FROM problems p"
        f" WHERE {where} GROUP BY p.code, p.remedy ORDER BY COUNT(*) DESC, p.remedy",
        values,
    )
    return map(RemedyCount._make, rows)


def totals(index: Index) -> Totals:
    """The counts of the whole spool."""
    messages, size = index.db.execute(
        "SELECT COALESCE(SUM(messages), 0), COALESCE(SUM(bytes), 0) FROM directories"
    ).fetchone()
    (skipped,) = index.db.execute("SELECT COUNT(*) FROM not_examined").fetchone()
    return Totals(messages, size, skipped)


def _cur_and_new(folder: bytes) -> tuple[bytes, bytes]:
    return join(folder, b"cur"), join(folder, b"new")
