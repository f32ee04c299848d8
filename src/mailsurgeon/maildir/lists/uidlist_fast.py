"""Reads a whole uidlist much faster than line by line, where its lines have the usual form."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import lt

from mailsurgeon.maildir.lists.uidlist import (
    HIGHEST_UID,
    LIST_CHUNK,
    NO_NEWLINE,
    BadLine,
    Judge,
    ListHeader,
    Names,
    Rejected,
    UidlistError,
    numbered_lines,
    parse_header,
    whole_lines,
)

MOST_RECORDS = 1_250_000
MOST_ODD_LINES = 200_000
"""How many records, and how many lines of unusual form, a survey reads of one list; it takes less
than two seconds for either."""

Usual = tuple[list[int], list[bytes]]
"""The UIDs and the base names of some lines."""

_MOST_DIGITS = 10
_V3_HEAD = re.compile(rb"\d{1,10}(?: [A-Za-z][^ ]*)*")
_V1_LINES = re.compile(rb"(?m)^(\d{1,10}) ([^ /:\n][^/:\n]*)$")
_V3_LINE = re.compile(rb"(?m)^(\d{1,20}) ((?:[A-Za-z][^ \n]* )*):([^/\n]+)$")
_SIZE_FIELD = re.compile(rb"(?m)^\d+ (?:[A-Za-z][^ \n]* )*[SW]\d")
_BUCKETS = 64


class TooManyRecords(UidlistError):
    """A list has more records than a survey reads."""


@dataclass(frozen=True, slots=True)
class ListSurvey:
    """The facts of a whole list. `highest`: the last UID that was given, by the records or by the
    header's next UID, 0 without any. `sizes`: a record has an S or W field. `usual`: it has version
    3, and `uid_in_list` can search its bytes.

    `more`: it has more bad lines than `bad`, and was read only to the last of these.
    """

    highest: int
    sizes: bool
    usual: bool
    bad: tuple[BadLine, ...] = ()
    more: bool = False


def survey_uidlist(blocks: Callable[[], Iterable[bytes]]) -> ListSurvey:
    """Reads a list in blocks of LIST_CHUNK bytes, once, or twice if base names are repeated.

    Memory is bounded by a block and a few bytes a record. Raises UidlistError as `parse_uidlist`
    does, and TooManyRecords.
    """
    chunks = whole_lines(blocks())
    first = next(chunks, b"")
    line, newline, _ = first.partition(b"\n")
    header = parse_header(line)
    if not newline:
        raise UidlistError(NO_NEWLINE)
    reading = _Reading(header, first, chunks)
    reading.run()
    repeated = reading.repeated()
    if repeated and not reading.rejected.full:
        _find_repeated(header, whole_lines(blocks()), repeated, reading.rejected)
    return ListSurvey(
        max(reading.judge.last, header.next_uid - 1), reading.sizes,
        header.version == 3 and not reading.odd and not repeated,
        reading.rejected.sorted(), reading.rejected.full,
    )  # fmt: skip


class _Reading:
    """One list as it is read. `odd`: how many of its lines did not have the usual form."""

    def __init__(self, header: ListHeader, first: bytes, chunks: Iterator[bytes]) -> None:
        self.judge = Judge(header.version)
        self.rejected = Rejected()
        self.sizes = False
        self.odd = 0
        self._first, self._rest = first, chunks
        self._records = 0
        # Hashes of base names instead of the names themselves: a list may have millions.
        self._hashes = [array("q") for _ in range(_BUCKETS)]

    def run(self) -> None:
        """Reads the list to its end, or to the last bad line that is worth knowing."""
        body = self._first.partition(b"\n")[2]
        number = self._read(body, 2)
        for chunk in self._rest:
            if self.rejected.full:
                return
            number = self._read(chunk, number)

    def _read(self, chunk: bytes, number: int) -> int:
        """Reads some lines, the first of which has this number; returns that of the next."""
        found = usual_lines(chunk, self.judge.version)
        lines = 0
        if found and (not found[0] or found[0][0] > self.judge.last):
            uids, bases = found
            lines = len(uids)
            self.judge.last = uids[-1] if uids else self.judge.last
            self.sizes = self.sizes or has_sizes(chunk)
        else:
            bases: list[bytes] = []
            for place, line in _lines(chunk):
                lines = place
                record = self.judge.record(line)
                if not isinstance(record, str):
                    bases.append(record.base)
                    self.sizes = self.sizes or any(one[:1] in b"SW" for one in record.fields)
                    continue
                self.rejected.add(number + place - 1, line.removesuffix(b"\n"), record)
                if self.rejected.full:
                    break
            self.odd += lines
        self._count(bases)
        return number + lines

    def _count(self, bases: list[bytes]) -> None:
        self._records += len(bases)
        if self._records > MOST_RECORDS or self.odd > MOST_ODD_LINES:
            raise TooManyRecords("the list has too many records")
        for one in map(hash, bases):
            self._hashes[one % _BUCKETS].append(one)

    def repeated(self) -> set[int]:
        """The hashes that came more than once, or a few of them where there are very many."""
        found: set[int] = set()
        for hashes in self._hashes:
            seen = set(hashes)
            if len(seen) < len(hashes):
                for one in hashes:
                    if one in seen:
                        seen.discard(one)
                    elif len(found) < MOST_ODD_LINES // _BUCKETS:
                        found.add(one)
        return found


def _find_repeated(
    header: ListHeader, chunks: Iterable[bytes], repeated: set[int], rejected: Rejected
) -> None:
    """Adds the records with these hashes that do not count, because their names have others."""
    judge, names = Judge(header.version), Names()
    for number, line in numbered_lines(chunks):
        record = judge.record(line)
        if not isinstance(record, str) and hash(record.base) in repeated:
            rejected.add_all(names.add(number, record, judge.broken))
            if rejected.full:
                return


def _lines(chunk: bytes) -> Iterator[tuple[int, bytes]]:
    lines = chunk.split(b"\n")
    last = lines.pop()
    yield from ((place, line + b"\n") for place, line in enumerate(lines, start=1))
    if last:
        yield len(lines) + 1, last


def places_of(body: bytes, version: int) -> dict[bytes, int] | None:
    """The positions of all lines after the first by their base names; None if a line is unusual or
    a server may reject it. Then `parse_uidlist` finds out what is wrong, if anything is."""
    places: dict[bytes, int] = {}
    count = last = start = 0
    while start < len(body):
        end = body.rfind(b"\n", start, start + LIST_CHUNK) + 1
        found = usual_lines(body[start:end], version) if end else None
        if not found or found[0][0] <= last:
            return None
        uids, bases = found
        places.update(zip(bases, range(count, count + len(bases)), strict=True))
        count, last, start = count + len(bases), uids[-1], end
    return places if len(places) == count else None


def usual_lines(chunk: bytes, version: int) -> Usual | None:
    """The UIDs and base names of some whole lines; None if one of them has an unusual form, a UID
    that is too high, or one that is not above the one before."""
    if b"/" in chunk or b"\r" in chunk or b"\0" in chunk or not chunk.endswith(b"\n"):
        return None if chunk else ([], [])
    found = _new_lines(chunk) if version == 3 else _old_lines(chunk)
    if found is None:
        return None
    uids, _ = found
    in_order = all(map(lt, uids, islice(uids, 1, None)))
    return found if uids[0] > 0 and uids[-1] <= HIGHEST_UID and in_order else None


def _new_lines(chunk: bytes) -> Usual | None:
    """Lines of version 3 that have exactly one colon each, after a blank.

    Each line is cut before that colon. Heads must alternate with base names then, since otherwise a
    line has no ` :`, or two.
    """
    lines = chunk.count(b"\n")
    if not chunk.count(b" :") == chunk.count(b":") == lines or b" :\n" in chunk:
        return None
    halves = chunk.replace(b" :", b"\n:").split(b"\n")
    heads = halves[:-1:2]
    if b"".join(heads).isdigit():
        if not 0 < min(map(len, heads)) <= max(map(len, heads)) <= _MOST_DIGITS:
            return None
        uids = list(map(int, heads))
    elif all(map(_V3_HEAD.fullmatch, heads)):
        uids = [int(head.partition(b" ")[0]) for head in heads]
    else:
        return None
    return uids, [base[1:] for base in halves[1::2]]


def _old_lines(chunk: bytes) -> Usual | None:
    found: list[tuple[bytes, bytes]] = _V1_LINES.findall(chunk)
    if len(found) != chunk.count(b"\n"):
        return None
    return [int(uid) for uid, _ in found], [base for _, base in found]


def has_sizes(lines: bytes) -> bool:
    """Whether a record in usual lines has a field S or W with a number."""
    # Few lists have a field that begins with S or W, so most need no search line by line.
    return (b" S" in lines or b" W" in lines) and _SIZE_FIELD.search(lines) is not None


def uid_in_list(data: bytes, base: bytes) -> int | None:
    """The UID of a base name in a list that is `usual`; None if it has no record."""
    end = data.find(b":" + base + b"\n")
    while end >= 0:
        start = data.rfind(b"\n", 0, end) + 1
        found = _V3_LINE.match(data, start)
        if found and start and found[3] == base:
            return int(found[1])
        end = data.find(b":" + base + b"\n", end + 1)
    return None
