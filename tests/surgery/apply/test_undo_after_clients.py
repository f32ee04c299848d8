"""Undo and redo of messages that clients have renamed since: by inode, with their present flags."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.errors import Refused
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.steps.attributes import ChangeTime
from mailsurgeon.surgery.steps.lists.keywords import CarriedKeywords
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

WRONG, RIGHT = b"1300000001.M1P1.host,S=9", b"1300000001.M1P1.host,S=%d" % len(text(1))


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def names(maildir: Maildir, part: bytes = b"cur") -> list[bytes]:
    return sorted(os.listdir(os.fsencode(maildir.path(part))))


def client(maildir: Maildir, old: bytes, new: bytes) -> None:
    """A client changes flags, or sees a message for the first time."""
    os.rename(maildir.path(old), maildir.path(new))


@protects("an undo finds what clients have renamed", where="surgery/steps/rename.py")
def test_a_message_is_taken_back_with_its_present_flags_and_its_uid(
    indexed: IndexedMaildir,
) -> None:
    indexed.mail(b"cur/" + WRONG + b":2,S", content=text(1))
    indexed.uidlist(b"", WRONG, first=7)
    before = indexed.records(b"")
    indexed.apply(indexed.survey().fix())
    client(indexed, b"cur/" + RIGHT + b":2,S", b"cur/" + RIGHT + b":2,FRS")

    report = indexed.undo()
    assert (report.state, report.refused) == ("applied", ())
    assert names(indexed) == [WRONG + b":2,FRS"]
    assert indexed.records(b"") == before

    client(indexed, b"cur/" + WRONG + b":2,FRS", b"cur/" + WRONG + b":2,RS")
    with indexed.surgeon() as surgeon:
        assert surgeon.apply(surgeon.plan_redo()).state == "applied"
    assert names(indexed) == [RIGHT + b":2,RS"]
    assert indexed.records(b"")[0].endswith(b":" + RIGHT)

    assert indexed.undo().state == "applied"
    assert names(indexed) == [WRONG + b":2,RS"]
    assert indexed.records(b"") == before


@pytest.mark.parametrize("info", [b":2,S", b":2,"])
def test_one_seen_since_comes_back_to_cur(maildir: Maildir, surgeon: Surgeon, info: bytes) -> None:
    maildir.mail(b"new/1300000001.M1P1.host")
    act = maildir.rename(b"new/1300000001.M1P1.host", b"new/1300000001.M2P1.host", "rename")
    surgeon.apply(plan(act))
    client(maildir, b"new/1300000001.M2P1.host", b"cur/1300000001.M2P1.host" + info)
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert names(maildir) == [b"1300000001.M1P1.host" + info]
    assert names(maildir, b"new") == []


def test_an_undo_that_failed_says_how_to_try_again(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(b"1300000001.M1P1.host:2,")
    act = maildir.rename(b"1300000001.M1P1.host:2,", b"cur/1300000001.M1P1.host:2,")
    surgeon.apply(plan(act))
    maildir.path(b"cur/1300000001.M1P1.host:2,").rename(maildir.path(b"elsewhere"))
    assert surgeon.apply(surgeon.plan_undo()).state == "failed"
    with pytest.raises(Refused, match="`undo SPOOL 1` tries again"):
        surgeon.plan_undo()
    maildir.path(b"elsewhere").rename(maildir.path(b"cur/1300000001.M1P1.host:2,"))
    assert surgeon.apply(surgeon.plan_undo(1)).state == "applied"


def test_the_journal_tells_the_names_that_were_there(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(b"1300000001.M1P1.host:2,")
    act = maildir.rename(b"1300000001.M1P1.host:2,", b"cur/1300000001.M1P1.host:2,")
    surgeon.apply(plan(act))
    client(maildir, b"cur/1300000001.M1P1.host:2,", b"cur/1300000001.M1P1.host:2,S")
    surgeon.apply(surgeon.plan_undo())
    (step,) = surgeon.steps(2)
    assert step.source == b"cur/1300000001.M1P1.host:2,S"
    assert step.target == b"1300000001.M1P1.host:2,S"


def test_a_time_is_set_back_whatever_the_flags_are(maildir: Maildir, surgeon: Surgeon) -> None:
    path = maildir.mail(b"cur/1300000001.M1P1.host:2,")
    place = maildir.path(path)
    before = place.stat().st_mtime_ns
    expected = maildir.rename_step(path, path).expected
    step = ChangeTime(path, None, expected, b"", before=before, after=10**18)
    surgeon.apply(plan(Act("fix-date", path, (step,))))
    client(maildir, path, path + b"S")
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.path(path + b"S").stat().st_mtime_ns == before


def test_what_was_quarantined_again_under_another_name_is_listed_and_comes_back(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    path = maildir.mail(b"cur/1300000001.M1P1.host:2,")
    surgeon.apply(plan(maildir.away(path)))
    surgeon.apply(surgeon.plan_undo())
    client(maildir, path, path + b"S")
    assert surgeon.apply(surgeon.plan_redo()).state == "applied"
    assert names(maildir) == []
    assert [item.original for item in surgeon.quarantined()] == [path]
    assert surgeon.apply(surgeon.plan_restore(1)).state == "applied"
    assert names(maildir) == [path[4:] + b"S"]


def test_another_message_with_its_inode_number_is_not_taken_for_it(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    path = maildir.mail(b"cur/1300000001.M1P1.host:2,")
    surgeon.apply(plan(maildir.rename(path, b"cur/1300000001.M2P1.host:2,", "rename")))
    client(maildir, b"cur/1300000001.M2P1.host:2,", b"cur/1300000001.M2P1.host:2,S")
    maildir.path(b"cur/1300000001.M2P1.host:2,S").write_bytes(b"other mail")
    report = surgeon.apply(surgeon.plan_undo())
    assert [one.reason for one in report.refused] == ["its size has changed"]


def test_one_deleted_since_is_named(maildir: Maildir, surgeon: Surgeon) -> None:
    path = maildir.mail(b"cur/1300000001.M1P1.host:2,")
    surgeon.apply(plan(maildir.rename(path, b"cur/1300000001.M2P1.host:2,", "rename")))
    maildir.path(b"cur/1300000001.M2P1.host:2,").unlink()
    report = surgeon.apply(surgeon.plan_undo())
    assert [one.reason for one in report.refused] == ["it is gone"]


@protects(
    "no act is begun of which a later step is known to be refused",
    where="surgery/apply/locked_batch.py",
)
def test_keywords_are_not_taken_for_a_message_that_is_another_by_now(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    """To give them back would fail: Courier has written others meanwhile."""
    base = b"1300000001.M1P1.host"
    path = maildir.mail(b"cur/" + base + b":2,S")
    maildir.courier(b"", base)
    maildir.courier_keywords(b"", b"Work\n\n" + base + b":0\n")
    kept = CarriedKeywords(None, None, None, b"", None, old=base, new=base, names=(b"Work",))
    away = maildir.rename_step(path, QuarantinePath.of(None, path))
    surgeon.apply(plan(Act("quarantine", path, (kept, away))))
    surgeon.apply(surgeon.plan_restore(1))
    client(maildir, path, b"cur/elsewhere:2,S")
    maildir.path(b"courierimapkeywords/" + base).write_bytes(b"Other\n")

    report = surgeon.apply(surgeon.plan_undo())
    assert report.state == "failed"
    assert [one.reason for one in report.refused] == [
        "it has another name by now: cur/elsewhere:2,S"
    ]
    assert surgeon.unfinished() is None
