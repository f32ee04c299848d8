"""Killed (kill -9) before each call that changes anything: recovered, nothing lost, undone exactly.

The killed process is a real one, forked from the test, and killed by SIGKILL at its N-th call.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mailsurgeon.surgery.fsops import at as fs
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.model import Act, Plan
from mailsurgeon.surgery.steps.directory import MakeDirectory
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, Picture, plan, total

pytestmark = pytest.mark.crash

MUTATING = (
    "mkdir", "rmdir", "unlink", "link", "rename", "write", "fsync", "chmod", "fchmod", "utime",
)  # fmt: skip
RECORDING = ("begin", "intend", "settle", "finish")
FEWEST = 20

Operate = Callable[[Surgeon], object]


class Executioner:
    """Kills this process before the N-th call that changes anything."""

    def __init__(self, at: int) -> None:
        self.left = at

    def before(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*values: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*values, **named)

        return counted

    def watch(self) -> None:
        for name in MUTATING:
            setattr(os, name, self.before(getattr(os, name)))
        for name in RECORDING:
            setattr(Journal, name, self.before(getattr(Journal, name)))
        fs._renameat2 = self.before(fs._renameat2) if fs._renameat2 is not None else None


def killed_at(maildir: Maildir, number: int, operate: Operate) -> bool:
    """Runs an operation in a process that dies at its N-th call; False when it ran to its end."""
    child = os.fork()
    if child == 0:
        try:
            Executioner(number).watch()
            with maildir.surgeon() as surgeon:
                operate(surgeon)
        except BaseException:
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the operation failed by itself"
    return False


def furnish(maildir: Maildir) -> Plan:
    """A spool with one of everything the engine does, and the plan for it."""
    maildir.folder(b".Sent")
    filed = maildir.mail(b"1300000001.M1P1.host:2,S", 1)
    wrong = maildir.mail(b".Sent/cur/1300000002.M2P1.host,S=9,W=9:2,S", 2)
    right = b".Sent/cur/1300000002.M2P1.host,S=66,W=71:2,S"
    empty = maildir.mail(b"cur/1300000003.M3P1.host:2,", 3)
    flags = maildir.mail(b".Sent/new/1300000004.M4P1.host:2,SF", 4)
    twin = maildir.mail(b"cur/1300000005.M5P1.host:2,", 5)
    kept = maildir.mail(b"cur/1300000005.M5P1.host:2,S", 5)
    maildir.uidlist(b"", b"1300000003.M3P1.host", b"1300000005.M5P1.host")
    maildir.uidlist(b".Sent", b"1300000002.M2P1.host,S=9,W=9", b"1300000004.M4P1.host", first=7)
    both = (
        maildir.rename_step(twin, QuarantinePath.of(None, twin)),
        maildir.rename_step(kept, b"cur/1300000005.M5P1.host:2,FS"),
    )
    court = maildir.mail(b".Court/cur/1300000006.M6P1.host,S=9:2,S", 6)
    ruled = b".Court/cur/1300000006.M6P1.host,S=57:2,S"
    maildir.folder(b".Court")
    maildir.courier(b".Court", b"1300000006.M6P1.host,S=9")
    maildir.courier_keywords(
        b".Court", b"Work\n\n1300000006.M6P1.host,S=9:0\n", **{"1300000006.M6P1.host,S=9": b"New\n"}
    )
    maildir.path(b"maildirsize").write_bytes(b"100000S\n300 6\n")
    resized = maildir.rename_step(court, ruled, b".Court", keep_uid=True)
    makes = MakeDirectory(None, b".Sent/tmp/new", folder=b".Sent", mode=0o750)
    return plan(
        maildir.rename(filed, b"cur/" + filed),
        maildir.rename(wrong, right, "fix-size", folder=b".Sent", keep_uid=True),
        maildir.rename(flags, b".Sent/new/1300000004.M4P1.host:2,FS", "fix-flags", folder=b".Sent"),
        maildir.away(empty),
        Act("quarantine copy", twin, both),
        Act("make-subdirs", b".Sent", (makes,)),
        Act("fix-size", court, (replace(resized, quota=(48, 0)),)),
    )


def check_uids_follow(maildir: Maildir) -> None:
    """Each message listed in a uidlist has the base name of its record."""
    for folder in (b"", b".Sent"):
        names = os.listdir(maildir.path(os.path.join(folder, b"cur")))
        names += os.listdir(maildir.path(os.path.join(folder, b"new")))
        bases = {os.fsencode(name).split(b":")[0] for name in names}
        for record in maildir.records(folder):
            base = record.partition(b" :")[2]
            assert base in bases or base == b"1300000003.M3P1.host"
    (name,) = os.listdir(os.fsencode(maildir.path(b".Court/cur")))
    base = name.partition(b":")[0]
    assert maildir.path(b".Court/courierimapuiddb").read_bytes().endswith(b"\n1 " + base + b"\n")
    keywords = os.fsencode(maildir.path(b".Court/courierimapkeywords"))
    assert sorted(os.listdir(keywords)) == [base, b":list"]
    size = (300 + 48, 6) if b",S=57" in base else (300, 6)
    assert total(maildir.path(b"maildirsize").read_bytes()) == size


def no_traces(maildir: Maildir) -> None:
    for path in maildir.picture():
        assert not path.endswith((b".lock", b".mailsurgeon", b".stale", b"UNFINISHED"))


def recovered(maildir: Maildir) -> Picture:
    with maildir.surgeon() as surgeon:
        report = surgeon.recover()
        assert report is None or not report.effects, "no server looked, so every UID is kept"
        after = maildir.picture()
        assert surgeon.recover() is None
        assert surgeon.unfinished() is None
    assert maildir.picture() == after
    return after


def undo_all(maildir: Maildir) -> None:
    with maildir.surgeon() as surgeon:
        for number in surgeon.undoable():
            report = surgeon.apply(surgeon.plan_undo(number))
            assert report.state == "applied", report
        assert surgeon.undoable() == []


def rehearse(maildir: Maildir, prepare: Callable[[Maildir], Operate]) -> int:
    """Kills the operation at every point in turn and checks what must hold; returns the kills."""
    operate = prepare(maildir)
    first = maildir.picture()
    mails = maildir.messages()
    number = 0
    while True:
        known = count_operations(maildir)
        if not killed_at(maildir, number + 1, operate):
            break
        number += 1
        recovered(maildir)
        assert maildir.messages() == mails
        check_uids_follow(maildir)
        no_traces(maildir)
        turn_back(maildir, known)
        assert maildir.picture() == first
    print(f"killed {number} of {number} times, recovered each time")
    assert number >= FEWEST
    return number


def count_operations(maildir: Maildir) -> int:
    with maildir.surgeon() as surgeon:
        return len(surgeon.operations())


def turn_back(maildir: Maildir, known: int) -> None:
    """Takes back what the killed operation has done, whichever it was."""
    with maildir.surgeon() as surgeon:
        for one in surgeon.operations()[known:]:
            if one.kind == "fix" and one.counts.get("done"):
                report = surgeon.apply(surgeon.plan_undo(one.id))
                assert (report.state, report.refused) == ("applied", ())
            elif one.kind == "undo" and surgeon_has_undone(surgeon, one.of):
                report = surgeon.apply(surgeon.plan_redo(one.of))
                assert (report.state, report.refused) == ("applied", ())


def surgeon_has_undone(surgeon: Surgeon, number: int | None) -> bool:
    return any(one.id == number and one.counts.get("undone") for one in surgeon.operations())


@protects(
    "intents are on the disk before the act",
    where="surgery/journal/journal.py, surgery/apply/batches.py",
    seen="SIGKILL at every changing call of an operation, an undo, a recovery",
)
@protects("the quota follows, once", where="surgery/steps/lists/maildirsize.py")
def test_an_operation_is_killed_at_every_call(maildir: Maildir) -> None:
    def prepare(maildir: Maildir) -> Operate:
        acts = furnish(maildir)
        return lambda surgeon: surgeon.apply(acts)

    rehearse(maildir, prepare)


@protects(
    "intents are on the disk before the act",
    where="surgery/journal/journal.py, surgery/apply/batches.py",
)
def test_an_undo_is_killed_at_every_call(maildir: Maildir) -> None:
    def prepare(maildir: Maildir) -> Operate:
        acts = furnish(maildir)
        with maildir.surgeon() as surgeon:
            surgeon.apply(acts)
        return lambda surgeon: surgeon.apply(surgeon.plan_undo(1))

    rehearse(maildir, prepare)


def test_a_rename_by_link_is_killed_at_every_call(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fs, "_renameat2", None)

    def prepare(maildir: Maildir) -> Operate:
        acts = furnish(maildir)
        return lambda surgeon: surgeon.apply(acts)

    rehearse(maildir, prepare)


@protects(
    "intents are on the disk before the act",
    where="surgery/journal/journal.py, surgery/apply/batches.py",
)
def test_a_recovery_is_killed_at_every_call(maildir: Maildir) -> None:
    acts = furnish(maildir)
    first = maildir.picture()
    mails = maildir.messages()

    def operate(surgeon: Surgeon) -> object:
        return surgeon.recover()

    kills = 0
    for point in range(12, 200, 6):
        if not killed_at(maildir, point, lambda surgeon: surgeon.apply(acts)):
            break
        number = 0
        while killed_at(maildir, number + 1, operate):
            number += 1
        kills += number
        recovered(maildir)
        assert maildir.messages() == mails
        check_uids_follow(maildir)
        undo_all(maildir)
        no_traces(maildir)
        assert maildir.picture() == first
    print(f"recovery killed {kills} of {kills} times")
    assert kills >= FEWEST
