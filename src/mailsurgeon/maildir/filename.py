"""Reads the name of a message file: base name, fields and info. The only place that does so.

Grammar (Dovecot, maildir-storage.h): `BASE[,FIELD=VALUE...]:2,FLAGS[,MORE]`. The base name is all
that precedes the first colon, including the fields. So a changed field makes a new base name, which
a server takes for a new message. File names are bytes and may hold any but `/` and NUL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_DIGITS = re.compile(rb"\d*")
_UID = re.compile(rb",U=(\d+)")
_UID_FIELDS = re.compile(rb",(?:U=\d+|FMD5=[^,:]*)")
_FMD5 = re.compile(rb",FMD5=([^,:]*)")
# An info without a colon: behind a separator of KMail (! _), of Windows ports (;) or of copies that
# escape names; or behind what a copy has made of the colon: blanks, one character that is not
# ASCII (Samba writes U+F022, rclone U+FF1A), nothing.
_SEPARATOR = (
    rb"(?:(;|!|_|,|%3[Aa])|([ \t]+|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]))?2(?:,|%2[Cc])"
)
_ENDING = re.compile(_SEPARATOR + rb"([A-Za-z]*)\Z")
# The same with something behind it, such as a file type or a remark. What no mail program would
# write for flags is no info then.
_TORN_ENDING = re.compile(
    _SEPARATOR + rb"(D?F?P?R?S?T?[a-z]*)(?:\.[A-Za-z][A-Za-z0-9]{0,9}|~| ?[(-][^:=]*)\Z"
)
_LETTERS = re.compile(rb"[A-Za-z]*")
_FIELDS = re.compile(rb"(?:,[A-Za-z0-9]+=[^,:\s]*)*\Z")
_LAST_NUMBER = re.compile(rb",([SWU])=(\d*)\Z")
_SECONDS = re.compile(rb"\d+")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")

LONGEST_NAME = 200
"""Bytes; a longer name is `bad-name`, since more flags may not fit below the file system's limit of
255."""
MAX_DIGITS = 255  # no file system has longer names
NONE, GOOD, BAD, FOREIGN, LOST_COLON = "none", "good", "bad", "foreign", "lost-colon"


class Neighbours(NamedTuple):
    """What the rest of a folder tells about a name that ends in `2,` without a separator.

    `bare`: other names end so too. `highest_uid`: the last UID that mbsync has assigned in the
    folder; None if unknown.
    """

    bare: bool = False
    highest_uid: int | None = None


NO_NEIGHBOURS = Neighbours()


@dataclass(frozen=True, slots=True)
class Info:
    """What follows the base name, and its correct form.

    `kind`: "none" (no info), "good", "bad" (a colon, but not sorted letters after `:2,`), "foreign"
    (a separator that some programs use), "lost-colon" (a copy has replaced or dropped it). `base`:
    the name without the info. `info`: all from the separator on. `flags`: the letters, sorted.
    `should_be`: the corrected info. `separator`: what stands for the colon, in lower case. `torn`:
    something was put behind the letters (`:2,S.eml`), so they were not written by a mail program.
    """

    kind: str
    base: bytes
    info: bytes
    flags: bytes
    should_be: bytes
    separator: bytes = b""
    torn: bool = False

    @property
    def bare(self) -> bool:
        """Whether nothing stands between the base name and the info."""
        return self.kind == LOST_COLON and not self.separator


def split(name: bytes) -> tuple[bytes, bytes]:
    """The base name (all before the first colon) and the info (the rest, empty without a colon).

    Colons at the start belong to the base name: Dovecot gives each such file a new name, so none
    of them is the namesake of another. The base name is empty if the info follows them at once.
    """
    if name.startswith(b":"):
        start = len(name) - len(name.lstrip(b":"))
        if start == len(name) or name.startswith(b"2,", start):
            return b"", name
        base, colon, rest = name[start:].partition(b":")
        return name[:start] + base, colon + rest
    base, colon, rest = name.partition(b":")
    return base, colon + rest


def sorted_flags(flags: bytes) -> bytes:
    """The letters of `flags`, each once, in ASCII order; other bytes are dropped."""
    return bytes(sorted({byte for byte in flags if _is_letter(byte)}))


@lru_cache(maxsize=8)  # the rules ask for one name several times in a row
def parse_info(
    name: bytes,
    size: int | None = None,
    virtual_size: int | None = None,
    neighbours: Neighbours = NO_NEIGHBOURS,
) -> Info:
    """The info of a name by the rules of `bad-flags`.

    `size` and `virtual_size` (bytes) decide whether a `2` after `,S=` or `,W=` belongs to that
    number or to an info that lost its colon; if they are unknown (None), to the info. `neighbours`
    decide for `2,` without a separator and without letters.
    """
    base, info = split(name)
    if info:
        if info.startswith(b":2,"):
            flags = info[3:]
            if not flags or (flags.isalpha() and flags == sorted_flags(flags)):
                return Info(GOOD, base, info, flags, info)
        return _other_info(base, info)
    ending = _ENDING.search(name)
    torn = ending is None
    ending = ending or _TORN_ENDING.search(name)
    if ending is None or (torn and ending[3] != sorted_flags(ending[3])):
        return Info(NONE, base, b"", b"", b":2,")
    used, lost, letters = ending.groups()
    start = ending.start() if name[: ending.start()].strip(b":") else 0
    if used or lost:
        start = _first_of_doubled(name, start)
    head, info, flags = name[:start], name[start:], sorted_flags(letters)
    if used is not None:
        return Info(FOREIGN, head, info, flags, b":2," + flags, used.lower(), torn)
    if lost is None:
        if torn and not letters[:1].isupper():
            return Info(NONE, base, b"", b"", b":2,")
        claimed = _number_claims_digit(head, size, virtual_size, neighbours.highest_uid)
        if claimed or (claimed is None and not letters and not neighbours.bare):
            return Info(NONE, base, b"", b"", b":2,")
    return Info(LOST_COLON, head, info, flags, b":2," + flags, lost or b"", torn)


def _first_of_doubled(name: bytes, start: int) -> int:
    """Where the first of several infos begins, the last of which begins at `start`: programs that
    do not know the separator of the first append another."""
    while (before := _ENDING.search(name[:start])) and (before[1] or before[2]) and before.start():
        start = before.start()
    return start


def _other_info(base: bytes, info: bytes) -> Info:
    head, doubled, last = info.rpartition(b":2,")
    if not doubled:
        return Info(BAD, base, info, b"", b":2,")
    if not head:  # one `:2,`, at the start
        last = info[3:]
    end = _end_of(_LETTERS, last, 0)
    letters, more = last[:end], last[end:]
    # Behind another colon a server would look for flags again.
    torn = bool(more) and (not more.startswith(b",") or b":" in more)
    if torn:
        _, comma, fields = more.partition(b",")
        more = comma + fields if _FIELDS.match(comma + fields) else b""
    flags = sorted_flags(letters)
    should_be = b":2," + flags + more
    kind = GOOD if should_be == info else BAD
    return Info(kind, base, info, flags, should_be, torn=torn)


def _number_claims_digit(
    head: bytes, size: int | None, virtual_size: int | None, highest_uid: int | None
) -> bool | None:
    """Whether a `2` after `head` is the last digit of a number there and not the start of an info.

    None if neither is certain.
    """
    field = _LAST_NUMBER.search(head)
    if not field:
        return None
    letter, digits = field.groups()
    if not digits:
        return True
    if len(digits) >= MAX_DIGITS:
        return None
    without, whole = int(digits), int(digits + b"2")
    if letter == b"U":
        return False if highest_uid is not None and without <= highest_uid < whole else None
    actual = size if letter == b"S" else virtual_size
    if actual is None:
        return None
    return False if without == actual else True if whole == actual else None


def neighbours_of(names: Iterable[bytes], highest_uid: int | None = None) -> Neighbours:
    """What a folder's names tell about each other: whether at least two end in a bare info."""
    count = 0
    for name in names:
        ending = None if b":" in name else _ENDING.search(name)
        count += ending is not None and ending[1] is None and ending[2] is None
        if count > 1:
            return Neighbours(True, highest_uid)
    return Neighbours(False, highest_uid)


def name_faults(name: bytes) -> list[str]:
    """Why servers skip, misread or cannot change a name in cur or new: one phrase each."""
    faults: list[str] = []
    if name.startswith(b"."):
        faults.append("begins with a dot")
    if name.startswith(b":"):
        faults.append("begins with a colon")
    if _CONTROL.search(name):
        faults.append("has control characters")
    if len(name) > LONGEST_NAME:
        faults.append(f"is {len(name)} bytes long")
    faults += [
        f"has ,{letter.decode()}= more than once"
        for letter in (b"S", b"W")
        if count_field(name, letter) > 1
    ]
    return faults


# Sizes


def size_fields(
    name: bytes,
    size: int | None = None,
    virtual_size: int | None = None,
    neighbours: Neighbours = NO_NEIGHBOURS,
) -> tuple[int | None, int | None]:
    """The values of `,S=` and `,W=` in a name, in bytes; None if it has no such field.

    As Dovecot 2.3 reads them (maildir-filename.c) once the info has its colon: the first of each
    counts, wherever it stands; no digits are 0, but nothing at the end of a name; digits before
    anything but a comma, a colon or the end count as none. Where the info follows without a
    separator, the value counts only if it is the file's real `size` or `virtual_size`.
    """
    if b",S=" not in name and b",W=" not in name:
        return None, None
    return sizes_of(parse_info(name, size, virtual_size, neighbours), size, virtual_size)


def sizes_of(
    info: Info, size: int | None, virtual_size: int | None
) -> tuple[int | None, int | None]:
    """`size_fields` of a name that has been parsed."""
    said, virtual = sizes_in(info.base, info.info)
    last = _LAST_NUMBER.search(info.base) if info.bare else None
    if last and last[1] == b"S" and size is not None and said != size:
        said = None
    if last and last[1] == b"W" and virtual_size is not None and virtual != virtual_size:
        virtual = None
    return said, virtual


def sizes_in(base: bytes, info: bytes) -> tuple[int | None, int | None]:
    """The values of `,S=` and `,W=` in the name that consists of this base name and this info."""
    return _value(base, info, b"S"), _value(base, info, b"W")


def set_sizes(
    base: bytes, info: bytes, size: int | None = None, virtual_size: int | None = None
) -> tuple[bytes, bytes]:
    """Base name and info with the fields that `sizes_in` reads set to these sizes; adds none."""
    for letter, value in ((b"S", size), (b"W", virtual_size)):
        span = _span(base, info, letter) if value is not None else None
        if span is None:
            continue
        start, end = span
        digits = b"%d" % value
        if start <= len(base):
            base = base[:start] + digits + base[end:]
        else:
            start, end = start - len(base), end - len(base)
            info = info[:start] + digits + info[end:]
    return base, info


def _value(base: bytes, info: bytes, letter: bytes) -> int | None:
    span = _span(base, info, letter)
    if span is None or span[1] - span[0] > MAX_DIGITS:
        return None
    return int((base + info)[slice(*span)] or b"0")


def _span(base: bytes, info: bytes, letter: bytes) -> tuple[int, int] | None:
    """Where the digits of the first such field begin and end; None without a field that counts."""
    name = base + info
    start = name.find(b"," + letter + b"=") + 3
    if start < 3 or start == len(name):
        return None
    end = _end_of(_DIGITS, name, start)
    if start <= len(base) <= end and info:
        return start, len(base)
    return (start, end) if name[end : end + 1] in (b"", b",", b":") else None


def with_sizes(name: bytes, size: int | None = None, virtual_size: int | None = None) -> bytes:
    """`name` with the first `,S=` and `,W=` set to these sizes; adds no field."""
    info = parse_info(name, size, virtual_size)
    return b"".join(set_sizes(info.base, info.info, size, virtual_size))


def count_field(name: bytes, letter: bytes) -> int:
    """How often `,LETTER=` occurs in the base name."""
    return split(name)[0].count(b"," + letter + b"=")


# What sync tools write


def uid_field(name: bytes, neighbours: Neighbours = NO_NEIGHBOURS) -> int | None:
    """The UID that mbsync or offlineimap wrote into the name (`,U=`); None without one.

    mbsync reads the first, wherever it stands. Digits end where the info begins, also if its colon
    is lost.
    """
    if b",U=" not in name:
        return None
    if b":" not in name:
        name = parse_info(name, None, None, neighbours).base
    match = _UID.search(name)
    return int(match[1]) if match and len(match[1]) <= MAX_DIGITS else None


def fmd5_field(name: bytes) -> bytes | None:
    """offlineimap's mark of the folder (`,FMD5=`); None without one."""
    match = _FMD5.search(parse_info(name).base)
    return match[1] if match else None


def strip_uid(base: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Base name and info without `,U=` and `,FMD5=`, which mean something in one folder only."""
    start = 3 if info.startswith(b":2,") else len(info)
    return _UID_FIELDS.sub(b"", base), info[:start] + _UID_FIELDS.sub(b"", info[start:])


def without_uid(name: bytes, neighbours: Neighbours = NO_NEIGHBOURS) -> bytes:
    """`name` without these two. A bare info gets its colon back if the UID stood before it."""
    parts = parse_info(name, None, None, neighbours)
    base, info = strip_uid(parts.base, parts.info)
    return base + (parts.should_be if parts.bare and base != parts.base else info)


# What servers read


def flags_served(name: bytes) -> bytes:
    """The letters that Dovecot reads, sorted: those behind the last colon, if `2,` follows it, up
    to a comma. Others it skips (maildir-filename-flags.c)."""
    _, colon, info = name.rpartition(b":")
    if not (colon and info.startswith(b"2,")):
        return b""
    return sorted_flags(info[2:].partition(b",")[0])


def leading_seconds(name: bytes) -> int | None:
    """The seconds since 1970 at the start of a name; None if it does not begin with such a
    number."""
    match = _SECONDS.match(name)
    return int(match[0]) if match and len(match[0]) <= 10 else None


def _end_of(pattern: re.Pattern[bytes], text: bytes, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def _is_letter(byte: int) -> bool:
    return 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A
