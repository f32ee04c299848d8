"""Healthy spools, as several servers and clients leave them, and the hands that plant in them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import md5
from random import Random

from tests.support.spool import NS, SpoolTree

from . import mail

DAY = 86_400
HOST = b"host.example"
_BOTH = b"0 $Junk\n1 work\n"


@dataclass(frozen=True)
class Style:
    """How one program lays out a spool and names its files."""

    name: str
    layout: str
    uidlist: bytes = b""  # the name of the server's list
    sizes: tuple[bool, bool] = (False, False)  # whether names bear ,S= and ,W=
    uids: bool = False  # ,U= as mbsync writes it
    hashes: bool = False  # ,FMD5= beside it, as offlineimap does
    separator: bytes = b":"
    inbox: bool = True  # whether the root is a folder


STYLES = (
    Style("dovecot", "maildir++", b"dovecot-uidlist", (True, True)),
    Style("dovecot-fs", "fs", b"dovecot-uidlist", (True, True)),
    Style("courier", "maildir++", b"courierimapuiddb", (True, False)),
    Style("mbsync", "fs", uids=True, inbox=False),
    Style("offlineimap", "fs", uids=True, hashes=True, inbox=False),
    Style("kmail", "fs", separator=b"!", inbox=False),
    Style("plain", "maildir++"),
)

# Directory names below the root, and the names people know them by.
_MAILDIR_PLUS = {
    b".Sent": "Sent", b".Archives.2012": "Archives.2012", b".Entw&APw-rfe": "Entwürfe",
    b".Lists.a &- b": "Lists.a & b", b".Trash": "Trash", b".Drafts": "Drafts",
}  # fmt: skip
_FS = {
    b"Sent": "Sent", b"Archives/2012": "Archives/2012", b"Entw&APw-rfe": "Entwürfe",
    b"Trash": "Trash", b"Archives/2013/spring": "Archives/2013/spring", b"Lists": "Lists",
}  # fmt: skip


@dataclass
class Folder:
    """One folder. `bases` are the base names its uidlist will hold."""

    path: bytes
    name: str
    style: Style
    private: bool = False  # a plant's own: no other plants in it
    bases: list[bytes] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)  # what was put in cur and new
    records: dict[bytes, int] = field(default_factory=dict)  # base name to UID, when settled
    record_extra: dict[bytes, bytes] = field(default_factory=dict)  # e.g. base name to b"W55"
    highest: int = 0  # the highest ,U= given out

    @property
    def is_inbox(self) -> bool:
        return self.path == b""

    def at(self, *parts: bytes) -> bytes:
        """A path inside the folder, relative to the spool."""
        return os.path.join(self.path, *parts)

    def uid(self, base: bytes) -> float:
        """Its UID in the uidlist; those without come last."""
        return self.records.get(base, float("inf")) if self.style.uidlist else float("inf")

    def own_separator(self) -> bytes | None:
        """The foreign separator that over half of the names with an info use."""
        used = [draft.info for draft in self.drafts if draft.info]
        for separator in (b";", b"!", b"_", b",", b"%3A"):
            count = sum(info.startswith(separator) for info in used)
            if len(used) >= 2 and count * 2 > len(used):
                return separator
        return None


@dataclass
class Draft:
    """A file about to be written. Sizes in the name are right unless `s_off` or `w_off` say so."""

    folder: Folder
    mail: mail.Mail
    content: bytes  # as it lies on the disk
    stem: bytes
    place: bytes
    info: bytes
    mtime: float
    plain: bytes | None = None  # what `content` is when unpacked
    with_s: bool = False
    with_w: bool = False
    s_off: int = 0
    w_off: int = 0
    tail: bytes = b""
    mode: int = 0o600
    listed: bool = True  # the uidlist may have it
    name: bytes = b""  # the whole filename, instead of the parts

    @property
    def size(self) -> int:
        return len(self.content if self.plain is None else self.plain)

    @property
    def trashed(self) -> bool:
        """Whether the letters at the end of its name mark it as deleted."""
        _, separator, letters = self.filename.rpartition(b"2,")
        return bool(separator) and b"T" in letters

    @property
    def virtual(self) -> int:
        """The size with CR before every LF, where it is not there yet."""
        data = self.content if self.plain is None else self.plain
        return len(data) + data.count(b"\n") - data.count(b"\r\n")

    @property
    def base(self) -> bytes:
        sizes = b",S=%d" % (self.size + self.s_off) if self.with_s else b""
        sizes += b",W=%d" % (self.virtual + self.w_off) if self.with_w else b""
        return self.stem + sizes + self.tail

    @property
    def filename(self) -> bytes:
        return self.name or self.base + self.info

    @property
    def path(self) -> bytes:
        return self.folder.at(*([self.place] if self.place else []), self.filename)


class Build:
    """A spool being made: its folders, and what the plants need to make more."""

    def __init__(self, root: bytes, seed: int, style: Style, now: float) -> None:
        self.root, self.style, self.now = root, style, now
        self.random = Random(seed)
        self.serial = 0
        self.seed = seed
        self.folders: list[Folder] = []
        self.unexamined: set[bytes] = set()
        self.owners: dict[bytes, tuple[int, int]] = {}  # of what has another owner than the rest
        self.owner = self.random.choice((None, (1000, 1000))) if os.geteuid() == 0 else None
        self.top_strangers = 0  # Maildirs that are topmost and not `.NAME`
        self.strange_maildirs = False  # servers may count them, and nobody else does
        self.tree = SpoolTree(root)
        self.folder_names = _FS if style.layout == "fs" else _MAILDIR_PLUS
        os.mkdir(root, 0o700)

    # What a plant asks for

    def number(self) -> int:
        """A number nobody has had yet."""
        self.serial += 1
        return self.serial

    def message_id(self) -> bytes:
        """A Message-ID nobody has had yet."""
        return b"<%d.%d@planted.example>" % (self.number(), self.seed)

    def mail(
        self, shape: str = "", *, closed: bool = False, date: float | None = None
    ) -> mail.Mail:
        """Healthy mail of the last ten years."""
        if date is None:
            date = self.now - self.random.uniform(2, 3650) * DAY
        return mail.healthy(self.random, self.message_id(), int(date), shape, closed=closed)

    def letter(self) -> mail.Letter:
        """The parts of a healthy mail."""
        date = int(self.now - self.random.uniform(2, 3650) * DAY)
        return mail.letter(self.random, self.message_id(), date)

    def of(self, letter: mail.Letter, content: bytes) -> mail.Mail:
        """The letter in a shape of the plant's own."""
        return mail.Mail(content, letter.message_id, letter.date)

    def folder(self, *, inbox: bool | None = None, colon: bool = False) -> Folder:
        """Any folder where plants may share: INBOX, not INBOX; one whose infos begin with `:`."""
        fit = [
            one
            for one in self.folders
            if not one.private
            and (inbox is None or one.is_inbox == inbox)
            and not (colon and one.style.separator != b":")
        ]
        return self.random.choice(fit) if fit else self.new_folder(colon=colon)

    def new_folder(
        self, label: str = "", *, mails: int = 3, colon: bool = True, private: bool = False
    ) -> Folder:
        """A healthy folder nobody else has, with a few messages."""
        label = label or f"Planted{self.number()}"
        path = label.encode() if self.style.layout == "fs" else b"." + label.encode()
        style = Style("planted", self.style.layout) if colon or private else self.style
        return self.add_folder(path, label, style, mails=mails, private=private)

    def add_folder(
        self, path: bytes, name: str, style: Style, *, mails: int, private: bool = False
    ) -> Folder:
        """A folder at `path` with healthy messages in it."""
        folder = Folder(path, name, style, private)
        for part in (b"cur", b"new", b"tmp"):
            self.directory(folder.at(part))
        if path and style.layout == "maildir++":
            self.write(folder.at(b"maildirfolder"), b"")
        self.folders.append(folder)
        for _ in range(mails):
            self.put(self.draft(folder, place=self.random.choice((b"cur", b"cur", b"new"))))
        return folder

    def draft(
        self, folder: Folder, message: mail.Mail | None = None, *, place: bytes = b"cur"
    ) -> Draft:
        """A healthy file for `message`, named as the folder's program names files."""
        message = message or self.mail()
        with_s, with_w = folder.style.sizes
        mtime = message.date + self.random.uniform(0, 300) * DAY * self.random.choice((0, 0, 1))
        mtime = min(mtime, self.now - 60)
        draft = Draft(
            folder, message, message.content, self._stem(folder, mtime), place,
            self._info(folder) if place == b"cur" else b"", mtime, with_s=with_s, with_w=with_w,
        )  # fmt: skip
        if folder.style.uids:
            folder.highest += self.random.randint(1, 3)
            draft.tail = b",U=%d" % folder.highest
        if folder.style.hashes:
            draft.tail += b",FMD5=" + md5(folder.path).hexdigest().encode()
        return draft

    def put(self, draft: Draft) -> bytes:
        """Writes the file, and gives its path back."""
        folder, path = draft.folder, draft.path
        self.write(path, draft.content, draft.mtime, draft.mode)
        if draft.place in (b"cur", b"new"):
            if draft.listed and not draft.name and self.random.random() < 0.9:
                folder.bases.append(draft.base)
            folder.drafts.append(draft)
        return path

    # What is written

    def full(self, path: bytes) -> bytes:
        """The absolute path."""
        return self.tree.at(path)

    def directory(self, path: bytes, mode: int = 0o700) -> None:
        """Makes a directory, and those above it."""
        self.tree.directory(path, 0o700)
        os.chmod(self.full(path), mode)

    def write(
        self, path: bytes, content: bytes, mtime: float | None = None, mode: int = 0o600
    ) -> bytes:
        """Writes a file that is not there yet."""
        when = self.now - 100 * DAY if mtime is None else mtime
        return self.tree.file(
            path, content, mtime_ns=int(when * NS), mode=mode, above=0o700, new=True
        )

    def age(self, paths: Iterable[bytes]) -> list[tuple[int, bytes]]:
        """The (ctime_ns, filename) of each path; later is greater."""
        return [(os.lstat(self.full(path)).st_ctime_ns, os.path.basename(path)) for path in paths]

    def _stem(self, folder: Folder, mtime: float) -> bytes:
        seconds, number = int(mtime), self.number()
        micro = self.random.randrange(1_000_000)
        return {
            "courier": b"%d.M%dP%d_courier.%s" % (seconds, micro, number, HOST),
            "mbsync": b"%d.%d_%d.%s" % (seconds, micro, number, HOST),
            "offlineimap": b"%d_%d.%d.%s" % (seconds, number, micro, HOST),
            "kmail": b"%d.R%d.%s" % (seconds, number, HOST),
        }.get(folder.style.name, b"%d.M%dP%d.%s" % (seconds, micro, number, HOST))

    def _info(self, folder: Folder) -> bytes:
        flags = "".join(sorted(flag for flag in "DFPRST" if self.random.random() < 0.25))
        if folder.style.name in ("dovecot", "dovecot-fs"):
            flags += self.random.choice(("", "", "a", "ab"))
        return folder.style.separator + b"2," + flags.encode()

    def settle(self) -> None:
        """Writes what depends on all the messages: the lists of servers and clients."""
        for folder in self.folders:
            bases = list(dict.fromkeys(folder.bases))
            self.random.shuffle(bases)
            uid = 0
            for base in bases:
                uid += self.random.choice((1, 1, 1, 7, 1000))
                folder.records[base] = uid
            self._uidlist(folder, uid)
            self._keywords(folder)
            if folder.style.uids and not os.path.exists(self.full(folder.at(b".uidvalidity"))):
                self.write(folder.at(b".uidvalidity"), b"1300000001\n%d\n" % folder.highest)
        if os.geteuid() == 0:
            self._own()

    def _own(self) -> None:
        if self.owner is not None:
            for directory, names, files in os.walk(self.root):
                for path in [directory, *(os.path.join(directory, name) for name in names + files)]:
                    os.lchown(path, *self.owner)
        for path, owner in self.owners.items():
            os.lchown(self.full(path), *owner)

    def _keywords(self, folder: Folder) -> None:
        """Most of Dovecot's folders name the letters `a` and `b`."""
        path = folder.at(b"dovecot-keywords")
        if folder.style.uidlist == b"dovecot-uidlist" and not os.path.exists(self.full(path)):
            names = self.random.choice((_BOTH, _BOTH, b"1 work\n", b"0 unknown-0\n1 work\n", b""))
            if names:
                self.write(path, names)

    def _uidlist(self, folder: Folder, highest: int) -> None:
        name = folder.style.uidlist
        if not name or os.path.exists(self.full(folder.at(name))):
            return
        old = name == b"courierimapuiddb" or (
            not folder.record_extra and self.random.random() < 0.2
        )
        if old:
            lines = [b"1 1300000001 %d\n" % (highest + 1)]
        else:
            next_uid = self.random.choice((highest + 1, highest + 9, 1))  # may lag: append mode
            guid = self.random.getrandbits(128)
            lines = [b"3 V1300000001 N%d G%032x Pmore\n" % (next_uid, guid)]
        for base, uid in folder.records.items():
            keys = folder.record_extra.get(base, b"")
            if not old and not keys and self.random.random() < 0.2:
                keys = b"G%x P%d" % (self.random.getrandbits(40), uid)
            words = [b"%d" % uid, keys, base if old else b":" + base]
            lines.append(b" ".join(word for word in words if word) + b"\n")
        self.write(folder.at(name), b"".join(lines))
