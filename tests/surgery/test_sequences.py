"""Sequences of operations that once went wrong or left something behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.errors import Refused
from mailsurgeon.maildir.lists import courier_keywords
from mailsurgeon.surgery.quarantine.directory import prune
from tests.crash.support.random_kill import dying_at
from tests.surgery.conftest import Maildir, plan, total
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

ONE, TWO = b"cur/1300000001.M1.host:2,", b"cur/1300000002.M2.host:2,"


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def keywords(indexed: IndexedMaildir, folder: bytes, base: bytes) -> tuple[bytes, ...]:
    """What Courier tells of a message."""
    home = indexed.path(os.path.join(folder, b"courierimapkeywords"))
    updates = {os.fsencode(one.name): one.read_bytes() for one in home.iterdir()}
    return courier_keywords.effective(updates.pop(b":list", b""), updates, base)


def test_a_restore_taken_back_can_be_taken_back_further(maildir: Maildir) -> None:
    """Quarantine, restore of one thing, undo of the first, undo of the restore: what lies in the
    quarantine again is not forgotten by the next undo."""
    maildir.mail(ONE, 1)
    maildir.mail(TWO, 2)
    first = maildir.picture()
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.away(ONE), maildir.away(TWO)))
        surgeon.apply(surgeon.plan_restore(surgeon.quarantined()[:1]))
        surgeon.apply(surgeon.plan_undo(1))
        assert maildir.picture() == first
        surgeon.apply(surgeon.plan_undo(2))
        assert maildir.picture() != first
        assert surgeon.plan_undo().of == 1
        surgeon.apply(surgeon.plan_undo())
    assert maildir.picture() == first


def test_redo_does_not_put_away_again_what_was_restored(maildir: Maildir) -> None:
    """A restore is an operation of its own: its undo puts things away again."""
    maildir.mail(ONE, 1)
    maildir.mail(TWO, 2)
    first = maildir.picture()
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.away(ONE), maildir.away(TWO)))
        surgeon.apply(surgeon.plan_restore(surgeon.quarantined()[:1]))
        second = maildir.picture()
        surgeon.apply(surgeon.plan_undo(1))
        assert maildir.picture() == first
        surgeon.apply(surgeon.plan_redo(1))
        assert maildir.picture() == second
        with pytest.raises(Refused, match="nothing to redo"):
            surgeon.plan_redo(1)
        for number in (2, 1):
            assert not surgeon.apply(surgeon.plan_undo(number)).refused
        assert surgeon.undoable() == []
    assert maildir.picture() == first


def test_undo_of_everything_tries_again_what_an_undo_has_left(maildir: Maildir) -> None:
    maildir.mail(ONE, 1)
    first = maildir.picture()
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.rename(ONE, b"cur/1300000001.M1.host:2,S")))
        surgeon.apply(plan(maildir.rename(b"cur/1300000001.M1.host:2,S", b"cur/elsewhere:2,S")))
        out_of_turn = surgeon.apply(surgeon.plan_undo(1))
        assert [one.reason for one in out_of_turn.refused] == [
            "it has another name by now: cur/elsewhere:2,S"
        ]
        assert surgeon.undoable() == [2, 1]
        for number in surgeon.undoable():
            surgeon.apply(surgeon.plan_undo(number))
        assert surgeon.undoable() == []
    assert maildir.picture() == first


def test_of_two_messages_with_one_name_the_one_that_keeps_it_keeps_its_keywords(
    indexed: IndexedMaildir,
) -> None:
    base = b"1300000001.M1.host"
    indexed.mail(b"cur/" + base + b":2,S", 1, content=text(1))
    indexed.mail(b"cur/" + base + b":2,T", 2, content=text(2))
    indexed.courier(b"", base)
    indexed.courier_keywords(b"", b"Work\n\n" + base + b":0\n")

    indexed.apply(indexed.survey().fix())

    assert [name for name in os.listdir(indexed.path(b"cur")) if name.startswith("1300000001.M1.")]
    assert keywords(indexed, b"", base) == (b"Work",)


def test_date_and_mode_are_put_right_in_one_operation(indexed: IndexedMaildir) -> None:
    path = indexed.mail(ONE, 1, content=text(1))
    os.utime(indexed.path(path), (1_600_000_000, 1_600_000_000))
    indexed.path(path).chmod(0o622)
    indexed.mail(TWO, 2, content=text(2))
    indexed.path(TWO).chmod(0o600)
    first = indexed.picture()
    made = indexed.survey().fix(only=["bad-date", "bad-permissions"])
    assert {step.action for act in made.acts for step in act.steps} == {
        "utime",
        "chmod",
    }

    indexed.apply(made)

    status = indexed.path(path).stat()
    assert (status.st_mode & 0o777 == 0o622, int(status.st_mtime)) == (False, 1_300_000_000)
    assert not indexed.undo().refused
    assert indexed.picture() == first


def test_a_damaged_uidlist_does_not_stop_what_does_not_concern_it(indexed: IndexedMaildir) -> None:
    """A name that loses its second info keeps its base name, and so its UID."""
    indexed.mail(b"cur/1300000001.M1.host:2,S:2,FS", 1, content=text(1))
    indexed.uidlist(b"", b"1300000001.M1.host")
    place = indexed.path(b"dovecot-uidlist")
    place.write_bytes(place.read_bytes() + b"0 :zero\n")
    indexed.apply(indexed.survey().fix())
    assert os.listdir(indexed.path(b"cur")) == ["1300000001.M1.host:2,FS"]


def test_keywords_of_a_name_with_two_infos_go_along_to_another_folder(
    indexed: IndexedMaildir,
) -> None:
    path = indexed.mail(b"cur/1300000001.M1.host:2,S:2,FS", 1, content=text(1))
    indexed.courier(b"", b"1300000001.M1.host")
    indexed.courier_keywords(b"", b"Work\n\n1300000001.M1.host:2,S:0\n")
    indexed.folder(b".Sent")
    indexed.courier(b".Sent")
    first = indexed.picture()

    indexed.apply(indexed.survey().propose(path, remedy="file", target="Sent"))

    assert keywords(indexed, b".Sent", b"1300000001.M1.host") == (b"Work",)
    assert not indexed.undo().refused
    assert indexed.picture() == first


def test_a_symlink_among_the_messages_is_not_in_the_quota(indexed: IndexedMaildir) -> None:
    os.symlink("/nowhere", indexed.path(ONE))
    quota = indexed.path(b"maildirsize")
    quota.write_bytes(b"1000S\n%d 1\n" % len(text(2)))
    indexed.mail(TWO, 2, content=text(2))
    indexed.apply(indexed.survey().propose(ONE, remedy="quarantine"))
    assert total(quota.read_bytes()) == (len(text(2)), 1)


def test_directories_that_a_killed_run_had_begun_to_make_are_taken_away(tmp_path: Path) -> None:
    """It made the first of those that were to hold a message, and not the second."""
    (tmp_path / "1" / ".Sent").mkdir(parents=True)
    root = os.open(tmp_path, os.O_RDONLY)
    try:
        prune(root, b"1/.Sent/cur/1300000001.M1.host:2,S")
    finally:
        os.close(root)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.crash
def test_an_undo_that_is_killed_leaves_no_empty_directories(tmp_path: Path) -> None:
    """Whatever is left of the quarantine's directories is taken away by the recovery."""
    points, struck = 0, True
    while struck:
        points += 1
        home = tmp_path / str(points)
        home.mkdir()
        with indexed_maildir_in(home) as indexed:
            indexed.mail(ONE, 1, content=text(1))
            indexed.apply(indexed.survey().propose(ONE, remedy="quarantine"))
            with indexed.surgeon() as surgeon, dying_at(points) as death:
                surgeon.apply(surgeon.plan_undo())
            struck = death.struck
            with indexed.surgeon() as surgeon:
                surgeon.recover()
                for number in surgeon.undoable():
                    surgeon.apply(surgeon.plan_undo(number))
                quarantine = Path(os.fsdecode(surgeon.quarantine_dir))
                assert not quarantine.exists() or not list(quarantine.iterdir()), points
    assert points > 10, points


@pytest.mark.crash
@pytest.mark.skipif(os.geteuid() != 0, reason="only root works on somebody else's spool")
@pytest.mark.parametrize("beside", [True, False], ids=["beside the spool", "root's own"])
def test_root_killed_while_it_quarantines_somebody_elses_mail_recovers(
    tmp_path: Path, beside: bool
) -> None:
    """At every call: also between the making of a directory for him and its giving away."""
    tmp_path.chmod(0o711)
    points = 0
    while True:
        points += 1
        home = tmp_path / str(points)
        home.mkdir(mode=0o711)
        with indexed_maildir_in(home) as indexed:
            indexed.mail(b"cur/1300000001.M1.host:2,S", 1, content=text(1))
            for path in (home / "mail", *(home / "mail").rglob("*")):
                os.chown(path, 12_345, 12_345)
            first = indexed.picture()
            made = indexed.survey().propose(b"cur/1300000001.M1.host:2,S", remedy="quarantine")
            (home / "away").mkdir(mode=0o700)
            quarantine = None if beside else os.fsencode(home / "away")
            with indexed.surgeon(quarantine=quarantine) as surgeon, dying_at(points) as death:
                surgeon.apply(made)
            with indexed.surgeon(quarantine=quarantine) as surgeon:
                surgeon.recover()
                assert surgeon.unfinished() is None
                for number in surgeon.undoable():
                    assert not surgeon.apply(surgeon.plan_undo(number)).refused
            assert indexed.picture() == first, points
        if not death.struck:
            break
    assert points > 15, points
    print(f"\nkilled at {points - 1} of {points - 1} calls, recovered each time")
