"""Finds identical messages: candidates by size and Message-ID, then proof by digest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from mailsurgeon.diagnosis.group_rules import Copy
from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index import comparison
from mailsurgeon.survey.index.comparison import Candidate, Likeness
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.writer import IndexWriter
from mailsurgeon.survey.read.message_file import digests, open_file

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
        candidates = comparison.candidates(self.index, ids)
        return [self._copy(candidate, digests=digests) for candidate in candidates]

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
        self.writer.set_digests(number, whole, body)
        return whole, body

    def filed_twins_in_folder(self) -> dict[int, bytes]:
        """By the id of a misfiled message, the path of an identical one in the same folder, which
        is either filed, or also misfiled and first by path."""
        misfiled = _alike(comparison.likeness_of_fileable(self.index), same_folder=True)
        candidates: dict[_Key, list[int]] = {}
        for folder in {key[0] for key in misfiled}:
            filed = comparison.likeness_of_filed(self.index, folder)
            alike = _alike(filed, same_folder=True)
            candidates.update({key: alike[key] for key in alike.keys() & misfiled.keys()})
        return {**self._earlier(misfiled), **self._filed(misfiled, candidates)}

    def filed_twins(self, ids: Sequence[int]) -> dict[int, bytes]:
        """By the id of one of these files, the path of an identical filed message anywhere."""
        wanted = _alike(comparison.likeness(self.index, ids), same_folder=False)
        candidates: dict[_Key, list[int]] = {}
        for key in wanted:
            _, size, virtual, identity = key
            rows = comparison.filed_like(self.index, identity, size)
            found = [row[0] for row in rows if row[2:] == (size, virtual, identity)]
            if found:
                candidates[key] = found
        return self._filed(wanted, candidates)

    def earlier_twins(self, ids: Sequence[int]) -> dict[int, bytes]:
        """By the id of one of these files, the path of the first identical file among them."""
        return self._earlier(_alike(comparison.likeness(self.index, ids), same_folder=False))

    def _filed(
        self, wanted: dict[_Key, list[int]], candidates: dict[_Key, list[int]]
    ) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for key, numbers in candidates.items():
            filed: dict[bytes, bytes] = {}
            for copy in sorted(self.of(numbers, digests=True), key=lambda copy: copy.path):
                if copy.digest is not None:
                    filed.setdefault(copy.digest, copy.path)
            for copy in self.of(wanted[key], digests=True):
                if copy.digest in filed:
                    found[copy.id] = filed[copy.digest]
        return found

    def _earlier(self, alike: dict[_Key, list[int]]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for numbers in alike.values():
            first: dict[bytes, bytes] = {}
            several = self.of(numbers, digests=True) if len(numbers) > 1 else []
            for copy in sorted(several, key=lambda copy: copy.path):
                if copy.digest in first:
                    found[copy.id] = first[copy.digest]
                elif copy.digest is not None:
                    first[copy.digest] = copy.path
        return found

    def groups_with_id(self) -> Iterator[list[Copy]]:
        """Groups of messages that share a Message-ID."""
        for group in comparison.sharing_message_id(self.index):
            yield [self._copy(candidate, digests=True) for candidate in group]

    def groups_without_id(self) -> Iterator[list[Copy]]:
        """Groups of messages without a Message-ID that are alike and lie in several folders."""
        alike: dict[tuple[int, int | None], list[tuple[int, int]]] = {}
        for number, folder, size, virtual, _ in comparison.without_message_id(self.index):
            alike.setdefault((size, virtual), []).append((number, folder))
        for copies in alike.values():
            if len({folder for _, folder in copies}) > 1:
                yield self.of([number for number, _ in copies], digests=True)


def _alike(rows: Iterable[Likeness], *, same_folder: bool) -> dict[_Key, list[int]]:
    """The ids of files by their keys; identical files are under the same key."""
    found: dict[_Key, list[int]] = {}
    for number, folder, size, virtual, identity in rows:
        key = (folder if same_folder else 0, size, virtual, identity)
        found.setdefault(key, []).append(number)
    return found
