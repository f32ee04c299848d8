"""What a plan warns of before anyone agrees: uidlists that cannot follow, programs at work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailsurgeon.host.processes import Started
from mailsurgeon.surgery.plan.propose import described, propose_folder, without
from tests.support.host import FakeHost
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, only_act, text

WRONG = b"1300000001.M1P1.host,S=9"
PATH = b"cur/" + WRONG + b":2,S"


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        one.mail(PATH, content=text(1))
        yield one


def break_line(indexed: IndexedMaildir) -> None:
    place = indexed.uidlist(b"", WRONG)
    place.write_bytes(place.read_bytes() + b"nonsense\n")


def make_symlink(indexed: IndexedMaildir) -> None:
    place = indexed.uidlist(b"", WRONG)
    place.rename(indexed.home / "elsewhere")
    place.symlink_to(indexed.home / "elsewhere")


def make_read_only(indexed: IndexedMaildir) -> None:
    indexed.uidlist(b"", WRONG).chmod(0o400)


def give_away(indexed: IndexedMaildir) -> None:
    os.chown(indexed.uidlist(b"", WRONG), 4711, -1)


def break_couriers(indexed: IndexedMaildir) -> None:
    indexed.path(b"courierimapuiddb").write_bytes(b"1 1300000000 2\nnonsense\n")


@pytest.mark.parametrize(
    ("spoil", "reason", "hinted"),
    [
        (break_line, "dovecot-uidlist is damaged (line 3: no UID at the start), so the UID could"
         " not be kept; repair it first", True),
        (break_couriers, "courierimapuiddb is damaged (line 2: no UID at the start), so the UID"
         " could not be kept; repair it first", True),
        (make_symlink, "dovecot-uidlist is a symbolic link, not a plain file, so the UID could not"
         " be kept", False),
        (make_read_only, "dovecot-uidlist is read-only, so the UID could not be kept", False),
        pytest.param(
            give_away,
            "dovecot-uidlist belongs to somebody else (uid 4711), so the UID could not be kept",
            False,
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away"),
        ),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_edited_is_named_before_anything_is_done(
    spoil: Callable[[IndexedMaildir], None], reason: str, hinted: bool, indexed: IndexedMaildir
) -> None:
    spoil(indexed)
    other = indexed.mail(b".Sent/1300000002.M2P1.host:2,S", content=text(2))
    indexed.folder(b".Sent")
    plan = indexed.survey().propose(PATH, other)
    assert only_act(plan).path == other, "the other folder's repair goes on"
    (left,) = plan.left
    assert (left.path, left.reason, left.refused) == (PATH, reason, True)
    assert left.codes == ("size-mismatch",)
    assert ("--only uidlist-damaged" in left.hint) == hinted


def test_a_change_that_needs_no_record_is_done_beside_a_damaged_list(
    indexed: IndexedMaildir,
) -> None:
    break_line(indexed)
    unsorted = indexed.mail(b"cur/1300000003.M3P1.host:2,SF", content=text(3))
    plan = indexed.survey().propose(unsorted)
    assert only_act(plan).path == unsorted
    indexed.apply(plan)


def test_a_message_that_no_list_has_is_counted_apart(indexed: IndexedMaildir) -> None:
    indexed.uidlist(b"", b"another")
    plan = indexed.survey().propose(PATH)
    told = "1 message in INBOX has no UID yet: no server has listed them"
    assert told in plan.effects
    assert indexed.apply(plan).effects == (told,)


def test_couriers_list_keeps_uids_too(indexed: IndexedMaildir) -> None:
    indexed.path(b"courierimapuiddb").write_bytes(b"1 1300000000 8\n7 " + WRONG + b"\n")
    plan = indexed.survey().propose(PATH)
    assert "UIDs kept for 1 of 1 in INBOX" in plan.effects
    assert "tmp/courier.lock of INBOX" in plan.needs


def test_where_no_list_is_found_the_plan_says_that_uids_cannot_be_kept(
    indexed: IndexedMaildir,
) -> None:
    plan = indexed.survey().propose(PATH)
    assert plan.effects[0] == (
        "UIDs cannot be kept for 1 message in INBOX: no uidlist is in the folder; if Dovecot keeps"
        " it elsewhere, --control names the place"
    )
    assert indexed.apply(plan).effects == plan.effects[:1]
    with indexed.surgeon() as surgeon:
        back = described(indexed.spool, indexed.survey().index, surgeon.plan_undo())
    assert back.effects[0] == plan.effects[0]


def test_who_named_the_place_of_the_lists_is_told(indexed: IndexedMaildir) -> None:
    control = indexed.home / "control"
    (control / ".INBOX").mkdir(parents=True)
    indexed.uidlist(b"", WRONG).rename(control / ".INBOX" / "dovecot-uidlist")
    found = replace(indexed.spool, control=os.fsencode(control), found_by="doveconf")
    indexed.spool = found
    plan = indexed.survey().propose(PATH)
    assert f"uidlists in {control} (by doveconf)" in plan.needs
    assert "UIDs kept for 1 of 1 in INBOX" in plan.effects


def test_a_sync_at_work_is_told(indexed: IndexedMaildir) -> None:
    host = FakeHost(tool=Started(b"mbsync", 123))
    indexed.path(b".mbsyncstate.lock").touch()
    plan = indexed.survey().propose(PATH, host=host)
    assert plan.needs[:2] == (
        "mbsync (process 123) is running: refused unless --force",
        ".mbsyncstate.lock is in INBOX: mbsync is at work, or was cut off; refused unless --force",
    )
    nothing = without(indexed.spool, indexed.index, plan, frozenset(("fix-size",)), host=host)
    assert (nothing.acts, nothing.needs) == ((), ())


def test_how_long_servers_keep_what_is_filed_is_told(indexed: IndexedMaildir) -> None:
    indexed.folder(b".Trash")
    indexed.folder(b".Bin")
    settings = indexed.home / "imapd"
    settings.write_text("# IMAP_EMPTYTRASH=Bin:1\nIMAP_EMPTYTRASH=Bin:7,Sent:30\n")
    output = "namespace inbox {\n  mailbox Trash {\n    autoexpunge = 2w\n  }\n}\n"
    host = FakeHost(dovecot=output, courier=os.fsencode(settings))
    indexed.survey()
    trash = indexed.propose(PATH, remedy="file", target="Trash", host=host).effects
    assert any("Dovecot (autoexpunge) deletes what has lain there 14 days" in one for one in trash)
    other = indexed.propose(PATH, remedy="file", target="Bin", host=host).effects
    assert any("Courier (IMAP_EMPTYTRASH) deletes what has lain there 7 days" in one
               for one in other)  # fmt: skip


def test_a_folder_of_couriers_gets_its_tmp_before_anything_else(indexed: IndexedMaildir) -> None:
    indexed.folder(b".Sent")
    path = indexed.mail(b".Sent/cur/" + WRONG + b":2,S", content=text(2))
    indexed.path(b".Sent/courierimapuiddb").write_bytes(b"1 1300000000 8\n7 " + WRONG + b"\n")
    indexed.path(b".Sent/tmp").rmdir()
    before = indexed.survey().picture()
    plan = indexed.propose(path)
    assert [act.verdict for act in plan.acts] == ["make-subdirs", "fix-size"]
    assert plan.acts[0].note == "Courier cannot open it without"
    report = indexed.apply(plan)
    assert "UIDs kept for 1 of 1 in Sent" in report.effects
    undone = indexed.undo()
    assert not undone.refused, undone.refused
    assert indexed.picture().keys() == before.keys()


def test_elsewhere_a_missing_tmp_is_left_alone(indexed: IndexedMaildir) -> None:
    indexed.path(b"tmp").rmdir()
    assert [act.verdict for act in indexed.survey().propose(PATH).acts] == ["fix-size"]


@pytest.mark.parametrize(
    ("name", "data", "shown"),
    [
        (b"subscriptions", b"V\t2\n\nOld\tB&APw-cher\nOlder\nOld\n", "Old, Old.Bücher"),
        (b"subscriptions", b"Old\nOlder\nOld.B&APw-cher\n", "Old, Old.Bücher"),
        (b"courierimapsubscribed", b"INBOX.Old\nINBOX.Older\n", "INBOX.Old"),
    ],
)
def test_subscriptions_that_go_stale_are_named(
    name: bytes, data: bytes, shown: str, indexed: IndexedMaildir
) -> None:
    indexed.folder(b".Old")
    indexed.path(name).write_bytes(data)
    (row,) = [row for row in indexed.survey().index.folders() if row.path == b".Old"]
    plan = propose_folder(indexed.spool, indexed.index, row.id)
    assert only_act(plan).note == f"0 messages; stale lines in subscriptions: {shown}"
