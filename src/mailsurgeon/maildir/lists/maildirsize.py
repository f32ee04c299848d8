"""Maildir++ quota (`maildirsize`): what it says, and which messages it counts. Pure.

The first line is the limit (`10000S,50C`; bytes and messages); each further one adds to the sum,
or takes from it: `BYTES COUNT`. Who counts what is read from Courier's maildirquota.c and
maildirparsequota.c (maildir library, 2010) and Dovecot's quota-maildir.c (2.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailsurgeon.maildir.filename import split
from mailsurgeon.maildir.folder_names import MAILDIRPP

OVERFULL = 5120
"""Bytes of a `maildirsize` above which servers count anew instead of reading it."""

_LINE = re.compile(rb"\s*(-?\d{1,18})\s+(-?\d{1,18})\s*\Z")
_FIRST_SIZE = re.compile(rb"(\d*)(?=[:,]|\Z)")
_LAST_SIZE = re.compile(rb"\d*")
_FLAGS = re.compile(rb":2,([A-Z]*)")
_TRASH = b".Trash"


@dataclass(frozen=True, slots=True)
class Sum:
    """What a `maildirsize` says. `limit` is its first line; `bytes` and `messages` the sum of the
    others; `damaged`: a line is none, so a server counts anew."""

    limit: bytes
    bytes: int
    messages: int
    damaged: bool = False


def parse_maildirsize(data: bytes) -> Sum:
    """Reads a `maildirsize`. A line that is not two numbers is left out of the sum."""
    limit, _, rest = data.partition(b"\n")
    size = count = 0
    damaged = False
    for line in rest.removesuffix(b"\n").split(b"\n") if rest else ():
        found = _LINE.match(line)
        if found:
            size, count = size + int(found[1]), count + int(found[2])
        else:
            damaged = True
    return Sum(limit, size, count, damaged or size < 0 or count < 0)


def line(size: int, messages: int) -> bytes:
    """The line that adds so many bytes and messages, as wide as Courier writes it."""
    return b"%12d %12d\n" % (size, messages)


@dataclass(frozen=True, slots=True)
class Rule:
    """How a server counts. `courier`: as Courier does, else Dovecot; `layout`: how folders nest.

    Of Dovecot's settings nothing is known: a folder that a quota rule tells it to ignore is
    counted here.
    """

    courier: bool
    layout: str = MAILDIRPP

    def counts_folder(self, folder: bytes) -> bool:
        """Whether the messages of a folder (its path; b"" is INBOX) count.

        Maildir++ has no folders below folders. Courier leaves out the one called `.Trash`.
        """
        if not folder:
            return True
        if self.layout == MAILDIRPP and (b"/" in folder or not folder.startswith(b".")):
            return False
        return not (self.courier and folder == _TRASH)

    def counted(self, path_in_folder: bytes, size: int) -> tuple[int, int]:
        """The bytes and messages that a file counts for, by its path in a folder that counts.

        `size`: of the file, for a name that tells none.
        """
        part, slash, name = path_in_folder.partition(b"/")
        if not slash or part not in (b"cur", b"new") or b"/" in name or not name:
            return 0, 0
        if self.courier:
            return _as_courier(name, size)
        return _as_dovecot(name, size)


def _as_courier(name: bytes, size: int) -> tuple[int, int]:
    """The last `,S=` of the base name; dot files and deleted messages (`T`) count for nothing."""
    flags = _FLAGS.search(name)
    if name.startswith(b".") or (flags and b"T" in flags[1]):
        return 0, 0
    base = split(name)[0]
    start = base.rfind(b",S=")
    if start < 0:
        return size, 1
    found = _LAST_SIZE.match(base, start + 3)
    return _named(found[0] if found else b""), 1


def _as_dovecot(name: bytes, size: int) -> tuple[int, int]:
    """The first `,S=` of the whole name, if digits follow up to a colon, comma or the end."""
    if name.startswith(b".."):
        return 0, 0
    start = name.find(b",S=")
    found = _FIRST_SIZE.match(name, start + 3) if start >= 0 else None
    return (_named(found[1]) if found else size), 1


def _named(digits: bytes) -> int:
    """A size as a name tells it; no real one has more than 18 digits."""
    return int(digits[:18] or b"0")
