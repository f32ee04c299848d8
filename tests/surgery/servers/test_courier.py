"""Courier's own lists follow a repair: UIDs, keywords, and the quota in maildirsize."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST_LOCK
from mailsurgeon.surgery.model import Act, Plan
from mailsurgeon.surgery.servers import dotlock
from mailsurgeon.surgery.steps.directory import MakeDirectory
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan, total

OLD = b"1300000001.M1P1.host,S=9"
NEW = b"1300000001.M1P1.host,S=57"
OTHER = b"1300000002.M2P1.host"
KEYWORDS = b"Later\nWork\n\n1300000001.M1P1.host,S=9:0 1\n1300000002.M2P1.host:1\n"


@pytest.fixture
def served(maildir: Maildir) -> Maildir:
    """INBOX as Courier serves it: one message of a wrong size, one healthy."""
    maildir.mail(b"cur/" + OLD + b":2,S", 1)
    maildir.mail(b"cur/" + OTHER + b":2,", 2)
    maildir.courier(b"", OLD, OTHER, first=7)
    return maildir


def resize(maildir: Maildir, quota: tuple[int, int] | None = None) -> Plan:
    act = maildir.rename(
        b"cur/" + OLD + b":2,S", b"cur/" + NEW + b":2,S", "fix-size", keep_uid=True
    )  # fmt: skip
    if quota:
        (step,) = act.steps
        act = replace(act, steps=(replace(step, quota=quota),))
    return plan(act, kind="fix-size")


@protects(
    "Courier's UIDs and keywords follow the file, under its lock",
    where="surgery/servers/locked_folder.py, surgery/servers/courier_keywords_file.py",
)
def test_the_uid_follows_the_message_and_goes_back(served: Maildir, surgeon: Surgeon) -> None:
    place = served.path(b"courierimapuiddb")
    before, first = place.read_bytes(), served.picture()

    report = surgeon.apply(resize(served))

    assert place.read_bytes() == before.replace(OLD, NEW)
    assert report.effects == ("UIDs kept for 1 of 1 in INBOX",)
    surgeon.apply(surgeon.plan_undo())
    assert place.read_bytes() == before
    assert served.picture() == first
    surgeon.apply(surgeon.plan_redo())
    assert place.read_bytes() == before.replace(OLD, NEW)


def test_both_servers_lists_follow(served: Maildir, surgeon: Surgeon) -> None:
    served.uidlist(b"", OLD, OTHER, first=3)
    first = served.picture()
    report = surgeon.apply(resize(served))
    assert served.records(b"") == [b"3 G" + OLD + b" :" + NEW, b"4 W70 :" + OTHER]
    assert b"7 " + NEW + b"\n" in served.path(b"courierimapuiddb").read_bytes()
    assert report.effects == ("UIDs kept for 1 of 1 in INBOX",)
    surgeon.apply(surgeon.plan_undo())
    assert served.picture() == first


@protects(
    "what is written to one server's list is taken back when another's cannot be",
    where="surgery/servers/locked_folder.py",
)
def test_a_list_that_cannot_be_written_leaves_the_other_as_it_was(
    served: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.uidlist(b"", OLD, OTHER, first=3)
    first = served.picture()
    rename = os.rename

    def failing(source: bytes, target: bytes, **more: int) -> None:
        if target == b"courierimapuiddb":
            raise PermissionError(13, "Permission denied")
        rename(source, target, **more)

    monkeypatch.setattr(os, "rename", failing)
    report = surgeon.apply(resize(served))
    assert [one.reason for one in report.refused] == ["courierimapuiddb: Permission denied"]
    assert served.picture() == first


@protects(
    "Courier's UIDs and keywords follow the file, under its lock",
    where="surgery/servers/locked_folder.py, surgery/servers/courier_keywords_file.py",
)
def test_keywords_follow_the_message_and_go_back(served: Maildir, surgeon: Surgeon) -> None:
    place = served.courier_keywords(
        b"", KEYWORDS, **{os.fsdecode(b".4333333." + OLD): b"Later\n", os.fsdecode(OLD): b"New\n"}
    )
    first = served.picture()

    surgeon.apply(resize(served))

    assert (place / ":list").read_bytes() == KEYWORDS.replace(OLD, NEW)
    assert sorted(os.listdir(os.fsencode(place))) == [b".4333333." + NEW, NEW, b":list"]
    assert (place / os.fsdecode(NEW)).read_bytes() == b"New\n"
    surgeon.apply(surgeon.plan_undo())
    assert served.picture() == first


def test_keywords_that_courier_has_folded_in_meanwhile_go_back_too(
    served: Maildir, surgeon: Surgeon
) -> None:
    place = served.courier_keywords(b"", KEYWORDS, **{os.fsdecode(OLD): b"New\n"})
    surgeon.apply(resize(served))
    (place / os.fsdecode(NEW)).unlink()
    folded = b"Later\nNew\nWork\n\n" + NEW + b":1\n" + OTHER + b":2\n"
    (place / ":list").write_bytes(folded)
    surgeon.apply(surgeon.plan_undo())
    assert (place / ":list").read_bytes() == folded.replace(NEW, OLD)
    assert os.listdir(place) == [":list"]


@protects(
    "Courier's UIDs and keywords follow the file, under its lock",
    where="surgery/servers/locked_folder.py, surgery/servers/courier_keywords_file.py",
)
def test_couriers_lock_is_held_and_let_go(
    served: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    rename = os.rename

    def watched(source: bytes, target: bytes, **more: int) -> None:
        if target == b"courierimapuiddb":
            seen.append(served.path(b"tmp/courier.lock").read_bytes())
        rename(source, target, **more)

    monkeypatch.setattr(os, "rename", watched)
    surgeon.apply(resize(served))
    assert seen == [dotlock.own_mark()]
    assert os.listdir(served.path(b"tmp")) == []


def test_a_lock_held_by_a_living_courier_is_waited_for_and_respected(
    served: Maildir, surgeon: Surgeon
) -> None:
    lock = served.path(b"tmp/courier.lock")
    lock.write_bytes(b"1:" + dotlock.own_mark().partition(b":")[2])
    first, told = served.picture(), list[str]()
    surgeon.lock_wait = 0
    surgeon.on_wait = told.append
    report = surgeon.apply(resize(served))
    assert [one.reason for one in report.refused] == [
        "tmp/courier.lock is held by process 1; try again later"
    ]
    assert served.picture() == first


def test_a_folder_without_courier_gets_no_lock_of_its(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(b"cur/" + OLD + b":2,S", 1)
    maildir.path(b"tmp/courier.lock").write_bytes(b"1:" + dotlock.own_mark().partition(b":")[2])
    surgeon.lock_wait = 0
    assert surgeon.apply(resize(maildir)).state == "applied"


@pytest.mark.parametrize("name", [b"courierimapuiddb", b"courierimapkeywords", b"tmp"])
def test_a_symlink_in_the_place_of_couriers_files_is_refused_by_name(
    served: Maildir, surgeon: Surgeon, name: bytes
) -> None:
    place, elsewhere = served.path(name), served.home / "elsewhere"
    served.courier_keywords(b"", KEYWORDS)
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    first = served.picture()
    (refusal,) = surgeon.apply(resize(served)).refused
    assert os.fsdecode(name) in refusal.reason
    assert served.picture() == first


def test_a_damaged_list_names_its_own_repair(served: Maildir, surgeon: Surgeon) -> None:
    place = served.path(b"courierimapuiddb")
    place.write_bytes(place.read_bytes() + b"rubbish\n")
    first = served.picture()
    (refusal,) = surgeon.apply(resize(served)).refused
    assert "courierimapuiddb is damaged" in refusal.reason
    assert "--only uidlist-damaged" in refusal.reason
    assert served.picture() == first


def test_a_missing_tmp_is_made_without_the_lock_that_would_lie_in_it(
    served: Maildir, surgeon: Surgeon
) -> None:
    served.path(b"tmp").rmdir()
    first = served.picture()
    makes = MakeDirectory(None, b"tmp", folder=b"", mode=0o700)
    acts = plan(Act("make-subdirs", b"", (makes,)), *resize(served).acts)
    report = surgeon.apply(acts)
    assert (report.refused, report.folders) == ((), (b"",))
    assert surgeon.apply(surgeon.plan_undo()).refused == ()
    assert served.picture() == first


# The quota


def test_with_control_elsewhere_the_quota_is_there(served: Maildir) -> None:
    control = served.home / "control"
    (control / ".INBOX").mkdir(parents=True)
    place = quota_file(served).rename(control / "maildirsize")
    spool = replace(served.spool, control=os.fsencode(control))
    with replace(served, spool=spool).surgeon() as surgeon:
        surgeon.apply(resize(served, (48, 0)))
    assert total(place.read_bytes()) == (171, 2)


def quota_file(maildir: Maildir) -> Path:
    place = maildir.path(b"maildirsize")
    place.write_bytes(b"100000S,1000C\n           123 2\n")
    return place


def test_the_quota_follows_a_size_and_goes_back(served: Maildir, surgeon: Surgeon) -> None:
    place = quota_file(served)
    first = served.picture()
    surgeon.apply(resize(served, (48, 0)))
    assert total(place.read_bytes()) == (171, 2)
    assert place.read_bytes().startswith(b"100000S,1000C\n")
    surgeon.apply(surgeon.plan_undo())
    assert total(place.read_bytes()) == (123, 2)
    assert served.picture() == first


def test_a_thousand_messages_are_one_line_a_batch(maildir: Maildir, surgeon: Surgeon) -> None:
    place = quota_file(maildir)
    acts: list[Act] = []
    for number in range(1000):
        name = b"13%08d.M1P1.host:2," % number
        act = maildir.rename(maildir.mail(name, number), b"cur/" + name)
        (step,) = act.steps
        acts.append(replace(act, steps=(replace(step, quota=(10, 1)),)))
    surgeon.apply(plan(*acts))
    assert total(place.read_bytes()) == (123 + 10_000, 1002)
    assert len(place.read_bytes().splitlines()) == 2 + 2


def test_only_what_was_done_is_counted(maildir: Maildir, surgeon: Surgeon) -> None:
    place = quota_file(maildir)
    plans = [maildir.mail(b"130000000%d.M1P1.host:2," % number, number) for number in (1, 2)]
    acts = [maildir.rename(path, b"cur/" + path) for path in plans]
    acts = [
        replace(act, steps=(replace(act.steps[0], quota=(10, 1)),)) for act in acts
    ]  # fmt: skip
    maildir.path(plans[0]).unlink()
    surgeon.apply(plan(*acts))
    assert total(place.read_bytes()) == (133, 3)


def test_a_maildirsize_that_cannot_be_changed_is_told_and_left(
    served: Maildir, surgeon: Surgeon
) -> None:
    real = quota_file(served)
    elsewhere = served.home / "elsewhere"
    real.rename(elsewhere)
    real.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    report = surgeon.apply(resize(served, (48, 0)))
    assert report.state == "applied"
    assert elsewhere.read_bytes() == before


def test_dovecots_lock_is_not_made_where_only_courier_has_been(
    served: Maildir, surgeon: Surgeon
) -> None:
    held = served.path(DOVECOT_UIDLIST_LOCK)
    held.write_bytes(b"1:" + dotlock.own_mark().partition(b":")[2])
    surgeon.lock_wait = 0
    assert surgeon.apply(resize(served)).state == "applied"
