"""A message that returns to a folder does not get a UID that mbsync has forgotten."""

from __future__ import annotations

import pytest

from mailsurgeon.surgery.model import Report
from mailsurgeon.surgery.surgeon import Surgeon
from tests.surgery.conftest import Maildir, plan

NAME = b"cur/1300000001.M1P1.host%s:2,S"
OLD = NAME % b",U=3"
HEADER = b"FarUidValidity 1\nNearUidValidity 2\nMaxPulledUid 9\nMaxPushedUid %d\n\n"
EXPUNGED = "mbsync has expunged 1 from INBOX since: new to it, without ,U="
IN_DOUBT = "1 come back to INBOX: if mbsync ran since, it will not upload what it has expunged"


def put_away(maildir: Maildir, surgeon: Surgeon, name: bytes = OLD) -> None:
    """A message in a folder of mbsync goes into the quarantine."""
    maildir.mail(name)
    maildir.path(b".uidvalidity").write_bytes(b"2\n9\n")
    surgeon.apply(plan(maildir.away(name)))
    assert not maildir.path(name).exists()


def synced(maildir: Maildir, pairs: bytes, pushed: int = 9) -> None:
    maildir.path(b".mbsyncstate").write_bytes(HEADER % pushed + pairs)


def back(surgeon: Surgeon, how: str) -> tuple[Report, tuple[str, ...]]:
    proposed = surgeon.plan_undo() if how == "undo" else surgeon.plan_restore(1)
    report = surgeon.apply(proposed)
    assert report.state == "applied"
    return report, tuple(one for one in proposed.effects if "mbsync" in one)


@pytest.mark.parametrize("how", ["undo", "restore"])
def test_a_forgotten_uid_is_left_out(maildir: Maildir, surgeon: Surgeon, how: str) -> None:
    put_away(maildir, surgeon)
    synced(maildir, b"1 1 S\n2 2 \n")
    _, effects = back(surgeon, how)
    assert effects == (EXPUNGED,)
    assert maildir.path(NAME % b"").exists()
    assert not maildir.path(OLD).exists()
    assert not surgeon.quarantined()


@pytest.mark.parametrize(
    ("pairs", "pushed"), [(b"1 1 S\n7 3 S\n", 9), (b"1 1 S\n", 2)], ids=["paired", "not yet seen"]
)
def test_a_uid_mbsync_goes_by_is_kept(
    maildir: Maildir, surgeon: Surgeon, pairs: bytes, pushed: int
) -> None:
    put_away(maildir, surgeon)
    synced(maildir, pairs, pushed)
    _, effects = back(surgeon, "undo")
    assert effects == ()
    assert maildir.path(OLD).exists()


def test_where_the_state_is_elsewhere_the_doubt_is_told(maildir: Maildir, surgeon: Surgeon) -> None:
    put_away(maildir, surgeon)
    _, effects = back(surgeon, "undo")
    assert effects == (IN_DOUBT,)
    assert maildir.path(OLD).exists()


def test_offlineimap_and_maildirs_of_nobody_keep_the_name(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    name = NAME % (b",U=3,FMD5=" + b"0" * 32)
    put_away(maildir, surgeon, name)
    synced(maildir, b"1 1 S\n")
    assert back(surgeon, "undo")[1] == ()
    assert maildir.path(name).exists()


def test_without_mbsync_the_name_is_kept(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(OLD)
    surgeon.apply(plan(maildir.away(OLD)))
    assert back(surgeon, "undo")[1] == ()
    assert maildir.path(OLD).exists()
