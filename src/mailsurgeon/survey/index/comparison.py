"""The comparison's queries: messages that may be identical, names that clash, misfiled files.

Nothing is written here; see `IndexWriter`. A query that returns an iterator reads its rows one by
one, so take all of them before you change the index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from mailsurgeon.maildir.message import Traits
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.message_ids import packed_with
from mailsurgeon.survey.index.slices import Held, directory_places
from mailsurgeon.survey.index.sql import (
    BY_DIRECTORY,
    BY_FILE,
    FILED_PLACES,
    IS_FILED,
    IS_MESSAGE,
    Value,
    chunks,
    marks,
    path_of,
)

# Files that can be filed. One nested below INBOX, or below no folder, has no target.
_FILEABLE = (
    "f.kind = 'file' AND (d.place = 'root' OR (d.place = 'nested'"
    " AND d.folder IN (SELECT id FROM folders WHERE length(path) > 0)))"
)
# Content that a Message-ID identifies: neither junk nor an mbox.
_COMPARABLE = (
    f"(f.traits & {Traits.FIRST_FIELD | Traits.KNOWN_FIELD}) AND NOT f.traits & {Traits.MBOX}"
)
_LIKENESS = "SELECT f.id, d.folder, f.size, f.virtual_size, f.message_id FROM"
_PATH = path_of("e.directory", "e.filename")
_CANDIDATE = (
    "f.id, d.folder, d.place, d.path, f.filename, f.size, f.ctime_ns, f.digest, f.body_digest,"
    " f.message_id"
)


# Messages that may be the same


class Candidate(NamedTuple):
    """A message that may be a copy of another. The digests are None until
    `IndexWriter.set_digests` has stored them."""

    id: int
    folder: int
    place: str
    directory: bytes
    filename: bytes
    size: int
    ctime_ns: int
    digest: bytes | None
    body_digest: bytes | None
    message_id: str | None


class Likeness(NamedTuple):
    """The facts that are equal in copies of a message, apart from `id` and perhaps `folder`."""

    id: int
    folder: int
    size: int
    virtual_size: int | None
    message_id: str | None


def candidates(index: Index, ids: Sequence[int]) -> Iterator[Candidate]:
    """The entries with these ids; those that are gone are left out."""
    for chunk in chunks(ids):
        rows = index.db.execute(
            f"SELECT {_CANDIDATE} FROM {BY_FILE} WHERE f.id IN ({marks(chunk)})", chunk
        ).fetchall()
        yield from map(Candidate._make, rows)


def likeness(index: Index, ids: Sequence[int]) -> Iterator[Likeness]:
    """The files with these ids that are not empty."""
    wanted = ",".join(map(str, ids))
    yield from _likeness(index, f"{BY_FILE} WHERE f.id IN ({wanted}) AND f.size > 0")
    where = directory_places(index.db)
    for held in index.slices.find(ids):
        yield _packed_likeness(held, where[held.columns.directory].folder)


def likeness_of_fileable(index: Index) -> Iterator[Likeness]:
    """The misfiled messages that have a folder to be filed in and are not empty."""
    return _likeness(index, f"{BY_DIRECTORY} WHERE {_FILEABLE} AND f.size > 0")


def likeness_of_filed(index: Index, folder: int) -> Iterator[Likeness]:
    """The messages in cur and new of a folder that are not empty."""
    where = f"{IS_FILED} AND d.folder = {folder} AND f.size > 0"
    yield from _likeness(index, f"{BY_DIRECTORY} WHERE {where}")
    for columns in index.slices.of_folder(folder):
        for place, number in enumerate(columns.ids):
            yield _packed_likeness(Held(number, columns, place), folder)


def filed_like(index: Index, wanted: Collection[tuple[str | None, int]]) -> Iterator[Likeness]:
    """The messages in cur and new of any folder that have one of these Message-IDs, or that have
    none and one of the sizes (bytes) that are given together with None."""
    message_ids = sorted({message_id for message_id, _ in wanted if message_id is not None})
    sizes = sorted({size for message_id, size in wanted if message_id is None})
    for chunk in chunks(message_ids):
        where = f"f.message_id IN ({marks(chunk)}) AND {IS_FILED}"
        yield from _likeness(index, f"{BY_FILE} WHERE {where}", *chunk)
    for chunk in chunks(sizes):
        where = f"f.message_id IS NULL AND f.traits > 0 AND f.size IN ({marks(chunk)})"
        yield from _likeness(index, f"{BY_FILE} WHERE {where} AND {IS_FILED}", *chunk)
    yield from likeness(index, [number for _, number in packed_with(index, message_ids)])


def _likeness(index: Index, source: str, *values: str | int | None) -> Iterator[Likeness]:
    return map(Likeness._make, index.db.execute(f"{_LIKENESS} {source}", values))


def _packed_likeness(held: Held, folder: int) -> Likeness:
    columns, place = held.columns, held.place
    return Likeness(
        held.id, folder, columns.sizes[place], columns.virtual_sizes[place],
        columns.message_ids[place],
    )  # fmt: skip


def comparable(index: Index, ids: Sequence[int]) -> Iterator[Candidate]:
    """Those of these entries that are messages which their Message-ID identifies, by id."""
    for chunk in chunks(ids):
        rows = index.db.execute(
            f"SELECT {_CANDIDATE} FROM {BY_FILE} WHERE f.id IN ({marks(chunk)}) AND {IS_MESSAGE}"
            f" AND {_COMPARABLE} ORDER BY f.id",
            chunk,
        ).fetchall()
        yield from map(Candidate._make, rows)


def alike_without_message_id(index: Index) -> Iterator[tuple[bool, list[int]]]:
    """Groups of messages without a Message-ID that have the same size and the same header fields,
    as far as the index knows them: those that may be identical. With each group comes whether its
    content is known to be a message. The caller may store digests between groups."""
    without = "message_id IS NULL AND traits > 0"
    sizes = index.db.execute(
        f"SELECT size FROM files WHERE {without} AND size > 0 GROUP BY size HAVING COUNT(*) > 1"
    ).fetchall()
    for chunk in chunks([size for (size,) in sizes]):
        rows = index.db.execute(
            f"SELECT ({_COMPARABLE}) != 0, f.size, f.virtual_size, f.date, f.sender, f.subject,"
            f" f.encoding, f.id FROM {BY_FILE} WHERE f.message_id IS NULL AND f.traits > 0"
            f" AND f.size IN ({marks(chunk)}) AND {IS_MESSAGE} ORDER BY f.size, f.id",
            chunk,
        )
        alike: dict[tuple[Value, ...], list[int]] = {}
        for *facts, number in rows.fetchall():
            alike.setdefault(tuple(facts), []).append(number)
        yield from ((bool(facts[0]), ids) for facts, ids in alike.items() if len(ids) > 1)


class DateSpan(NamedTuple):
    """The messages in cur and new of a folder that have a header date: how many, and the earliest
    and latest of their times (ns) and of their header dates (s)."""

    number: int
    first_ns: int
    last_ns: int
    first_date: int
    last_date: int


def dates_if_close(index: Index, folder: int, within_ns: int) -> DateSpan | None:
    """The dates in a folder, if all its messages have times within so many nanoseconds; else None.

    The first and last few names decide about most folders, without reading all rows.
    """
    directories = [
        number
        for (number,) in index.db.execute(
            f"SELECT id FROM directories WHERE folder = ? AND place IN ({FILED_PLACES})", (folder,)
        )
    ]
    ends = " UNION ALL ".join(
        f"SELECT * FROM (SELECT mtime_ns FROM files WHERE directory = {number}"
        f" ORDER BY directory {way}, filename {way} LIMIT 8)"
        for number in directories
        for way in ("ASC", "DESC")
    )
    if not ends:
        return None
    first, last = index.db.execute(f"SELECT MIN(mtime_ns), MAX(mtime_ns) FROM ({ends})").fetchone()
    times = [time for time in (first, last) if time is not None]
    times += index.slices.times(directories) or ()
    if times and max(times) - min(times) > within_ns:
        return None
    number, first, last, first_date, last_date = index.db.execute(
        "SELECT COUNT(f.date), MIN(f.mtime_ns), MAX(f.mtime_ns), MIN(f.date), MAX(f.date)"
        f" FROM {BY_DIRECTORY} WHERE d.id IN ({marks(directories)}) AND f.kind = 'file'",
        directories,
    ).fetchone()
    times = [time for time in (first, last) if time is not None]
    dates = [date for date in (first_date, last_date) if date is not None]
    for columns in index.slices.of_folder(folder):
        found = [date for date in columns.dates if date is not None]
        number += len(found)
        dates += (min(found), max(found)) if found else ()
        times += (min(columns.mtimes), max(columns.mtimes)) if len(columns) else ()
    if not number or max(times) - min(times) > within_ns:
        return None
    return DateSpan(number, min(times), max(times), min(dates), max(dates))


class PackedCount(NamedTuple):
    """How many messages of a folder have one encoding, and how many of them are packed twice."""

    folder: int
    encoding: str
    number: int
    twice: int


def packed_messages(index: Index) -> list[PackedCount]:
    """The packed messages of all folders, counted."""
    rows = index.db.execute(
        "SELECT d.folder, f.encoding, COUNT(*),"
        f" SUM((f.traits & {Traits.TWICE}) != 0) FROM {BY_DIRECTORY}"
        f" WHERE f.encoding > '' AND {IS_MESSAGE} GROUP BY d.folder, f.encoding"
    ).fetchall()
    return [PackedCount._make(row) for row in rows]


# Names


class FolderName(NamedTuple):
    """The id and name of a file, and the id of its folder."""

    id: int
    folder: int
    filename: bytes


class NameWithUid(NamedTuple):
    """A file in cur or new whose name contains `,U=`."""

    id: int
    filename: bytes
    ctime_ns: int


def names_with_problem(index: Index, code: str) -> Iterator[FolderName]:
    """The entries that have the problem `code`."""
    rows = index.db.execute(
        "SELECT e.id, e.folder, e.filename FROM problems p JOIN entries e ON e.id = p.entry"
        " WHERE p.code = ?",
        (code,),
    )
    return map(FolderName._make, rows)


def file_at(index: Index, path: bytes) -> int | None:
    """The id of the regular file at a path relative to the spool; None without one."""
    entry = index.entry_at(path)
    return entry.id if entry is not None and entry.kind == "file" else None


def names_with_uid(index: Index, folder: int) -> Iterator[NameWithUid]:
    """The files in cur and new of a folder whose names contain `,U=`."""
    rows = index.db.execute(
        # Joined from the directories: through the view SQLite would scan all files of the spool.
        "SELECT f.id, filename, ctime_ns FROM directories d"
        " CROSS JOIN files f ON f.directory = d.id"
        f" WHERE kind = 'file' AND place IN ({FILED_PLACES}) AND folder = ?"
        " AND instr(filename, x'2c553d') > 0",
        (folder,),
    )
    yield from map(NameWithUid._make, rows)
    for columns in index.slices.of_folder(folder):
        for place, name in enumerate(columns.names):
            if b",U=" in name:
                yield NameWithUid(columns.ids[place], name, columns.ctimes[place])


# Files that lie where servers do not look


class Misfiled(NamedTuple):
    """A file in a folder's own directory, or in a directory that is not a folder."""

    id: int
    folder: int
    place: str


class TmpFile(NamedTuple):
    """A file in a tmp/, with the facts about its content. Sizes are in bytes."""

    id: int
    folder: int
    filename: bytes
    size: int
    mtime_ns: int
    inode: int
    traits: int
    encoding: str
    plain_size: int | None
    virtual_size: int | None
    message_id: str | None
    broken: str | None


def misfiled_files(index: Index) -> list[Misfiled]:
    """All regular files that lie in a folder, and not in its cur, new or tmp."""
    rows = index.db.execute(
        f"SELECT f.id, d.folder, d.place FROM {BY_DIRECTORY}"
        " WHERE d.place IN ('root', 'nested') AND f.kind = 'file'"
    ).fetchall()
    return [Misfiled._make(row) for row in rows]


def tmp_files(index: Index) -> list[TmpFile]:
    """All regular files in a tmp/."""
    rows = index.db.execute(
        "SELECT f.id, d.folder, f.filename, f.size, f.mtime_ns, f.inode, f.traits, f.encoding,"
        f" f.plain_size, f.virtual_size, f.message_id, f.broken FROM {BY_DIRECTORY}"
        " WHERE d.place = 'tmp' AND f.kind = 'file'"
    ).fetchall()
    return [TmpFile._make(row) for row in rows]
