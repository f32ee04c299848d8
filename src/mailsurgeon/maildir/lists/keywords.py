"""Reads and edits `dovecot-keywords`, the names of a folder's keyword letters. Pure.

A line is `NUMBER NAME`; number 0 is the letter `a`, 25 the letter `z`. Lines are read and skipped
as Dovecot 2.3 does it (maildir-keywords.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mailsurgeon.text import visible

LETTERS = 26
"""The most keywords that a folder can have."""
FIRST_LETTER = 0x61
LONGEST_LINE = 1024
"""Bytes, the newline included. Dovecot stops reading at the first longer line."""
LARGEST_KEYWORDS = 64 << 10
"""Bytes of the largest file that is read: more than all letters with the longest lines."""
LONGEST_KEYWORD = 255
"""The longest name that may be added, in bytes; Dovecot's own limit is 50 unless configured."""

_DIGITS = re.compile(rb"\d{1,10}\Z")
_INVENTED = re.compile(rb"unknown-\d+\?*\Z")
_UNFIT = re.compile(rb'[\x00-\x20\x7f(){%*"\\\]]')

Numbered = tuple[int, bytes]
"""A keyword's number and its name."""


class KeywordsError(ValueError):
    """Names cannot be added to the file; the text says why."""


@dataclass(frozen=True, slots=True)
class Keywords:
    """The names by number, as Dovecot reads them.

    `damage` describes the first line that Dovecot skips, or reads as something else than it says;
    empty if there is none. Dovecot drops such a line when it next writes the file.
    """

    names: Mapping[int, bytes]
    damage: str = ""

    def number_of(self, name: bytes) -> int | None:
        """The number of a name, without regard to case, as in IMAP; None without one."""
        wanted = name.lower()
        return next((number for number, one in self.names.items() if one.lower() == wanted), None)

    def free_number(self, taken: Iterable[int] = ()) -> int | None:
        """A number for another name; None when all are in use, here or in `taken`.

        A running server that has read the file reads it again for a number above the last one it
        knows, but treats a number in a gap as one whose name is lost. So gaps are used last.
        """
        used = {*self.names, *taken}
        above = max(used, default=-1) + 1
        if above < LETTERS:
            return above
        return next((number for number in range(LETTERS) if number not in used), None)


def parse_keywords(data: bytes) -> Keywords:
    """Reads the file. Of two lines with one number the last counts, of two with one name the
    first."""
    names: dict[int, bytes] = {}
    damage = ""
    for line in _read_lines(data):
        if line.name:
            names[line.number] = line.name
        if line.reason:
            damage = damage or line.reason
    return Keywords(names, damage)


class _Line(NamedTuple):
    """A line as Dovecot reads it. `place` counts from 1; `name` is empty if it skips the line."""

    place: int
    number: int
    name: bytes
    reason: str


def _read_lines(data: bytes) -> Iterator[_Line]:
    known: set[int] = set()
    seen: dict[bytes, int] = {}
    *lines, torn = data.split(b"\n")
    for place, line in enumerate(lines, start=1):
        if len(line) >= LONGEST_LINE:
            yield _Line(place, 0, b"", f"line {place} is too long")
            return
        number, name, reason = _parse_line(line)
        if name and name.lower() in seen:
            reason = f"its name has the letter {_letter(seen[name.lower()])} already"
            name = b""
        elif name:
            if number in known:
                reason = reason or f"letter {_letter(number)} has a name already"
            known.add(number)
            seen[name.lower()] = number
        yield _Line(place, number, name, reason and f"line {place}: {reason}")
    if torn:
        yield _Line(len(lines) + 1, 0, b"", "the last line has no newline")


def bad_keyword_lines(data: bytes) -> list[tuple[int, str]]:
    """The lines (from 1) that Dovecot skips or reads as something else, and those whose name breaks
    the answers that clients get; each with the reason."""
    found: list[tuple[int, str]] = []
    for line in _read_lines(data):
        unfit = line.name and _UNFIT.search(line.name)
        reason = line.reason
        if unfit:
            reason = reason or f"line {line.place}: a character that no IMAP keyword may have"
        if reason:
            found.append((line.place, reason))
    return found


def repaired_keywords(data: bytes) -> bytes:
    """The names that Dovecot reads, one line each, as it would write them itself. A last line
    without newline counts; characters that no keyword may have become `_`."""
    whole = data if data.endswith(b"\n") or not data else data + b"\n"
    lines: list[bytes] = []
    taken: set[bytes] = set()
    for number, name in sorted(parse_keywords(whole).names.items()):
        text = name.decode("utf-8", "replace").replace("\ufffd", "_").encode()
        fit = _UNFIT.sub(b"_", text)
        if fit.lower() not in taken:
            taken.add(fit.lower())
            lines.append(b"%d %s\n" % (number, fit))
    return b"".join(lines)


def nameless(flags: Iterable[int], names: Mapping[int, bytes]) -> str:
    """Those of the flags (character codes) that are keyword letters without a name of their own,
    sorted. Dovecot invents names like `unknown-3` for such letters."""
    letters = sorted({flag for flag in flags if 0 <= flag - FIRST_LETTER < LETTERS})
    named = {FIRST_LETTER + number for number, name in names.items() if not _INVENTED.match(name)}
    return "".join(chr(letter) for letter in letters if letter not in named)


def _parse_line(line: bytes) -> tuple[int, bytes, str]:
    """The number and name of a line, and what is wrong with it; the name is empty if Dovecot skips
    the line."""
    digits, _, name = line.removesuffix(b"\r").partition(b" ")
    if not _DIGITS.match(digits) or not name:
        return 0, b"", "no number and name"
    number = int(digits)
    if number >= LETTERS:
        return 0, b"", f"number {number} has no letter"
    if b"\x00" in name:
        return number, name.partition(b"\x00")[0], "a NUL in the name"
    if line.endswith(b"\r"):
        return number, name, "a carriage return at the end"
    try:
        name.decode()
    except UnicodeDecodeError:
        return number, name, "the name is not UTF-8"
    return number, name, ""


def is_fit(name: bytes) -> bool:
    """Whether a name may be added: it has no blanks, controls or characters that IMAP forbids."""
    return 0 < len(name) <= LONGEST_KEYWORD and _UNFIT.search(name) is None


def missing(data: bytes, names: Iterable[Numbered]) -> list[Numbered]:
    """Those of `names` that the file lacks.

    Raises KeywordsError if a number has another name or a name another number, if a number or name
    is not allowed, or if the file is damaged, so that Dovecot might not read an added line.
    """
    known = parse_keywords(data)
    wanted: list[Numbered] = []
    for number, name in names:
        here = known.names.get(number)
        if here is not None and here.lower() == name.lower():
            continue
        if not 0 <= number < LETTERS or not is_fit(name):
            raise KeywordsError("it is no keyword that a letter can be given to")
        if here is not None:
            raise KeywordsError(f"letter {_letter(number)} means another keyword now")
        other = known.number_of(name)
        if other is not None:
            raise KeywordsError(f"the keyword has the letter {_letter(other)} now")
        wanted.append((number, name))
    if wanted and known.damage:
        raise KeywordsError(f"it is damaged ({known.damage})")
    return wanted


def add_names(data: bytes, names: Iterable[Numbered]) -> bytes:
    """The file with those of these names that it lacks added at its end.

    Raises KeywordsError like `missing`.
    """
    return data + b"".join(b"%d %s\n" % one for one in missing(data, names))


def remove_names(data: bytes, names: Iterable[Numbered]) -> bytes:
    """The file without the lines of these names at its end; stops at the first other line."""
    lines = {b"%d %s\n" % one for one in names}
    while True:
        start = data.rfind(b"\n", 0, -1) + 1
        if data[start:] not in lines:
            return data
        data = data[:start]


def letter_and_name(number: int, name: bytes) -> str:
    """`a = Work`, safe to show."""
    return f"{_letter(number)} = {visible(name)}"


def _letter(number: int) -> str:
    return chr(FIRST_LETTER + number) if 0 <= number < LETTERS else str(number)
