"""A real offlineimap before and after the repair of its Maildir."""

from __future__ import annotations

import re

import pytest

from tests.servers.support.dovecot import Dovecot
from tests.servers.support.offlineimap import OfflineImap
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner
from tests.servers.support.syncing import (
    NOTHING,
    alike,
    deliver,
    messages,
    numbered,
    of_number,
    own_user,
    rename,
    told,
)

pytestmark = pytest.mark.servers

NAME = re.compile(r"[^,]+,U=\d+,FMD5=[0-9a-f]{32}:2,[A-Z]*")


@pytest.fixture
def owner() -> Owner:
    return own_user()


@pytest.fixture
def sync(dovecot: Dovecot) -> OfflineImap:
    """A Dovecot with 12 and 8 messages, and a Maildir that has them all by offlineimap."""
    sync = OfflineImap(dovecot)
    deliver(dovecot)
    sync.must()
    assert alike(sync.far_side(), sync.near_side())
    for mailbox in ("INBOX", "Sent"):
        assert all(NAME.fullmatch(path.name) for path in messages(sync.spool / mailbox))
    return sync


def damage_inside(sync: OfflineImap) -> dict[str, int]:
    """Names damaged in ways that leave what offlineimap goes by; what the repair must report."""
    inbox, sent = sync.spool / "INBOX", sync.spool / "Sent"
    for number in (1, 2, 5):
        rename(of_number(number, inbox), r"^([^,]+)", r"\1,S=7777")
    rename(of_number(21, sent), r"^([^,]+)", r"\1,S=9,W=5")
    rename(of_number(4, inbox), r":2,.*", ":2,SRF")
    rename(of_number(24, sent), r":2,.*", ":2,SFRS")
    rename(of_number(6, inbox), r"^([^,]+)", "\\1\x7f")
    rename(of_number(22, sent), r"^([^,]+)", r"\1" + "x" * 160)
    path = of_number(7, inbox)
    path.rename(inbox / path.name)
    return {"fix-size": 4, "fix-flags": 2, "rename": 2, "file": 1}


CODES = ("size-mismatch", "bad-flags", "bad-name", "misfiled")


def test_repairs_inside_a_folder_transfer_nothing(sync: OfflineImap, operator: Operator) -> None:
    expected = damage_inside(sync)
    only = [word for code in CODES for word in ("--only", code)]
    report = operator.must("fix", sync.spool, *only, "--yes", "--format", "json").json
    assert report["done"] == expected
    after = sync.must()
    assert (after.far, after.near) == (NOTHING, NOTHING)
    assert alike(sync.far_side(), sync.near_side())
    # What is taken back must leave each file where offlineimap finds it.
    operator.undo(sync.spool)
    path = (
        sync.spool
        / "INBOX"
        / next(path.name for path in (sync.spool / "INBOX").iterdir() if path.is_file())
    )
    path.rename(sync.spool / "INBOX" / "cur" / path.name)
    undone = sync.must()
    assert (undone.far, undone.near) == (NOTHING, NOTHING)
    print(f"\n{sync}, {sum(expected.values())} repairs inside folders {expected}: {after};"
          f" taken back: {undone}")  # fmt: skip


def test_moved_messages_are_moved_and_no_other(sync: OfflineImap, operator: Operator) -> None:
    paths = [of_number(number, sync.spool / "INBOX") for number in (3, 8)]
    operator.must("file", sync.spool, *paths, "--to", "Sent", "--yes")
    after = sync.must()
    assert told(after.far.went) == numbered("INBOX", 3, 8)
    assert told(after.far.came) == numbered("Sent", 3, 8)
    assert len(after.far.came) == len(after.far.went) == 2
    assert after.far.flagged == 0
    assert alike(sync.far_side(), sync.near_side())
    again = sync.must()
    assert (again.far, again.near) == (NOTHING, NOTHING)
    print(f"\n{sync}, 2 messages filed into another folder: {after}; and again {again}")


def test_a_name_without_its_uid_is_deleted_and_uploaded_again(sync: OfflineImap) -> None:
    """What the others must not see can be seen."""
    for number in (1, 2, 5):
        rename(of_number(number, sync.spool / "INBOX"), r",U=\d+,FMD5=[0-9a-f]+", "")
    after = sync.must()
    assert told(after.far.went) == told(after.far.came) == numbered("INBOX", 1, 2, 5)
    assert len(after.far.came) == len(after.far.went) == 3
    print(f"\n{sync}, 3 names without their ,U= and ,FMD5=: {after}")


def test_beside_a_running_offlineimap_nothing_is_done(
    sync: OfflineImap, operator: Operator
) -> None:
    wrong = rename(of_number(1, sync.spool / "INBOX"), r"^([^,]+)", r"\1,S=7777")
    with sync.stalled() as process:
        outcome = operator.run("fix", sync.spool, "--yes")
        assert outcome.code == 1
        said = f"offlineimap (process {process.pid}) is running; wait for it, or go on with --force"
        assert said in outcome.err
        assert wrong.exists()
        operator.must("fix", sync.spool, "--yes", "--force")
        assert not wrong.exists()
        assert process.poll() is None
    after = sync.must()
    assert (after.far, after.near) == (NOTHING, NOTHING)
    print(f"\n{sync} at work: refused, with --force done; then {after}")


def test_what_comes_back_after_a_sync_is_uploaded(sync: OfflineImap, operator: Operator) -> None:
    operator.must("quarantine", "add", sync.spool, of_number(3, sync.spool / "INBOX"), "--yes")
    away = sync.must()
    assert told(away.far.went) == numbered("INBOX", 3)
    operator.undo(sync.spool)
    back = sync.must()
    assert told(back.far.came) == numbered("INBOX", 3)
    assert (len(away.far.went), len(back.far.came), back.far.went) == (1, 1, ())
    assert alike(sync.far_side(), sync.near_side())
    print(f"\n{sync}, a message put away: {away}; and back: {back}")
