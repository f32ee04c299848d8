"""Killed (kill -9) at every call that changes something: recovered, nothing lost, undone exactly.

The kill comes from strace at the entry of a chosen system call of a real operation in a process of
its own; a run that was not killed there fails the test. MAILSURGEON_CRASH=full tries every call.
"""

from __future__ import annotations

import hashlib
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.conftest import FULL
from tests.crash.support import kills_checks as checks
from tests.crash.support.kills import (
    KINDS,
    Case,
    Theatre,
    check,
    check_undone,
    purge,
    recover,
    report,
    sample,
)
from tests.crash.support.kills_plan import patient_in
from tests.crash.support.strace import Call, NotInjected, changing_calls, killed_at
from tests.surgery.conftest import SERVERS

KILLS = 20  # of each kind, in the reduced form
RECOVERED = ("fix", "fix by link", "undo", "redo")
POINTS = 5 if FULL else 3  # where an operation is cut off whose recovery is then killed
RECOVERIES = 5  # kills of each of these recoveries, in the reduced form
AGAIN = 5  # every so many of them, the recovery after that is killed as well
BY_COMMAND = 20  # every so many runs are recovered and undone by the real command line

pytestmark = [pytest.mark.crash, pytest.mark.usefixtures("needs_strace")]


@pytest.fixture(scope="module")
def theatre(scratch: Path) -> Iterator[Theatre]:
    (scratch / "patient").mkdir()
    with patient_in(scratch / "patient") as patient:
        yield Theatre(patient, scratch)


def chosen(calls: list[Call], many: int) -> list[Call]:
    return list(sample(calls, None if FULL else many))


@pytest.mark.parametrize("kind", KINDS)
def test_an_operation_killed_anywhere_is_recovered_and_taken_back(
    theatre: Theatre, kind: str
) -> None:
    calls = theatre.calls(KINDS[kind])
    kills, seen = 0, set[int]()
    for kills, call in enumerate(chosen(calls, KILLS), start=1):
        case, before, mails = theatre.killed(KINDS[kind], call)
        by_command = kills % BY_COMMAND == BY_COMMAND // 2
        try:
            if not by_command:
                recover(case.ward)
                seen.add(check(case, before, mails))
            check_undone(case, mails, by_command=by_command)
        except Exception as error:
            raise AssertionError(f"{kind}, killed at {call}: {error}") from error
        theatre.done_with(case)
    report(kind, calls, kills)
    assert 0 in seen and len(seen) > 2, f"only {seen} acts were ever done"


@pytest.mark.parametrize("kind", RECOVERED)
def test_a_recovery_killed_anywhere_is_itself_recovered(theatre: Theatre, kind: str) -> None:
    kills, counted = 0, list[Call]()
    for point in sample(theatre.calls(KINDS[kind]), POINTS):
        calls = recovery_calls(theatre, kind, point)
        counted += calls
        for number, call in enumerate(chosen(calls, RECOVERIES) if calls else ()):
            case, before, mails = theatre.killed(KINDS[kind], point)
            try:
                kills += killed_recovering(case, [call] if number % AGAIN else [call, call])
                recover(case.ward)
                check(case, before, mails)
                check_undone(case, mails, by_command=False)
            except Exception as error:
                at = f"{kind} killed at {point}, its recovery at {call}"
                raise AssertionError(f"{at}: {error}") from error
            theatre.done_with(case)
    report(f"recovery of {kind}", counted, kills)


def recovery_calls(theatre: Theatre, kind: str, point: Call) -> list[Call]:
    """What the recovery of an operation killed at a point changes; nothing when it was over."""
    case, _, _ = theatre.killed(KINDS[kind], point)
    calls = changing_calls(case.recover, case.ward.home)
    theatre.done_with(case)
    return calls


def killed_recovering(case: Case, calls: list[Call]) -> int:
    """Kills one recovery after the other; the number of kills.

    The second one may have less to do than the first: its kill may come late or not at all.
    """
    kills = 0
    for call in calls:
        try:
            killed_at(case.recover, call, case.ward.home / "strace")
            kills += 1
        except NotInjected:
            if not kills:
                raise
    return kills


def test_a_purge_killed_anywhere_takes_nothing_else(theatre: Theatre) -> None:
    calls = theatre.calls(purge)
    left = list[int]()
    for call in chosen(calls, KILLS):
        case, _, mails = theatre.killed(purge, call)
        try:
            left.append(check_purged(case, mails))
        except Exception as error:
            raise AssertionError(f"purge, killed at {call}: {error}") from error
        theatre.done_with(case)
    report("purge", calls, len(left))
    assert len(set(left)) > 2, f"only ever {set(left)} items were left"


def check_purged(case: Case, mails: Counter[str]) -> int:
    """What is not deleted is known and comes back; returns how many things that are."""
    ward = case.ward
    recover(ward)
    checks.check_no_traces(ward)
    now = checks.hashes(ward)
    lost = mails - now
    gone = {path for path in case.first if path.startswith(PUT_AWAY)}
    assert now <= mails and lost <= contents(case, gone), lost
    with ward.surgeon() as surgeon:
        items = surgeon.quarantined()
        (purges,) = [one for one in surgeon.operations() if one.kind == "purge"] or [None]
        states = [row.state for row in surgeon.steps(purges.id)] if purges else []
        assert set(states) <= {"done", "refused"} and not (purges and purges.open)
        assert states.count("done") + len(items) == THINGS, "what is there is not known"
        for number in surgeon.undoable():
            assert not surgeon.apply(surgeon.plan_undo(number)).refused
    last = ward.picture()
    assert checks.hashes(ward) == now
    missing = {path for path in case.first if path not in last}
    assert contents(case, missing) == lost, missing
    other = {path for path in last if case.first.get(path) != last[path]}
    # The sum lacks what is deleted, and the twin of a deleted copy has its flags.
    assert all(path.startswith((*SERVERS, *PUT_AWAY)) for path in other), other
    return len(items)


PUT_AWAY = (b"cur/1300000003.", b"cur/1300000005.", b".Old")
THINGS = 3


def contents(case: Case, paths: set[bytes]) -> Counter[str]:
    """The hashes of the messages that were at these paths."""
    messages = (
        case.first[path][3]
        for path in paths
        if stat.S_ISREG(case.first[path][0]) and b"dovecot" not in path
    )
    return Counter(hashlib.sha256(content).hexdigest() for content in messages)
