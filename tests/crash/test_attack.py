"""Root repairs a spool whose owner is an enemy: nothing outside is changed, nothing is lost.

A process of the owner's swaps directories, messages, lists, locks and the quarantine for symlinks,
hard links and pipes in a tight loop, while root repairs and takes back.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.model import Act, Plan
from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeOwner, ChangeTime
from mailsurgeon.surgery.steps.directory import MakeDirectory
from mailsurgeon.surgery.steps.lists.keywords import NameLetters
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.surgery.surgeon import Surgeon
from tests.crash.conftest import FULL
from tests.crash.support.attacker import USER, Weapons, attacking
from tests.crash.support.kills import environment
from tests.support.protects import protects
from tests.surgery.conftest import Maildir

REPAIRS = 1000 if FULL else 200
FEWEST_SWAPS = 500
MOST_ROUNDS = 20 * REPAIRS
LINKS = 40  # hard links to each of root's files
FOLDERS = (b"", b".Sent")
KINDS = ("away", "mode", "date", "owner", "size", "make-subdirs", "keywords")
MESSAGES = 12  # in each folder; the first third is misfiled, the attacker does not touch .Safe

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be attacked so"),
]


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that everybody can reach, on the file system of the quarantine and of root's."""
    home = Path(tempfile.mkdtemp(prefix="mailsurgeon-attack-"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home)


def canaries(home: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Root's files and directories, outside the spool, some open to be read."""
    outside = home / "outside"
    outside.mkdir()
    files: list[Path] = []
    for number, mode in enumerate((0o600, 0o644, 0o4755)):
        file = outside / f"precious{number}"
        file.write_bytes(b"From: root\nMessage-ID: <precious%d@outside>\n\nRoot's.\n" % number)
        file.chmod(mode)
        files.append(file)
    directories: list[Path] = []
    for name, mode in (("closed", 0o700), ("open", 0o755)):
        directory = outside / name
        for part in ("", "cur", "new", "tmp", "Maildir", "Maildir/cur"):
            (directory / part).mkdir(mode=mode)
        (directory / "dovecot-uidlist").write_bytes(b"3 V1 N1\n")
        (directory / "cur" / "1300000001.M1.host:2,S").write_bytes(b"Root's own mail.\n")
        directories.append(directory)
    return tuple(files), tuple(directories)


def picture(*tops: Path) -> dict[str, tuple[Any, ...]]:
    """All that must stay as it is of what is root's: everything but times of reading and links."""
    seen: dict[str, tuple[Any, ...]] = {}
    for top in tops:
        for path in (top, *top.rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            seen[str(path)] = (
                status.st_ino, status.st_mode, status.st_uid, status.st_gid,
                status.st_mtime_ns, content,
            )  # fmt: skip
    return seen


class Victim(Maildir):
    """The spool of the attacker, and what is done to it."""

    @classmethod
    def in_home(cls, home: Path) -> Victim:
        root = home / "user" / "mail" / "Maildir"
        for folder in ("", ".Sent", ".Safe"):
            for part in ("cur", "new", "tmp"):
                (root / folder / part).mkdir(parents=True)
        status = root.stat()
        spool = Spool(os.fsencode(root), status.st_dev, status.st_ino, "maildir++")
        victim = cls(home, root, spool)
        victim.furnish()
        for directory, names, files in os.walk(home / "user"):
            for name in (".", *names, *files):
                os.chown(os.path.join(directory, name), USER, USER)
        return victim

    def furnish(self) -> None:
        for number, folder in enumerate((*FOLDERS, b".Safe"), start=1):
            bases: list[bytes] = []
            for one in range(MESSAGES):
                base = b"13000%d%04d.M1P1.host" % (number, one)
                part = b"" if one < MESSAGES // 3 else b"cur"
                self.mail(os.path.join(folder, part, base + b",S=9:2,S"), 100 * number + one)
                bases.append(base + b",S=9")
            self.uidlist(folder, *bases)
            self.path(os.path.join(folder, b"dovecot-keywords")).write_bytes(b"0 Work\n")
        self.courier(b".Sent", b"x")
        self.courier_keywords(b".Sent", b"Work\n\nx:0\n")
        self.path(b"maildirsize").write_bytes(b"100000S\n3000 36\n")

    def plan(self, turn: int) -> Plan:
        """Something for all that can be found now: another size in each name, and by turns more."""
        acts: list[Act] = []
        for folder in (*FOLDERS, b".Safe"):
            for part in (b"", b"cur"):
                directory = os.path.join(folder, part)
                for name in self._messages(directory):
                    acts += self._repair(folder, os.path.join(directory, name), turn, len(acts))
        made = MakeDirectory(None, b"tmp/made%d" % turn, folder=b"", mode=0o750)
        acts.append(Act("make-subdirs", b"tmp", (made,)))
        names = ((turn % 20 + 1, b"Name%d" % (turn % 20 + 1)),)
        for folder in FOLDERS:
            acts.append(
                Act(
                    "keywords",
                    folder,
                    (NameLetters(None, None, folder=folder, add=names),),
                )
            )
        return Plan("fix", tuple(acts))

    def _messages(self, directory: bytes) -> list[bytes]:
        try:
            names = os.listdir(self.spool.absolute(directory))
        except OSError:
            return []
        return sorted(name for name in names if name[:1].isdigit())

    def _repair(self, folder: bytes, path: bytes, turn: int, number: int) -> Iterator[Act]:
        try:
            status = os.lstat(self.spool.absolute(path))
        except OSError:
            return
        expected = at.expectation(status)
        size = b",S=8" if b",S=9" in path else b",S=9"
        other = path.replace(b",S=9", size).replace(b",S=8", size)
        kind = (turn + number) % 6
        if kind == 0:
            there = QuarantinePath.of(None, path)
            yield Act("away", path, (Rename(path, there, expected, folder),))
        elif kind == 1:
            mode = stat.S_IMODE(status.st_mode)
            chmod = ChangeMode(path, None, expected, folder, before=mode, after=mode ^ 0o040)
            yield Act("mode", path, (chmod,))
        elif kind == 2:
            then = status.st_mtime_ns
            utime = ChangeTime(path, None, expected, folder, before=then, after=then + 10**9)
            yield Act("date", path, (utime,))
        elif kind == 3:
            now, new = (status.st_uid, status.st_gid), (USER, USER)
            chown = ChangeOwner(path, None, expected, folder, before=now, after=new)
            yield Act("owner", path, (chown,))
        else:
            rename = Rename(path, other, expected, folder, keep_uid=True, quota=(1, 0))
            yield Act("size", path, (rename,))

    def contents(self) -> Counter[str]:
        """All messages that the attacker has now, wherever in his home they lie."""
        found: Counter[str] = Counter()
        for directory, _names, files in os.walk(self.home / "user"):
            for name in files:
                path = Path(directory, name)
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_uid == USER:
                    text = path.read_bytes()
                    if text.startswith(b"From: a@example.org"):
                        found[hashlib.sha256(text).hexdigest()] += 1
        return found


def weapons_in(victim: Victim) -> Weapons:
    files, directories = canaries(victim.home)
    links = victim.home / "user" / "links"
    links.mkdir()
    for number, file in enumerate(files):
        for link in range(LINKS):
            os.link(file, links / f"{number}-{link}")
    trap = victim.home / "user" / "mail" / "trap"
    trap.mkdir(mode=0o700)
    (trap / "secret").write_bytes(b"Root's.\n")
    for place in (victim.home / "user", links):
        os.chown(place, USER, USER)
    return Weapons(victim.home / "user", files, directories, links, trap)


def roots_inside(victim: Victim, allowed: set[int]) -> list[bytes]:
    """What belongs to root in the attacker's home, but for what it brought there itself."""
    return [
        os.path.join(directory, name)
        for directory, names, files in os.walk(os.fsencode(victim.home / "user"))
        for name in (b".", *names, *files)
        if (status := os.lstat(os.path.join(directory, name))).st_uid == 0
        and status.st_ino not in allowed
    ]


def operate(surgeon: Surgeon, victim: Victim, turn: int) -> Counter[str]:
    """One operation and its undo, as far as the attacker lets them; what was done, by verdict."""
    done: Counter[str] = Counter()
    try:
        surgeon.recover()
        report = surgeon.apply(victim.plan(turn))
        done.update(report.done)
        surgeon.recover()
        if report.done:
            surgeon.apply(surgeon.plan_undo())
            done["taken back"] += 1
    except MailsurgeonError:
        done["given up, in one line"] += 1
    return done


@protects(
    "root makes and gives away nothing but beside the very spool",
    where="surgery/quarantine/directory.py, surgery/fsops/as_owner.py",
    seen="the owner swaps names, and the directory above, while root repairs",
)
def test_root_is_not_led_outside_by_the_owner_of_a_spool(open_place: Path) -> None:
    victim = Victim.in_home(open_place)
    weapons = weapons_in(victim)
    outside = (open_place / "outside", weapons.trap)
    first, mails = picture(*outside), victim.contents()
    known = {path.lstat().st_ino for top in outside for path in (top, *top.rglob("*"))}
    done: Counter[str] = Counter()
    turn = 0
    with attacking(weapons, seed=20110313) as end, victim.surgeon() as surgeon:
        surgeon.lock_wait = 0.05
        while sum(done[kind] for kind in KINDS) < REPAIRS and turn < MOST_ROUNDS:
            turn += 1
            done += operate(surgeon, victim, turn)
        swaps = end()
        with suppress(MailsurgeonError):  # the attacker has left it a list that is root's
            surgeon.recover()
    repairs = sum(done[kind] for kind in KINDS)
    print(f"{repairs} repairs in {turn} rounds under {swaps} swaps: {dict(done)}")
    assert repairs >= REPAIRS
    assert swaps >= FEWEST_SWAPS
    assert {kind for kind in KINDS if done[kind]} == set(KINDS)
    assert picture(*outside) == first
    assert roots_inside(victim, known) == []
    assert victim.contents() == mails


def test_what_is_no_file_is_neither_read_nor_waited_for(open_place: Path) -> None:
    """The survey and a plain fix, by the real command line, as root."""
    victim = Victim.in_home(open_place)
    files, directories = canaries(open_place)
    first = picture(open_place / "outside")
    for part in ("cur", "new", "tmp", ""):
        place = victim.root / part
        os.mkfifo(place / "1400000001.M1.host:2,S")
        os.mknod(place / "1400000002.M2.host:2,S", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        (place / "1400000003.M3.host:2,S").symlink_to(files[0])
        (place / "1400000004.M4.host:2,S").symlink_to(directories[0])
    for name in ("dovecot-uidlist.lock", "courierimapuiddb", "subscriptions", ".uidvalidity"):
        os.mkfifo(victim.root / name)
    (victim.root / ".Deep").symlink_to(directories[0])
    (victim.root / "dovecot-uidlist").unlink()
    os.mkfifo(victim.root / "dovecot-uidlist")
    told = [
        command(victim, *words)
        for words in (("scan", "--format", "json"), ("fix", "--yes"), ("undo", "--yes"), ("log",))
    ]
    assert not any("precious" in text and "<precious" in text for text in told)
    assert picture(open_place / "outside") == first


def command(victim: Victim, word: str, *options: str) -> str:
    """What a command says. It must end by itself, and not by a traceback."""
    state = str(victim.home / "state")
    ended = subprocess.run(
        [sys.executable, "-m", "mailsurgeon", word, victim.root, "--state-dir", state, *options],
        env=environment(victim.home), capture_output=True, text=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ended.returncode in (0, 1, 2), ended
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.stdout + ended.stderr
