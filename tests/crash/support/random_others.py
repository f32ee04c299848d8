"""Everybody else who works on the spool: deliveries, clients, Dovecot and Courier."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from mailsurgeon.maildir.lists import keywords, uidlist
from mailsurgeon.maildir.lists.uidlist import base_name
from tests.crash.support.random_model import COURIER, DOVECOT, LETTERS, SUM, WORDS, courier_base
from tests.surgery.indexed_maildir import IndexedMaildir, text


@dataclass
class Others:
    """`number` is that of the last delivery."""

    indexed: IndexedMaildir
    number: int = 5000

    @property
    def root(self) -> bytes:
        return os.fsencode(self.indexed.root)

    def full(self, *path: bytes) -> bytes:
        return os.path.join(self.root, *path)

    def folders(self) -> list[bytes]:
        """Those with cur and new, as far as they are there now."""
        found = [
            os.path.relpath(directory, self.root)
            for directory, names, _files in os.walk(self.root)
            if b"cur" in names and b"new" in names
        ]
        return sorted(b"" if one == b"." else one for one in found)

    def mail(self, folder: bytes, part: bytes) -> list[bytes]:
        """The messages of a folder, in an order that does not hang on names."""
        place = self.full(folder, part)
        files = [
            one for one in os.listdir(place)
            if stat.S_ISREG(os.lstat(os.path.join(place, one)).st_mode)
        ]  # fmt: skip
        return sorted(files, key=lambda one: (os.lstat(os.path.join(place, one)).st_mtime_ns, one))

    def _one(self, folder: bytes, part: bytes, which: int) -> bytes | None:
        found = self.mail(folder, part)
        return self.full(folder, part, found[which % len(found)]) if found else None

    # What they do; each says whether there was anything to do

    def deliver(self, folder: bytes, _which: int) -> bool:
        """A new message, with its size in the name, and the quota told."""
        self.number += 1
        content, when = text(self.number), 1_400_000_000 + self.number
        path = self.full(folder, b"new", b"%d.M%dP2.host,S=%d" % (when, when, len(content)))
        with open(path, "xb") as file:
            file.write(content)
        os.utime(path, (when, when))
        self._as_beside(path)
        self._count(len(content), 1)
        return True

    def see(self, folder: bytes, which: int) -> bool:
        """A client opens the folder: what is in new goes to cur."""
        path = self._one(folder, b"new", which)
        if path is None:
            return False
        name = os.path.basename(path)
        target = self.full(folder, b"cur", name if b":" in name else name + b":2,")
        return self._rename(path, target)

    def flag(self, folder: bytes, which: int) -> bool:
        """A client sets or takes away a flag."""
        path = self._one(folder, b"cur", which)
        if path is None:
            return False
        base, _, flags = os.path.basename(path).partition(b":2,")
        if not flags.isalpha() and flags:
            return False
        changed = bytes(sorted(set(flags) ^ {b"RFST"[which % 4]}))
        return self._rename(path, self.full(folder, b"cur", base + b":2," + changed))

    def keyword(self, folder: bytes, which: int) -> bool:
        """A client gives a message a keyword that the folder did not know."""
        place, path = self.full(folder, LETTERS), self._one(folder, b"cur", which)
        if path is None or not os.path.exists(self.full(folder, DOVECOT)):
            return False
        base, colon, flags = os.path.basename(path).partition(b":2,")
        if not colon or (flags and not flags.isalpha()):
            return False
        data = _read(place) if os.path.exists(place) else b""
        number = keywords.parse_keywords(data).free_number()
        if number is None:
            return False
        self._replace(place, data + b"%d New%d\n" % (number, which))
        letters = bytes(sorted({*flags, keywords.FIRST_LETTER + number}))
        return self._rename(path, self.full(folder, b"cur", base + b":2," + letters))

    def delete(self, folder: bytes, which: int) -> bool:
        """A client expunges a message."""
        path = self._one(folder, b"cur", which)
        if path is None:
            return False
        os.unlink(path)
        return True

    def move(self, folder: bytes, which: int) -> bool:
        """A client moves a message: it gets a new name elsewhere."""
        path = self._one(folder, b"cur", which)
        others = [one for one in self.folders() if one != folder]
        if path is None or not others:
            return False
        self.number += 1
        name = b"%d.M%dP3.host:2,S" % (1_400_000_000 + self.number, self.number)
        return self._rename(path, self.full(others[which % len(others)], b"cur", name))

    def dovecot_appends(self, folder: bytes, _which: int) -> bool:
        """Dovecot gives UIDs to what it had not seen yet, at the end of its list."""
        return self._give_uids(folder, DOVECOT, rewrite=False)

    def dovecot_rewrites(self, folder: bytes, _which: int) -> bool:
        """Dovecot writes its list anew, without what is gone."""
        return self._give_uids(folder, DOVECOT, rewrite=True)

    def courier_rewrites(self, folder: bytes, _which: int) -> bool:
        """Courier always writes its list anew."""
        return self._give_uids(folder, COURIER, rewrite=True)

    def courier_keyword(self, folder: bytes, which: int) -> bool:
        """A client gives a message another keyword through Courier."""
        path = self._one(folder, b"cur", which)
        if path is None or not os.path.isdir(self.full(folder, WORDS)):
            return False
        base = courier_base(os.path.basename(path))
        self._replace(self.full(folder, WORDS, base), b"Elsewhere\n")
        return True

    def recount(self, _folder: bytes, which: int) -> bool:
        """A server doubts the sum of the quota and counts anew."""
        place = self.full(SUM)
        if not os.path.exists(place):
            return False
        self._replace(place, b"10000000S,1000C\n%12d %12d\n" % (7000 + which, 30))
        return True

    # Their means

    def _rename(self, source: bytes, target: bytes) -> bool:
        if os.path.lexists(target):
            return False
        os.rename(source, target)
        return True

    def _as_beside(self, path: bytes) -> None:
        home = os.stat(self.root)
        os.chmod(path, 0o600)
        if os.geteuid() == 0:
            os.chown(path, home.st_uid, home.st_gid)

    def _replace(self, place: bytes, data: bytes) -> None:
        draft = place + b".draft"
        with open(draft, "xb") as file:
            file.write(data)
        if os.path.exists(place):
            status = os.stat(place)
            os.chmod(draft, stat.S_IMODE(status.st_mode))
            if os.geteuid() == 0:
                os.chown(draft, status.st_uid, status.st_gid)
        else:
            self._as_beside(draft)
        os.rename(draft, place)

    def _count(self, size: int, messages: int) -> None:
        place = self.full(SUM)
        if os.path.exists(place):
            with open(place, "ab") as file:
                file.write(b"%12d %12d\n" % (size, messages))

    def _give_uids(self, folder: bytes, name: bytes, *, rewrite: bool) -> bool:
        place = self.full(folder, name)
        if not os.path.exists(place):
            return False
        listed = uidlist.parse_uidlist(_read(place))
        if listed.bad:
            return False
        names = [one for part in (b"cur", b"new") for one in self.mail(folder, part)]
        here = sorted({base_name(one) for one in names})
        known = {record.base for record in listed.records}
        following = max([listed.next_uid, *(record.uid + 1 for record in listed.records)])
        new = [base for base in here if base not in known and b"\n" not in base]
        dovecot = name == DOVECOT
        lines = [
            b"%d %s%s" % (uid, b":" if dovecot else b"", base)
            for uid, base in enumerate(new, start=following)
        ]
        if not rewrite:
            with open(place, "ab") as file:
                file.write(b"".join(line + b"\n" for line in lines))
            return True
        kept = [record.line for record in listed.records if record.base in here]
        header = listed.header.rstrip(b"\n").split(b" ")
        header[2] = (b"N%d" if dovecot else b"%d") % (following + len(new))
        self._replace(place, b"\n".join([b" ".join(header), *kept, *lines]) + b"\n")
        return True


def _read(place: bytes) -> bytes:
    with open(place, "rb") as file:
        return file.read()


DEEDS: tuple[str, ...] = (
    "deliver", "see", "see", "flag", "flag", "keyword", "delete", "move", "dovecot_appends",
    "dovecot_rewrites", "courier_rewrites", "courier_keyword", "recount",
)  # fmt: skip
