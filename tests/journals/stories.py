"""The stories that are recorded: the spools to begin with, and what is done to them.

Only `make` reads this; the tests go by what was recorded.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.journals.commands import Command

TIME = 1_300_000_000
OTHERS = (12345, 12346)
"""A user and a group that nobody here is."""


@dataclass(frozen=True)
class Story:
    """What a recording is made of, see `Recording`."""

    name: str
    about: str
    build: Callable[[Path], None]
    script: tuple[Command, ...]
    then: tuple[Command, ...]
    by_root: bool = False
    by_hand: bool = False


class Spool:
    """A spool under construction."""

    def __init__(self, mail: Path) -> None:
        self.root = mail / "Maildir"
        self.folder("")

    def folder(self, name: str | bytes, *parts: str, mode: int = 0o700) -> None:
        """A folder with these of cur, new and tmp, or with all."""
        for part in parts or ("cur", "new", "tmp"):
            place = self.root / os.fsdecode(name) / part
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(mode)

    def put(self, path: str | bytes, text: bytes, mode: int = 0o600) -> Path:
        """A file of another day."""
        place = self.root / os.fsdecode(path).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text)
        place.chmod(mode)
        os.utime(place, (TIME, TIME))
        return place

    def mail(self, path: str | bytes, text: bytes = b"Text.") -> Path:
        """A message whose header is as old as the file."""
        number = os.path.basename(os.fsencode(path)).partition(b".")[0]
        header = b"From: a@b.c\nMessage-ID: <%s@b>\nDate: 13 Mar 2011 07:06:40 +0000\n\n"
        return self.put(path, header % number + text + b"\n")

    def dovecot(self, folder: str, *bases: bytes, first: int = 1) -> Path:
        """Dovecot's list of UIDs."""
        lines = [b"3 V1300000000 N%d G0123456789abcdef0123456789abcdef" % (first + len(bases))]
        lines += [b"%d :%s" % (uid, base) for uid, base in enumerate(bases, start=first)]
        return self.put(f"{folder}/dovecot-uidlist", b"\n".join(lines) + b"\n")

    def courier(self, folder: str, *bases: bytes) -> Path:
        """Courier's list of UIDs."""
        lines = [b"1 1400000000 %d" % (1 + len(bases))]
        lines += [b"%d %s" % (uid, base) for uid, base in enumerate(bases, start=1)]
        return self.put(f"{folder}/courierimapuiddb", b"\n".join(lines) + b"\n", 0o644)


def of(line: str, **more: object) -> Command:
    """A command, as it would be typed."""
    return Command(line, **more)  # type: ignore[arg-type]


def _dovecot(mail: Path) -> None:
    """A bit of everything that fix knows, with Dovecot's lists."""
    spool = Spool(mail)
    spool.mail("cur/1300000001.M1.host,S=7,W=9:2,S")
    spool.mail("1300000002.M2.host:2,S")
    spool.put("cur/1300000003.M3.host:2,", b"")
    spool.mail("tmp/1300000004.M4.host")
    spool.mail("cur/1300000005.M5.host:2,")
    spool.mail("cur/1300000005.M5.host:2,F")
    spool.mail("cur/1300000006.M6.host:2,")
    spool.mail("cur/1300000006.M6.host:2,S", b"Another.")
    _date(spool.mail("cur/1300000007.M7.host,S=9:2,"))
    bases = b"1300000001.M1.host,S=7,W=9", b"1300000007.M7.host,S=9", b"1300000005.M5.host"
    spool.dovecot("", *bases)
    spool.folder(".Sent", "cur", "new", mode=0o750)
    spool.mail(".Sent/cur/1300000011.M11.host:2,SF")
    spool.mail(b".Sent/cur/1300000012.M12.caf\xe9\x1b:2,SF")
    listed = spool.dovecot(".Sent", b"1300000011.M11.host", first=7)
    spool.put(".Sent/dovecot-uidlist", listed.read_bytes() + b"0 :zero\n")
    for folder, keywords in ((".A", b"0 Work\n1 Home\n"), (".B", b"0 Zebra\n1 Work\n")):
        spool.folder(folder)
        spool.dovecot(folder)
        spool.put(f"{folder}/dovecot-keywords", keywords)
    spool.mail(".A/cur/1300000031.M31.host:2,Sab")
    spool.mail(".A/cur/1300000032.M32.host:2,").chmod(0o602)
    _nested(spool)
    spool.put("maildirsize", b"1000000S\n2000 20\n")


def _nested(spool: Spool) -> None:
    spool.folder(".A/Deep")
    _date(spool.mail(".A/Deep/cur/1300000041.M41.host:2,S"))
    spool.dovecot(".A/Deep", b"1300000041.M41.host")


def _date(place: Path) -> None:
    """Gives a file another time than that of its header."""
    os.utime(place, (TIME + 10**8, TIME + 10**8))


def _courier(mail: Path) -> None:
    """Courier's lists, and what it keeps of keywords."""
    spool = Spool(mail)
    spool.folder(".Court")
    spool.mail(".Court/cur/1300000021.M21.host,S=9:2,S")
    spool.mail(".Court/cur/1300000022.M22.host:2,S")
    spool.mail(".Court/cur/1300000023.M23.host:2,S")
    listed = b"1300000021.M21.host,S=9", b"1300000022.M22.host", b"1300000023.M23.host"
    spool.courier(".Court", *listed)
    keywords = b"Work\nHome\n\n1300000021.M21.host,S=9:0\n1300000022.M22.host:0 1\n"
    spool.put(".Court/courierimapkeywords/:list", keywords + b"1300000023.M23.host:1\n")
    spool.put(".Court/courierimapkeywords/1300000021.M21.host,S=9", b"New\n")
    spool.folder(".Court2")
    spool.courier(".Court2")
    spool.put("maildirsize", b"1000000S\n300 3\n")


def _quarantine(mail: Path) -> None:
    """Messages and folders to be put away."""
    spool = Spool(mail)
    for number in range(1, 6):
        spool.mail(f"cur/130000000{number}.M{number}.host:2,S")
    spool.dovecot("", b"1300000001.M1.host", b"1300000002.M2.host")
    for folder in (".Old", b".Caf\xe9"):
        spool.folder(folder)
        spool.mail(os.path.join(os.fsencode(folder), b"cur/1300000051.M51.host:2,S"))
    spool.dovecot(".Old", b"1300000051.M51.host")
    spool.put("maildirsize", b"1000000S\n800 7\n")


def _lettered(mail: Path) -> None:
    """A list of the names of keyword letters with a line that servers reject."""
    spool = Spool(mail)
    spool.folder(".A")
    spool.mail(".A/cur/1300000031.M31.host:2,Sab")
    spool.dovecot(".A", b"1300000031.M31.host")
    spool.put(".A/dovecot-keywords", b"0 Work\n1 Home\n30 High\n")


def _killed(mail: Path) -> None:
    """Little, and some of everything that may be cut off."""
    spool = Spool(mail)
    _date(spool.mail("cur/1300000001.M1.host,S=7:2,S"))
    spool.mail("1300000002.M2.host:2,S")
    spool.put("cur/1300000003.M3.host:2,", b"")
    spool.dovecot("", b"1300000001.M1.host,S=7")
    spool.folder(".Court", "cur", "new")
    spool.mail(".Court/cur/1300000021.M21.host,S=9:2,S")
    spool.courier(".Court", b"1300000021.M21.host,S=9")
    spool.put(".Court/courierimapkeywords/:list", b"Work\n\n1300000021.M21.host,S=9:0\n")
    spool.put("maildirsize", b"1000000S\n300 3\n")


def _moving(mail: Path) -> None:
    """A message with keywords of either server, to be moved to another folder."""
    spool = Spool(mail)
    for folder, keywords in ((".A", b"0 Work\n1 Home\n"), (".B", b"0 Zebra\n1 Work\n")):
        spool.folder(folder)
        spool.dovecot(folder)
        spool.put(f"{folder}/dovecot-keywords", keywords)
    spool.mail(".A/cur/1300000031.M31.host:2,Sab")
    spool.courier(".A", b"1300000031.M31.host")
    spool.put(".A/courierimapkeywords/:list", b"Work\n\n1300000031.M31.host:0\n")
    spool.courier(".B")


def _owners(mail: Path) -> None:
    """A spool of somebody's, in which root has left something."""
    spool = Spool(mail)
    alien = spool.mail("cur/1300000001.M1.host,S=7:2,S")
    spool.mail("cur/1300000002.M2.host:2,S")
    spool.dovecot("", b"1300000001.M1.host,S=7", b"1300000002.M2.host")
    for place in (spool.root, *spool.root.rglob("*")):
        os.chown(place, *OTHERS)
    os.chown(alien, 0, 0)


def _control(mail: Path) -> None:
    """A spool whose lists are elsewhere."""
    spool = Spool(mail)
    spool.mail("cur/1300000001.M1.host,S=7:2,S")
    spool.dovecot("../control/.INBOX", b"1300000001.M1.host,S=7")


SOME = (
    "fix SPOOL . .Court 1300000002.M2.host:2,S cur/1300000001.M1.host,S=7:2,S"
    " cur/1300000003.M3.host:2, .Court/cur/1300000021.M21.host,S=9:2,S --yes --force"
)


def _killed_at(name: str, about: str, *struck: str, **more: object) -> Story:
    return Story(
        f"killed-{name}", f"A fix is killed {about}.", _killed,
        (of(SOME, struck=(*struck, "SIGKILL"), **more),),
        (NOTHING, of("undo SPOOL --all --yes")),
    )  # fmt: skip


NOTHING = of("fix SPOOL --yes --only linked")
"""A command that may change something and finds nothing to do: it only recovers."""
COURT = ".Court/cur/1300000021.M21.host,S="
FLAGS = "flags SPOOL cur/1300000001.M1.host,S=79,W=84:2,S cur/1300000002.M2.host:2,S --set FS"

STORIES = (
    Story(
        "dovecot",
        "Dovecot's lists; all that fix does; some of it taken back and done again.",
        _dovecot,
        (
            of("fix SPOOL --yes --tmp-age 0"),
            of("fix SPOOL --yes --only bad-date cur/1300000007.M7.host,S=79:2,"),
            of("fix SPOOL --yes --only uidlist-damaged --only empty"),
            of("fix SPOOL --yes --only bad-permissions"),
            of("fix SPOOL --yes .A/Deep/cur/1300000041.M41.host:2,S .A/Deep"),
            of("file SPOOL .A/cur/1300000031.M31.host:2,Sab --to B --yes"),
            of(FLAGS, gone="cur/1300000002.M2.host:2,S"),
            of("flags SPOOL cur/1300000004.M4.host:2, --set R", gone="cur/1300000004.M4.host:2,"),
            of("undo SPOOL 7 --yes"),
            of("redo SPOOL 7 --yes"),
            of("undo SPOOL 6 --yes"),
            of("redo SPOOL --yes"),
            of("undo SPOOL 2 --yes"),
        ),
        (
            of("redo SPOOL --yes"),
            of("undo SPOOL --all --yes"),
            of("redo SPOOL 5 --yes"),
            of("redo SPOOL 6 --yes"),
        ),
    ),
    Story(
        "courier",
        "Courier's lists, and keywords that go with a message.",
        _courier,
        (
            of("fix SPOOL --yes"),
            of("file SPOOL .Court/cur/1300000022.M22.host:2,S --to Court2 --yes"),
            of("quarantine add SPOOL .Court/cur/1300000023.M23.host:2,S --yes"),
            of("undo SPOOL 2 --yes"),
            of("redo SPOOL 2 --yes"),
        ),
        (
            of("quarantine restore SPOOL 3 --yes"),
            of("undo SPOOL --all --yes"),
            of("redo SPOOL 1 --yes"),
        ),
    ),
    Story(
        "quarantine",
        "Messages and folders put away, brought back, deleted for good.",
        _quarantine,
        (
            of("quarantine add SPOOL cur/1300000001.M1.host:2,S --yes"),
            of("quarantine purge SPOOL --older-than 0 --yes"),
            of("quarantine add SPOOL cur/1300000002.M2.host:2,S .Old --yes"),
            of("quarantine restore SPOOL cur/1300000002.M2.host:2,S --yes"),
            of("quarantine add SPOOL cur/1300000003.M3.host:2,S .Caf\udce9 --yes"),
            of("undo SPOOL 4 --yes"),
            of("redo SPOOL 4 --yes"),
            of(
                "quarantine add SPOOL cur/1300000004.M4.host:2,S cur/1300000005.M5.host:2,S",
                gone="cur/1300000005.M5.host:2,S",
            ),
        ),
        (
            of("quarantine restore SPOOL 5 --yes"),
            of("undo SPOOL --all --yes"),
            of("redo SPOOL 3 --yes"),
        ),
    ),
    Story(
        "purged",
        "A purge is killed before it has deleted anything.",
        _quarantine,
        (
            of("quarantine add SPOOL cur/1300000001.M1.host:2,S cur/1300000002.M2.host:2,S --yes"),
            of(
                "quarantine purge SPOOL --older-than 0 --yes",
                struck=("unlink", "1300000002", "SIGKILL"),
            ),
        ),
        (NOTHING, of("undo SPOOL --all --yes")),
    ),
    Story(
        "purged-folder",
        "A purge is killed within a folder, and goes on later.",
        _quarantine,
        (
            of("quarantine add SPOOL .Old cur/1300000002.M2.host:2,S --yes"),
            of(
                "quarantine purge SPOOL --older-than 0 --yes",
                struck=("unlink", "dovecot-uidlist", "SIGKILL"),
            ),
        ),
        (NOTHING, of("quarantine purge SPOOL --older-than 0 --yes")),
    ),
    Story(
        "keyword-list",
        "A damaged list of the names of keyword letters is written anew.",
        _lettered,
        (of("fix SPOOL --yes --only keywords-damaged"),),
        (of("undo SPOOL --all --yes"), of("redo SPOOL --yes")),
    ),
    Story(
        "stopped",
        "The operator stops a fix after its first batch.",
        lambda mail: _nested(Spool(mail)),
        (
            of(
                "fix SPOOL --yes .A/Deep/cur/1300000041.M41.host:2,S .A/Deep",
                struck=("utime", "1300000000000000000", "SIGTERM"),
            ),
        ),
        (of("undo SPOOL --all --yes"), of("redo SPOOL --yes")),
    ),
    Story(
        "remedies",
        "Each remedy as it is picked on the screen.",
        _dovecot,
        tuple(
            of(f"by-hand {words}")
            for words in (
                "fix-size cur/1300000001.M1.host,S=7,W=9:2,S",
                "fix-flags .Sent/cur/1300000011.M11.host:2,SF",
                "file 1300000002.M2.host:2,S",
                "quarantine cur/1300000003.M3.host:2,",
                "rename cur/1300000006.M6.host:2,S",
                "make-subdirs .Sent",
                "fix-date cur/1300000007.M7.host,S=9:2,",
                "fix-uidlist .Sent/dovecot-uidlist",
                "lift-folder .A/Deep",
                "fix-permissions .A/cur/1300000032.M32.host:2,",
            )
        ),
        (of("undo SPOOL --all --yes"), of("redo SPOOL 9 --yes")),
        by_hand=True,
    ),
    Story(
        "owners",
        "Root gives a file back to the spool's owner.",
        _owners,
        (of("fix SPOOL --yes"), of("fix SPOOL --yes --only bad-permissions --only unreadable")),
        (of("undo SPOOL --all --yes"), of("redo SPOOL 1 --yes"), of("redo SPOOL 2 --yes")),
        by_root=True,
    ),
    Story(
        "control",
        "The lists are in a directory of their own (CONTROL=).",
        _control,
        (of("fix SPOOL --yes --control HOME/mail/control"),),
        (of("undo SPOOL --all --yes"), of("redo SPOOL --yes")),
    ),
    _killed_at(
        "in-an-act", "between two steps of a message; another has both its names",
        "utime", "1300000000000000000", linked=(COURT + "9:2,S", COURT + "79:2,S"),
    ),
    _killed_at("before-lists", "before a list is in its place", "rename", "dovecot-uidlist"),
    _killed_at("before-quota", "before maildirsize is told", "write", "221            0"),
    _killed_at("after-lists", "when all but the journal is done", "unlink", "courier.lock'"),
    Story(
        "killed-undo",
        "An undo is killed before a list is in its place.",
        _killed,
        (
            of("fix SPOOL --yes"),
            of("undo SPOOL 1 --yes", struck=("rename", "courierimapuiddb", "SIGKILL")),
        ),
        (NOTHING, of("undo SPOOL --all --yes"), of("redo SPOOL 1 --yes")),
    ),
    Story(
        "recovered",
        "What a killed fix had done was found out, and the rest was done.",
        _killed,
        (
            of(SOME, struck=("utime", "1300000000000000000", "SIGKILL")),
            NOTHING,
            of("fix SPOOL --yes"),
        ),
        (of("undo SPOOL --all --yes"), of("redo SPOOL 1 --yes")),
    ),
    Story(
        "killed-keywords",
        "A move is killed when Dovecot's keywords are in their place and Courier's are not.",
        _moving,
        (
            of(
                "file SPOOL .A/cur/1300000031.M31.host:2,Sab --to B --yes",
                struck=("mkdir", "courierimapkeywords", "SIGKILL"),
            ),
        ),
        (NOTHING, of("undo SPOOL --all --yes"), of("redo SPOOL 1 --yes")),
    ),
)  # fmt: skip
