"""Small real spools, plans made by hand, and a picture of a tree to compare with."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.model import Act, Plan
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.surgery.surgeon import Surgeon

MAIL = b"From: a@example.org\nTo: b@example.org\nSubject: %d\n\nText %d.\n"
SERVERS = (b"dovecot", b"courierimap", b":list", b"maildirsize")
"""The lists of servers: other files after an edit, of the same bytes once it is taken back."""
Picture = dict[bytes, tuple[Any, ...]]


@dataclass
class Ward:
    """A spool in a directory of its own, with helpers that speak of messages."""

    home: Path
    root: Path
    spool: Spool

    def path(self, name: bytes) -> Path:
        return Path(os.fsdecode(self.spool.absolute(name)))

    def folder(self, name: bytes) -> bytes:
        for part in (b"cur", b"new", b"tmp"):
            self.path(os.path.join(name, part)).mkdir(parents=True, exist_ok=True)
        return name

    def mail(self, path: bytes, number: int = 1, *, content: bytes | None = None) -> bytes:
        """A message with an old mtime; returns its path."""
        place = self.path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(MAIL % (number, number) if content is None else content)
        os.utime(place, ns=(1_300_000_000_000_000_000 + number, 1_300_000_000_000_000_000 + number))
        return path

    def uidlist(self, folder: bytes, *bases: bytes, first: int = 1) -> Path:
        """A Dovecot uidlist that lists these bases, with sizes."""
        place = self.path(os.path.join(folder, b"dovecot-uidlist"))
        lines = [b"3 V1300000000 N%d G0123456789abcdef0123456789abcdef" % (first + len(bases))]
        lines += [b"%d W70 :%s" % (uid, base) for uid, base in enumerate(bases, start=first)]
        place.write_bytes(b"\n".join(lines) + b"\n")
        place.chmod(0o600)
        return place

    def records(self, folder: bytes) -> list[bytes]:
        place = self.path(os.path.join(folder, b"dovecot-uidlist"))
        return place.read_bytes().splitlines()[1:]

    def courier(self, folder: bytes, *bases: bytes, first: int = 1) -> Path:
        """Courier's list of UIDs."""
        place = self.path(os.path.join(folder, b"courierimapuiddb"))
        lines = [b"1 1400000000 %d" % (first + len(bases))]
        lines += [b"%d %s" % (uid, base) for uid, base in enumerate(bases, start=first)]
        place.write_bytes(b"\n".join(lines) + b"\n")
        place.chmod(0o644)
        return place

    def courier_keywords(self, folder: bytes, listed: bytes, **updates: bytes) -> Path:
        """Courier's keywords: the `:list`, and files of their own by name."""
        place = self.path(os.path.join(folder, b"courierimapkeywords"))
        place.mkdir()
        (place / ":list").write_bytes(listed)
        for name, content in updates.items():
            (place / name).write_bytes(content)
        return place

    def picture(self) -> Picture:
        """Every name with kind, mode, owner, bytes and (messages only) mtime; of the quota its
        sum."""
        seen: Picture = {}
        top = os.fsencode(self.root)
        for directory, names, files in os.walk(top):
            for name in names + files:
                full = os.path.join(directory, name)
                status = os.lstat(full)
                what: tuple[Any, ...] = (status.st_mode, status.st_uid, status.st_gid)
                if stat.S_ISREG(status.st_mode):
                    content = Path(os.fsdecode(full)).read_bytes()
                    what += (total(content) if name == b"maildirsize" else content,)
                    if not name.startswith(SERVERS):
                        what += (status.st_mtime_ns, status.st_ino)
                seen[os.path.relpath(full, top)] = what
        return seen

    def messages(self) -> list[bytes]:
        """The contents of all that lies in the spool and beside it, sorted."""
        found: list[bytes] = []
        for directory, _names, files in os.walk(os.fsencode(self.home / "mail")):
            for name in files:
                if name.startswith((*SERVERS, b"UNFINISHED", b".mailsurgeon")):
                    continue
                found.append(Path(os.fsdecode(os.path.join(directory, name))).read_bytes())
        return sorted(found)

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
        return self.rename(source, b"quarantine:@/" + source, "quarantine", folder=folder)


def total(maildirsize: bytes) -> tuple[int, int]:
    """The bytes and messages a maildirsize tells."""
    lines = [line.split() for line in maildirsize.splitlines()[1:]]
    return sum(int(size) for size, _ in lines), sum(int(count) for _, count in lines)


def plan(*acts: Act, kind: str = "fix") -> Plan:
    return Plan(kind, acts)


@pytest.fixture
def ward(tmp_path: Path) -> Ward:
    home = tmp_path
    home.chmod(0o700)
    root = home / "mail" / "Maildir"
    for part in ("cur", "new", "tmp"):
        (root / part).mkdir(parents=True)
    status = root.stat()
    spool = Spool(os.fsencode(root), status.st_dev, status.st_ino, "maildir++")
    return Ward(home, root, spool)


@pytest.fixture
def surgeon(ward: Ward) -> Iterator[Surgeon]:
    with ward.surgeon() as one:
        yield one


Make = Callable[[], Surgeon]
