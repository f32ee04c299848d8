"""A quarantined folder comes back message by message if a server has made it again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.plan.propose import propose_folder
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

ONE, TWO, THREE = (b"130000000%d.M1P1.host" % number for number in (1, 2, 3))


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    """A folder with mail that was quarantined, and made again by a server since."""
    with indexed_maildir_in(tmp_path) as one:
        one.folder(b"")
        one.folder(b".Foo")
        one.mail(b".Foo/cur/" + ONE + b":2,S", content=text(1))
        one.mail(b".Foo/cur/" + TWO + b":2,Sa", content=text(2))
        one.mail(b".Foo/new/" + THREE, content=text(3))
        one.path(b".Foo/dovecot-keywords").write_bytes(b"0 Work\n")
        one.uidlist(b".Foo", ONE, TWO, THREE)
        folder = next(row for row in one.survey().index.folders() if row.path == b".Foo")
        one.apply(propose_folder(one.spool, one.index, folder.id))
        assert not one.path(b".Foo").exists()
        one.folder(b".Foo")
        one.path(b".Foo/dovecot-keywords").write_bytes(b"0 Other\n")
        yield one


@pytest.fixture
def surgeon(indexed: IndexedMaildir) -> Iterator[Surgeon]:
    with indexed.surgeon() as one:
        yield one


def mail(indexed: IndexedMaildir) -> list[bytes]:
    return [
        part + b"/" + name
        for part in (b"cur", b"new")
        for name in sorted(os.listdir(os.fsencode(indexed.path(b".Foo/" + part))))
    ]


def listed(surgeon: Surgeon) -> list[tuple[int, bytes]]:
    """What the list of the quarantine shows; nothing else lies there."""
    assert surgeon.unlisted() == []
    return [(item.operation, item.original) for item in surgeon.quarantined()]


BACK = [b"cur/" + ONE + b":2,S", b"cur/" + TWO + b":2,Sb", b"new/" + THREE]


@pytest.mark.parametrize("how", ["undo", "restore"])
def test_each_message_comes_back_and_keeps_its_keywords_by_name(
    indexed: IndexedMaildir, surgeon: Surgeon, how: str
) -> None:
    proposed = surgeon.plan_undo() if how == "undo" else surgeon.plan_restore(1)
    assert "3 messages come back to Foo (UIDs are given anew by the server)" in proposed.effects
    report = surgeon.apply(proposed)
    assert (report.state, report.refused) == ("applied", ())
    assert mail(indexed) == BACK
    assert indexed.path(b".Foo/dovecot-keywords").read_bytes() == b"0 Other\n1 Work\n"
    assert not indexed.path(b".Foo/dovecot-uidlist").exists()
    assert listed(surgeon) == [(2, b".Foo")]
    assert surgeon.operations()[0].state == "undone"


@protects(
    "a folder comes back never over what is there", where="surgery/plan/returns/folder_return.py"
)
def test_nothing_is_replaced_and_what_cannot_come_back_stays(
    indexed: IndexedMaildir, surgeon: Surgeon
) -> None:
    indexed.mail(b".Foo/cur/" + ONE + b":2,F", content=text(9))
    report = surgeon.apply(surgeon.plan_undo())
    assert report.state == "partial"
    assert {one.reason for one in report.refused} == {
        f"its base name is taken by .Foo/cur/{ONE.decode()}:2,F",
        "1 of its files could not go back, and stay in the quarantine",
    }
    assert indexed.path(b".Foo/cur/" + ONE + b":2,F").read_bytes() == text(9)
    assert [item.original for item in surgeon.quarantined()] == [b".Foo"]

    indexed.path(b".Foo/cur/" + ONE + b":2,F").rename(indexed.path(b".Foo/cur/elsewhere:2,F"))
    assert surgeon.apply(surgeon.plan_undo(1)).state == "applied"
    assert mail(indexed) == [*sorted([*BACK[:2], b"cur/elsewhere:2,F"]), BACK[2]]
    assert listed(surgeon) == [(3, b".Foo")]


def test_a_redo_puts_the_messages_away_again(indexed: IndexedMaildir, surgeon: Surgeon) -> None:
    surgeon.apply(surgeon.plan_undo())
    seen = indexed.path(b".Foo/cur/" + THREE + b":2,S")
    indexed.path(b".Foo/new/" + THREE).rename(seen)
    proposed = surgeon.plan_redo()
    assert "clients will see 3 messages deleted in Foo" in proposed.effects
    assert surgeon.apply(proposed).state == "applied"
    assert mail(indexed) == []
    assert listed(surgeon) == [(1, b".Foo")]
    assert surgeon.operations()[0].state == "applied"

    assert surgeon.apply(surgeon.plan_restore(1)).state == "applied"
    assert mail(indexed) == [*BACK[:2], b"new/" + THREE + b":2,S"]
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert mail(indexed) == []
    assert listed(surgeon) == [(1, b".Foo")]


def purge_all(surgeon: Surgeon) -> None:
    report = surgeon.purge(surgeon.plan_purge(surgeon.quarantined_before(0)))
    assert (report.state, report.done) == ("applied", {"purge": 1})
    assert listed(surgeon) == []


@protects(
    "what is left of a returned folder can be listed and purged", where="surgery/stored_items.py"
)
@pytest.mark.parametrize("how", ["undo", "restore"])
def test_the_rest_is_purged_and_the_messages_stay(
    indexed: IndexedMaildir, surgeon: Surgeon, how: str
) -> None:
    surgeon.apply(surgeon.plan_undo() if how == "undo" else surgeon.plan_restore(1))
    purge_all(surgeon)
    if how == "undo":
        refused = surgeon.apply(surgeon.plan_redo(1)).refused
        assert len(refused) == 1
    else:
        again = surgeon.plan_undo(2)
        assert again.acts == ()
        assert {one.reason for one in again.left} == {"purged by operation 3"}
    assert mail(indexed) == BACK
    assert listed(surgeon) == []


def test_the_rest_alone_does_not_come_back(indexed: IndexedMaildir, surgeon: Surgeon) -> None:
    surgeon.apply(surgeon.plan_undo())
    plan = surgeon.plan_restore(surgeon.quarantined())
    assert plan.acts == ()
    assert "only what servers make anew" in plan.left[0].reason
    assert mail(indexed) == BACK


def test_misfiled_mail_and_leftovers_come_back_too(
    indexed: IndexedMaildir, surgeon: Surgeon
) -> None:
    away = next(iter(surgeon.quarantined()))
    place = Path(os.fsdecode(surgeon.quarantine_dir)) / f"{away.operation}/.Foo"
    (place / "1300000004.M1P1.host").write_bytes(text(4))
    (place / "tmp/1300000005.M1P1.host").write_bytes(text(5))
    (place / "inner/cur").mkdir(parents=True)
    (place / "inner/cur/1300000006.M1P1.host:2,").write_bytes(text(6))
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    for path in (b"1300000004.M1P1.host", b"tmp/1300000005.M1P1.host"):
        assert indexed.path(b".Foo/" + path).exists()
    assert indexed.path(b".Foo/inner/cur/1300000006.M1P1.host:2,").exists()
