"""What the tests of sync tools share: a user of their own, and what each side of a sync holds."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.servers.conftest import leave_out
from tests.servers.support.dovecot import Dovecot, message
from tests.servers.support.owned import Owner, plain_user

_LETTERS = {
    "D": "\\Draft", "F": "\\Flagged", "P": "$Forwarded", "R": "\\Answered", "S": "\\Seen",
    "T": "\\Deleted",
}  # fmt: skip
FLAGS = ("\\Seen", "\\Flagged", "\\Answered")
_ADDED = re.compile(rb"(?m)^X-(?:TUID|OfflineIMAP): .*\n")


def own_user() -> Owner:
    """A user whom no other test runs a program as.

    mailsurgeon leaves a spool alone while a sync tool runs as its owner; so those that run for one
    test must not be the owner's of another. A process of pytest runs one test at a time, and its
    number makes the user.
    """
    if os.geteuid() == 0:
        number = 61_000 + os.getpid() % 4_000
        return Owner(number, number)
    if "PYTEST_XDIST_WORKER" in os.environ:
        leave_out("only root can give sync tools a user of their own among tests run side by side")
    return plain_user()


@dataclass(frozen=True, slots=True)
class Held:
    """One message as one side has it. `text` is a digest without what sync tools add."""

    folder: str
    text: str
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a run of a sync tool changed on one side."""

    came: tuple[Held, ...]
    went: tuple[Held, ...]
    flagged: int

    @classmethod
    def between(cls, before: Mapping[Hashable, Held], after: Mapping[Hashable, Held]) -> Self:
        """From what a side held, by an identity that a rename keeps, before and after."""
        both = before.keys() & after.keys()
        return cls(
            tuple(one for key, one in after.items() if key not in both),
            tuple(one for key, one in before.items() if key not in both),
            sum(before[key] != after[key] for key in both),
        )

    def __str__(self) -> str:
        return f"+{len(self.came)} -{len(self.went)} flags {self.flagged}"


NOTHING = Traffic((), (), 0)


def digest(text: bytes) -> str:
    """The same for a message wherever it lies."""
    return hashlib.sha256(_ADDED.sub(b"", text.replace(b"\r\n", b"\n"))).hexdigest()


def on_server(server: Dovecot, *mailboxes: str) -> dict[Hashable, Held]:
    """What a Dovecot has, by folder, UIDVALIDITY and UID."""
    found: dict[Hashable, Held] = {}
    for mailbox in mailboxes:
        validity = server.validity(mailbox)
        for row in server.fetch("flags text", mailbox):
            flags = frozenset(row["flags"].split()) & frozenset(_LETTERS.values())
            text = digest(row["text"].encode("utf-8", "surrogateescape"))
            found[mailbox, validity, int(row["uid"])] = Held(mailbox, text, flags)
    return found


def on_disk(spool: Path, folders: Mapping[str, str]) -> dict[Hashable, Held]:
    """What lies in a Maildir, by inode; `folders` are its folders by mailbox."""
    found: dict[Hashable, Held] = {}
    for mailbox, folder in folders.items():
        for path in messages(spool / folder):
            letters = path.name.partition(":2,")[2]
            flags = frozenset(_LETTERS[letter] for letter in letters if letter in _LETTERS)
            found[path.stat().st_ino] = Held(mailbox, digest(path.read_bytes()), flags)
    return found


def messages(folder: Path) -> list[Path]:
    """The files of a folder that sync tools see; none where there is no such folder."""
    places = [folder / part for part in ("cur", "new")]
    paths = [path for place in places if place.exists() for path in place.iterdir()]
    return sorted(path for path in paths if not path.name.startswith("."))


def deliver(server: Dovecot) -> None:
    """What the far side has before the first sync: 12 messages in INBOX, 8 in Sent."""
    server.append("INBOX", range(1, 13), FLAGS)
    server.append("Sent", range(21, 29), FLAGS)


def of_number(number: int, folder: Path) -> Path:
    """The file of a message in a folder."""
    wanted = digest(message(number))
    found = [path for path in messages(folder) if digest(path.read_bytes()) == wanted]
    assert len(found) == 1, (number, found)
    return found[0]


def rename(path: Path, pattern: str, new: str) -> Path:
    """What an importer, a script or a bad client has made of a name."""
    name, count = re.subn(pattern, new, path.name)
    assert count == 1, (path.name, pattern)
    return path.rename(path.with_name(name))


def told(held: Iterable[Held]) -> set[tuple[str, str]]:
    """Messages by folder and text."""
    return {(one.folder, one.text) for one in held}


def numbered(mailbox: str, *numbers: int) -> set[tuple[str, str]]:
    """The same of messages that are known by their numbers."""
    return {(mailbox, digest(message(number))) for number in numbers}


def alike(one: Mapping[Hashable, Held], other: Mapping[Hashable, Held]) -> bool:
    """Whether two sides hold the same messages with the same flags, each as often."""
    return Counter(one.values()) == Counter(other.values())
