"""Reads `dovecot-uidlist` (versions 1 and 3) and `courierimapuiddb`. Pure.

A record ties a UID to the base name of a file. Lines are read, and rejected, as Dovecot 2.3.19 does
it (maildir-uidlist.c), which forgives a lot: several blanks between fields, fields that are no
letter and a value, carriage returns, text after a NUL. Courier's list has version 1.

Rules, remedies, plans and edits judge a list by `parse_header`, `Judge` and `Names` alone.
The owner of a mailbox can fill the file with anything, so every reader stops early at nonsense.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from mailsurgeon.maildir.filename import split
from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST

HIGHEST_UID = 2**32 - 2
"""A server rejects records with higher UIDs."""
LIST_CHUNK = 1 << 20
"""Bytes of a list that are read at once. No line may be longer."""
MOST_BAD = 10_000
MOST_BAD_BYTES = 1 << 20
"""The lines, and their bytes in all, that a server rejects, before a list is read no further."""

_32_BITS = 2**32 - 1
_V1_HEADER = re.compile(rb"1 \s*([+-]?)(\d{1,19})\s+([+-]?)(\d{1,19})(?!\d)")
_NUMBER = re.compile(rb"\d{1,20}\Z")
_GUID = re.compile(rb"[0-9A-Fa-f]{32}\Z")
_UID = re.compile(rb"(\d+) +")
_V3_RECORD = re.compile(rb"(\d+) +((?:[^ :][^ ]* +)*):(.+)", re.DOTALL)
_V1_RECORD = re.compile(rb"(\d+) +()([^ ].*)", re.DOTALL)

NO_NEWLINE = "the last line has no newline"
NO_BASE = "no base name"
RETURN_IN_BASE = "a carriage return in the base name"


class UidlistError(ValueError):
    """A uidlist cannot be read or edited; the text says why. `number`: the line, from 1."""

    def __init__(self, text: str, number: int = 1) -> None:
        super().__init__(text)
        self.number = number


class ListHeader(NamedTuple):
    """The first line. `next_uid` may be lower than the last record's UID, which is allowed."""

    version: int
    uidvalidity: int
    next_uid: int


class Record(NamedTuple):
    """One line: the UID, the fields as written (`S123`, `Gabc`), the base name, the line itself."""

    uid: int
    fields: tuple[bytes, ...]
    base: bytes
    line: bytes


class BadLine(NamedTuple):
    """A line that makes a server throw the whole file away; `number` counts from 1.

    `repeats`: the server keeps the file and passes over this line alone, because the base name has
    another record. Dovecot's sessions append one when a message was away and came back.
    """

    number: int
    line: bytes
    reason: str
    repeats: bool = False


class Change(NamedTuple):
    """A change of one record in one of a folder's lists, `list`.

    `before` and `after` are the record's lines without the newline. For Courier's keywords, which
    are stored by base name, they are the base names.
    """

    before: bytes
    after: bytes
    list: bytes = DOVECOT_UIDLIST

    @property
    def back(self) -> Change:
        """The change that undoes this one."""
        return Change(self.after, self.before, self.list)


@dataclass(frozen=True, slots=True)
class Uidlist:
    """A uidlist as read. `header` is the first line with its newline; `records` are in order.

    `more`: it has more bad lines than `bad`, and was read only to the last of these.
    """

    version: int
    header: bytes
    uidvalidity: int
    next_uid: int
    records: tuple[Record, ...]
    bad: tuple[BadLine, ...]
    more: bool = False


def base_name(filename: bytes) -> bytes:
    """The part of a file name by which records refer to it: all before the first colon."""
    return split(filename)[0]


def parse_uidlist(data: bytes) -> Uidlist:
    """Reads a uidlist. Raises UidlistError if the header line is not that of a uidlist, or a line
    is longer than LIST_CHUNK."""
    header, newline, _ = data.partition(b"\n")
    head = parse_header(header)
    if not newline:
        bad = (BadLine(1, header, NO_NEWLINE),)
        return Uidlist(head.version, header, head.uidvalidity, head.next_uid, (), bad)
    judge, rejected, names = Judge(head.version), Rejected(), Names()
    for number, line in numbered_lines(whole_lines(_blocks(data))):
        record = judge.record(line)
        if isinstance(record, str):
            rejected.add(number, line.removesuffix(b"\n"), record)
        else:
            rejected.add_all(names.add(number, record, judge.broken))
        if rejected.full:
            break
    records = tuple(record for _, record, _ in names.taken.values())
    return Uidlist(
        head.version, header + b"\n", head.uidvalidity, head.next_uid, records,
        rejected.sorted(), rejected.full,
    )  # fmt: skip


def numbering(data: bytes) -> tuple[int, int]:
    """The UIDVALIDITY and the next UID, without reading every record. Raises UidlistError."""
    version, uidvalidity, next_uid = parse_header(data.partition(b"\n")[0])
    record = parse_record(data[data.rfind(b"\n", 0, -1) + 1 :].removesuffix(b"\n"), version)
    if not isinstance(record, str):
        next_uid = max(next_uid, record.uid + 1)
    return uidvalidity, next_uid


def parse_header(line: bytes) -> ListHeader:
    """Reads the first line, given without its newline. Raises UidlistError where Dovecot drops the
    whole list."""
    line = _as_read(line)
    if line[1:2] != b" " or line[:1] not in (b"1", b"3"):
        raise UidlistError("the first line is no uidlist header of version 1 or 3")
    header = _old_header(line) if line[:1] == b"1" else _new_header(line[2:])
    if not header.uidvalidity or not header.next_uid:
        raise UidlistError("the first line lacks a UIDVALIDITY (V) or next UID (N) above 0")
    return header


def _old_header(line: bytes) -> ListHeader:
    """As the C library's `%u` reads it: with a sign, and the lowest 32 bits of the number."""
    found = _V1_HEADER.match(line)
    if not found:
        raise UidlistError("the first line lacks a UIDVALIDITY or next UID")
    values = [
        (-1 if sign == b"-" else 1) * int(digits) & _32_BITS
        for sign, digits in (found.group(1, 2), found.group(3, 4))
    ]
    return ListHeader(1, *values)


def _new_header(rest: bytes) -> ListHeader:
    values = {b"V": 0, b"N": 0}
    while rest:
        end = rest.find(b" ", 1)
        key, value = rest[:1], rest[1:] if end < 0 else rest[1:end]
        rest = b"" if end < 0 else rest[end:].lstrip(b" ")
        if key == b"G" and not _GUID.match(value):
            raise UidlistError("the mailbox GUID (G) in the first line is not 32 hex digits")
        if key in values:
            if not _NUMBER.match(value) or int(value) > _32_BITS:
                meant = "UIDVALIDITY" if key == b"V" else "next UID"
                text = f"the {meant} ({key.decode()}) in the first line is no number of 32 bits"
                raise UidlistError(text)
            values[key] = int(value)
    return ListHeader(3, values[b"V"], values[b"N"])


def parse_record(line: bytes, version: int) -> Record | str:
    """Parses a line without its newline. Returns a record, or in words why a server rejects it."""
    text = _as_read(line)
    found = (_V3_RECORD if version == 3 else _V1_RECORD).fullmatch(text)
    uid = _uid(found[1]) if found else 0
    if not found or not 0 < uid <= HIGHEST_UID:
        return _why_rejected(text)
    if b"/" in found[3]:
        return "a slash in the base name"
    base = found[3].partition(b":")[0]  # flags behind it do not count
    # Dovecot accepts these two, but no file has such a name, and it writes them as other lines.
    if not base:
        return NO_BASE
    if b"\r" in base:
        return RETURN_IN_BASE
    fields = tuple(field for field in found[2].split(b" ") if field) if found[2] else ()
    return Record(uid, fields, base, line)


def _as_read(line: bytes) -> bytes:
    """The part of a line that Dovecot's reader of lines hands on."""
    if b"\r" in line:
        line = line.removesuffix(b"\r")
    return line.partition(b"\0")[0] if b"\0" in line else line


def _uid(digits: bytes) -> int:
    """Dovecot counts in 32 bits. 2**32 divides 10**32, so earlier digits add nothing."""
    return int(digits[-32:]) & _32_BITS


def _why_rejected(text: bytes) -> str:
    found = _UID.match(text)
    if not found:
        return "no UID at the start"
    uid = _uid(found[1])
    return NO_BASE if 0 < uid <= HIGHEST_UID else f"UID {uid} is not allowed"


class Judge:
    """Judges the lines of a list, which must come in order. `last`: the last UID that was fine.
    `broken`: a line was rejected, so Dovecot has not read the later ones."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.last = 0
        self.broken = False

    def record(self, line: bytes) -> Record | str:
        """The record in a line, or in words why a server rejects the line. A line has its newline,
        except the last one of a file that ends without."""
        record = parse_record(line[:-1], self.version) if line.endswith(b"\n") else NO_NEWLINE
        if not isinstance(record, str):
            if record.uid > self.last:
                self.last = record.uid
                return record
            record = f"UID {record.uid} comes after UID {self.last}"
        self.broken = True
        return record


class Names:
    """Finds base names that have several records. `taken`: by base name, the number of the record
    that counts, the record, and whether it comes after a line that was rejected."""

    def __init__(self) -> None:
        self.taken: dict[bytes, tuple[int, Record, bool]] = {}

    def add(self, number: int, record: Record, broken: bool) -> list[BadLine]:
        """Adds a record; returns the one that does not count, if the name has another.

        Dovecot keeps the higher UID, of the records that it reads.
        """
        earlier = self.taken.get(record.base)
        if earlier is not None and broken and not earlier[2]:
            return [BadLine(number, record.line, _repeated(earlier[1]), repeats=True)]
        self.taken.pop(record.base, None)
        self.taken[record.base] = (number, record, broken)
        if earlier is None:
            return []
        return [BadLine(earlier[0], earlier[1].line, _repeated(record), repeats=True)]


def _repeated(other: Record) -> str:
    return f"the base name has UID {other.uid} too"


class Rejected:
    """The bad lines of a list, up to a limit. `full`: the limit is reached."""

    def __init__(self) -> None:
        self._lines: list[BadLine] = []
        self._bytes = 0

    def add(self, number: int, line: bytes, reason: str) -> None:
        """Adds a line."""
        self.add_all([BadLine(number, line, reason)])

    def add_all(self, lines: Iterable[BadLine]) -> None:
        """Adds several lines."""
        for line in lines:
            self._lines.append(line)
            self._bytes += len(line.line)

    @property
    def full(self) -> bool:
        """Whether reading on would only cost memory."""
        return len(self._lines) >= MOST_BAD or self._bytes > MOST_BAD_BYTES

    def sorted(self) -> tuple[BadLine, ...]:
        """The lines by their numbers."""
        return tuple(sorted(self._lines))


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks of a file cut anew, each at the end of a line; a last line without a newline is
    the end of the last. Raises UidlistError for a line longer than LIST_CHUNK."""
    pending, lines = b"", 0
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            chunk = pending + block[:end]
            yield chunk
            lines += chunk.count(b"\n")
            pending = block[end:]
        else:
            pending += block
        if len(pending) > LIST_CHUNK:
            number = lines + 1
            raise UidlistError(f"line {number} is longer than {LIST_CHUNK:,} bytes", number)
    if pending:
        yield pending


def numbered_lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines after the first, each with its number and its newline."""
    number = 0
    for chunk in chunks:
        lines = chunk.split(b"\n")
        last = lines.pop()
        for line in lines:
            number += 1
            if number > 1:
                yield number, line + b"\n"
        if last:
            yield number + 1, last


def _blocks(data: bytes) -> Iterator[bytes]:
    return (data[start : start + LIST_CHUNK] for start in range(0, len(data), LIST_CHUNK))
