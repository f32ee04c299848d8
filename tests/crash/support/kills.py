"""Operations that are killed, and what is done to the spool before and after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.surgeon import Surgeon
from tests.crash.support import kills_checks as checks
from tests.crash.support.kills_plan import Patient, copied
from tests.crash.support.strace import Call, NotInjected, changing_calls, killed_at
from tests.surgery.apply.test_kill import undo_all
from tests.surgery.conftest import Picture, Ward

FEWEST = 10
TRIES = 8
INTERPRETER = os.path.realpath(sys.executable)


@dataclass(frozen=True)
class Case:
    """A spool made ready for one operation, and that operation."""

    ward: Ward
    first: Picture  # the spool before anything was ever done
    plan: Plan
    operate: Callable[[Surgeon], object]

    def run(self) -> None:
        with self.ward.surgeon() as surgeon:
            self.operate(surgeon)

    def recover(self) -> None:
        with self.ward.surgeon() as surgeon:
            surgeon.recover()


Prepare = Callable[[Ward, Plan], tuple[Plan, Callable[[Surgeon], object]]]


def fix(_ward: Ward, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    return plan, lambda surgeon: surgeon.apply(plan)


def fix_by_link(_ward: Ward, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    """As on a file system that cannot refuse to replace: link, then unlink; files only."""

    def operate(surgeon: Surgeon) -> object:
        at._renameat2 = None  # in the process that will be killed
        return surgeon.apply(files)

    acts = (act for act in plan.acts if not any(map(checks.moves_directory, act.steps)))
    files = replace(plan, acts=tuple(acts))
    return files, operate


def applied(ward: Ward, plan: Plan) -> None:
    with ward.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert (report.state, report.refused) == ("applied", ()), report


def undo(ward: Ward, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    applied(ward, plan)
    with ward.surgeon() as surgeon:
        back = surgeon.plan_undo(1)
    return back, lambda surgeon: surgeon.apply(back)


def redo(ward: Ward, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    back, _ = undo(ward, plan)
    applied(ward, back)
    with ward.surgeon() as surgeon:
        again = surgeon.plan_redo(1)
    return again, lambda surgeon: surgeon.apply(again)


def restore(ward: Ward, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    applied(ward, plan)
    with ward.surgeon() as surgeon:
        back = surgeon.plan_restore(1)
    return back, lambda surgeon: surgeon.apply(back)


def purge(ward: Ward, plan: Plan) -> tuple[Plan, Callable[[Surgeon], object]]:
    applied(ward, plan)
    return plan, lambda surgeon: surgeon.purge(0)


KINDS: dict[str, Prepare] = {
    "fix": fix,
    "fix by link": fix_by_link,
    "undo": undo,
    "redo": redo,
    "restore": restore,
}


def ward_in(home: Path) -> Ward:
    """An empty spool in a directory that is made for it."""
    root = home / "mail" / "Maildir"
    for part in ("cur", "new", "tmp"):
        (root / part).mkdir(parents=True)
    home.chmod(0o700)
    status = root.stat()
    spool = Spool(os.fsencode(root), status.st_dev, status.st_ino, "maildir++")
    return Ward(home, root, spool)


class Theatre:
    """Where the copies of one patient are made, operated on, killed and thrown away."""

    def __init__(self, patient: Patient, home: Path) -> None:
        self.patient = patient
        self.home = home
        self.number = 0

    def case(self, prepare: Prepare) -> Case:
        self.number += 1
        ward, plan = copied(self.patient, self.home / f"{self.number}")
        first = ward.picture()
        return Case(ward, first, *prepare(ward, plan))

    def calls(self, prepare: Prepare) -> list[Call]:
        case = self.case(prepare)
        calls = changing_calls(case.run, case.ward.home)
        shutil.rmtree(case.ward.home)
        return calls

    def killed(self, prepare: Prepare, call: Call) -> tuple[Case, checks.Before, Counter[str]]:
        """A case whose operation was killed at a call, and what was before that operation.

        A list gets its time set only when it is rewritten in the second it was written in: what
        is to be killed there is tried again where that second was over.
        """
        for tries in range(TRIES if call.name == "utimensat" else 1, 0, -1):
            case = self.case(prepare)
            before, mails = checks.Before.of(case.ward), checks.hashes(case.ward)
            try:
                killed_at(case.run, call, case.ward.home / "strace")
                break
            except NotInjected:
                if tries == 1:
                    raise
        return case, before, mails

    def done_with(self, case: Case) -> None:
        shutil.rmtree(case.ward.home)


def recover(ward: Ward) -> None:
    """The next start; a second one finds nothing to do."""
    with ward.surgeon() as surgeon:
        report = surgeon.recover()
        assert report is None or (report.state, report.effects) == ("applied", ())
        after = ward.picture()
        assert (surgeon.recover(), surgeon.unfinished()) == (None, None)
    assert ward.picture() == after


def check(case: Case, before: checks.Before, mails: Counter[str]) -> int:
    """All that must hold once the operation was recovered; the number of acts that were done."""
    ward = case.ward
    assert checks.hashes(ward) == mails, "the messages are not those there were"
    done = checks.check_acts(ward, before, case.plan)
    checks.check_uids(ward, before)
    checks.check_no_traces(ward)
    return done


def check_undone(case: Case, mails: Counter[str], *, by_command: bool) -> None:
    """Everything taken back gives the first tree, and only that."""
    if by_command:
        command(case.ward, "undo", "--all", "--yes")
    else:
        undo_all(case.ward)
    now = case.ward.picture()
    assert now == case.first, differences(case.first, now)
    assert checks.hashes(case.ward) == mails
    checks.check_no_traces(case.ward)


def command(ward: Ward, word: str, *options: str) -> None:
    """The real command line, in an interpreter of its own."""
    state = str(ward.home / "state")
    ended = subprocess.run(
        [INTERPRETER, "-m", "mailsurgeon", word, str(ward.root), "--state-dir", state, *options],
        env=environment(ward.home), capture_output=True, text=True, check=False,
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
