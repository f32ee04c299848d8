"""The quarantine: private, beside the spool; items are listed, restored, purged on request."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsurgeon.errors import Refused
from mailsurgeon.surgery.surgeon import Surgeon
from tests.surgery.conftest import Maildir, plan

ONE = b"cur/1300000001.M1P1.host:2,S"
TWO = b"cur/1300000002.M2P1.host:2,"


def beside(maildir: Maildir) -> Path:
    return maildir.home / "mail" / ".Maildir.quarantine"


def test_what_is_put_away_lies_under_its_own_path_where_only_its_owner_looks(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    maildir.mail(ONE)
    inode = maildir.path(ONE).stat().st_ino
    surgeon.apply(plan(maildir.away(ONE)))
    stored = beside(maildir) / "1" / os.fsdecode(ONE)
    assert stored.stat().st_ino == inode
    for directory in (beside(maildir), beside(maildir) / "1", beside(maildir) / "1" / "cur"):
        assert directory.stat().st_mode & 0o777 == 0o700
    assert sorted(os.listdir(beside(maildir))) == ["1", "IDENTITY"]
    assert surgeon.quarantine_dir == os.fsencode(beside(maildir))


def test_it_is_listed_and_put_back_one_by_one(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(ONE)
    maildir.mail(TWO, 2)
    before = maildir.picture()
    surgeon.apply(plan(maildir.away(ONE), maildir.away(TWO)))

    items = surgeon.quarantined()
    assert [(one.operation, one.path, one.original) for one in items] == [
        (1, b"quarantine:1/" + ONE, ONE),
        (1, b"quarantine:1/" + TWO, TWO),
    ]
    assert items[0].size == len(maildir.messages()[0])

    report = surgeon.apply(surgeon.plan_restore(items[:1]))
    assert (report.kind, report.state) == ("restore", "applied")
    assert maildir.path(ONE).exists()
    assert [one.original for one in surgeon.quarantined()] == [TWO]
    assert surgeon.operations()[0].state == "partial"

    assert surgeon.apply(surgeon.plan_restore(1)).state == "applied"
    assert maildir.picture() == before
    assert not beside(maildir).exists()
    assert surgeon.operations()[0].state == "undone"


@pytest.mark.parametrize("inside", ["q", "cur/q", "cur", "."])
def test_a_quarantine_in_the_spool_is_refused(maildir: Maildir, inside: str) -> None:
    maildir.mail(ONE)
    before = maildir.picture()
    there = os.fsencode(maildir.path(b"x").parent / inside)
    act = maildir.away(ONE)
    with (
        Surgeon(maildir.spool, state_dir=maildir.home / "other", quarantine=there) as surgeon,
        pytest.raises(Refused, match="lies in the spool"),
    ):
        surgeon.apply(plan(act))
    assert maildir.picture() == before


def test_a_restore_is_undone_like_anything_else(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(ONE)
    surgeon.apply(plan(maildir.away(ONE)))
    put_away = maildir.picture()
    surgeon.apply(surgeon.plan_restore(1))
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.picture() == put_away
    assert [one.original for one in surgeon.quarantined()] == [ONE]
    assert surgeon.operations()[0].state == "applied"


def test_a_restore_never_overwrites(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(ONE)
    surgeon.apply(plan(maildir.away(ONE)))
    maildir.mail(ONE, 5)
    mails = maildir.messages()
    report = surgeon.apply(surgeon.plan_restore(1))
    assert report.state == "failed"
    assert maildir.messages() == mails


def test_purge_deletes_for_good_what_is_old_enough(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(ONE)
    maildir.folder(b".OLD")
    maildir.mail(b".OLD/cur/x", 3)
    kept = maildir.mail(TWO, 2)
    surgeon.apply(plan(maildir.away(ONE), maildir.away(b".OLD", b".OLD")))
    assert surgeon.purge(surgeon.plan_purge(surgeon.quarantined_before(1.0))).done == {}
    assert len(surgeon.quarantined()) == 2

    report = surgeon.purge(surgeon.plan_purge(surgeon.quarantined_before(0.0)))

    assert (report.kind, report.state, report.done) == ("purge", "applied", {"purge": 2})
    assert not beside(maildir).exists()
    assert maildir.path(kept).exists()
    assert surgeon.quarantined() == []
    undo = surgeon.plan_undo(1)
    assert undo.acts == ()
    assert {one.reason for one in undo.left} == {"purged by operation 2"}
    with pytest.raises(Refused):
        surgeon.plan_undo(2)


def test_purge_touches_nothing_that_was_put_back(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(ONE)
    surgeon.apply(plan(maildir.away(ONE)))
    surgeon.apply(surgeon.plan_undo())
    assert surgeon.purge(surgeon.plan_purge(surgeon.quarantined_before(0.0))).done == {}
    assert maildir.path(ONE).exists()


def make_link(place: Path) -> None:
    (place.parent / "elsewhere").mkdir(mode=0o700)
    place.symlink_to(place.parent / "elsewhere")


def make_open(place: Path) -> None:
    place.mkdir()
    place.chmod(0o755)


def make_file(place: Path) -> None:
    place.write_bytes(b"")


@pytest.mark.parametrize("prepare", [make_link, make_open, make_file])
def test_an_unsafe_quarantine_is_refused_and_nothing_done(
    maildir: Maildir, prepare: object
) -> None:
    assert callable(prepare)
    maildir.mail(ONE)
    prepare(beside(maildir))
    before = maildir.picture()
    with maildir.surgeon() as surgeon:
        with pytest.raises(Refused, match=r"--quarantine|chmod"):
            surgeon.apply(plan(maildir.away(ONE)))
        assert surgeon.operations() == []
    assert maildir.picture() == before


def test_another_file_system_is_refused(maildir: Maildir) -> None:
    maildir.mail(ONE)
    elsewhere = Path("/proc")
    assert elsewhere.stat().st_dev != maildir.spool.device
    acts = plan(maildir.away(ONE))
    said = "not on the spool's file system"
    with maildir.surgeon(quarantine=b"/proc/x") as surgeon, pytest.raises(Refused, match=said):
        surgeon.apply(acts)
    assert maildir.path(ONE).exists()


def test_the_operator_may_name_another_quarantine_and_undo_still_finds_it(maildir: Maildir) -> None:
    maildir.mail(ONE)
    before = maildir.picture()
    chosen = maildir.home / "away"
    with maildir.surgeon(quarantine=os.fsencode(chosen)) as surgeon:
        surgeon.apply(plan(maildir.away(ONE)))
    assert (chosen / "1" / os.fsdecode(ONE)).exists()
    with maildir.surgeon() as surgeon:
        assert [one.original for one in surgeon.quarantined()] == [ONE]
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.picture() == before


def test_a_number_that_another_journal_has_used_is_not_used_again(maildir: Maildir) -> None:
    maildir.mail(ONE)
    maildir.mail(TWO, 2)
    with maildir.surgeon(state_dir=maildir.home / "first") as surgeon:
        assert surgeon.apply(plan(maildir.away(ONE))).operation == 1
    with maildir.surgeon(state_dir=maildir.home / "second") as surgeon:
        assert surgeon.apply(plan(maildir.away(TWO))).operation == 2
