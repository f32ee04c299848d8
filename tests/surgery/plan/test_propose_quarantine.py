"""What goes to the quarantine: files, copies whose flags are handed on, whole folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.plan.propose import propose_folder
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, moves, only_act, text


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def age(indexed: IndexedMaildir, *paths: bytes) -> None:
    """Gives the files ctimes in this order, each after a tick of the kernel's clock."""
    seen = 0
    for path in paths:
        place = indexed.spool.absolute(path)
        while os.lstat(place).st_ctime_ns <= seen:
            os.chmod(place, 0o600)
        seen = os.lstat(place).st_ctime_ns


# Single files


def test_an_empty_message_is_put_away_and_clients_are_told(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host:2,S", content=b"")
    plan = indexed.survey().propose(path)
    assert moves(plan) == {path: QuarantinePath.of(None, path)}
    assert (only_act(plan).verdict, plan.kind) == ("quarantine empty", "quarantine")
    assert "clients will see 1 message deleted in INBOX" in plan.effects
    assert plan.needs[-1] == f"quarantine: {indexed.home / 'mail' / '.Maildir.quarantine'}"


@pytest.mark.parametrize("field", [b",U=4", b",FMD5=0123456789abcdef0123456789abcdef"])
def test_an_empty_message_a_client_may_hold_is_refused(
    indexed: IndexedMaildir, field: bytes
) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host%s:2,S" % field, content=b"")
    plan = indexed.survey().propose(path)
    assert plan.acts == ()
    assert [(left.refused, left.codes) for left in plan.left] == [(True, ("empty",))]
    assert plan.left[0].hint.endswith("--force")
    assert moves(indexed.propose(path, force=True))


def test_an_empty_message_beside_the_state_of_mbsync_is_refused(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host:2,S", content=b"")
    indexed.path(b".mbsyncstate").touch()
    assert indexed.survey().propose(path).acts == ()
    forced = indexed.propose(path, force=True)
    assert "mbsync will delete 1 of them on the other side too" in forced.effects


def test_an_empty_message_a_client_may_hold_is_refused_to_the_operators_own_choice(
    indexed: IndexedMaildir,
) -> None:
    named = indexed.mail(b"cur/1300000000.M1.host,U=4:2,S", content=b"")
    beside = indexed.mail(b".A/cur/1300000001.M1.host:2,S", content=b"")
    indexed.folder(b".A")
    indexed.path(b".A/.mbsyncstate").touch()
    indexed.survey()
    plan = indexed.propose(named, beside, remedy="quarantine")
    assert plan.acts == ()
    assert [(left.path, left.refused) for left in plan.left] == [(named, True), (beside, True)]
    forced = indexed.propose(named, beside, remedy="quarantine", force=True)
    assert len(forced.acts) == 2


def test_leftovers_nobody_saw_are_no_deletion(indexed: IndexedMaildir) -> None:
    empty = indexed.mail(b"tmp/1300000000.M1.host", content=b"")
    cut = indexed.mail(b"tmp/1300000001.M1.host,S=999", content=text(1))
    plan = indexed.survey().propose(empty, cut)
    assert [act.verdict for act in plan.acts] == ["quarantine empty", "quarantine cut"]
    assert plan.effects[0] == "2 put away that no client could see"
    assert not any("deleted" in effect for effect in plan.effects)


def test_an_unwanted_message_is_put_away_on_the_operators_word(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host,S=7:2,SF", content=text(1))
    plan = indexed.survey().propose(path, remedy="quarantine")
    act = only_act(plan)
    assert moves(plan) == {path: QuarantinePath.of(None, path)}
    assert (act.verdict, act.remedies) == ("quarantine", ("quarantine",))


# Copies


def test_a_copy_hands_its_flags_on_but_not_its_deletion_mark(indexed: IndexedMaildir) -> None:
    kept = indexed.mail(b"cur/1300000000.M1.host:2,S", content=text(1))
    copy = indexed.mail(b"cur/1300000001.M1.host:2,FTa", content=text(1))
    indexed.uidlist(b"", b"1300000000.M1.host", b"1300000001.M1.host")
    plan = indexed.survey().propose(copy, kept)
    act = only_act(plan)
    assert act.path == copy and act.verdict == "quarantine copy"
    assert moves(plan) == {
        copy: QuarantinePath.of(None, copy),
        kept: b"cur/1300000000.M1.host:2,FSa",
    }
    assert act.note == "its flags go to the copy that is kept"
    told = [left for left in plan.left if left.path == kept]
    assert [(left.refused, left.reason) for left in told] == [(False, "the copy that is kept")]
    before = indexed.picture()
    indexed.apply(plan)
    assert "duplicate-id" not in indexed.survey().index.problem_counts()
    indexed.undo()
    assert indexed.picture() == before


def test_flags_reach_the_kept_copy_in_the_one_rename_it_gets(indexed: IndexedMaildir) -> None:
    kept = indexed.mail(b"cur/1300000000.M1.host,S=7:2,S", content=text(1))
    copy = indexed.mail(b"cur/1300000001.M1.host:2,F", content=text(1))
    indexed.uidlist(b"", b"1300000000.M1.host,S=7", b"1300000001.M1.host")
    plan = indexed.survey().propose(copy, kept)
    assert moves(plan)[kept] == b"cur/1300000000.M1.host,S=%d:2,FS" % len(text(1))
    assert sorted(len(act.steps) for act in plan.acts) == [1, 1]
    indexed.apply(plan)


def test_many_copies_hand_their_flags_on_in_one_rename(indexed: IndexedMaildir) -> None:
    kept = indexed.mail(b"new/1300000000.M1.host", content=text(1))
    copies = [
        indexed.mail(b"cur/13000000%02d.M1.host:2,%s" % (number, flag), content=text(1))
        for number, flag in enumerate((b"S", b"F", b"R"), start=1)
    ]
    indexed.uidlist(b"", *(b"13000000%02d.M1.host" % number for number in range(4)))
    plan = indexed.survey().propose(*copies)
    assert moves(plan)[kept] == b"cur/1300000000.M1.host:2,FRS"
    assert sorted(len(act.steps) for act in plan.acts) == [1, 1, 2]
    indexed.apply(plan)
    assert indexed.survey().codes() == {}


def test_the_last_copy_never_goes(indexed: IndexedMaildir) -> None:
    kept = indexed.mail(b"cur/1300000000.M1.host:2,", content=text(1))
    copy = indexed.mail(b"cur/1300000001.M1.host:2,", content=text(1))
    indexed.uidlist(b"", b"1300000000.M1.host", b"1300000001.M1.host")
    indexed.survey()
    indexed.index.db.execute("DELETE FROM files WHERE filename = ?", (os.path.basename(kept),))
    plan = indexed.propose(copy)
    assert plan.acts == ()
    assert [left.refused for left in plan.left] == [True]


def test_an_identical_twin_of_a_clash_is_put_away_and_undone(indexed: IndexedMaildir) -> None:
    kept = indexed.mail(b"cur/1300000000.M1.host:2,", content=text(1))
    twin = indexed.mail(b"cur/1300000000.M1.host:2,S", content=text(1))
    age(indexed, kept, twin)
    indexed.uidlist(b"", b"1300000000.M1.host")
    before = indexed.picture()
    plan = indexed.survey().propose(kept, twin, codes=["name-clash"])
    act = only_act(plan)
    assert (act.path, act.verdict) == (twin, "quarantine twin")
    assert not any("deleted" in effect for effect in plan.effects)
    assert [step.source for step in act.steps] == [twin, kept]
    indexed.apply(plan)
    assert indexed.path(b"cur/1300000000.M1.host:2,S").read_bytes() == text(1)
    assert indexed.survey().codes() == {}
    indexed.undo()
    assert indexed.picture() == before


def test_the_other_of_a_clash_gets_a_name_and_the_record_stays(indexed: IndexedMaildir) -> None:
    size = len(text(1))
    kept = indexed.mail(b"cur/1300000000.M1.host,S=%d,U=2:2,S" % size, content=text(1))
    other = indexed.mail(b"new/1300000000.M1.host,S=%d,U=2" % size, content=text(2))
    indexed.uidlist(b"", b"1300000000.M1.host,S=%d,U=2" % size)
    plan = indexed.survey().propose(kept, other, codes=["name-clash"])
    target = moves(plan)[other]
    assert target.startswith(b"new/1300000000.M1R") and target.endswith(b".host,S=%d" % size)
    assert plan.effects[0] == (
        "1 message seen for the first time in INBOX: hidden behind another of the same name until"
        " now"
    )
    indexed.apply(plan)
    assert indexed.records(b"")[0].endswith(b":1300000000.M1.host,S=%d,U=2" % size)
    assert indexed.survey().codes() == {}


def test_the_other_of_a_clash_never_takes_the_record_along(indexed: IndexedMaildir) -> None:
    """Only the sizes are asked for: both get the same name, and one UID is there for them."""
    kept = indexed.mail(b"cur/1300000000.M1.host,S=7:2,S", content=text(1))
    other = indexed.mail(b"new/1300000000.M1.host,S=7", content=text(2))
    indexed.uidlist(b"", b"1300000000.M1.host,S=7")
    plan = indexed.survey().propose(kept, other, codes=["size-mismatch"])
    keeps = {step.source: step.data["keep_uid"] for act in plan.acts for step in act.steps}
    assert keeps == {kept: True, other: False}
    assert len(set(moves(plan).values())) == 2
    indexed.apply(plan)
    assert indexed.records(b"")[0].endswith(b":1300000000.M1.host,S=%d" % len(text(1)))


# Whole folders


def test_a_folder_goes_whole_by_one_rename_and_comes_back(indexed: IndexedMaildir) -> None:
    indexed.folder(b".Backup")
    inside = indexed.mail(b".Backup/cur/1300000000.M1.host,S=7:2,S", content=text(1))
    indexed.uidlist(b".Backup", b"1300000000.M1.host,S=7")
    before = indexed.picture()
    (folder,) = [row for row in indexed.survey().index.folders() if row.path == b".Backup"]
    plan = propose_folder(indexed.spool, indexed.index, folder.id)
    assert moves(plan) == {b".Backup": QuarantinePath.of(None, b".Backup")}
    assert "clients will see the folder Backup disappear, with 1 message" in plan.effects
    indexed.apply(plan)
    assert not indexed.path(b".Backup").exists() and inside
    indexed.undo()
    assert indexed.picture() == before


def test_messages_go_along_with_their_folder(indexed: IndexedMaildir) -> None:
    indexed.folder(b".Mail.old")
    inside = indexed.mail(b".Mail.old/cur/1300000000.M1.host,S=7:2,S", content=text(1))
    plan = indexed.survey().propose(b".Mail.old", inside)
    act = only_act(plan)
    assert (act.path, act.codes) == (b".Mail.old", ("backup-folder",))
    assert "1 of them filed nowhere else" in act.note
    assert [(left.path, left.refused) for left in plan.left] == [(inside, False)]


def test_inbox_is_never_put_away_whole(indexed: IndexedMaildir) -> None:
    (inbox,) = indexed.survey().index.folders()
    plan = propose_folder(indexed.spool, indexed.index, inbox.id)
    assert (plan.acts, plan.left[0].refused) == ((), True)
