"""The files and directories a plan is for, with what the index has about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailsurgeon.maildir.filename import split
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import Expected
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.questions import FullEntry, full_entries, full_entries_at
from mailsurgeon.survey.index.rows import Place

SERVED = (Place.CUR, Place.NEW)


class EntryDetail(FullEntry):
    """One entry a plan is for: its row in the index, and values derived from it."""

    __slots__ = ()

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
        """The right values of `,S=` and `,W=`, in bytes; None if unknown."""
        if self.size == 0:
            return 0, 0
        plain = self.size if not self.encoding and self.plain_size is None else self.plain_size
        return plain, self.virtual_size

    def expected(self, device: int) -> Expected:
        """What the source of a step must still be when the step runs; `device` is its own."""
        if self.is_directory:
            return Expected(device, self.inode, -1, -1)
        return Expected(device, self.inode, self.size, self.mtime_ns)


def load(index: Index, ids: Sequence[int]) -> dict[int, EntryDetail]:
    """These entries by id, without those that are gone from the index."""
    found = map(EntryDetail._make, full_entries(index, ids))
    return {entry.id: entry for entry in found if entry.id is not None}


def load_paths(index: Index, paths: Iterable[bytes]) -> dict[bytes, EntryDetail]:
    """The entries at these paths (relative to the spool), by path."""
    found = map(EntryDetail._make, full_entries_at(index, paths))
    return {entry.path: entry for entry in found}
