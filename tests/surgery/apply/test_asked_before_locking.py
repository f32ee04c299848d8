"""`doveconf` may take seconds, so no lock is held while it runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsurgeon.host.doveconf import configuration
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.host import FakeHost
from tests.surgery.apply.test_recovery import crash_before_list
from tests.surgery.conftest import Maildir, plan

BASE = b"1300000001.M1P1.host"
OLD = BASE + b",S=9"
NEW = BASE + b",S=57"
CARRIED = b"2 P" + OLD + b" G" + OLD + b" :" + NEW


class Doveconf:
    """What a `doveconf` on the PATH saw: when it was called, and the locks held at the time."""

    def __init__(self, home: Path) -> None:
        self.calls, self.locks = home / "calls", home / "locks"

    def asked(self) -> int:
        """How often it was called since the last time; no lock was held by then."""
        held = self.locks.read_text() if self.locks.exists() else ""
        assert held == "", "a server's lock was held"
        count = len(self.calls.read_text().splitlines()) if self.calls.exists() else 0
        self.calls.unlink(missing_ok=True)
        return count


@pytest.fixture
def doveconf(maildir: Maildir, monkeypatch: pytest.MonkeyPatch) -> Doveconf:
    asked = Doveconf(maildir.home)
    programs = maildir.home / "bin"
    programs.mkdir()
    program = programs / "doveconf"
    program.write_text(
        f"#!/bin/sh\necho called >> {asked.calls}\n"
        f"find {maildir.root} -name dovecot-uidlist.lock -o -name courier.lock >> {asked.locks}\n"
        "echo 'pop3_uidl_format = %f'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    return asked


def another_run(maildir: Maildir) -> Surgeon:
    """A surgeon on a host that has not asked Dovecot yet."""
    return maildir.surgeon(host=FakeHost(ask_dovecot=configuration))


@pytest.fixture
def served(maildir: Maildir) -> Maildir:
    """INBOX with a message of a wrong size and another, in both servers' lists."""
    maildir.mail(b"cur/" + OLD + b":2,S", 1)
    maildir.mail(b"cur/other:2,S", 2)
    maildir.uidlist(b"", b"first", OLD, b"other")
    maildir.courier(b"", b"first", OLD, b"other")
    return maildir


def resize(maildir: Maildir) -> Plan:
    source, target = b"cur/" + OLD + b":2,S", b"cur/" + NEW + b":2,S"
    return plan(maildir.rename(source, target, "fix-size", keep_uid=True))


def test_an_operation_asks_once_before_it_locks(served: Maildir, doveconf: Doveconf) -> None:
    before = served.picture()
    with another_run(served) as surgeon:
        surgeon.apply(resize(served))
    assert served.records(b"")[1] == CARRIED, "what it said was heeded"
    assert doveconf.asked() == 1
    with another_run(served) as surgeon:
        surgeon.apply(surgeon.plan_undo())
    assert served.picture() == before
    assert doveconf.asked() == 1
    with another_run(served) as surgeon:
        surgeon.apply(surgeon.plan_redo())
        assert served.records(b"")[1] == CARRIED
        assert doveconf.asked() == 1
        surgeon.apply(surgeon.plan_undo())
        assert doveconf.asked() == 0, "it is known by now"


def test_recovery_locks_without_asking_meanwhile(
    served: Maildir, doveconf: Doveconf, monkeypatch: pytest.MonkeyPatch
) -> None:
    (act,) = resize(served).acts
    with another_run(served) as surgeon:
        crash_before_list(surgeon, monkeypatch, act)
        doveconf.asked()
        with another_run(served) as another:
            assert another.recover() is not None
            assert served.records(b"")[1] == CARRIED
            doveconf.asked()
            another.apply(another.plan_undo())
    assert served.records(b"")[1] == b"2 W70 :" + OLD
    doveconf.asked()


def test_putting_away_and_back_does_not_ask_under_a_lock(
    served: Maildir, doveconf: Doveconf
) -> None:
    before = served.picture()
    with another_run(served) as surgeon:
        surgeon.apply(plan(served.away(b"cur/other:2,S")))
        doveconf.asked()
        surgeon.apply(surgeon.plan_restore(1))
    assert served.picture() == before
    doveconf.asked()
