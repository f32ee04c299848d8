"""Reads the Maildir++ quota (`maildirsize`), and counts messages as the servers do. Pure.

The first line is the limit (`10000S,50C`; bytes and messages). Each further line, `BYTES COUNT`,
adds to the sum or subtracts from it. The rules for counting are those of Courier's maildirquota.c
and maildirparsequota.c (maildir library, 2010) and of Dovecot's quota-maildir.c (2.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailsurgeon.maildir.filename import split
from mailsurgeon.maildir.folder_names import MAILDIRPP

OVERFULL = 5120
"""The size in bytes above which servers count again instead of reading a `maildirsize`."""

_LINE = re.compile(rb"\s*(-?\d{1,18})\s+(-?\d{1,18})\s*\Z")
_FIRST_SIZE = re.compile(rb"(\d*)(?=[:,]|\Z)")
_LAST_SIZE = re.compile(rb"\d*")
_FLAGS = re.compile(rb":2,([A-Z]*)")
_TRASH = b".Trash"


@dataclass(frozen=True, slots=True)
class Sum:
    """The content of a `maildirsize`. `limit` is its first line; `bytes` and `messages` are the sum
    of the others. `damaged`: a line is malformed or the sum negative, so a server counts again."""

    limit: bytes
    bytes: int
    messages: int
    damaged: bool = False


def parse_maildirsize(data: bytes) -> Sum:
    """Reads a `maildirsize`. The sum leaves out lines that are not two numbers."""
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
    """The line that adds this size (bytes) and this number of messages, padded as Courier does."""
    return b"%12d %12d\n" % (size, messages)


@dataclass(frozen=True, slots=True)
class Rule:
    """How a server counts: as Courier does, or else as Dovecot. `layout`: how folders nest.

    Dovecot's quota rules are not read, so folders that it is configured to ignore are counted here.
    """

    courier: bool
    layout: str = MAILDIRPP

    def counts_folder(self, folder: bytes) -> bool:
        """Whether the messages of a folder (its path; b"" is INBOX) count.

        Maildir++ has no folders below folders. Courier does not count the folder `.Trash`.
        """
        if not folder:
            return True
        if self.layout == MAILDIRPP and (b"/" in folder or not folder.startswith(b".")):
            return False
        return not (self.courier and folder == _TRASH)

    def counted(self, path_in_folder: bytes, size: int) -> tuple[int, int]:
        """The bytes and messages that a file adds, by its path in a folder that counts.

        `size`: the file's size in bytes, which counts if the name has no `,S=`.
        """
        part, slash, name = path_in_folder.partition(b"/")
        if not slash or part not in (b"cur", b"new") or b"/" in name or not name:
            return 0, 0
        if self.courier:
            return _as_courier(name, size)
        return _as_dovecot(name, size)


def _as_courier(name: bytes, size: int) -> tuple[int, int]:
    """Courier takes the last `,S=` of the base name, and ignores dot files and deleted messages
    (`T`)."""
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
    """Dovecot takes the first `,S=` of the whole name, if only digits follow up to a colon, a comma
    or the end."""
    if name.startswith(b".."):
        return 0, 0
    start = name.find(b",S=")
    found = _FIRST_SIZE.match(name, start + 3) if start >= 0 else None
    return (_named(found[1]) if found else size), 1


def _named(digits: bytes) -> int:
    """The size in a name, cut to 18 digits; no real size has more."""
    return int(digits[:18] or b"0")
