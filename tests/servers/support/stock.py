"""Spools of many messages, made fast: files and lists are written, and Dovecot gives the UIDs."""

from __future__ import annotations

import os
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.servers.support.dovecot import Dovecot, message, moment
from tests.servers.support.owned import OwnedSpool, Owner
from tests.servers.support.served import Reading, Served, What, digest, look

SYSTEM = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
KEYWORDS = {
    "INBOX": ("Work", "$Forwarded"),
    "Sent": ("$Forwarded", "Work", "Later"),
    "Archives": ("Work",),
}
"""The letters a, b, c of each mailbox: other names in each."""
SHARES = {"INBOX": 3, "Sent": 1, "Archives": 1}
_FLAGS = (
    ("S",), (), ("F", "S"), ("S", "Work"), ("R", "S", "$Forwarded"), ("F", "Work", "$Forwarded"),
    ("S", "Later"),
)  # fmt: skip
ADDED = 100_001
"""The first number of messages that damage brings along."""


@dataclass(frozen=True)
class Stock(ABC):
    """`count` messages, numbered from 1 through three mailboxes, one after the other."""

    server: OwnedSpool
    count: int

    keywords_in_names: ClassVar[bool] = True
    dates_unreadable: ClassVar[bool] = True
    list_name: ClassVar[str]
    before_base: ClassVar[str]
    """What stands before the base name in a record of the list."""

    @abstractmethod
    def look(self, reading: Reading, *, old_dates: bool = False) -> Served:
        """What clients see of it all, without any complaint of the server."""

    @abstractmethod
    def moved(self, home: Path, owner: Owner, spool: str = "Maildir") -> Stock:
        """The same messages, copied to a spool in `home`, with a server of its own."""

    def copy_to(self, home: Path, owner: Owner, spool: str = "Maildir") -> Stock:
        subprocess.run(["cp", "-a", str(self.server.spool), str(home / spool)], check=True)
        return self.moved(home, owner, spool)

    def look_aside(self, name: str) -> Served:
        """The same of a copy, where the server's own look would change what is to be compared."""
        server = self.server
        return self.copy_to(server.home, server.owner, name).look("strict")

    def numbers(self, mailbox: str) -> range:
        """The messages of a mailbox; the first of them has UID 1."""
        first = 1
        for name, share in SHARES.items():
            size = share * self.count // sum(SHARES.values())
            if name == mailbox:
                return range(first, first + size)
            first += size
        raise KeyError(mailbox)

    def every(self, stride: int, *mailboxes: str) -> list[tuple[str, int]]:
        """Every n-th message of these mailboxes, or of all: mailbox and number."""
        return [
            (mailbox, number)
            for mailbox in mailboxes or SHARES
            for number in self.numbers(mailbox)[::stride]
        ]

    def folder(self, mailbox: str) -> str:
        """Where a mailbox lies in the spool."""
        return "" if mailbox == "INBOX" else f".{mailbox}"

    def path(self, mailbox: str, number: int) -> str:
        """Where a message lies in the healthy spool."""
        return os.path.join(self.folder(mailbox), "cur", self.filename(mailbox, number))

    def filename(self, mailbox: str, number: int, *, sizes: bool = True) -> str:
        """The name of a message as its server gave it."""
        text = message(number)
        fields = f",S={len(text)},W={len(text) + text.count(10)}" if sizes else ""
        flags = flags_of(mailbox, number)
        if not self.keywords_in_names:
            flags = {one for one in flags if one.startswith("\\")}
        return f"{moment(number)}.M{number}P1.host{fields}:2,{letters(mailbox, flags)}"

    def relist(self, mailbox: str, bases: Mapping[str, str]) -> None:
        """Gives messages other base names in the list of UIDs, as if they had never had others."""
        place = self.list_place(mailbox)
        header, *records = place.read_text("latin-1").splitlines()
        lines = [header]
        for record in records:
            fields, between, base = record.partition(self.before_base)
            lines.append(f"{fields}{between}{bases.get(base, base)}")
        self.server.replace(place, ("\n".join(lines) + "\n").encode("latin-1"))

    def list_place(self, mailbox: str) -> Path:
        return self.server.spool / self.folder(mailbox) / self.list_name

    def rename(self, renames: Iterable[tuple[str, int, str]]) -> list[str]:
        """Gives messages other filenames, under their UIDs; gives their paths."""
        bases: dict[str, dict[str, str]] = {}
        paths: list[str] = []
        for mailbox, number, name in renames:
            old = self.path(mailbox, number)
            paths.append(os.path.join(os.path.dirname(old), name))
            (self.server.spool / old).rename(self.server.spool / paths[-1])
            before, after = base_of(os.path.basename(old)), base_of(name)
            if before != after:
                bases.setdefault(mailbox, {})[before] = after
        for mailbox, changed in bases.items():
            self.relist(mailbox, changed)
        return paths


def base_of(name: str) -> str:
    return name.partition(":")[0]


def flags_of(mailbox: str, number: int) -> frozenset[str]:
    """The flags of a message, keywords by name among them, as its mailbox knows them."""
    known = {*SYSTEM, *KEYWORDS[mailbox]}
    return frozenset(SYSTEM.get(one, one) for one in _FLAGS[number % len(_FLAGS)] if one in known)


def letters(mailbox: str, flags: Iterable[str]) -> str:
    """Flags as a filename bears them."""
    names = KEYWORDS[mailbox]
    system = {name: letter for letter, name in SYSTEM.items()}
    return "".join(
        sorted(system[one] if one in system else chr(97 + names.index(one)) for one in flags)
    )


def what(mailbox: str, number: int) -> What:
    """What a client sees of it."""
    return What(flags_of(mailbox, number), received(moment(number)), digest(message(number)))


def received(seconds: int) -> str:
    """A time as doveadm writes it in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


class DovecotStock(Stock):
    """The same with Dovecot."""

    server: Dovecot
    list_name = "dovecot-uidlist"
    before_base = " :"

    def look(self, reading: Reading, *, old_dates: bool = False) -> Served:
        return look(self.server, reading, old_dates=old_dates)

    def moved(self, home: Path, owner: Owner, spool: str = "Maildir") -> Stock:
        return DovecotStock(Dovecot(home, owner, spool=spool), self.count)


def build(server: Dovecot, count: int) -> DovecotStock:
    """Writes the messages and has the server give each its UID."""
    stock = DovecotStock(server, count)
    server.create("Sent", "Archives")
    server.fetch("flags")
    for mailbox, names in KEYWORDS.items():
        listed = "".join(f"{number} {name}\n" for number, name in enumerate(names))
        server.put(os.path.join(stock.folder(mailbox), "dovecot-keywords"), listed.encode())
        write(stock, mailbox)
        uids = [int(row["uid"]) for row in server.fetch("flags text date.received", mailbox)]
        assert uids == list(range(1, len(stock.numbers(mailbox)) + 1))
    return stock


def write(stock: Stock, mailbox: str) -> None:
    """Puts the messages of a mailbox into its folder."""
    for number in stock.numbers(mailbox):
        stock.server.put(stock.path(mailbox, number), message(number), moment(number))


def tree(server: OwnedSpool) -> dict[str, tuple[object, ...]]:
    """Every file and directory of the spool: which it is, its mode, size and time.

    A file that lies in no cur/ or new/ is told by its contents instead: it may be written anew.
    """
    found: dict[str, tuple[object, ...]] = {}
    for directory, _, names in os.walk(server.spool):
        here = os.path.relpath(directory, server.spool)
        found[here] = (os.stat(directory).st_mode,)
        for name in names:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            facts: tuple[object, ...] = (status.st_ino, status.st_mtime_ns)
            if os.path.basename(directory) not in ("cur", "new") and status.st_size < 1 << 24:
                facts = (digest(Path(path).read_bytes()),)
            found[os.path.join(here, name)] = (status.st_mode, status.st_size, *facts)
    return found
