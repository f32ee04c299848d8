"""`mailsurgeon fix` on a disk that fails: the command, what it says, and the state it leaves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import groupby
from pathlib import Path
from unittest import mock

from mailsurgeon.cli import program
from mailsurgeon.surgery.model import Act, Plan
from tests.crash.support import kills_checks as checks
from tests.crash.support.kills import INTERPRETER, differences, environment
from tests.crash.support.kills_plan import age_lists
from tests.crash.support.strace import Call
from tests.surgery.apply.test_kill import undo_all
from tests.surgery.conftest import Maildir, Picture
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "EXDEV", "EACCES", "EMLINK", "ENAMETOOLONG")
DOCUMENTED = (0, 1, 2)
SIZE = len(text(1))


@dataclass(frozen=True)
class Damaged:
    """A spool that a plain `fix` repairs, before it is tried."""

    maildir: Maildir
    first: Picture
    before: checks.Before
    said: Path  # a directory for what the command says, outside of what is watched

    def fix(self) -> int:
        """The whole command, in a process forked for it; its exit code."""
        return self.command("fix", "--yes")

    def command(self, word: str, *options: str) -> int:
        home = self.maildir.home
        os.environ["XDG_CACHE_HOME"] = str(home / "cache")
        os.environ["TMPDIR"] = str(home / "tmp")
        for number, name in ((1, "out"), (2, "err")):
            handle = os.open(self.said / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(handle, number)
        sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
        code = program.run([word, str(self.maildir.root), *options, *self.options])
        sys.stdout.flush()
        sys.stderr.flush()
        return code

    def warm_up(self) -> None:
        """The same in this process, so that all is imported that a forked one will need."""
        assert self.fixed_here() == 0
        assert check(self, 0, not_synced=False) == "done"

    def fixed_here(self) -> int:
        """The command in this process; its exit code."""
        place = {"XDG_CACHE_HOME": str(self.maildir.home / "cache")}
        with mock.patch.dict(os.environ, place), redirect_stdout(StringIO()):
            return program.run(["fix", str(self.maildir.root), "--yes", *self.options])

    @property
    def options(self) -> tuple[str, ...]:
        state = str(self.maildir.home / "state")
        return ("--state-dir", state, "--jobs", "1", "--tmp-age", "0")

    def words(self, word: str, *options: str) -> list[str]:
        """The command as it is typed; without a word, the screen."""
        command = [
            INTERPRETER,
            "-m",
            "mailsurgeon",
            *([word] if word else []),
            str(self.maildir.root),
        ]
        ages = self.options if word in ("fix", "scan") else self.options[:4]
        return [*command, *options, *ages]

    def ran(self, word: str, *options: str) -> subprocess.CompletedProcess[str]:
        """The real command, in an interpreter of its own."""
        return subprocess.run(
            self.words(word, *options), env=environment(self.maildir.home),
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def errors(self) -> list[str]:
        said = self.said / "err"
        return said.read_text().splitlines() if said.exists() else []


@contextmanager
def damaged_in(home: Path, said: Path) -> Iterator[Damaged]:
    """Builds it anew; nothing of it has been surveyed."""
    home.mkdir(mode=0o700)
    (home / "tmp").mkdir()
    with indexed_maildir_in(home) as indexed:
        _fill(indexed)
        yield Damaged(indexed, indexed.picture(), checks.Before.of(indexed), said)


def _fill(indexed: IndexedMaildir) -> None:
    indexed.mail(b"cur/1300000001.M1.host,S=7,W=9:2,S", content=text(1))
    indexed.mail(b"1300000002.M2.host:2,S", content=text(2))
    indexed.mail(b"cur/1300000005.M5.host:2,", content=text(5))
    indexed.mail(b"cur/1300000005.M5.host:2,F", content=text(5))
    indexed.uidlist(b"", b"1300000001.M1.host,S=7,W=9", b"1300000005.M5.host")
    for part in (b"cur", b"new"):
        indexed.path(b".Sent/" + part).mkdir(parents=True)
    indexed.mail(b".Sent/cur/1300000011.M11.host:2,SF", content=text(11))
    indexed.folder(b".Court")
    indexed.mail(b".Court/cur/1300000021.M21.host,S=9:2,S", content=text(21))
    indexed.courier(b".Court", b"1300000021.M21.host,S=9")
    update = {"1300000021.M21.host,S=9": b"New\n"}
    indexed.courier_keywords(b".Court", b"Work\n\n1300000021.M21.host,S=9:0\n", **update)
    indexed.path(b"maildirsize").write_bytes(b"1000000S\n%d 6\n" % (6 * SIZE))
    age_lists(indexed)


def check(damaged: Damaged, code: int, *, not_synced: bool) -> str:
    """All that must hold after one failing call; what has come of it in a word."""
    maildir = damaged.maildir
    said = damaged.errors()
    assert code in DOCUMENTED, (code, said)
    assert not any("Traceback" in line or "a fault of mailsurgeon" in line for line in said), said
    assert all(line.startswith("mailsurgeon: ") for line in said), said
    assert code != 2 or len(said) >= 1, "it ended with 2 and said nothing"
    assert not (not_synced and code == 0), "a failed fsync was reported as done"
    with maildir.surgeon() as surgeon:
        unfinished = surgeon.unfinished()
        assert not (unfinished and code == 0), "unfinished, and reported as done"
        surgeon.recover()
        assert surgeon.unfinished() is None
        plan = told(maildir, damaged)
    done = checks.check_acts(maildir, damaged.before, plan)
    assert not (code == 0 and done < len(plan.acts)), "not all was done, and it was not said"
    checks.check_uids(maildir, damaged.before)
    undo_all(maildir)
    now = maildir.picture()
    assert now == damaged.first, differences(damaged.first, now)
    return "unfinished" if unfinished else "done" if code == 0 else "partly" if done else "nothing"


def told(maildir: Maildir, damaged: Damaged) -> Plan:
    """The plan as the journal has it."""
    with maildir.surgeon() as surgeon:
        new = [one for one in surgeon.operations()[damaged.before.known :] if one.kind == "fix"]
        rows = [row for one in new for row in surgeon.steps(one.id) if row.act]
    acts = (list(act) for _, act in groupby(rows, key=lambda row: row.act))
    return Plan("fix", tuple(Act(a[0].verdict, b"", tuple(row.step for row in a)) for a in acts))


def makes_durable(call: Call, following: Call | None) -> bool:
    """Whether a call makes something of the operation durable.

    Not so when SQLite copies its log into the journal, at the end: where that fails the log stays.
    Nor when it turns to keeping a log, without which it is as durable, or syncs the directory the
    log is in: that is synced once more for the operation.
    """
    if call.name not in ("fsync", "fdatasync") or "/cache/" in call.text:
        return False
    if following is not None and "journal.sqlite>" in following.text and "-wal" in call.text:
        return False
    return not re.search(r"journal\.sqlite(-journal)?>|fdatasync\(.*/state/[^/]*>", call.text)
