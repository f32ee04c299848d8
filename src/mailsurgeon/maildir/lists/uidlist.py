"""Reads `dovecot-uidlist` (versions 1 and 3) and `courierimapuiddb`. Pure.

A record ties a UID to the base name of a file. The format, and the lines that a server rejects,
are those of Dovecot (maildir-uidlist.c); Courier's list has version 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from operator import lt
from typing import NamedTuple

from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST

HIGHEST_UID = 2**32 - 2
"""A server rejects records with higher UIDs."""

_V1_HEADER = re.compile(rb"1 (\d{1,20}) (\d{1,20})\s*\Z")
_V3_FIELD = re.compile(rb"[A-Za-z][^ ]*\Z")
_MOST_DIGITS = 20
_V3_HEAD = re.compile(rb"\d{1,20}(?: [A-Za-z][^ ]*)*")
_DIGITS = re.compile(rb"\d{1,20}\Z")  # a longer number exceeds 32 bits and is slow to parse
_LINES = {
    1: re.compile(rb"^(\d{1,20}) ([^/\n]+)$", re.MULTILINE),
    3: re.compile(rb"^(\d{1,20}) (?:[A-Za-z][^ \n]* )*:([^/\n]+)$", re.MULTILINE),
}

NO_NEWLINE = "the last line has no newline"


class UidlistError(ValueError):
    """A uidlist cannot be read or edited; the text says why."""


class Record(NamedTuple):
    """One line: the UID, the fields as written (`S123`, `Gabc`), the base name, the line itself."""

    uid: int
    fields: tuple[bytes, ...]
    base: bytes
    line: bytes


class BadLine(NamedTuple):
    """A line that makes a server throw the whole file away; `number` counts from 1."""

    number: int
    line: bytes
    reason: str


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
    """A uidlist as read. `header` is the first line with its newline; `records` are in order."""

    version: int
    header: bytes
    uidvalidity: int
    next_uid: int
    records: tuple[Record, ...]
    bad: tuple[BadLine, ...]


def base_name(filename: bytes) -> bytes:
    """The part of a file name by which records refer to it: all before the first colon."""
    return filename.split(b":", 1)[0]


def parse_uidlist(data: bytes) -> Uidlist:
    """Reads a uidlist. Raises UidlistError if the header line is not that of a uidlist."""
    header, newline, body = data.partition(b"\n")
    version, uidvalidity, next_uid = parse_header(header)
    if not newline:
        bad = (BadLine(1, header, NO_NEWLINE),)
        return Uidlist(version, header, uidvalidity, next_uid, (), bad)
    lines = body.split(b"\n")
    torn = lines.pop()
    numbered: dict[bytes, tuple[int, Record]] = {}
    bad_lines: list[BadLine] = []
    last = 0
    for number, line in enumerate(lines, start=2):
        record = parse_record(line, version)
        if isinstance(record, str):
            bad_lines.append(BadLine(number, line, record))
            continue
        if record.uid <= last:
            bad_lines.append(BadLine(number, line, f"UID {record.uid} comes after UID {last}"))
            continue
        last = record.uid
        # Dovecot keeps the higher UID of two records with one base name.
        earlier = numbered.pop(record.base, None)
        if earlier:
            reason = f"the base name has UID {record.uid} too"
            bad_lines.append(BadLine(earlier[0], earlier[1].line, reason))
        numbered[record.base] = (number, record)
    if torn:
        bad_lines.append(BadLine(len(lines) + 2, torn, NO_NEWLINE))
    records = tuple(record for _, record in numbered.values())
    bad = tuple(sorted(bad_lines))
    return Uidlist(version, header + b"\n", uidvalidity, next_uid, records, bad)


def numbering(data: bytes) -> tuple[int, int]:
    """The UIDVALIDITY and the next UID, without reading every record. Raises UidlistError.

    The next UID in the header may be lower than the last record's UID, which is allowed.
    """
    version, uidvalidity, next_uid = parse_header(data.partition(b"\n")[0])
    last = data[data.rfind(b"\n", 0, -1) + 1 :].removesuffix(b"\n")
    record = parse_record(last, version)
    if not isinstance(record, str):
        next_uid = max(next_uid, record.uid + 1)
    return uidvalidity, next_uid


def parse_header(line: bytes) -> tuple[int, int, int]:
    old = _V1_HEADER.match(line)
    if old:
        return 1, int(old[1]), int(old[2])
    words = line.split(b" ")
    if words[0] != b"3":
        raise UidlistError("the first line is no uidlist header of version 1 or 3")
    values = {word[:1]: word[1:] for word in reversed(words[1:]) if word}
    validity, following = values.get(b"V", b""), values.get(b"N", b"")
    if not (_DIGITS.match(validity) and int(validity) and _DIGITS.match(following)):
        raise UidlistError("the first line lacks a UIDVALIDITY (V) or next UID (N)")
    return 3, int(validity), int(following)


def parse_record(line: bytes, version: int) -> Record | str:
    """Parses a line without its newline. Returns a record, or in words why a server rejects it."""
    digits, space, rest = line.partition(b" ")
    if not (space and _DIGITS.match(digits)):
        return "no UID at the start"
    uid = int(digits)
    if not 0 < uid <= HIGHEST_UID:
        return f"UID {uid} is not allowed"
    fields: list[bytes] = []
    base = rest
    if version == 3:
        while not base.startswith(b":"):
            field, space, base = base.partition(b" ")
            if not (space and _V3_FIELD.match(field)):
                return "no base name"
            fields.append(field)
        base = base[1:]
    if not base:
        return "no base name"
    if b"/" in base:
        return "a slash in the base name"
    return Record(uid, tuple(fields), base, line)


def places_of(body: bytes, version: int) -> dict[bytes, int] | None:
    """The positions of all lines by their base names; None if a server may reject any of them.

    Faster than `parse_uidlist`, which is needed only to find out what is wrong.
    """
    found = (_halves(body) if version == 3 else None) or _matched(body, version)
    if found is None:
        return None
    uids, bases = found
    if uids and not (
        uids[0] > 0 and uids[-1] <= HIGHEST_UID and all(map(lt, uids, islice(uids, 1, None)))
    ):
        return None
    places = dict(zip(bases, range(len(bases)), strict=True))
    return places if len(places) == len(bases) else None


def _halves(body: bytes) -> tuple[list[int], list[bytes]] | None:
    """The UIDs and base names of version 3, if each line has exactly one ` :`, and no slash or
    leading zero; else None.

    Each line is cut before that colon. Heads must alternate with base names then, since otherwise a
    line has no ` :`, or two.
    """
    lines = body.count(b"\n")
    if b"/" in body or body.count(b" :") != lines or not body.endswith(b"\n"):
        return None
    if body.startswith(b"0") or b"\n0" in body or b" :\n" in body:
        return None
    halves = body.replace(b" :", b"\n:").split(b"\n")
    heads = halves[:-1:2]
    if b"".join(heads).isdigit():
        usual = min(map(len, heads)) > 0 and max(map(len, heads)) <= _MOST_DIGITS
        uids = list(map(int, heads)) if usual else None
    elif all(map(_V3_HEAD.fullmatch, heads)):
        uids = [int(head.partition(b" ")[0]) for head in heads]
    else:
        uids = None
    return None if uids is None else (uids, [base[1:] for base in halves[1::2]])


def _matched(body: bytes, version: int) -> tuple[list[int], list[bytes]] | None:
    """The UIDs and base names, if each line has the form of the version; else None."""
    found: list[tuple[bytes, bytes]] = _LINES[version].findall(body)
    if len(found) != body.count(b"\n") or not (body.endswith(b"\n") or not body):
        return None
    return [int(uid) for uid, _ in found], [base for _, base in found]
