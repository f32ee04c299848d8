"""The files and directories a plan is made for, with what the index knows of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from mailsurgeon.maildir.filename import split
from mailsurgeon.maildir.spool import Spool, join
from mailsurgeon.surgery.model import Expected
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import Place

_COLUMNS = (
    "e.id, e.folder, e.place, e.directory, e.filename, e.kind, e.size, e.mtime_ns, e.ctime_ns,"
    " e.inode, e.mode, e.uid, e.gid, e.nlink, e.encoding, e.plain_size, e.virtual_size, e.date,"
    " e.message_id, e.digest"
)
_CHUNK = 400
SERVED = (Place.CUR, Place.NEW)


class EntryDetail(NamedTuple):
    """One row of the index, in full. Sizes in bytes, times in ns, `date` in unix seconds.

    `id` is None for a directory that has no row; `folder` is the id of the folder it lies in.
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

    @property
    def path(self) -> bytes:
        """The path relative to the spool."""
        return join(self.directory, self.filename)

    @property
    def base(self) -> bytes:
        """The base name."""
        return split(self.filename)[0]

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.kind == "file"

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self.kind == "directory"

    @property
    def is_served(self) -> bool:
        """Whether it lies where servers look for mail."""
        return self.place in SERVED

    @property
    def sizes(self) -> tuple[int | None, int | None]:
        """What `,S=` and `,W=` must say, in bytes; None what is not known."""
        if self.size == 0:
            return 0, 0
        plain = self.size if not self.encoding and self.plain_size is None else self.plain_size
        return plain, self.virtual_size

    def expected(self, spool: Spool) -> Expected:
        """What a step's source must still be when the step runs."""
        if self.is_directory:
            return Expected(spool.device, self.inode, -1, -1)
        return Expected(spool.device, self.inode, self.size, self.mtime_ns)


def load(index: Index, ids: Sequence[int]) -> dict[int, EntryDetail]:
    """These entries by id; those that are gone from the index are missing."""
    found: dict[int, EntryDetail] = {}
    for chunk in _chunks(ids):
        sql = f"SELECT {_COLUMNS} FROM entries e WHERE e.id IN ({_marks(chunk)})"
        for row in index.db.execute(sql, chunk):
            found[row[0]] = EntryDetail._make(row)
    return found


def load_paths(index: Index, paths: Iterable[bytes]) -> dict[bytes, EntryDetail]:
    """The entries at these paths (relative to the spool)."""
    found: dict[bytes, EntryDetail] = {}
    for chunk in _chunks([os.path.split(path) for path in paths]):
        values = ",".join(["(?, ?)"] * len(chunk))
        sql = (
            f"SELECT {_COLUMNS} FROM entries e WHERE (e.directory, e.filename) IN (VALUES {values})"
        )
        for row in index.db.execute(sql, [part for pair in chunk for part in pair]):
            entry = EntryDetail._make(row)
            found[entry.path] = entry
    return found


def load_identified(index: Index, message_ids: Iterable[str]) -> Iterator[EntryDetail]:
    """Every message that bears one of these Message-IDs, written exactly so."""
    for chunk in _chunks(sorted(set(message_ids))):
        sql = f"SELECT {_COLUMNS} FROM entries e WHERE e.message_id IN ({_marks(chunk)})"
        for row in index.db.execute(sql, chunk):
            yield EntryDetail._make(row)


def _chunks(values: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield list(values[start : start + _CHUNK])


def _marks(chunk: Sequence[Any]) -> str:
    return ",".join("?" * len(chunk))
