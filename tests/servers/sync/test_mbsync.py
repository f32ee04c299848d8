"""A real mbsync before and after the repair, on either side of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from tests.servers.support.dovecot import Dovecot, message, moment
from tests.servers.support.mbsync import FOLDERS, SCHEMES, Mbsync, version
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner
from tests.servers.support.syncing import (
    NOTHING,
    alike,
    deliver,
    numbered,
    of_number,
    own_user,
    rename,
    told,
)
from tests.support.protects import protects

pytestmark = pytest.mark.servers


@pytest.fixture
def owner() -> Owner:
    return own_user()


@pytest.fixture(params=SCHEMES)
def sync(request: pytest.FixtureRequest, dovecot: Dovecot) -> Mbsync:
    """A Dovecot with 12 and 8 messages, and a Maildir that has them all by mbsync."""
    sync = Mbsync(dovecot, altmap=SCHEMES[request.param])
    deliver(dovecot)
    sync.must()
    assert alike(sync.far_side(), sync.near_side())
    return sync


# Dovecot's spool repaired, mbsync a client of it


def test_a_spool_that_stops_mbsync_is_synced_whole(dovecot: Dovecot, operator: Operator) -> None:
    deliver(dovecot)
    for uid, wrong in ((2, "5000"), (5, "20")):
        dovecot.rename_listed(uid, r",W=\d+", f",W={wrong}")
    dovecot.rename_listed(3, r",W=\d+", ",W=1", ".Sent")
    unrepaired = Mbsync(dovecot.copy("Unrepaired"), name="SyncedUnrepaired").run()
    assert unrepaired.code != 0
    assert "bogus FETCH response" in unrepaired.said
    sync = Mbsync(dovecot)

    operator.must("fix", dovecot.spool, "--yes")
    first = sync.must()

    assert alike(sync.far_side(), sync.near_side())
    assert (len(first.near.came), first.near.went, first.far) == (20, (), NOTHING)
    # Further repairs inside the folders, of which no client may hear.
    for uid in (1, 4, 7):
        dovecot.rename_listed(uid, r",S=\d+", ",S=7777")
    dovecot.rename_listed(2, r",S=\d+", ",S=9", ".Sent")
    rename(dovecot.file_of(9), r":2,.*", ":2,SRF")
    rename(dovecot.file_of(5, ".Sent"), r":2,.*", ":2,SFRSF")
    report = operator.must("fix", dovecot.spool, "--yes", "--format", "json").json
    assert report["done"] == {"fix-size": 4, "fix-flags": 2}
    second = sync.must()
    assert (second.far, second.near) == (NOTHING, NOTHING)
    assert alike(sync.far_side(), sync.near_side())
    operator.undo(dovecot.spool)
    operator.must("redo", dovecot.spool, "--yes")
    third = sync.must()
    assert (third.far, third.near) == (NOTHING, NOTHING)
    print(f"\n{version()} over Dovecot, wrong W= in 3 of 20: before exit {unrepaired.code};"
          f" after {first}; after 6 repairs more {second}; undone, redone {third}")  # fmt: skip


# The repaired Maildir mbsync's own


def damage_inside(sync: Mbsync) -> dict[str, int]:
    """Names damaged in ways that leave mbsync's identity whole; how many acts each remedy needs."""
    inbox, sent = sync.spool, sync.spool / ".Sent"
    for number in (1, 2, 5):
        rename(of_number(number, inbox), r"^([^,:]+)", r"\1,S=7777")
    rename(of_number(21, sent), r"^([^,:]+)", r"\1,S=9,W=5")
    rename(of_number(4, inbox), r":2,.*", ":2,SRF")
    rename(of_number(24, sent), r":2,.*", ":2,SFRS")
    for number in (6, 22):
        path = of_number(number, inbox if number == 6 else sent)
        size = path.stat().st_size
        rename(path, r"^([^,:]+)", rf"\1,S={size},S={size}")
    # Lost from cur/ by a script; mbsync has not looked since.
    path = of_number(7, inbox)
    path.rename(inbox / path.name)
    return {"fix-size": 4, "fix-flags": 2, "rename": 2, "file": 1}


PLAIN = ("size-mismatch", "bad-flags", "bad-name", "misfiled")


def test_repairs_inside_a_folder_transfer_nothing(sync: Mbsync, operator: Operator) -> None:
    expected = damage_inside(sync)
    only = [word for code in PLAIN for word in ("--only", code)]
    report = operator.must("fix", sync.spool, *only, "--yes", "--format", "json").json
    assert report["done"] == expected
    after = sync.must()
    assert (after.far, after.near) == (NOTHING, NOTHING)
    assert alike(sync.far_side(), sync.near_side())
    print(f"\n{sync}, {sum(expected.values())} repairs inside folders {expected}: {after}")


def test_undo_inside_a_folder_transfers_nothing(sync: Mbsync, operator: Operator) -> None:
    for number in (1, 2, 5):
        rename(of_number(number, sync.spool), r"^([^,:]+)", r"\1,S=7777")
    rename(of_number(24, sync.spool / ".Sent"), r":2,.*", ":2,SFRS")
    operator.must("fix", sync.spool, "--yes")
    after = sync.must()
    operator.undo(sync.spool)
    undone = sync.must()
    for one in (after, undone):
        assert (one.far, one.near) == (NOTHING, NOTHING)
    assert alike(sync.far_side(), sync.near_side())
    print(f"\n{sync}, 4 repairs: {after}; taken back: {undone}")


def test_clashes_are_parted_and_only_new_mail_is_uploaded(sync: Mbsync, operator: Operator) -> None:
    inbox, sent = sync.spool, sync.spool / ".Sent"
    base = of_number(5, inbox).name.partition(":")[0]
    put(sync, f"new/{base}", 50)
    put(sync, "1300000051.M1P1.host", 51)
    put(sync, "tmp/1300000052.M1P1.host", 52)
    new = {50, 51, 52}
    if not sync.altmap:
        uid = re.search(r",U=\d+", of_number(23, sent).name)
        assert uid
        put(sync, f".Sent/cur/1300000053.M1P1.host{uid[0]}:2,S", 53)
        put(sync, ".Sent/cur/1300000054.M1P1.host,U=900:2,S", 54)
        new |= {53, 54}
        unrepaired = sync.copy().run()
        assert unrepaired.code != 0
        assert "duplicate UID" in unrepaired.said
    codes = ("name-clash", "misfiled", "in-tmp", "uid-clash")
    only = [word for code in codes for word in ("--only", code)]
    operator.must("fix", sync.spool, *only, "--yes")
    after = sync.must()
    assert "UID" not in after.said, after.said
    assert told(after.far.came) == {
        one for number in new for one in numbered("INBOX" if number < 53 else "Sent", number)
    }
    assert len(after.far.came) == len(new)
    assert (after.far.went, after.far.flagged) == ((), 0)
    assert after.near == NOTHING
    assert alike(sync.far_side(), sync.near_side())
    again = sync.must()
    assert (again.far, again.near) == (NOTHING, NOTHING)
    print(f"\n{sync}, {len(new)} clashing or misfiled messages that it never had: {after};"
          f" and again {again}")  # fmt: skip


def put(sync: Mbsync, path: str, number: int) -> None:
    sync.mail.put(path, message(number), moment(number))


def test_moved_messages_are_moved_and_no_other(sync: Mbsync, operator: Operator) -> None:
    moved = (3, 8)
    file_into(sync, operator, "Sent", moved)
    after = sync.must()
    assert told(after.far.went) == numbered("INBOX", *moved)
    assert told(after.far.came) == numbered("Sent", *moved)
    assert alike(sync.far_side(), sync.near_side())
    operator.undo(sync.spool)  # also where mbsync has written its UIDs into their names since
    back = sync.must()
    assert told(back.far.went) == numbered("Sent", *moved)
    assert told(back.far.came) == numbered("INBOX", *moved)
    assert alike(sync.far_side(), sync.near_side())
    for one in (after, back):
        assert len(one.far.came) == len(one.far.went) == len(moved)
        assert (one.far.flagged, one.near) == (0, NOTHING)
        assert "UID" not in one.said, one.said
    again = sync.must()
    assert (again.far, again.near) == (NOTHING, NOTHING)
    print(f"\n{sync}, 2 messages filed into another folder: {after}; and back: {back}")


def file_into(sync: Mbsync, operator: Operator, mailbox: str, numbers: Iterable[int]) -> None:
    source = sync.spool / FOLDERS["Sent" if mailbox == "INBOX" else "INBOX"]
    paths = [of_number(number, source) for number in numbers]
    operator.must("file", sync.spool, *paths, "--to", mailbox, "--yes")


def test_a_move_taken_back_before_the_sync_never_was(sync: Mbsync, operator: Operator) -> None:
    file_into(sync, operator, "Sent", (3, 8))
    operator.undo(sync.spool)
    after = sync.must()
    assert (after.far, after.near) == (NOTHING, NOTHING)
    print(f"\n{sync}, 2 messages filed and taken back: {after}")


@pytest.mark.parametrize("altmap", SCHEMES.values(), ids=SCHEMES)
def test_a_fresh_name_is_known_by_its_uid(
    dovecot: Dovecot, operator: Operator, altmap: bool
) -> None:
    """Where mbsync keeps its UIDs by name (AltMap), a fresh name is a new message to it."""
    sync = Mbsync(dovecot, altmap=altmap)
    deliver(dovecot)
    sync.must()
    put(sync, "cur/1300000060.M1\x7fP1.host:2,S", 60)
    sync.must()
    assert alike(sync.far_side(), sync.near_side())
    operator.fix(sync.spool, "bad-name")
    assert "\x7f" not in of_number(60, sync.spool).name
    after = sync.must()
    assert told(after.far.came) == told(after.far.went) == numbered("INBOX", *[60] * altmap)
    assert (len(after.far.came), len(after.far.went)) == (altmap, altmap)
    assert (after.far.flagged, after.near) == (0, NOTHING)
    assert alike(sync.far_side(), sync.near_side())
    print(f"\n{sync}, a fresh name for one that has a control character: {after}")


@pytest.mark.parametrize("altmap", SCHEMES.values(), ids=SCHEMES)
@protects(
    "a UID that mbsync has forgotten does not come back",
    where="surgery/plan/returns/mbsync_return.py",
)
def test_what_comes_back_after_a_sync_is_uploaded(
    dovecot: Dovecot, operator: Operator, altmap: bool
) -> None:
    """mbsync has expunged it and forgotten its UID, so it must not come back under that."""
    sync = Mbsync(dovecot, altmap=altmap)
    deliver(dovecot)
    sync.must()
    path = of_number(3, sync.spool)
    operator.must("quarantine", "add", sync.spool, path, "--yes")
    away = sync.must()
    assert told(away.far.went) == numbered("INBOX", 3)
    operator.undo(sync.spool)
    back = sync.must()
    assert told(back.far.came) == numbered("INBOX", 3)
    assert (len(away.far.went), len(back.far.came), back.far.went) == (1, 1, ())
    assert alike(sync.far_side(), sync.near_side())
    print(f"\n{sync}, a message put away: {away}; and back: {back}")


def test_a_name_without_its_uid_is_expunged_and_uploaded_again(dovecot: Dovecot) -> None:
    """What the others must not see can be seen."""
    sync = Mbsync(dovecot)
    deliver(dovecot)
    sync.must()
    for number in (1, 2, 5):
        rename(of_number(number, sync.spool), r",U=\d+", "")
    after = sync.must()
    assert told(after.far.went) == told(after.far.came) == numbered("INBOX", 1, 2, 5)
    assert len(after.far.came) == len(after.far.went) == 3
    print(f"\n{sync}, 3 names without their ,U=: {after}")
