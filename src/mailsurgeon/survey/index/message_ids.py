"""Messages that have the same Message-ID, among rows and packed messages.

Packed messages are compared by the digests of their Message-IDs, a few million a second; texts are
compared only where digests meet.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence

from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.packed import digest_column, digest_of, folded
from mailsurgeon.survey.index.sql import BY_FILE, IS_FILED, chunks, marks

_AT_ONCE = 500_000
"""Digests that are compared at once: they take some 60 bytes each."""


def meeting_digests(index: Index) -> set[int]:
    """The digests that several Message-IDs have, of rows and of packed messages; the set is empty
    if no message is packed. A message that was packed before it got a row meets itself."""
    if not index.slices.exist():
        return set()
    columns = [digest_column(digests) for _, digests in index.slices.digests()]
    rows = index.db.execute("SELECT message_id FROM files WHERE message_id IS NOT NULL")
    columns.append(array("Q", [digest_of(message_id) for (message_id,) in rows]))
    return _meeting(columns)


def sharing_message_id(index: Index) -> list[list[int]]:
    """The ids of the rows that have one Message-ID, group by group; those of other kinds than
    messages too."""
    shared = index.db.execute(
        "SELECT message_id FROM files WHERE message_id IS NOT NULL"
        " GROUP BY message_id HAVING COUNT(*) > 1"
    ).fetchall()
    found: dict[str, list[int]] = {}
    for chunk in chunks([identity for (identity,) in shared]):
        rows = index.db.execute(
            f"SELECT message_id, id FROM files WHERE message_id IN ({marks(chunk)})"
            " ORDER BY message_id, id",
            chunk,
        )
        for message_id, number in rows:
            found.setdefault(folded(message_id), []).append(number)
    return list(found.values())


def _meeting(columns: Sequence[array[int]]) -> set[int]:
    """The digests that occur more than once, found in several passes if there are very many."""
    passes = 1 + sum(map(len, columns)) // _AT_ONCE
    meeting: set[int] = set()
    for turn in range(passes):
        seen: set[int] = set()
        for digests in columns:
            mine: Sequence[int] = digests
            if passes > 1:
                mine = [digest for digest in digests if digest % passes == turn]
            own = set(mine)
            if len(own) < len(mine):
                before: set[int] = set()
                for digest in mine:
                    (meeting if digest in before else before).add(digest)
            meeting |= seen & own
            seen |= own
    return meeting


def filed_among(index: Index, message_ids: Collection[str]) -> set[str]:
    """Those of these Message-IDs that a message in cur or new of any folder has."""
    wanted: dict[str, set[str]] = {}
    for message_id in message_ids:
        wanted.setdefault(folded(message_id), set()).add(message_id)
    found: set[str] = set()
    for chunk in chunks(sorted(wanted)):
        rows = index.db.execute(
            f"SELECT f.message_id FROM {BY_FILE}"
            f" WHERE f.message_id IN ({marks(chunk)}) AND {IS_FILED}",
            chunk,
        )
        for (message_id,) in rows:
            found |= wanted[folded(message_id)]
    for message_id, _ in packed_with(index, message_ids):
        found |= wanted[folded(message_id)]
    return found


def packed_with(index: Index, message_ids: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The packed messages that have one of these Message-IDs, without regard to case: their
    Message-IDs and ids."""
    if not index.slices.exist():
        return
    wanted = {folded(message_id) for message_id in message_ids}
    for found in _packed_with(index, {digest_of(each) for each in wanted}):
        if folded(found[0]) in wanted:
            yield found


def _packed_with(index: Index, digests: set[int]) -> Iterator[tuple[str, int]]:
    """The Message-IDs and ids of the packed messages with these digests."""
    for first, packed in list(index.slices.digests()):
        if not digests.isdisjoint(digest_column(packed)):
            columns = index.slices.one(first)
            for place, digest in enumerate(columns.digests):
                if digest in digests:
                    yield columns.message_ids[place] or "", columns.ids[place]
