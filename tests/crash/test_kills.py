"""Killed (kill -9) at every call that changes something: recovered, nothing lost, undone exactly.

The kill comes from strace at the entry of a chosen system call of a real operation in a process of
its own; a run that was not killed there fails the test. MAILSURGEON_CRASH=full tries every call.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.surgeon import Surgeon
from tests.crash.conftest import FULL
from tests.crash.support import kills_checks as checks
from tests.crash.support.kills import (
    KINDS,
    Copies,
    Prepared,
    check,
    check_undone,
    purge,
    recover,
    report,
    sample,
)
from tests.crash.support.kills_plan import planned_in
from tests.crash.support.strace import Call, NotInjected, changing_calls, killed_at
from tests.surgery.conftest import SERVERS, Maildir

KILLS = 20  # of each kind, in the reduced form
RECOVERED = ("fix", "fix by link", "undo", "redo")
POINTS = 5 if FULL else 3  # where an operation is cut off whose recovery is then killed
RECOVERIES = 5  # kills of each of these recoveries, in the reduced form
AGAIN = 5  # every so many of them, the recovery after that is killed as well
BY_COMMAND = 20  # every so many runs are recovered and undone by the real command line

pytestmark = [pytest.mark.crash, pytest.mark.usefixtures("needs_strace")]


@pytest.fixture(scope="module")
def copies(scratch: Path) -> Iterator[Copies]:
    (scratch / "planned").mkdir()
    with planned_in(scratch / "planned") as planned:
        yield Copies(planned, scratch)


def chosen(calls: list[Call], many: int) -> list[Call]:
    return list(sample(calls, None if FULL else many))


@pytest.mark.parametrize("kind", KINDS)
def test_an_operation_killed_anywhere_is_recovered_and_taken_back(
    copies: Copies, kind: str
) -> None:
    calls = copies.calls(KINDS[kind])
    kills, seen = 0, set[int]()
    for kills, call in enumerate(chosen(calls, KILLS), start=1):
        prepared, before, mails = copies.killed(KINDS[kind], call)
        by_command = kills % BY_COMMAND == BY_COMMAND // 2
        try:
            if not by_command:
                recover(prepared.maildir)
                seen.add(check(prepared, before, mails))
            check_undone(prepared, mails, by_command=by_command)
        except Exception as error:
            raise AssertionError(f"{kind}, killed at {call}: {error}") from error
        copies.done_with(prepared)
    report(kind, calls, kills)
    assert 0 in seen and len(seen) > 2, f"only {seen} acts were ever done"


@pytest.mark.parametrize("kind", RECOVERED)
def test_a_recovery_killed_anywhere_is_itself_recovered(copies: Copies, kind: str) -> None:
    kills, counted = 0, list[Call]()
    for point in sample(copies.calls(KINDS[kind]), POINTS):
        calls = recovery_calls(copies, kind, point)
        counted += calls
        for number, call in enumerate(chosen(calls, RECOVERIES) if calls else ()):
            prepared, before, mails = copies.killed(KINDS[kind], point)
            try:
                kills += killed_recovering(prepared, [call] if number % AGAIN else [call, call])
                recover(prepared.maildir)
                check(prepared, before, mails)
                check_undone(prepared, mails, by_command=False)
            except Exception as error:
                at = f"{kind} killed at {point}, its recovery at {call}"
                raise AssertionError(f"{at}: {error}") from error
            copies.done_with(prepared)
    report(f"recovery of {kind}", counted, kills)


def recovery_calls(copies: Copies, kind: str, point: Call) -> list[Call]:
    """What the recovery of an operation killed at a point changes; nothing when it was over."""
    prepared, _, _ = copies.killed(KINDS[kind], point)
    calls = changing_calls(prepared.recover, prepared.maildir.home)
    copies.done_with(prepared)
    return calls


def killed_recovering(prepared: Prepared, calls: list[Call]) -> int:
    """Kills one recovery after the other; the number of kills.

    The second one may have less to do than the first: its kill may come late or not at all.
    """
    kills = 0
    for call in calls:
        try:
            killed_at(prepared.recover, call, prepared.maildir.home / "strace")
            kills += 1
        except NotInjected:
            if not kills:
                raise
    return kills


def test_a_purge_killed_anywhere_takes_nothing_else(copies: Copies) -> None:
    calls = copies.calls(purge)
    left = list[int]()
    for call in chosen(calls, KILLS):
        prepared, _, mails = copies.killed(purge, call)
        try:
            left.append(check_purged(prepared, mails))
        except Exception as error:
            raise AssertionError(f"purge, killed at {call}: {error}") from error
        copies.done_with(prepared)
    report("purge", calls, len(left))
    assert len(set(left)) > 2, f"only ever {set(left)} items were left"


def check_purged(prepared: Prepared, mails: Counter[str]) -> int:
    """What is not deleted is known and comes back; returns how many things that are."""
    maildir = prepared.maildir
    recover(maildir)
    checks.check_no_traces(maildir)
    now = checks.hashes(maildir)
    lost = mails - now
    gone = {path for path in prepared.first if path.startswith(PUT_AWAY)}
    assert now <= mails and lost <= contents(prepared, gone), lost
    with maildir.surgeon() as surgeon:
        items = surgeon.quarantined()
        (purges,) = [one for one in surgeon.operations() if one.kind == "purge"] or [None]
        rows = list(surgeon.steps(purges.id)) if purges else []
        assert {row.state for row in rows} <= {"done", "refused"} and not (purges and purges.open)
        deleted = {row.source for row in rows if row.state == "done"}
        things = whole_things(surgeon)
        emptied = {one for one in things - deleted if one and is_emptied(maildir, one, deleted)}
        assert len(items) == THINGS - len(deleted & things) - len(emptied), "not known"
        for item in items:
            partly = any((path or b"").startswith(item.path + b"/") for path in deleted)
            assert bool(item.note) == partly, item
        surgeon.purge(surgeon.plan_purge([item for item in items if item.note]))
        now = checks.hashes(maildir)
        lost = mails - now
        for number in surgeon.undoable():
            assert not surgeon.apply(surgeon.plan_undo(number)).refused
    last = maildir.picture()
    assert checks.hashes(maildir) == now
    missing = {path for path in prepared.first if path not in last}
    assert contents(prepared, missing) == lost, missing
    other = {path for path in last if prepared.first.get(path) != last[path]}
    # The sum lacks what is deleted, and the twin of a deleted copy has its flags.
    assert all(path.startswith((*SERVERS, *PUT_AWAY)) for path in other), other
    return len(items)


def is_emptied(maildir: Maildir, thing: bytes, deleted: set[bytes | None]) -> bool:
    """Whether only empty directories were left of a thing, which recovery has removed."""
    place = maildir.home / "mail" / ".Maildir.quarantine"
    inside = os.fsencode(place) + b"/" + QuarantinePath(thing).inside
    held = any((path or b"").startswith(thing + b"/") for path in deleted)
    return held and not os.path.lexists(inside)


def whole_things(surgeon: Surgeon) -> set[bytes | None]:
    """The paths of what was put away, each with all that it holds."""
    return {
        row.target
        for one in surgeon.operations()
        for row in surgeon.steps(one.id)
        if row.step.puts_away
    }


PUT_AWAY = (b"cur/1300000003.", b"cur/1300000005.", b".Old")
THINGS = 3


def contents(prepared: Prepared, paths: set[bytes]) -> Counter[str]:
    """The hashes of the messages that were at these paths."""
    messages = (
        prepared.first[path][3]
        for path in paths
        if stat.S_ISREG(prepared.first[path][0]) and b"dovecot" not in path
    )
    return Counter(hashlib.sha256(content).hexdigest() for content in messages)
