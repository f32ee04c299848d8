"""Small real spools, plans made by hand, and a picture of a tree to compare with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.model import Act, Plan
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.spool import Entry, Picture, SpoolTree

MAIL = b"From: a@example.org\nTo: b@example.org\nSubject: %d\n\nText %d.\n"
SERVERS = (b"dovecot", b"courierimap", b":list", b"maildirsize")
"""The lists of servers: other files after an edit, of the same bytes once it is taken back."""


@dataclass
class Maildir:
    """A spool in a directory of its own, with helpers that speak of messages."""

    home: Path
    root: Path
    spool: Spool

    @property
    def tree(self) -> SpoolTree:
        return SpoolTree(self.spool.root)

    def path(self, name: bytes) -> Path:
        return self.tree.path(name)

    def folder(self, name: bytes) -> bytes:
        return self.tree.folder(name)

    def mail(self, path: bytes, number: int = 1, *, content: bytes | None = None) -> bytes:
        """A message with an old mtime; returns its path."""
        content = MAIL % (number, number) if content is None else content
        return self.tree.file(path, content, mtime_ns=1_300_000_000_000_000_000 + number)

    def uidlist(self, folder: bytes, *bases: bytes, first: int = 1) -> Path:
        """A Dovecot uidlist that lists these bases, with sizes."""
        return self.tree.uidlist(folder, bases, first, keys=b"W70 ")

    def records(self, folder: bytes) -> list[bytes]:
        place = self.path(os.path.join(folder, b"dovecot-uidlist"))
        return place.read_bytes().splitlines()[1:]

    def courier(self, folder: bytes, *bases: bytes, first: int = 1) -> Path:
        """Courier's list of UIDs."""
        return self.tree.courier_list(folder, bases, first)

    def courier_keywords(self, folder: bytes, listed: bytes, **updates: bytes) -> Path:
        """Courier's keywords: the `:list`, and files of their own by name."""
        return self.tree.courier_keywords(folder, listed, **updates)

    def picture(self) -> Picture:
        """Every name with kind, mode, owner, bytes and (messages only) mtime; of the quota its
        sum."""
        return self.tree.picture(_described)

    def messages(self) -> list[bytes]:
        """The contents of all that lies in the spool and beside it, sorted."""
        ours = (*SERVERS, b"UNFINISHED", b"IDENTITY", b".mailsurgeon")
        entries = SpoolTree(os.fsencode(self.home / "mail")).entries()
        return sorted(
            entry.content()
            for entry in entries
            if not os.path.isdir(entry.full) and not entry.name.startswith(ours)
        )

    def surgeon(self, **options: Any) -> Surgeon:
        options.setdefault("state_dir", self.home / "state")
        return Surgeon(self.spool, **options)

    # Acts

    def rename(self, source: bytes, target: bytes, verdict: str = "file", **more: Any) -> Act:
        return Act(verdict, source, (self.rename_step(source, target, **more),))

    def rename_step(
        self,
        source: bytes,
        target: bytes,
        folder: bytes | None = b"",
        target_folder: bytes | None = None,
        keep_uid: bool = False,
    ) -> Rename:
        expected = at.expectation(os.lstat(self.spool.absolute(source)))
        return Rename(
            source, target, expected, folder, target_folder, keep_uid=keep_uid or None
        )  # fmt: skip

    def away(self, source: bytes, folder: bytes | None = b"") -> Act:
        return self.rename(source, QuarantinePath.of(None, source), "quarantine", folder=folder)


def _described(entry: Entry) -> tuple[object, ...]:
    status = entry.status
    what: tuple[object, ...] = (status.st_mode, status.st_uid, status.st_gid)
    if entry.is_file:
        content = entry.content()
        what += (total(content) if entry.name == b"maildirsize" else content,)
        if not entry.name.startswith(SERVERS):
            what += (status.st_mtime_ns, status.st_ino)
    return what


def total(maildirsize: bytes) -> tuple[int, int]:
    """The bytes and messages a maildirsize tells."""
    lines = [line.split() for line in maildirsize.splitlines()[1:]]
    return sum(int(size) for size, _ in lines), sum(int(count) for _, count in lines)


def maildir_in(home: Path, layout: str = "maildir++") -> Maildir:
    """An empty spool with INBOX in `home`, which is then closed to others."""
    home.chmod(0o700)
    root = home / "mail" / "Maildir"
    tree = SpoolTree(os.fsencode(root))
    tree.folder()
    return Maildir(home, root, tree.spool(layout))


def plan(*acts: Act, kind: str = "fix") -> Plan:
    return Plan(kind, acts)


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    return maildir_in(tmp_path)


@pytest.fixture
def surgeon(maildir: Maildir) -> Iterator[Surgeon]:
    with maildir.surgeon() as one:
        yield one


Make = Callable[[], Surgeon]
