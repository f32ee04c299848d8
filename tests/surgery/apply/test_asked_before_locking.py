"""Dovecot may take seconds to say how it is configured: nobody waits for that at a lock of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.host import doveconf as dovecot
from mailsurgeon.host.doveconf import configuration, pop3_uidl_is_name
from mailsurgeon.surgery.apply import operation
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.surgeon import Surgeon
from tests.surgery.apply.test_recovery import crash_before_list
from tests.surgery.conftest import Ward, plan

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
        configuration.cache_clear()  # as another run of the program would ask again
        return count


@pytest.fixture
def doveconf(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doveconf]:
    asked = Doveconf(ward.home)
    programs = ward.home / "bin"
    programs.mkdir()
    program = programs / "doveconf"
    program.write_text(
        f"#!/bin/sh\necho called >> {asked.calls}\n"
        f"find {ward.root} -name dovecot-uidlist.lock -o -name courier.lock >> {asked.locks}\n"
        "echo 'pop3_uidl_format = %f'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setattr(dovecot, "configuration", configuration)
    monkeypatch.setattr(operation, "pop3_uidl_is_name", pop3_uidl_is_name)
    configuration.cache_clear()
    yield asked
    configuration.cache_clear()


@pytest.fixture
def served(ward: Ward) -> Ward:
    """INBOX with a message of a wrong size and another, in both servers' lists."""
    ward.mail(b"cur/" + OLD + b":2,S", 1)
    ward.mail(b"cur/other:2,S", 2)
    ward.uidlist(b"", b"first", OLD, b"other")
    ward.courier(b"", b"first", OLD, b"other")
    return ward


def resize(ward: Ward) -> Plan:
    source, target = b"cur/" + OLD + b":2,S", b"cur/" + NEW + b":2,S"
    return plan(ward.rename(source, target, "fix-size", keep_uid=True))


def test_an_operation_asks_once_before_it_locks(
    served: Ward, surgeon: Surgeon, doveconf: Doveconf
) -> None:
    before = served.picture()
    surgeon.apply(resize(served))
    assert served.records(b"")[1] == CARRIED, "what it said was heeded"
    assert doveconf.asked() == 1
    surgeon.apply(surgeon.plan_undo())
    assert served.picture() == before
    assert doveconf.asked() == 1
    surgeon.apply(surgeon.plan_redo())
    assert served.records(b"")[1] == CARRIED
    assert doveconf.asked() == 1


def test_recovery_locks_without_asking_meanwhile(
    served: Ward, surgeon: Surgeon, doveconf: Doveconf, monkeypatch: pytest.MonkeyPatch
) -> None:
    (act,) = resize(served).acts
    crash_before_list(surgeon, monkeypatch, act)
    doveconf.asked()
    with served.surgeon() as another:
        assert another.recover() is not None
        assert served.records(b"")[1] == CARRIED
        doveconf.asked()
        another.apply(another.plan_undo())
    assert served.records(b"")[1] == b"2 W70 :" + OLD
    doveconf.asked()


def test_putting_away_and_back_does_not_ask_under_a_lock(
    served: Ward, surgeon: Surgeon, doveconf: Doveconf
) -> None:
    before = served.picture()
    surgeon.apply(plan(served.away(b"cur/other:2,S")))
    doveconf.asked()
    surgeon.apply(surgeon.plan_restore(1))
    assert served.picture() == before
    doveconf.asked()
