"""Small spools with something of everything, other ones by other seeds."""

from __future__ import annotations

import os
import random
from contextlib import suppress
from pathlib import Path

from mailsurgeon.maildir.folder_names import FS, MAILDIRPP
from mailsurgeon.survey.index.index import Index
from tests.crash.support.random_model import courier_base
from tests.support.spool import SpoolTree
from tests.surgery.indexed_maildir import IndexedMaildir, text

FOLDERS = {
    MAILDIRPP: (b"", b".Sent", b".Archive.2012", b".Work"),
    FS: (b"", b"Sent", b"Archive/2012", b"Work"),
}
NESTED = {MAILDIRPP: b".Sent/Old", FS: b"cur/Old"}
BACKUP = {MAILDIRPP: b".Sent.bak", FS: b"Sent.bak"}
DAY = 1_300_000_000
OWNER = 12_345
"""A user nobody is, whose spool it is in one of three where root runs the tests."""


class RandomSpool:
    """Builds one spool; the same seed builds the same one."""

    def __init__(self, home: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.layout = self.dice.choice((MAILDIRPP, MAILDIRPP, FS))
        home.chmod(0o700)
        root = home / "mail" / "Maildir"
        tree = SpoolTree(os.fsencode(root))
        tree.directory(b"")
        self.indexed = IndexedMaildir(home, root, tree.spool(self.layout))
        self.indexed.index = Index.open(home / "cache" / "index")
        self.number = 0
        self.folders = FOLDERS[self.layout]

    def build(self) -> IndexedMaildir:
        """The whole of it."""
        for folder in self.folders:
            self.indexed.folder(folder)
        for _ in range(self.dice.randint(6, 11)):
            self.dice.choice((
                self.plain, self.plain, self.plain, self.sizes, self.flags, self.misfiled,
                self.leftover, self.clash, self.twin, self.empty, self.junk, self.bad_name,
                self.copy, self.second_name, self.synced, self.dated, self.link, self.mode,
                self.two_infos, self.copy_outside,
            ))()  # fmt: skip
        for build in (self.nested, self.backup, self.missing, self.stray):
            if self.dice.random() < 0.5:
                build()
        for folder in self.folders:
            self.lists(folder)
        if self.dice.random() < 0.6:
            self.quota()
        self.settle_owner()
        return self.indexed

    # Messages

    def any_folder(self) -> bytes:
        return self.dice.choice(self.folders)

    def base(self) -> bytes:
        self.number += 1
        return b"%d.M%dP1.host" % (DAY + self.number, self.number)

    def content(self) -> bytes:
        return text(self.number)

    def put(self, part: bytes, name: bytes, content: bytes | None = None) -> bytes:
        path = os.path.join(self.any_folder(), part, name)
        self.indexed.mail(path, self.number, content=self.content() if content is None else content)
        if self.dice.random() < 0.2:
            with suppress(OSError):  # a file system without them
                os.setxattr(self.indexed.path(path), "user.colour", b"%d" % self.number)
        return path

    def info(self) -> bytes:
        return b":2," + self.dice.choice((b"", b"S", b"RS", b"FS", b"Sa", b"Sb", b"ab"))

    def plain(self) -> bytes:
        base = self.base()
        if self.dice.random() < 0.3:
            return self.put(b"new", base)
        size = len(self.content())
        sized = b",S=%d,W=%d" % (size, size + self.content().count(b"\n"))
        return self.put(b"cur", base + self.dice.choice((b"", sized)) + self.info())

    def sizes(self) -> None:
        self.put(b"cur", self.base() + self.dice.choice((b",S=7", b",S=8,W=9")) + self.info())

    def flags(self) -> None:
        wrong = self.dice.choice((b":2,SF", b":2,SS", b";2,S", b":1,"))
        self.put(b"cur", self.base() + wrong)

    def two_infos(self) -> None:
        self.put(b"cur", self.base() + b":2,S:2,FS")

    def misfiled(self) -> None:
        self.put(b"", self.base() + self.info())

    def leftover(self) -> None:
        self.put(b"tmp", self.base())

    def clash(self) -> None:
        path = self.plain()
        name = os.path.basename(path).split(b":")[0] + b":2,T"
        home = os.path.dirname(os.path.dirname(path))
        self.number += 1
        self.indexed.mail(os.path.join(home, b"cur", name), self.number, content=self.content())

    def twin(self) -> None:
        path = self.plain()
        name = os.path.basename(path).split(b":")[0] + b":2,F"
        home = os.path.dirname(os.path.dirname(path))
        if home + b"/cur/" + name != path:
            self.indexed.mail(os.path.join(home, b"cur", name), self.number, content=self.content())

    def empty(self) -> None:
        self.put(b"cur", self.base() + b":2,S", b"")

    def junk(self) -> None:
        self.put(b"cur", self.base() + b":2,", b"\x00\x01 number %d\n" % self.number)

    def bad_name(self) -> None:
        base = self.base()
        name = self.dice.choice((b"plain", b".dot%d" % self.number, base + b"\n:2,S"))
        self.put(b"cur", name)

    def copy(self) -> None:
        self.plain()
        content = self.content()
        self.put(b"cur", self.base() + b":2,S", content)

    def copy_outside(self) -> None:
        """A misfiled copy of a filed message."""
        path = self.plain()
        home = os.path.dirname(os.path.dirname(path))
        name = b"%d.copy.host:2,S" % self.number
        self.indexed.mail(os.path.join(home, name), self.number, content=self.content())

    def second_name(self) -> None:
        """Dovecot copies by hard link."""
        first = self.indexed.path(self.plain())
        second = os.path.join(self.any_folder(), b"cur", self.base() + b":2,S")
        os.link(first, self.indexed.path(second))

    def synced(self) -> None:
        uid = self.dice.choice((1, 1, 2, 3, 900))
        self.put(b"cur", self.base() + b",U=%d" % uid + self.info())

    def dated(self) -> None:
        path = self.plain()
        os.utime(self.indexed.path(path), (1_600_000_000, 1_600_000_000))

    def link(self) -> None:
        name = self.base() + b":2,S"
        os.symlink(b"/nowhere", self.indexed.path(os.path.join(self.any_folder(), b"cur", name)))

    def mode(self) -> None:
        self.indexed.path(self.plain()).chmod(self.dice.choice((0o666, 0o000, 0o444)))

    # Folders

    def nested(self) -> None:
        folder = self.indexed.folder(NESTED[self.layout])
        self.indexed.mail(os.path.join(folder, b"cur", self.base() + b":2,S"), self.number,
                         content=self.content())  # fmt: skip
        self.indexed.mail(os.path.join(folder, b"new", self.base()), self.number,
                         content=self.content())  # fmt: skip

    def backup(self) -> None:
        folder = self.indexed.folder(BACKUP[self.layout])
        for _ in range(2):
            path = self.plain()
            content = self.indexed.path(path).read_bytes()
            self.indexed.mail(os.path.join(folder, b"cur", self.base() + b":2,S"), self.number,
                             content=content)  # fmt: skip

    def missing(self) -> None:
        folder = self.dice.choice(self.folders[1:])
        with suppress(OSError):
            self.indexed.path(os.path.join(folder, self.dice.choice((b"tmp", b"new")))).rmdir()

    def stray(self) -> None:
        self.indexed.path(b"stray").mkdir()
        self.number += 1
        (self.indexed.path(b"stray") / "notes.txt").write_bytes(b"note %d\n" % self.number)

    # What servers keep

    def lists(self, folder: bytes) -> None:
        names = sorted(name for name in self.served(folder) if b"\n" not in name)
        bases = sorted({name.split(b":")[0] for name in names})
        self.dice.shuffle(bases)
        known = bases[: self.dice.randint(0, len(bases))] if self.dice.random() < 0.3 else bases
        server = self.dice.choice(("dovecot", "dovecot", "dovecot", "courier", "both", "none"))
        if server in ("dovecot", "both"):
            place = self.indexed.uidlist(folder, *known, first=self.dice.randint(1, 40))
            if self.dice.random() < 0.15:
                place.write_bytes(place.read_bytes() + b"0 :zero\n1 :one\n")
            if self.dice.random() < 0.8:
                letters = self.dice.choice((b"0 Work\n1 Home\n", b"0 Home\n1 Zebra\n2 Work\n"))
                self.indexed.path(os.path.join(folder, b"dovecot-keywords")).write_bytes(letters)
        if server in ("courier", "both"):
            self.indexed.courier(folder, *known, first=self.dice.randint(1, 40))
            worded = [courier_base(one) for one in names if one.split(b":")[0] in known]
            entries = b"".join(b"%s:0\n" % base for base in worded[::2])
            updates = {os.fsdecode(base): b"Later\n" for base in worded[1:2]}
            self.indexed.courier_keywords(folder, b"Work\nHome\n\n" + entries, **updates)

    def served(self, folder: bytes) -> list[bytes]:
        return [
            os.fsencode(one.name)
            for part in (b"cur", b"new")
            if (place := self.indexed.path(os.path.join(folder, part))).is_dir()
            for one in place.iterdir()
            if not one.is_dir()
        ]

    def quota(self) -> None:
        self.indexed.path(b"maildirsize").write_bytes(b"10000000S,1000C\n%12d %12d\n" % (5000, 40))

    def settle_owner(self) -> None:
        """Somebody's whole spool, or, of some, one message of another owner."""
        if os.geteuid() != 0 or self.dice.random() < 0.5:
            return
        top = os.fsencode(self.indexed.root)
        for path in (os.fsencode(self.indexed.home / "mail"), top, *_below(top)):
            os.lchown(path, OWNER, OWNER)
        files = [path for path in _below(top) if os.path.isfile(path) and b"/cur/" in path]
        if files and self.dice.random() < 0.5:
            os.lchown(self.dice.choice(sorted(files)), OWNER + 1, OWNER + 1)


def _below(top: bytes) -> list[bytes]:
    return [
        os.path.join(directory, name)
        for directory, names, files in os.walk(top)
        for name in names + files
    ]
