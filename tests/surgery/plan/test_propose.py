"""Plans for single problems: the exact steps, what clients will notice, what is left alone."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.filename import split
from mailsurgeon.surgery.plan.propose import described, propose, without
from mailsurgeon.survey.open_spool import Options
from tests.surgery.conftest import Maildir
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, moves, only_act, text


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


# fix-size


def test_a_wrong_size_is_put_right_in_place_and_the_uid_kept(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host,S=7,W=9,U=4:2,FS", content=text(1))
    indexed.uidlist(b"", b"1300000000.M1.host,S=7,W=9,U=4")
    plan = indexed.survey().propose(path)

    size, virtual = len(text(1)), len(text(1)) + text(1).count(b"\n")
    target = b"cur/1300000000.M1.host,S=%d,W=%d,U=4:2,FS" % (size, virtual)
    assert moves(plan) == {path: target}
    assert only_act(plan).steps[0].data["keep_uid"]
    assert plan.kind == "fix-size"
    assert "UIDs kept for 1 of 1 in INBOX" in plan.effects
    indexed.apply(plan)
    assert [line.split(b" :")[1] for line in indexed.records(b"")] == [target[4:-5]]


def test_a_field_the_name_lacks_is_never_added(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host,S=7:2,", content=text(1))
    plan = indexed.survey().propose(path)
    assert moves(plan) == {path: b"cur/1300000000.M1.host,S=%d:2," % len(text(1))}


def test_wrong_sizes_of_the_uidlist_are_dropped_without_a_rename(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host:2,", content=text(1))
    Maildir.uidlist(indexed, b"", b"1300000000.M1.host")  # with W70
    act = only_act(indexed.survey().propose(path))
    assert [(step.action, step.source) for step in act.steps] == [("uidlist", b"dovecot-uidlist")]
    indexed.apply(indexed.propose(path))
    assert indexed.records(b"") == [b"1 :1300000000.M1.host"]
    assert indexed.survey().codes() == {}


def test_the_size_of_a_cut_message_is_put_right_only_when_asked_for(
    indexed: IndexedMaildir,
) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host,S=900:2,", content=b"From: a@example.org\nSubj")
    plan = indexed.survey().propose(path)
    assert plan.acts == ()
    assert {left.codes for left in plan.left} >= {("truncated",), ("size-mismatch",)}
    assert all(not left.refused and left.hint.endswith("PATH") for left in plan.left)

    asked = indexed.propose(path, remedy="fix-size")
    assert moves(asked) == {path: b"cur/1300000000.M1.host,S=24:2,"}
    assert "only trace" in only_act(asked).note and "mbsync" in only_act(asked).note
    assert set(only_act(asked).codes) == {"truncated", "size-mismatch"}


def test_a_compressed_message_keeps_the_size_of_its_plain_text(indexed: IndexedMaildir) -> None:
    packed = gzip.compress(text(1))
    right = indexed.mail(b"cur/1300000000.M1.host,S=%d:2," % len(text(1)), content=packed)
    wrong = indexed.mail(b"cur/1300000001.M1.host,S=%d:2," % len(packed), content=packed)
    plan = indexed.survey().propose(right, wrong, codes=["size-mismatch"])
    assert moves(plan) == {wrong: b"cur/1300000001.M1.host,S=%d:2," % len(text(1))}


def test_sizes_that_are_right_are_told(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host,S=%d:2," % len(text(1)), content=text(1))
    plan = indexed.survey().propose(path, remedy="fix-size")
    assert plan.acts == ()
    assert [(left.reason, left.refused) for left in plan.left] == [("its sizes are right", False)]


def test_a_corrected_name_that_is_taken_becomes_a_fresh_one(indexed: IndexedMaildir) -> None:
    size = len(text(1))
    wrong = indexed.mail(b"cur/1300000000.M1.host,S=7:2,S", content=text(1))
    indexed.mail(b"new/1300000000.M1.host,S=%d" % size, content=text(2))
    act = only_act(indexed.survey().propose(wrong))
    target = moves(indexed.propose(wrong))[wrong]
    assert re.fullmatch(rb"cur/1300000000\.M1R[0-9a-f]{12}\.host,S=%d:2,S" % size, target)
    assert "gets a new name" in act.note
    assert act.steps[0].data["keep_uid"]


# fix-flags


def test_flags_are_sorted_and_nothing_else_changes(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host,U=3:2,SaFS,x=1", content=text(1))
    plan = indexed.survey().propose(path)
    assert moves(plan) == {path: b"cur/1300000000.M1.host,U=3:2,FSa,x=1"}
    assert not only_act(plan).steps[0].data["keep_uid"]


def test_a_foreign_separator_is_a_new_base_name_that_keeps_its_uid(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host;2,S", content=text(1))
    for number in range(3):
        indexed.mail(b"cur/130000000%d.M2.host:2," % number, content=text(2 + number))
    indexed.uidlist(b"", b"1300000000.M1.host;2,S")
    plan = indexed.survey().propose(path)
    assert moves(plan) == {path: b"cur/1300000000.M1.host:2,S"}
    indexed.apply(plan)
    (record,) = indexed.records(b"")
    assert record.startswith(b"1 ") and record.endswith(b" :1300000000.M1.host")


def test_the_operator_sets_flags_and_keywords_stay(indexed: IndexedMaildir) -> None:
    cur = indexed.mail(b"cur/1300000000.M1.host:2,RSXb", content=text(1))
    new = indexed.mail(b"new/1300000001.M1.host", content=text(2))
    plan = indexed.survey().propose(cur, new, remedy="fix-flags", flags="F")
    assert moves(plan) == {
        cur: b"cur/1300000000.M1.host:2,FXb",
        new: b"cur/1300000001.M1.host:2,F",
    }
    assert "flags change or are read anew for 2 messages" in plan.effects
    named_keyword = indexed.propose(cur, remedy="fix-flags", flags="Fa")
    assert moves(named_keyword) == {cur: b"cur/1300000000.M1.host:2,FXa"}


def test_what_is_no_flag_is_an_error(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host:2,", content=text(1))
    with pytest.raises(MailsurgeonError, match="flags are"):
        indexed.survey().propose(path, remedy="fix-flags", flags="S!")


# file


def test_a_misfiled_message_keeps_flags_keywords_and_uid_in_its_folder(
    indexed: IndexedMaildir,
) -> None:
    indexed.folder(b".Work")
    plain = indexed.mail(b".Work/1300000000.M1.host", content=text(1))
    flagged = indexed.mail(b".Work/1300000001.M1.host,U=7:2,Sa", content=text(2))
    plan = indexed.survey().propose(plain, flagged)
    assert moves(plan) == {
        plain: b".Work/cur/1300000000.M1.host:2,",
        flagged: b".Work/cur/1300000001.M1.host,U=7:2,Sa",
    }
    assert plan.effects[0] == "2 new messages in Work (UIDs are given by the server)"
    assert {act.verdict for act in plan.acts} == {"file"}


def test_a_uid_another_message_bears_is_not_filed_with(indexed: IndexedMaildir) -> None:
    indexed.mail(b"cur/1300000000.M1.host,U=7:2,", content=text(1))
    path = indexed.mail(b"1300000001.M1.host,U=7:2,S", content=text(2))
    assert moves(indexed.survey().propose(path)) == {path: b"cur/1300000001.M1.host:2,S"}


def test_names_taken_in_the_target_are_replaced_one_by_one(indexed: IndexedMaildir) -> None:
    indexed.folder(b".A")
    indexed.mail(b".A/new/1300000000.M1.host", content=text(1))
    one = indexed.mail(b".A/1300000000.M1.host", content=text(2))
    two = indexed.mail(b".A/deep/1300000000.M1.host:2,S", content=text(3))
    plan = indexed.survey().propose(one, two)
    targets = [split(target)[0] for target in moves(plan).values()]
    assert len({*targets, b".A/cur/1300000000.M1.host"}) == 3
    assert all("gets a new name" in act.note for act in plan.acts)
    indexed.apply(plan)
    assert indexed.survey().codes() == {}


def test_a_leftover_is_filed_with_its_sizes_put_right(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"tmp/1300000000.M1.host,S=%d,W=9" % len(text(1)), content=text(1))
    plan = indexed.survey().propose(path)
    virtual = len(text(1)) + text(1).count(b"\n")
    assert moves(plan) == {path: b"cur/1300000000.M1.host,S=%d,W=%d:2," % (len(text(1)), virtual)}
    indexed.apply(plan)
    assert indexed.survey().codes() == {}


def test_a_young_leftover_is_left_to_its_delivery(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"tmp/1300000000.M1.host", content=text(1))
    indexed.options = Options(tmp_age=1e9)
    plan = indexed.survey().propose(path, remedy="file")
    assert plan.acts == ()
    assert [left.refused for left in plan.left] == [True]
    assert moves(indexed.propose(path, remedy="file", force=True))


def test_a_nested_message_below_inbox_is_filed_only_by_name(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"old mail/1300000000.M1.host", content=text(1))
    told = indexed.survey().propose(path)
    assert (told.acts, told.left[0].refused) == ((), False)
    assert "--to INBOX" in told.left[0].hint
    asked = indexed.propose(path, remedy="file", target="INBOX")
    assert moves(asked) == {path: b"cur/1300000000.M1.host:2,"}


def test_between_folders_uids_go_and_keywords_are_mapped_by_name(indexed: IndexedMaildir) -> None:
    for folder, keywords in ((b".A", b"0 Work\n1 Home\n2 Gone\n"), (b".B", b"0 Zebra\n1 Work\n")):
        indexed.folder(folder)
        indexed.path(folder + b"/dovecot-keywords").write_bytes(keywords)
    fmd5 = b",FMD5=0123456789abcdef0123456789abcdef"
    path = indexed.mail(b".A/cur/1300000000.M1.host,S=%d,U=5%s:2,Sac" % (len(text(1)), fmd5),
                       content=text(1))  # fmt: skip
    plan = indexed.survey().propose(path, remedy="file", target="B")
    assert moves(plan) == {path: b".B/cur/1300000000.M1.host,S=%d:2,Sbc" % len(text(1))}
    assert only_act(plan).steps[0].data == {"add": [[2, "Gone"]], "made": False}
    assert only_act(plan).note == ""
    assert "1 message moved from A to B, with new UIDs there" in plan.effects


def test_a_folder_that_does_not_exist_is_an_error(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"1300000000.M1.host", content=text(1))
    with pytest.raises(MailsurgeonError, match="Nowhere"):
        indexed.survey().propose(path, remedy="file", target="Nowhere")


def test_cur_is_made_before_mail_is_filed_into_it(indexed: IndexedMaildir) -> None:
    indexed.path(b".A/new").mkdir(parents=True)
    path = indexed.mail(b".A/1300000000.M1.host", content=text(1))
    plan = indexed.survey().propose(path)
    assert [act.verdict for act in plan.acts] == ["make-subdirs", "file"]
    indexed.apply(plan)
    assert indexed.survey().codes() == {}


def test_what_is_filed_already_is_told(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host:2,", content=text(1))
    plan = indexed.survey().propose(path, remedy="file")
    assert (plan.acts, plan.left[0].refused) == ((), False)


# Several problems of one message


def test_all_remedies_make_one_name_and_one_rename(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b".A/1300000000.M1.host,S=7:2,SF", content=text(1))
    indexed.folder(b".A")
    plan = indexed.survey().propose(path)
    act = only_act(plan)
    assert moves(plan) == {path: b".A/cur/1300000000.M1.host,S=%d:2,FS" % len(text(1))}
    assert (len(act.steps), act.verdict) == (1, "file")
    assert set(act.codes) == {"misfiled", "size-mismatch", "bad-flags"}
    assert set(act.remedies) == {"file", "fix-size", "fix-flags"}


def test_codes_choose_among_the_problems_of_a_message(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host,S=7:2,SF", content=text(1))
    plan = indexed.survey().propose(path, codes=["bad-flags"])
    assert moves(plan) == {path: b"cur/1300000000.M1.host,S=7:2,FS"}


# Scale


def test_the_index_is_asked_in_batches(indexed: IndexedMaildir) -> None:
    indexed.folder(b".A")
    paths = [
        indexed.mail(b".A/13000%05d.M1.host,S=7" % number, content=text(number))
        for number in range(1200)
    ]
    ids = indexed.survey().ids(*paths)
    asked: list[str] = []
    indexed.index.db.set_trace_callback(asked.append)
    plan = propose(indexed.spool, indexed.index, ids)
    indexed.index.db.set_trace_callback(None)
    assert len(plan) == 1200
    assert len(asked) < 30


def test_a_row_dropped_takes_its_effects_along(indexed: IndexedMaildir) -> None:
    sized = indexed.mail(b"cur/1300000000.M1.host,S=7:2,S", content=text(1))
    empty = indexed.mail(b"cur/1300000001.M1.host:2,S", content=b"")
    indexed.uidlist(b"", b"1300000000.M1.host,S=7", b"1300000001.M1.host")
    plan = indexed.survey().propose(sized, empty)
    assert any("deleted" in effect for effect in plan.effects)
    shorter = without(indexed.spool, indexed.index, plan, frozenset({"quarantine empty"}))
    assert set(moves(shorter)) == {sized}
    assert not any("deleted" in effect for effect in shorter.effects)
    assert not any("quarantine" in need for need in shorter.needs)
    other = without(
        indexed.spool, indexed.index, plan, frozenset({"fix-size"}), quarantine=b"/srv/elsewhere"
    )
    assert set(moves(other)) == {empty}
    assert not any("UIDs kept" in effect for effect in other.effects)
    assert "quarantine: /srv/elsewhere" in other.needs


def test_taking_back_says_what_clients_will_notice(indexed: IndexedMaildir) -> None:
    indexed.mail(b"1300000000.M1.host:2,S", content=text(1))
    indexed.mail(b"cur/1300000001.M2.host,S=7:2,S", content=text(2))
    indexed.uidlist(b"", b"1300000001.M2.host,S=7")
    indexed.survey()
    indexed.apply(indexed.propose(b"1300000000.M1.host:2,S"))
    with indexed.surgeon() as surgeon:
        undo = described(indexed.spool, indexed.survey().index, surgeon.plan_undo())
    assert undo.effects[0] == "clients will see 1 message deleted in INBOX"
    indexed.apply(indexed.propose(b"cur/1300000001.M2.host,S=7:2,S"))
    with indexed.surgeon() as surgeon:
        undo = described(indexed.spool, indexed.survey().index, surgeon.plan_undo())
    assert undo.effects[0] == "UIDs kept for 1 of 1 in INBOX"
    assert undo.needs == ("dovecot-uidlist.lock of INBOX",)
