"""`dovecot-keywords`: the names of a folder's keyword letters. Pure: bytes in, bytes out.

A line is `NUMBER NAME`; number 0 is the letter `a`, 25 the letter `z`. What the lines mean, and
which of them are passed over, is Dovecot 2.3's (maildir-keywords.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LETTERS = 26
"""How many keywords a folder can have."""
FIRST_LETTER = 0x61
LONGEST_LINE = 1024
"""Bytes, the newline included: Dovecot reads nothing from a longer line on."""
LONGEST_KEYWORD = 255
"""Bytes of a name that is given out here; Dovecot's own limit is 50 unless configured."""

_DIGITS = re.compile(rb"\d{1,10}\Z")
_UNFIT = re.compile(rb'[\x00-\x20\x7f(){%*"\\\]]')

Numbered = tuple[int, bytes]
"""A keyword's number and its name."""


class KeywordsError(ValueError):
    """Names cannot be put into the file; the text says why."""


@dataclass(frozen=True, slots=True)
class Keywords:
    """The names by number as Dovecot reads them.

    `damage`: in words the first line that Dovecot does not read, or would read otherwise than it
    stands; empty when there is none. Dovecot drops such a line when it next writes the file.
    """

    names: Mapping[int, bytes]
    damage: str = ""

    def number_of(self, name: bytes) -> int | None:
        """The number of a name, upper and lower case being the same, as for IMAP."""
        wanted = name.lower()
        return next((number for number, one in self.names.items() if one.lower() == wanted), None)

    def free_number(self, taken: Iterable[int] = ()) -> int | None:
        """The number for a further name; None when all are in use, here or in `taken`.

        A server at work that has read the file looks again for a number above its last one, but
        takes a gap for a lost name: so gaps come last.
        """
        used = {*self.names, *taken}
        above = max(used, default=-1) + 1
        if above < LETTERS:
            return above
        return next((number for number in range(LETTERS) if number not in used), None)


def parse_keywords(data: bytes) -> Keywords:
    """Reads the file. Of two lines with one number the last counts, of one name the first."""
    names: dict[int, bytes] = {}
    seen: dict[bytes, int] = {}
    damage = ""
    lines = data.split(b"\n")
    torn = lines.pop()
    for place, line in enumerate(lines, start=1):
        if len(line) >= LONGEST_LINE:
            damage = damage or f"line {place} is too long"
            break
        number, name, reason = _parse_line(line)
        if name and name.lower() in seen:
            reason = f"its name has the letter {_letter(seen[name.lower()])} already"
        elif name:
            if number in names:
                reason = reason or f"letter {_letter(number)} has a name already"
            names[number] = name
            seen[name.lower()] = number
        if reason:
            damage = damage or f"line {place}: {reason}"
    if torn:
        damage = damage or "the last line has no newline"
    return Keywords(names, damage)


def _parse_line(line: bytes) -> tuple[int, bytes, str]:
    """Number and name of a line (the name empty where Dovecot passes over it), what is odd."""
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
    """Whether a name can be handed on: no blanks, controls or signs that IMAP does not allow."""
    return 0 < len(name) <= LONGEST_KEYWORD and _UNFIT.search(name) is None


def missing(data: bytes, names: Iterable[Numbered]) -> list[Numbered]:
    """Those of `names` that the file lacks.

    Raises KeywordsError where a number has another name, a name another number, where Dovecot
    would not read what is added, and for a number or name that cannot be.
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
    """The file with these names at its end, those it has already left out.

    Raises KeywordsError as `missing` does.
    """
    return data + b"".join(b"%d %s\n" % one for one in missing(data, names))


def remove_names(data: bytes, names: Iterable[Numbered]) -> bytes:
    """The file without these lines, as far as they are still its last ones."""
    lines = {b"%d %s\n" % one for one in names}
    while True:
        start = data.rfind(b"\n", 0, -1) + 1
        if data[start:] not in lines:
            return data
        data = data[:start]


def _letter(number: int) -> str:
    return chr(FIRST_LETTER + number) if 0 <= number < LETTERS else str(number)
