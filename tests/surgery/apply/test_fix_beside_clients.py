"""Repairs of messages that clients have renamed since the plan: with their present flags."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.steps.attributes import ChangeTime
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

WRONG, RIGHT = b"1300000001.M1P1.host,S=9", b"1300000001.M1P1.host,S=%d" % len(text(1))


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def client(maildir: Maildir, old: bytes, new: bytes) -> None:
    """A client changes flags, or sees a message for the first time."""
    os.rename(maildir.path(old), maildir.path(new))


def names(maildir: Maildir) -> list[bytes]:
    return sorted(os.listdir(os.fsencode(maildir.path(b"cur"))))


@protects(
    "a repair keeps the flags that clients have set since the plan", where="surgery/steps/rename.py"
)
def test_a_size_is_mended_whatever_the_flags_are_by_now(indexed: IndexedMaildir) -> None:
    indexed.mail(b"cur/" + WRONG + b":2,S", content=text(1))
    indexed.uidlist(b"", WRONG, first=7)
    before = indexed.records(b"")
    fix = indexed.survey().fix()
    client(indexed, b"cur/" + WRONG + b":2,S", b"cur/" + WRONG + b":2,FR")

    report = indexed.apply(fix)
    assert (report.state, report.refused) == ("applied", ())
    assert names(indexed) == [RIGHT + b":2,FR"]
    assert indexed.records(b"")[0].endswith(b":" + RIGHT)

    assert indexed.undo().state == "applied"
    assert names(indexed) == [WRONG + b":2,FR"]
    assert indexed.records(b"") == before


def test_a_message_seen_since_the_plan_is_mended_where_it_is(indexed: IndexedMaildir) -> None:
    indexed.mail(b"new/" + WRONG, content=text(1))
    fix = indexed.survey().fix()
    client(indexed, b"new/" + WRONG, b"cur/" + WRONG + b":2,S")
    assert indexed.apply(fix).state == "applied"
    assert names(indexed) == [RIGHT + b":2,S"]


def test_the_journal_tells_the_names_that_were_there(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(b"cur/1300000001.M1P1.host:2,SF")
    act = maildir.rename(
        b"cur/1300000001.M1P1.host:2,SF", b"cur/1300000001.M1P1.host:2,FS", "fix-flags"
    )
    client(maildir, b"cur/1300000001.M1P1.host:2,SF", b"cur/1300000001.M1P1.host:2,SFR")
    surgeon.apply(plan(act))
    (step,) = surgeon.steps(1)
    assert step.source == b"cur/1300000001.M1P1.host:2,SFR"
    assert step.target == b"cur/1300000001.M1P1.host:2,FRS"


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (b"cur/1300000001.M1P1.host:2,FRS", "it has this name already"),  # mended by the client
        (b"cur/elsewhere:2,SF", "it has another name by now"),
    ],
)
def test_a_name_that_needs_no_repair_or_is_no_clients_is_left(
    maildir: Maildir, surgeon: Surgeon, now: bytes, reason: str
) -> None:
    maildir.mail(b"cur/1300000001.M1P1.host:2,SF")
    act = maildir.rename(
        b"cur/1300000001.M1P1.host:2,SF", b"cur/1300000001.M1P1.host:2,FS", "fix-flags"
    )
    client(maildir, b"cur/1300000001.M1P1.host:2,SF", now)
    report = surgeon.apply(plan(act))
    assert [one.reason for one in report.refused] == [f"{reason}: {now.decode()}"]
    assert names(maildir) == [now[4:]]


@pytest.mark.parametrize("folder", [b".Sent", None])
def test_one_that_was_to_go_elsewhere_stays_where_it_is(
    maildir: Maildir, surgeon: Surgeon, folder: bytes | None
) -> None:
    path = maildir.mail(b"cur/1300000001.M1P1.host:2,")
    maildir.folder(b".Sent")
    if folder is None:
        act = maildir.away(path)
    else:
        act = maildir.rename(path, folder + b"/" + path, "move", folder=folder)
    client(maildir, path, path + b"F")
    report = surgeon.apply(plan(act))
    assert [one.reason for one in report.refused] == ["it is gone"]
    assert names(maildir) == [path[4:] + b"F"]


def test_a_time_is_set_whatever_the_flags_are(maildir: Maildir, surgeon: Surgeon) -> None:
    path = maildir.mail(b"cur/1300000001.M1P1.host:2,")
    expected = maildir.rename_step(path, path).expected
    before = maildir.path(path).stat().st_mtime_ns
    step = ChangeTime(path, None, expected, b"", before=before, after=10**18)
    client(maildir, path, path + b"S")
    assert surgeon.apply(plan(Act("fix-date", path, (step,)))).state == "applied"
    assert maildir.path(path + b"S").stat().st_mtime_ns == 10**18
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.path(path + b"S").stat().st_mtime_ns == before
