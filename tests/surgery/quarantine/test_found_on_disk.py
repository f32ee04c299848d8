"""What lies in the quarantine without a journal: listed, explained by undo, put back by path."""

from __future__ import annotations

import os
import shutil

import pytest

from mailsurgeon.errors import Refused
from mailsurgeon.surgery.surgeon import Surgeon
from tests.surgery.conftest import Maildir, plan, total

ONE = b"cur/1300000001.M1P1.host:2,S"
TWO = b".Sent/cur/1300000002.M2P1.host:2,"


@pytest.fixture
def lost(maildir: Maildir) -> Maildir:
    """Two messages and a folder lie in the quarantine; the journal is gone."""
    maildir.folder(b".Sent")
    maildir.folder(b".Old")
    maildir.mail(ONE)
    maildir.mail(TWO, 2)
    maildir.mail(b".Old/cur/x", 3)
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.away(ONE), maildir.away(TWO), maildir.away(b".Old", b".Old")))
    shutil.rmtree(maildir.home / "state")
    return maildir


def originals(surgeon: Surgeon) -> list[tuple[bytes, str]]:
    return [(item.original, item.kind) for item in surgeon.unlisted()]


def test_everything_is_listed_and_undo_says_why_it_cannot(lost: Maildir) -> None:
    with lost.surgeon() as surgeon:
        assert surgeon.quarantined() == []
        assert originals(surgeon) == [(b".Old", "directory"), (TWO, "file"), (ONE, "file")]
        with pytest.raises(Refused, match="3 items lie in") as caught:
            surgeon.plan_undo()
    assert "quarantine restore" in str(caught.value)
    assert str(lost.home / "mail" / ".Maildir.quarantine") in str(caught.value)


def test_it_comes_back_by_path_and_that_can_be_undone(lost: Maildir) -> None:
    lost.tree.file(b"maildirsize", b"1000000S\n100 1\n")
    put_away = lost.picture()
    with lost.surgeon() as surgeon:
        restore = surgeon.plan_restore(surgeon.unlisted())
        assert restore.effects
        report = surgeon.apply(restore)
        assert (report.kind, report.state, report.done) == (
            "restore", "applied", {"restore quarantine": 3},
        )  # fmt: skip
        assert surgeon.unlisted() == []
        assert lost.path(ONE).exists() and lost.path(TWO).exists()
        assert lost.path(b".Old/cur/x").exists()
        both = lost.path(ONE).stat().st_size + lost.path(TWO).stat().st_size
        assert total(lost.path(b"maildirsize").read_bytes()) == (100 + both, 3)
        assert any("maildirsize" in effect for effect in restore.effects)  # not for the folder
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
        assert len(surgeon.unlisted()) == 3
    assert lost.picture() == put_away


def test_what_has_its_place_taken_is_left(lost: Maildir) -> None:
    lost.mail(ONE, 9)
    with lost.surgeon() as surgeon:
        restore = surgeon.plan_restore([one for one in surgeon.unlisted() if one.original == ONE])
    assert restore.acts == ()
    assert [left.reason for left in restore.left] == ["its place in the spool is taken"]


def test_a_journal_does_not_take_over_what_another_put_there(lost: Maildir) -> None:
    lost.mail(b"cur/third", 4)
    with lost.surgeon() as surgeon:
        report = surgeon.apply(plan(lost.away(b"cur/third")))
        assert report.operation == 2
        assert [item.original for item in surgeon.quarantined()] == [b"cur/third"]
        assert len(surgeon.unlisted()) == 3
        surgeon.apply(surgeon.plan_undo())
        assert len(surgeon.unlisted()) == 3


def test_deep_directories_are_one_item(maildir: Maildir) -> None:
    quarantine = maildir.home / "mail" / ".Maildir.quarantine"
    deep = os.fsencode(quarantine / "1") + b"/d" * 300
    os.makedirs(deep, 0o700)
    os.makedirs(os.fsencode(maildir.root) + b"/d" * 300, 0o700)
    with maildir.surgeon() as surgeon:
        items = surgeon.unlisted()
    assert [item.kind for item in items] == ["directory"]


def test_links_in_the_quarantine_are_not_followed(lost: Maildir) -> None:
    quarantine = lost.home / "mail" / ".Maildir.quarantine"
    outside = lost.home / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"")
    (quarantine / "7").symlink_to(outside)
    (quarantine / "1" / "cur" / "link").symlink_to(outside)
    with lost.surgeon() as surgeon:
        found = originals(surgeon)
    assert (b"cur/link", "other") in found
    assert not any(b"secret" in path for path, _ in found)
