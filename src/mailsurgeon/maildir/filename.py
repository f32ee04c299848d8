"""Takes the name of a message file apart: base name, fields and info.

Grammar (Dovecot, maildir-storage.h): `BASE[,FIELD=VALUE...]:2,FLAGS[,MORE]`. The base name is all
that precedes the first colon, including the fields. So a changed field makes a new base name, which
a server takes for a new message. File names are bytes and may hold any but `/` and NUL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_SIZE = {b"S": re.compile(rb",S=(\d+)(?=[,:]|\Z)"), b"W": re.compile(rb",W=(\d+)(?=[,:]|\Z)")}
_UID = re.compile(rb",U=(\d+)")
_UID_FIELDS = re.compile(rb",(?:U=\d+|FMD5=[^,:]*)")
_FMD5 = re.compile(rb",FMD5=([^,:]*)")
# Separators other than the colon: of KMail (! _), Windows ports (;) and copies that escape names.
_FOREIGN = re.compile(rb"(?i)(;|!|_|,|%3a)2(?:,|%2c)([a-z]*)\Z")
_LOST_COLON = re.compile(rb"2,([A-Za-z]+)\Z")
_FIELD_DIGITS = re.compile(rb",([SW])=(\d+)\Z")
_SECONDS = re.compile(rb"\d+")

LONGEST_NAME = 200
"""Bytes; a longer name is `bad-name`, since more flags may not fit below the file system's limit of
255."""
MAX_DIGITS = 255  # no file system has longer names


@dataclass(frozen=True, slots=True)
class Info:
    """What follows the base name, and its correct form.

    `kind`: "none" (no info), "good", "bad" (a colon, but not sorted letters after `:2,`), "foreign"
    (another separator), "lost-colon". `base`: the name without the info, whichever separator it
    has. `info`: all from the separator on. `flags`: the letters, sorted. `should_be`: the corrected
    info. `separator`: the foreign one, in lower case.
    """

    kind: str
    base: bytes
    info: bytes
    flags: bytes
    should_be: bytes
    separator: bytes = b""


def split(name: bytes) -> tuple[bytes, bytes]:
    """The base name (all before the first colon) and the info (the rest, empty without a colon)."""
    base, colon, rest = name.partition(b":")
    return base, colon + rest


def sorted_flags(flags: bytes) -> bytes:
    """The letters of `flags`, each once, in ASCII order; other bytes are dropped."""
    return bytes(sorted({byte for byte in flags if _is_letter(byte)}))


@lru_cache(maxsize=8)  # the rules ask for one name several times in a row
def parse_info(name: bytes, size: int | None = None, virtual_size: int | None = None) -> Info:
    """The info of a name by the rules of `bad-flags`.

    `size` and `virtual_size` (bytes) decide whether a `2` after `,S=` or `,W=` belongs to that
    number or to an info that lost its colon; if they are unknown (None), to the info.
    """
    base, info = split(name)
    if info:
        if info.startswith(b":2,"):
            flags = info[3:]
            if not flags or (flags.isalpha() and flags == sorted_flags(flags)):
                return Info("good", base, info, flags, info)
        return _other_info(base, info)
    foreign = _FOREIGN.search(name)
    if foreign:
        flags = sorted_flags(foreign[2])
        should_be = b":2," + flags
        start = foreign.start()
        return Info("foreign", name[:start], name[start:], flags, should_be, foreign[1].lower())
    lost = _LOST_COLON.search(name)
    if lost and _leaves_fitting_size(name[: lost.start()], size, virtual_size):
        flags = sorted_flags(lost[1])
        start = lost.start()
        return Info("lost-colon", name[:start], name[start:], flags, b":2," + flags)
    return Info("none", base, b"", b"", b":2,")


def _other_info(base: bytes, info: bytes) -> Info:
    head, doubled, last = info.rpartition(b":2,")
    if not doubled:
        return Info("bad", base, info, b"", b":2,")
    if not head:  # one `:2,`, at the start
        last = info[3:]
    letters, comma, more = last.partition(b",")
    flags = sorted_flags(letters)
    should_be = b":2," + flags + comma + more
    kind = "good" if should_be == info else "bad"
    return Info(kind, base, info, flags, should_be)


def _leaves_fitting_size(head: bytes, size: int | None, virtual_size: int | None) -> bool:
    """Whether the `2` after `head` begins an info and is not the last digit of a size."""
    field = _FIELD_DIGITS.search(head)
    if not field:
        return not re.search(rb",[SW]=\Z", head)
    actual = size if field[1] == b"S" else virtual_size
    if actual is None or len(field[2]) > MAX_DIGITS:
        return True
    return int(field[2] + b"2") != actual


def size_fields(
    name: bytes, size: int | None = None, virtual_size: int | None = None
) -> tuple[int | None, int | None]:
    """The values of `,S=` and `,W=` in a name, in bytes; None if it has no such field.

    The first of each counts; a value that is not digits counts as none (Dovecot,
    maildir-filename.c). Before a lost colon, the value counts only if it is the file's real `size`
    or `virtual_size`.
    """
    if b",S=" not in name and b",W=" not in name:
        return None, None
    info = parse_info(name, size, virtual_size)
    named_size, named_virtual = _field(info.base, b"S"), _field(info.base, b"W")
    if info.kind == "lost-colon":
        last = _FIELD_DIGITS.search(info.base)
        if last and last[1] == b"S" and size is not None and named_size != size:
            named_size = None
        if last and last[1] == b"W" and virtual_size is not None and named_virtual != virtual_size:
            named_virtual = None
    return named_size, named_virtual


def _field(base: bytes, letter: bytes) -> int | None:
    start = base.find(b"," + letter + b"=")
    if start < 0:
        return None
    match = _SIZE[letter].match(base, start)
    if not match or len(match[1]) > MAX_DIGITS:
        return None
    return int(match[1])


def with_sizes(name: bytes, size: int | None = None, virtual_size: int | None = None) -> bytes:
    """`name` with the first `,S=` and `,W=` set to these sizes; adds no field."""
    info = parse_info(name, size, virtual_size)
    base = info.base
    for letter, value in ((b"S", size), (b"W", virtual_size)):
        start = base.find(b"," + letter + b"=")
        match = _SIZE[letter].match(base, start) if start >= 0 else None
        if match and value is not None:
            base = base[: match.start(1)] + str(value).encode() + base[match.end(1) :]
    return base + name[len(info.base) :]


def count_field(name: bytes, letter: bytes) -> int:
    """How often `,LETTER=` occurs in the base name."""
    return split(name)[0].count(b"," + letter + b"=")


def uid_field(name: bytes) -> int | None:
    """The UID that mbsync or offlineimap wrote into the name (`,U=`); None without one."""
    match = _UID.search(name)
    return int(match[1]) if match and len(match[1]) <= MAX_DIGITS else None


def fmd5_field(name: bytes) -> bytes | None:
    """offlineimap's mark of the folder (`,FMD5=`); None without one."""
    match = _FMD5.search(parse_info(name).base)
    return match[1] if match else None


def without_uid(name: bytes) -> bytes:
    """`name` without `,U=` and `,FMD5=`, which mean something in one folder only."""
    base = parse_info(name).base
    return _UID_FIELDS.sub(b"", base) + name[len(base) :]


def leading_seconds(name: bytes) -> int | None:
    """The seconds since 1970 at the start of a name; None if it does not begin with such a
    number."""
    match = _SECONDS.match(name)
    return int(match[0]) if match and len(match[0]) <= 10 else None


def _is_letter(byte: int) -> bool:
    return 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A
