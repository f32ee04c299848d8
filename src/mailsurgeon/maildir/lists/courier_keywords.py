"""Reads Courier's keywords (`courierimapkeywords/`), and moves them to other base names. Pure.

`:list` has the keyword names, one per line, an empty line, then a line `BASE:N N...` for every
message with keywords; the numbers count the names from 0. Later changes are in separate update
files, `BASE` (the newest) or `.N.BASE` with N in units of 300 seconds, whose lines are names. The
newest update file of a message replaces its line in `:list` (maildirkeywords2.c of Courier's
maildir library, 2007; maildirkeywords.C, 2024).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

LIST = b":list"
LARGEST_COURIER_LIST = 32 << 20
"""The largest `:list`, in bytes, that is read. It has a line for every message with keywords."""
MOST_NAMES = 10_000
"""The most keyword names that are read of a `:list`."""

_NOT_EMPTY = re.compile(rb"[^\n]+")


def parse_courier_list(data: bytes) -> tuple[list[bytes], dict[bytes, tuple[int, ...]]]:
    """The keyword names of a `:list`, and by base name the numbers of the message's keywords.

    Numbers without a name and lines without a colon are left out. Of two lines with one base name,
    the last counts.
    """
    head, body = _halves(data)
    names = head.split(b"\n", MOST_NAMES)[: min(head.count(b"\n"), MOST_NAMES)]
    entries: dict[bytes, tuple[int, ...]] = {}
    for line in _NOT_EMPTY.finditer(body):
        base, colon, numbers = line[0].rpartition(b":")
        if colon and base:
            found = (_number(word) for word in numbers.split(b" "))
            entries[base] = tuple(one for one in found if one is not None and one < len(names))
    return names, entries


def _halves(data: bytes) -> tuple[bytes, bytes]:
    """The lines of names, each with its newline, and the lines after the empty one."""
    if data.startswith(b"\n"):
        return b"", data[1:]
    end = data.find(b"\n\n")
    if end < 0:
        return (data if not data or data.endswith(b"\n") else data + b"\n"), b""
    return data[: end + 1], data[end + 2 :]


def _number(word: bytes) -> int | None:
    return int(word) if word.isdigit() and len(word) <= 9 else None


def rename_entries(data: bytes, renames: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A `:list` with entries moved from old to new base names; all else stays byte for byte.

    If a new base name has an entry already, that one is dropped, because no message had the name
    until now.
    """
    wanted = dict(renames)
    taken = set(wanted.values())
    body = _halves(data)[1]
    start = len(data) - len(body)
    return data[:start] + b"".join(_renamed(body.splitlines(keepends=True), wanted, taken))


def _renamed(
    lines: Iterable[bytes], wanted: Mapping[bytes, bytes], taken: set[bytes]
) -> Iterator[bytes]:
    for line in lines:
        base, colon, numbers = line.rpartition(b":")
        if colon and base in wanted:
            yield wanted[base] + colon + numbers
        elif not (colon and base in taken):
            yield line


def update_base(filename: bytes) -> bytes | None:
    """The base name to which an update file applies; None for other files of the directory."""
    return _update(filename)[0]


def update_age(filename: bytes) -> float:
    """A number for comparing update files of one base name; the file with the highest counts."""
    return _update(filename)[1]


def _update(filename: bytes) -> tuple[bytes | None, float]:
    if filename.startswith(b":"):
        return None, 0
    if not filename.startswith(b"."):
        return filename, float("inf")
    digits, _, base = filename[1:].partition(b".")
    number = _number(digits)
    return (base, number) if base and number else (None, 0)


def effective(data: bytes, updates: Mapping[bytes, bytes], base: bytes) -> tuple[bytes, ...]:
    """The names of the keywords of the message `base`.

    `data` is the content of `:list` (empty without one); `updates` has the contents of update files
    by their names, and may include those of other messages.
    """
    mine = [name for name in updates if update_base(name) == base]
    if mine:
        return update_names(updates[max(mine, key=update_age)])
    numbers = _entry(data, base)
    names = parse_courier_list(data[: data.find(b"\n\n") + 2])[0] if numbers else []
    return _once(names[number] for number in numbers if number < len(names))


def _entry(data: bytes, base: bytes) -> tuple[int, ...]:
    """The numbers in the last line of `base`, found without parsing the whole list."""
    body = b"\n" + _halves(data)[1]
    start = body.rfind(b"\n" + base + b":")
    if start < 0:
        return ()
    line = body[start + 1 :].partition(b"\n")[0]
    found = (_number(word) for word in line[len(base) + 1 :].split(b" "))
    return tuple(one for one in found if one is not None)


def update_names(content: bytes) -> tuple[bytes, ...]:
    """The names in an update file: its lines up to the first empty one."""
    names: list[bytes] = []
    for line in content.split(b"\n"):
        if not line:
            break
        names.append(line)
    return _once(names)


def update_content(names: Iterable[bytes]) -> bytes:
    """The content of an update file that gives a message these keywords."""
    return b"".join(name + b"\n" for name in names)


def _once(names: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(names))
