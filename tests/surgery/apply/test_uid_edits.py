"""UIDs: records follow their files, under the lock, or the repair is refused before it begins."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.servers import uidlist_file
from mailsurgeon.surgery.steps.lists.uidlist import ChangeRecords
from mailsurgeon.surgery.surgeon import Surgeon
from tests.surgery.conftest import Maildir, plan

OLD = b"1300000001.M1P1.host,S=9,W=9"
NEW = b"1300000001.M1P1.host,S=66,W=71"
SENT = b".Sent"


def resized(maildir: Maildir, flags: bytes = b"S") -> Act:
    source = b".Sent/cur/" + OLD + b":2," + flags
    target = b".Sent/cur/" + NEW + b":2," + flags
    return maildir.rename(source, target, "fix-size", folder=SENT, keep_uid=True)


@pytest.fixture
def sent(maildir: Maildir) -> Maildir:
    maildir.folder(SENT)
    maildir.mail(b".Sent/cur/" + OLD + b":2,S")
    return maildir


def test_the_record_follows_and_nothing_else_changes(sent: Maildir, surgeon: Surgeon) -> None:
    place = sent.uidlist(SENT, b"first", OLD, b"last")
    place.chmod(0o640)
    before = sent.picture()
    header = place.read_bytes().splitlines()[0]

    report = surgeon.apply(plan(resized(sent)))

    assert report.effects == ("UIDs kept for 1 of 1 in Sent",)
    assert place.read_bytes().splitlines()[0] == header
    assert sent.records(SENT) == [
        b"1 W70 :first",
        b"2 G" + OLD + b" :" + NEW,
        b"3 W70 :last",
    ]
    assert place.stat().st_mode & 0o777 == 0o640
    assert not list(sent.path(SENT).glob("*.mailsurgeon"))
    rows = [step for step in surgeon.steps(1) if step.action == "uidlist"]
    assert [row.state for row in rows] == ["done"]

    assert surgeon.apply(surgeon.plan_undo()).effects == ("UIDs kept for 1 of 1 in Sent",)
    assert sent.picture() == before
    surgeon.apply(surgeon.plan_redo())
    assert sent.records(SENT)[1] == b"2 G" + OLD + b" :" + NEW
    surgeon.apply(surgeon.plan_undo())
    assert sent.picture() == before


def test_undo_keeps_mail_that_came_later(sent: Maildir, surgeon: Surgeon) -> None:
    place = sent.uidlist(SENT, OLD)
    surgeon.apply(plan(resized(sent)))
    place.write_bytes(place.read_bytes() + b"8 :arrived\n")
    surgeon.apply(surgeon.plan_undo())
    assert sent.records(SENT) == [b"1 W70 :" + OLD, b"8 :arrived"]


def test_a_message_no_server_has_listed_is_told(sent: Maildir, surgeon: Surgeon) -> None:
    sent.uidlist(SENT, b"another")
    report = surgeon.apply(plan(resized(sent)))
    assert report.effects == ("1 message in Sent has no UID yet: no server has listed them",)


def test_uids_lost_for_want_of_a_list_are_told_as_the_plan_told_them(
    sent: Maildir, surgeon: Surgeon
) -> None:
    report = surgeon.apply(plan(resized(sent)))
    assert report.effects == (
        "UIDs cannot be kept for 1 message in Sent: no uidlist is in the folder; if Dovecot keeps"
        " it elsewhere, --control names the place",
    )


def test_changed_flags_keep_the_uid_without_touching_the_list(
    sent: Maildir, surgeon: Surgeon
) -> None:
    place = sent.uidlist(SENT, OLD)
    inode = place.stat().st_ino
    source = b".Sent/cur/" + OLD + b":2,S"
    target = b".Sent/cur/" + OLD + b":2,FS"
    report = surgeon.apply(plan(sent.rename(source, target, "fix-flags", folder=SENT)))
    assert report.effects == ("UIDs kept for 1 of 1 in Sent",)
    assert place.stat().st_ino == inode


def test_wrong_sizes_in_the_list_alone_are_dropped_and_put_back(
    sent: Maildir, surgeon: Surgeon
) -> None:
    sent.uidlist(SENT, OLD)
    before = sent.picture()
    step = ChangeRecords(b".Sent/dovecot-uidlist", None, folder=SENT, records=((OLD, OLD),))
    path = b".Sent/cur/" + OLD + b":2,S"
    assert surgeon.apply(plan(Act("fix-size", path, (step,)))).state == "applied"
    assert sent.records(SENT) == [b"1 :" + OLD]
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert sent.picture() == before


def damage(maildir: Maildir) -> str:
    place = maildir.path(b".Sent/dovecot-uidlist")
    place.write_bytes(place.read_bytes() + b"rubbish\n")
    return "is damaged.*fix --only uidlist-damaged"


def headless(maildir: Maildir) -> str:
    maildir.path(b".Sent/dovecot-uidlist").write_bytes(b"")
    return "is damaged"


def symlink(maildir: Maildir) -> str:
    place = maildir.path(b".Sent/dovecot-uidlist")
    place.rename(maildir.home / "list")
    place.symlink_to(maildir.home / "list")
    return "symbolic link"


def read_only(maildir: Maildir) -> str:
    maildir.path(b".Sent/dovecot-uidlist").chmod(0o400)
    return "is read-only"


def foreign(maildir: Maildir) -> str:
    if os.geteuid() != 0:
        pytest.skip("needs root to give a file away")
    os.chown(maildir.path(b".Sent/dovecot-uidlist"), 12345, 12345)
    return "belongs to somebody else"


def taken(maildir: Maildir) -> str:
    maildir.uidlist(SENT, OLD, NEW)
    return "has a record already"


@pytest.mark.parametrize("spoil", [damage, headless, symlink, read_only, foreign, taken])
def test_a_list_that_cannot_be_edited_is_named_before_anything_is_renamed(
    sent: Maildir, surgeon: Surgeon, spoil: Callable[[Maildir], str]
) -> None:
    sent.uidlist(SENT, OLD)
    said = spoil(sent)
    before = sent.picture()
    report = surgeon.apply(plan(resized(sent)))
    assert report.state == "failed"
    assert re.search(said, report.refused[0].reason)
    assert sent.picture() == before


def test_a_list_that_cannot_be_written_takes_the_renames_back(
    sent: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent.uidlist(SENT, OLD)
    before = sent.picture()

    def full(_self: uidlist_file.ListFile, _new: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uidlist_file.ListFile, "_replace", full)
    report = surgeon.apply(plan(resized(sent)))
    assert report.state == "failed"
    assert "No space left" in report.summary
    assert sent.picture() == before
    assert surgeon.unfinished() is None


def test_a_list_that_reads_back_otherwise_is_not_called_done(
    sent: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = sent.uidlist(SENT, OLD)
    replace = uidlist_file.ListFile._replace

    def lying(one: uidlist_file.ListFile, new: bytes) -> None:
        replace(one, new)
        place.write_bytes(new[:-1])

    monkeypatch.setattr(uidlist_file.ListFile, "_replace", lying)
    report = surgeon.apply(plan(resized(sent)))
    assert report.state == "interrupted"
    assert "does not read back" in report.summary
    assert surgeon.unfinished() is not None


def test_many_records_are_written_at_once(
    sent: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    bases = [b"%d.M2P1.host,S=1" % number for number in range(2, 42)]
    for number, base in enumerate(bases, start=2):
        sent.mail(b".Sent/cur/" + base + b":2,", number)
    sent.uidlist(SENT, *bases)
    before = sent.picture()
    writes: list[bytes] = []
    replace = uidlist_file.ListFile._replace

    def counted(one: uidlist_file.ListFile, new: bytes) -> None:
        writes.append(new)
        replace(one, new)

    monkeypatch.setattr(uidlist_file.ListFile, "_replace", counted)
    acts = [
        sent.rename(
            b".Sent/cur/" + base + b":2,", b".Sent/cur/" + base + b"00:2,", "fix-size",
            folder=SENT, keep_uid=True,
        )
        for base in bases
    ]  # fmt: skip
    report = surgeon.apply(plan(*acts))
    assert report.effects == ("UIDs kept for 40 of 40 in Sent",)
    assert len(writes) == 1
    surgeon.apply(surgeon.plan_undo())
    assert sent.picture() == before


def test_with_control_elsewhere_list_and_lock_are_there(
    sent: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = sent.home / "control"
    (control / ".Sent").mkdir(parents=True)
    place = sent.uidlist(SENT, OLD)
    place.rename(control / ".Sent" / "dovecot-uidlist")
    spool = Spool(
        sent.spool.root, sent.spool.device, sent.spool.inode, "maildir++", os.fsencode(control)
    )
    locked: list[bool] = []
    rename = at.rename_no_replace

    def watched(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
        if source.startswith(OLD):
            locked.append((control / ".Sent" / "dovecot-uidlist.lock").exists())
        rename(source_dir, source, target_dir, target)

    monkeypatch.setattr(at, "rename_no_replace", watched)
    with Surgeon(spool, state_dir=sent.home / "state") as surgeon:
        assert surgeon.apply(plan(resized(sent))).effects == ("UIDs kept for 1 of 1 in Sent",)
    assert locked == [True]
    assert b":" + NEW in (control / ".Sent" / "dovecot-uidlist").read_bytes()
