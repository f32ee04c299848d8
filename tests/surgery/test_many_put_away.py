"""Thousands of things put away: what is asked of the journal does not grow with their square."""

from __future__ import annotations

from collections import Counter

import pytest

from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import Operation
from mailsurgeon.surgery.surgeon import Surgeon
from tests.surgery.conftest import Maildir, plan

MANY = 12


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often the journal was asked for each operation, which counts all its steps."""
    counted: Counter[int] = Counter()
    operation = Journal.operation

    def counting(self: Journal, number: int) -> Operation | None:
        counted[number] += 1
        return operation(self, number)

    monkeypatch.setattr(Journal, "operation", counting)
    return counted


def put_away(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.folder(b".A")
    for number in range(MANY):
        maildir.mail(b"%scur/%d.M1.host:2,S" % ((b".A/", b"")[number % 2], number), number)
    paths = [b"%scur/%d.M1.host:2,S" % ((b".A/", b"")[n % 2], n) for n in range(MANY)]
    surgeon.apply(plan(*(maildir.away(path, (b".A", b"")[n % 2]) for n, path in enumerate(paths))))


def test_bringing_back_leaves_no_directories_and_asks_little(
    maildir: Maildir, surgeon: Surgeon, asked: Counter[int]
) -> None:
    put_away(maildir, surgeon)
    asked.clear()
    assert surgeon.apply(surgeon.plan_restore(1)).state == "applied"
    assert max(asked.values()) < MANY
    assert not (maildir.home / "mail" / ".Maildir.quarantine" / "1").exists()


def test_a_purge_is_planned_with_few_questions(
    maildir: Maildir, surgeon: Surgeon, asked: Counter[int]
) -> None:
    put_away(maildir, surgeon)
    asked.clear()
    assert len(surgeon.plan_purge(surgeon.quarantined()).acts) == MANY
    assert max(asked.values()) < MANY
