"""Finds identical messages: candidates by size and Message-ID, then proof by digest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from mailsurgeon.diagnosis.group_rules import Copy, Twin
from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index import comparison, message_ids
from mailsurgeon.survey.index.comparison import Candidate, Likeness
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.sql import chunks
from mailsurgeon.survey.index.writer import IndexWriter
from mailsurgeon.survey.read.message_file import digests, open_file

_GROUPS = 200  # groups of messages that are looked up together

_Key = tuple[int, int, int | None, str | None]
"""Folder (0 if it does not matter), size, virtual size, Message-ID: equal files have equal keys."""


class Copies:
    """Finds identical messages. The index keeps digests, so that a file is read once."""

    def __init__(self, spool: Spool, index: Index, writer: IndexWriter) -> None:
        self.spool = spool
        self.index = index
        self.writer = writer

    def of(self, ids: Sequence[int], *, digests: bool) -> list[Copy]:
        """These entries as copies; with `digests` readable files have their digests."""
        self.writer.make_rows(ids)  # they may get digests
        candidates = comparison.candidates(self.index, ids)
        copies = [self._copy(candidate, digests=digests) for candidate in candidates]
        return sorted(copies, key=lambda copy: copy.path)

    def _copy(self, row: Candidate, *, digests: bool) -> Copy:
        number, folder, place, directory, name, size, ctime, whole, body, identity = row
        if digests and whole is None:
            whole, body = self._digest(number, directory, name, size)
        path = directory + b"/" + name if directory else name
        return Copy(number, folder, place, path, ctime, whole, body, None, identity or "")

    def _digest(
        self, number: int, directory: bytes, name: bytes, size: int
    ) -> tuple[bytes | None, bytes | None]:
        path = os.path.join(self.spool.root, directory)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            parent = os.open(path, flags)
            try:
                descriptor = open_file(parent, name)
            finally:
                os.close(parent)
            try:
                # The file has changed since it was examined, so the index's facts are not its own.
                if os.fstat(descriptor).st_size != size:
                    return None, None
                whole, body = digests(descriptor, size)
            finally:
                os.close(descriptor)
        except OSError as error:
            if no_more_files(error):
                raise
            return None, None
        if whole is not None:
            self.writer.set_digests(number, whole, body)
        return whole, body

    def filed_twins_in_folder(self) -> dict[int, Twin]:
        """By the id of a misfiled message, an identical one in the same folder: a filed one that is
        not marked deleted; else the first misfiled one; else a filed one that is marked."""
        misfiled = _alike(comparison.likeness_of_fileable(self.index), same_folder=True)
        candidates: dict[_Key, list[int]] = {}
        for folder in {key[0] for key in misfiled}:
            filed = comparison.likeness_of_filed(self.index, folder)
            alike = _alike(filed, same_folder=True)
            candidates.update({key: alike[key] for key in alike.keys() & misfiled.keys()})
        filed = self._filed(misfiled, candidates)
        living = {number: twin for number, twin in filed.items() if not twin.trashed}
        return {**filed, **self._earlier(misfiled), **living}

    def filed_twins(self, ids: Sequence[int]) -> dict[int, Twin]:
        """By the id of one of these files, an identical filed message anywhere, if possible one
        that is not marked deleted."""
        wanted = _alike(comparison.likeness(self.index, ids), same_folder=False)
        rows = comparison.filed_like(self.index, {(key[3], key[1]) for key in wanted})
        alike = _alike(rows, same_folder=False)
        candidates = {key: alike[key] for key in wanted.keys() & alike.keys()}
        return self._filed(wanted, candidates)

    def earlier_twins(self, ids: Sequence[int]) -> dict[int, Twin]:
        """By the id of one of these files, the first identical file among them."""
        return self._earlier(_alike(comparison.likeness(self.index, ids), same_folder=False))

    def _filed(
        self, wanted: dict[_Key, list[int]], candidates: dict[_Key, list[int]]
    ) -> dict[int, Twin]:
        found: dict[int, Twin] = {}
        for key, numbers in candidates.items():
            filed: dict[bytes, Copy] = {}
            for copy in sorted(self.of(numbers, digests=True), key=_living_first):
                if copy.digest is not None:
                    filed.setdefault(copy.digest, copy)
            for copy in self.of(wanted[key], digests=True):
                if copy.digest is not None and (twin := filed.get(copy.digest)):
                    found[copy.id] = Twin(twin.path, twin.trashed and not copy.trashed)
        return found

    def _earlier(self, alike: dict[_Key, list[int]]) -> dict[int, Twin]:
        found: dict[int, Twin] = {}
        for numbers in alike.values():
            first: dict[bytes, bytes] = {}
            several = self.of(numbers, digests=True) if len(numbers) > 1 else []
            for copy in sorted(several, key=_living_first):
                if copy.digest in first:
                    found[copy.id] = Twin(first[copy.digest], False)
                elif copy.digest is not None:
                    first[copy.digest] = copy.path
        return found

    def groups_with_id(self) -> Iterator[list[Copy]]:
        """Groups of messages that share a Message-ID."""
        # They get rows, which hold the digests of their contents; the texts of the Message-IDs are
        # compared among rows.
        self.writer.make_rows(digests=message_ids.meeting_digests(self.index))
        for some in chunks(message_ids.sharing_message_id(self.index), _GROUPS):
            ids = [number for group in some for number in group]
            known = {row.id: row for row in comparison.comparable(self.index, ids)}
            for group in some:
                copies = [self._copy(known[each], digests=True) for each in group if each in known]
                if len(copies) > 1:
                    yield copies

    def groups_without_id(self) -> Iterator[tuple[bool, list[Copy]]]:
        """Groups of identical files without a Message-ID, each with whether they are known to be
        messages."""
        for known, ids in comparison.alike_without_message_id(self.index):
            identical: dict[bytes, list[Copy]] = {}
            for copy in self.of(ids, digests=True):
                if copy.digest is not None:
                    identical.setdefault(copy.digest, []).append(copy)
            yield from ((known, group) for group in identical.values() if len(group) > 1)


def _living_first(copy: Copy) -> tuple[bool, bytes]:
    """Sorts copies by path, those that are marked deleted last."""
    return copy.trashed, copy.path


def _alike(rows: Iterable[Likeness], *, same_folder: bool) -> dict[_Key, list[int]]:
    """The ids of files by their keys; identical files are under the same key."""
    found: dict[_Key, list[int]] = {}
    for number, folder, size, virtual, identity in rows:
        key = (folder if same_folder else 0, size, virtual, identity)
        found.setdefault(key, []).append(number)
    return found
