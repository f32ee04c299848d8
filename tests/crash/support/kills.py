"""Operations that are killed, and what is done to the spool before and after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.surgeon import Surgeon
from tests.crash.support import kills_checks as checks
from tests.crash.support.kills_plan import PlannedMaildir, copied
from tests.crash.support.strace import Call, NotInjected, changing_calls, killed_at
from tests.surgery.apply.test_kill import undo_all
from tests.surgery.conftest import Maildir, Picture

FEWEST = 10
TRIES = 8
INTERPRETER = os.path.realpath(sys.executable)


@dataclass(frozen=True)
class Prepared:
    """A spool made ready for one operation, and that operation."""

    maildir: Maildir
    first: Picture  # the spool before anything was ever done
    plan: Plan
    operate: Callable[[Surgeon], object]

    def run(self) -> None:
        with self.maildir.surgeon() as surgeon:
            self.operate(surgeon)

    def recover(self) -> None:
        with self.maildir.surgeon() as surgeon:
            surgeon.recover()


Prepare = Callable[[Maildir, Plan], tuple[Plan, Callable[[Surgeon], object]]]


def fix(_ward: Maildir, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    return plan, lambda surgeon: surgeon.apply(plan)


def fix_by_link(_ward: Maildir, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    """As on a file system that cannot refuse to replace: link, then unlink; for a directory, an
    empty one at its new place, then the rename over that."""

    def operate(surgeon: Surgeon) -> object:
        at._renameat2 = None  # in the process that will be killed
        return surgeon.apply(plan)

    return plan, operate


def applied(maildir: Maildir, plan: Plan) -> None:
    with maildir.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert (report.state, report.refused) == ("applied", ()), report


def undo(maildir: Maildir, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    applied(maildir, plan)
    with maildir.surgeon() as surgeon:
        back = surgeon.plan_undo(1)
    return back, lambda surgeon: surgeon.apply(back)


def redo(maildir: Maildir, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    back, _ = undo(maildir, plan)
    applied(maildir, back)
    with maildir.surgeon() as surgeon:
        again = surgeon.plan_redo(1)
    return again, lambda surgeon: surgeon.apply(again)


def restore(maildir: Maildir, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    applied(maildir, plan)
    with maildir.surgeon() as surgeon:
        back = surgeon.plan_restore(1)
    return back, lambda surgeon: surgeon.apply(back)


def purge(maildir: Maildir, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    applied(maildir, plan)
    return plan, lambda surgeon: surgeon.purge(surgeon.plan_purge(surgeon.quarantined_before(0)))


KINDS: dict[str, Prepare] = {
    "fix": fix,
    "fix by link": fix_by_link,
    "undo": undo,
    "redo": redo,
    "restore": restore,
}


def maildir_in(home: Path) -> Maildir:
    """An empty spool in a directory that is made for it."""
    root = home / "mail" / "Maildir"
    for part in ("cur", "new", "tmp"):
        (root / part).mkdir(parents=True)
    home.chmod(0o700)
    status = root.stat()
    spool = Spool(os.fsencode(root), status.st_dev, status.st_ino, "maildir++")
    return Maildir(home, root, spool)


class Copies:
    """Where the copies of one spool are made, operated on, killed and thrown away."""

    def __init__(self, planned: PlannedMaildir, home: Path) -> None:
        self.planned = planned
        self.home = home
        self.number = 0

    def prepared(self, prepare: Prepare) -> Prepared:
        self.number += 1
        maildir, plan = copied(self.planned, self.home / f"{self.number}")
        first = maildir.picture()
        return Prepared(maildir, first, *prepare(maildir, plan))

    def calls(self, prepare: Prepare) -> list[Call]:
        """The calls that change anything. It runs once before they are counted, so that no module
        is loaded among them that is there when the calls are to be killed."""
        before = at._renameat2
        try:
            self.prepared(prepare).run()
        finally:
            at._renameat2 = before
        prepared = self.prepared(prepare)
        calls = changing_calls(prepared.run, prepared.maildir.home)
        shutil.rmtree(prepared.maildir.home)
        return calls

    def killed(self, prepare: Prepare, call: Call) -> tuple[Prepared, checks.Before, Counter[str]]:
        """A spool whose operation was killed at a call, and what was there before that operation.

        A list gets its time set only when it is rewritten in the second it was written in: what
        is to be killed there is tried again where that second was over.
        """
        for tries in range(TRIES if call.name == "utimensat" else 1, 0, -1):
            prepared = self.prepared(prepare)
            before, mails = checks.Before.of(prepared.maildir), checks.hashes(prepared.maildir)
            try:
                killed_at(prepared.run, call, prepared.maildir.home / "strace")
                break
            except NotInjected:
                if tries == 1:
                    raise
        return prepared, before, mails

    def done_with(self, prepared: Prepared) -> None:
        shutil.rmtree(prepared.maildir.home)


def recover(maildir: Maildir) -> None:
    """The next start; a second one finds nothing to do."""
    with maildir.surgeon() as surgeon:
        report = surgeon.recover()
        assert report is None or (report.state, report.effects) == ("applied", ())
        after = maildir.picture()
        assert (surgeon.recover(), surgeon.unfinished()) == (None, None)
    assert maildir.picture() == after


def check(prepared: Prepared, before: checks.Before, mails: Counter[str]) -> int:
    """All that must hold once the operation was recovered; the number of acts that were done."""
    maildir = prepared.maildir
    assert checks.hashes(maildir) == mails, "the messages are not those there were"
    done = checks.check_acts(maildir, before, prepared.plan)
    checks.check_uids(maildir, before)
    checks.check_no_traces(maildir)
    return done


def check_undone(prepared: Prepared, mails: Counter[str], *, by_command: bool) -> None:
    """Everything taken back gives the first tree, and only that."""
    if by_command:
        command(prepared.maildir, "undo", "--all", "--yes")
    else:
        undo_all(prepared.maildir)
    now = prepared.maildir.picture()
    assert now == prepared.first, differences(prepared.first, now)
    assert checks.hashes(prepared.maildir) == mails
    checks.check_no_traces(prepared.maildir)


def command(maildir: Maildir, word: str, *options: str) -> None:
    """The real command line, in an interpreter of its own."""
    state = str(maildir.home / "state")
    ended = subprocess.run(
        [INTERPRETER, "-m", "mailsurgeon", word, str(maildir.root), "--state-dir", state, *options],
        env=environment(maildir.home), capture_output=True, text=True, check=False,
    )  # fmt: skip
    nothing = ended.returncode == 2 and "nothing to undo" in ended.stderr
    assert ended.returncode == 0 or nothing or "nothing to undo" in ended.stderr, ended.stderr


def environment(home: Path) -> dict[str, str]:
    """Our modules, and a cache of its own."""
    path = os.pathsep.join(part for part in sys.path if part)
    return {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(home / "cache")}


def differences(first: Picture, now: Picture) -> str:
    names = {name for name in {*first, *now} if first.get(name) != now.get(name)}
    return "; ".join(f"{name!r}: {first.get(name)} -> {now.get(name)}" for name in sorted(names))


def sample(calls: Sequence[Call], many: int | None) -> Iterator[Call]:
    """All of the calls, or so many at even distances, the first and the last among them."""
    if many is None or many >= len(calls):
        yield from calls
        return
    for number in range(many):
        yield calls[round(number * (len(calls) - 1) / (many - 1))]


def report(kind: str, calls: Sequence[Call], kills: int) -> None:
    """The figure of one kind of operation."""
    named = Counter(call.name for call in calls)
    print(f"{kind}: killed {kills} of {kills} times, at {len(calls)} calls, 0 lost ({dict(named)})")
    if kills < FEWEST:
        pytest.fail(f"{kind}: only {kills} kills")
