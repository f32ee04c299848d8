"""Recovery after a crash, a failing disk, a server that has looked: its report and its result."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable

import pytest

from mailsurgeon.errors import SpoolBusy
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.servers import uidlist_file
from mailsurgeon.surgery.steps.attributes import ChangeMode
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.apply.test_kill import killed_at
from tests.surgery.conftest import Maildir, plan

ONE = b"1300000001.M1P1.host:2,S"
OLD = b"1300000002.M2P1.host,S=9"
NEW = b"1300000002.M2P1.host,S=66"


class Crash(BaseException):
    """The program ends here."""


def crash_before_results(surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch, acts: Act) -> None:
    """Everything is done, and the program dies before it can write down that it is."""

    def die(_journal: Journal, _records: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "settle", die)
        with pytest.raises(Crash):
            surgeon.apply(plan(acts))


def crash_before_list(surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch, acts: Act) -> None:
    """The file has its new name, its record has not."""

    def die(_one: uidlist_file.ListFile, _new: bytes) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(uidlist_file.ListFile, "_replace", die)
        with pytest.raises(Crash):
            surgeon.apply(plan(acts))


def resized(maildir: Maildir) -> Act:
    maildir.mail(b"cur/" + OLD + b":2,", 2)
    maildir.uidlist(b"", OLD, first=5)
    source, target = b"cur/" + OLD + b":2,", b"cur/" + NEW + b":2,"
    return maildir.rename(source, target, "fix-size", keep_uid=True)


def test_an_operation_cut_off_is_told_and_recovered_once(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(ONE)
    before = maildir.picture()
    with maildir.surgeon() as surgeon:
        crash_before_results(surgeon, monkeypatch, maildir.rename(ONE, b"cur/" + ONE))
    with maildir.surgeon() as surgeon:
        unfinished = surgeon.unfinished()
        assert unfinished is not None and unfinished.state == "interrupted"
        with pytest.raises(SpoolBusy, match="operation 1 is unfinished"):
            surgeon.apply(plan(maildir.rename(b"cur/" + ONE, b"cur/other")))
        report = surgeon.recover()
        assert report is not None
        assert (report.kind, report.state, report.done) == ("recover", "applied", {"recovered": 1})
        assert surgeon.recover() is None
        assert [(one.kind, one.of) for one in surgeon.operations()] == [
            ("fix", None),
            ("recover", 1),
        ]
        assert surgeon.operations()[0].state == "applied"
        surgeon.apply(surgeon.plan_undo())
    assert maildir.picture() == before


def test_the_record_follows_its_file_after_a_crash(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = resized(maildir)
    with maildir.surgeon() as surgeon:
        crash_before_list(surgeon, monkeypatch, act)
    assert maildir.records(b"") == [b"5 W70 :" + OLD]
    with maildir.surgeon() as surgeon:
        report = surgeon.recover()
    assert report is not None and report.effects == ()
    assert maildir.records(b"") == [b"5 G" + OLD + b" :" + NEW]


def test_a_uid_that_a_server_has_given_away_meanwhile_is_named(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = resized(maildir)
    with maildir.surgeon() as surgeon:
        crash_before_list(surgeon, monkeypatch, act)
    place = maildir.path(b"dovecot-uidlist")
    place.write_bytes(place.read_bytes().replace(b"5 W70 :" + OLD, b"6 :" + NEW))
    with maildir.surgeon() as surgeon:
        report = surgeon.recover()
        assert report is not None
        assert report.effects == (
            f"UID not kept, a server looked in between: {os.fsdecode(NEW)} in INBOX",
        )
        assert surgeon.operations()[0].effects == report.effects
    assert maildir.records(b"") == [b"6 :" + NEW]


def test_a_message_read_between_crash_and_recovery_counts_as_filed(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(b"1.M1.host:2,")
    act = maildir.rename(b"1.M1.host:2,", b"cur/1.M1.host:2,")
    with maildir.surgeon() as surgeon:
        crash_before_results(surgeon, monkeypatch, act)
    os.rename(maildir.path(b"cur/1.M1.host:2,"), maildir.path(b"cur/1.M1.host:2,S"))
    with maildir.surgeon() as surgeon:
        surgeon.recover()
        assert [one.state for one in surgeon.steps(1)] == ["done"]
    assert maildir.path(b"cur/1.M1.host:2,S").exists()


def test_both_names_of_one_inode_are_made_one(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(ONE)

    def die(*_values: object) -> None:
        raise Crash

    with monkeypatch.context() as patch, maildir.surgeon() as surgeon:
        patch.setattr(at, "_renameat2", None)
        patch.setattr(at, "drop_second_name", die)
        with pytest.raises(Crash):
            surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    assert maildir.path(ONE).exists() and maildir.path(b"cur/" + ONE).exists()
    with maildir.surgeon() as surgeon:
        surgeon.recover()
        assert [one.state for one in surgeon.steps(1)] == ["done"]
    assert not maildir.path(ONE).exists()
    assert maildir.path(b"cur/" + ONE).stat().st_nlink == 1


def test_a_hard_link_that_was_there_before_stays(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(ONE)
    os.link(maildir.path(ONE), maildir.path(b"cur/" + ONE))
    with maildir.surgeon() as surgeon:
        crash_before_results(surgeon, monkeypatch, maildir.rename(ONE, b"cur/" + ONE))
    with maildir.surgeon() as surgeon:
        surgeon.recover()
        assert [one.state for one in surgeon.steps(1)] == ["refused"]
    assert maildir.path(ONE).exists() and maildir.path(b"cur/" + ONE).exists()


def test_another_user_is_told_whose_operation_is_unfinished(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(ONE)
    with maildir.surgeon() as surgeon:
        crash_before_results(surgeon, monkeypatch, maildir.rename(ONE, b"cur/" + ONE))
        theirs = surgeon.journal_path
    with maildir.surgeon(state_dir=maildir.home / "another") as surgeon:
        with pytest.raises(SpoolBusy) as caught:
            surgeon.apply(plan(maildir.rename(b"cur/" + ONE, ONE)))
        assert str(theirs) in str(caught.value)
        assert surgeon.operations() == []
    with maildir.surgeon() as surgeon:
        surgeon.recover()
    with maildir.surgeon(state_dir=maildir.home / "another") as surgeon:
        assert surgeon.apply(plan(maildir.rename(b"cur/" + ONE, ONE))).state == "applied"


def test_a_notice_is_a_dot_file_where_no_quarantine_can_be_had(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(ONE)
    (maildir.home / "mail" / ".Maildir.quarantine").write_bytes(b"in the way")
    with maildir.surgeon() as surgeon:
        crash_before_results(surgeon, monkeypatch, maildir.rename(ONE, b"cur/" + ONE))
    assert maildir.path(b".mailsurgeon-unfinished").exists()
    with maildir.surgeon() as surgeon:
        surgeon.recover()
    assert not maildir.path(b".mailsurgeon-unfinished").exists()


def test_a_notice_that_was_tampered_with_shows_nothing_raw(maildir: Maildir) -> None:
    maildir.mail(ONE)
    maildir.path(b".mailsurgeon-unfinished").write_bytes(
        b'{"operation": "\\u001b[2J", "journal": "/x\\u009b", "user": "\\u202e"}'
    )
    with maildir.surgeon() as surgeon, pytest.raises(SpoolBusy) as caught:
        surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    assert str(caught.value).isprintable()


def failing(code: int, after: int) -> Callable[..., int]:
    """renameat2 that fails from the call after `after` on."""
    real = at._renameat2
    assert real is not None
    calls: list[bytes] = []

    def call(source_dir: int, source: bytes, target_dir: int, target: bytes, flags: int) -> int:
        if source.startswith(b"130"):
            calls.append(source)
        if len(calls) > after:
            ctypes.set_errno(code)
            return -1
        return int(real(source_dir, source, target_dir, target, flags))

    return call


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
def test_a_failing_disk_stops_the_operation_and_what_was_done_is_known(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    names = [maildir.mail(b"130000000%d.M1P1.host:2," % number, number) for number in range(4)]
    before = maildir.picture()
    acts = plan(*(maildir.rename(name, b"cur/" + name) for name in names))
    with maildir.surgeon() as surgeon:
        with monkeypatch.context() as patch:
            patch.setattr(at, "_renameat2", failing(code, 2))
            report = surgeon.apply(acts)
        assert (report.state, report.done) == ("partial", {"file": 2})
        assert os.strerror(code) in report.summary
        assert len(report.refused) == 2
        assert surgeon.unfinished() is None
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.picture() == before


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EXDEV, errno.ENAMETOOLONG])
def test_a_call_that_fails_for_one_message_leaves_the_others_alone(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    real = at.rename_no_replace
    names = [maildir.mail(b"130000000%d.M1P1.host:2," % number, number) for number in range(3)]

    def picky(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
        if source == names[1]:
            raise OSError(code, os.strerror(code))
        real(source_dir, source, target_dir, target)

    monkeypatch.setattr(at, "rename_no_replace", picky)
    with maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(*(maildir.rename(name, b"cur/" + name) for name in names)))
    assert report.done == {"file": 2}
    assert [one.path for one in report.refused] == [names[1]]
    assert os.strerror(code) in report.refused[0].reason


def test_a_failed_sync_is_never_called_done(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(ONE)
    before = maildir.picture()
    sync = at.sync

    def broken(directory: int) -> None:
        if os.fstat(directory).st_ino == maildir.path(b"cur").stat().st_ino:
            raise OSError(errno.EIO, "Input/output error")
        sync(directory)

    with maildir.surgeon() as surgeon:
        with monkeypatch.context() as patch:
            patch.setattr(at, "sync", broken)
            report = surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
        assert (report.state, report.done) == ("interrupted", {})
        assert surgeon.unfinished() is not None
        surgeon.recover()
        surgeon.apply(surgeon.plan_undo())
    assert maildir.picture() == before


def test_a_writer_that_lives_is_not_recovered(maildir: Maildir) -> None:
    maildir.mail(ONE)
    with maildir.surgeon() as surgeon, maildir.surgeon() as watcher:
        seen: list[object] = []

        def look(_done: int, _total: int) -> None:
            seen.append(watcher.unfinished())
            with pytest.raises(SpoolBusy, match="is changing it now"):
                watcher.recover()

        surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)), on_progress=look)
        assert seen == [None]


@pytest.mark.crash
def test_an_act_of_two_steps_cut_off_between_them_is_completed(maildir: Maildir) -> None:
    twin, kept = maildir.mail(b"cur/1.M1.host:2,"), maildir.mail(b"cur/1.M1.host:2,S")
    steps = (
        maildir.rename_step(twin, QuarantinePath.of(None, twin)),
        maildir.rename_step(kept, b"cur/1.M1.host:2,FS"),
    )
    acts = plan(Act("quarantine copy", twin, steps))
    point = 1
    halves = 0
    while killed_at(maildir, point, lambda surgeon: surgeon.apply(acts)):
        point += 1
        halves += not maildir.path(twin).exists() and maildir.path(kept).exists()
        with maildir.surgeon() as surgeon:
            surgeon.recover()
            assert maildir.path(twin).exists() == maildir.path(kept).exists()
            if not maildir.path(twin).exists():
                surgeon.apply(surgeon.plan_undo())
    assert halves >= 1


def test_a_mode_set_before_the_crash_is_known(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = maildir.mail(b"cur/" + ONE)
    maildir.path(path).chmod(0o644)
    step = ChangeMode(path, None, folder=b"", before=0o644, after=0o600)
    with maildir.surgeon() as surgeon:
        crash_before_results(surgeon, monkeypatch, Act("fix-permissions", path, (step,)))
        surgeon.recover()
        assert [one.state for one in surgeon.steps(1)] == ["done"]
        surgeon.apply(surgeon.plan_undo())
    assert maildir.path(path).stat().st_mode & 0o777 == 0o644


@protects(
    "the name reserved by a killed run is given back before a lock is put into it",
    where="surgery/apply/recovery.py",
)
def test_a_reserved_name_is_given_back_after_a_crash(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.folder(b".A")
    maildir.folder(b".A/Deep")
    maildir.mail(b".A/Deep/cur/" + ONE)
    for folder in (b"", b".A", b".A/Deep"):
        maildir.uidlist(folder, b"1300000001.M1P1.host")
    before = maildir.picture()
    step = maildir.rename_step(b".A/Deep", b".A.Deep", b".A/Deep", b".A.Deep")

    def reserve_only(_from: int, _name: bytes, target_dir: int, target: bytes) -> None:
        os.mkdir(target, at.RESERVED, dir_fd=target_dir)
        raise Crash

    with monkeypatch.context() as patch, maildir.surgeon() as surgeon:
        patch.setattr(at, "_renameat2", None)
        patch.setattr(at, "reserve_and_rename", reserve_only)
        with pytest.raises(Crash):
            surgeon.apply(plan(Act("lift-folder", b".A/Deep", (step,))))
    assert maildir.path(b".A.Deep").is_dir()
    with maildir.surgeon() as surgeon:
        surgeon.recover()
    assert maildir.picture() == before


@pytest.mark.crash
def test_a_folder_cut_off_on_its_way_is_not_left_locked(maildir: Maildir) -> None:
    maildir.folder(b".OLD")
    maildir.mail(b".OLD/cur/" + ONE)
    maildir.uidlist(b".OLD", b"1300000001.M1P1.host")
    before = maildir.picture()
    acts = plan(maildir.away(b".OLD", b".OLD"))
    point = 1
    locked = 0
    while killed_at(maildir, point, lambda surgeon: surgeon.apply(acts)):
        point += 1
        locked += bool(list((maildir.home / "mail" / ".Maildir.quarantine").rglob("*.lock")))
        with maildir.surgeon() as surgeon:
            surgeon.recover()
            assert not list((maildir.home / "mail").rglob("*.lock"))
            if not maildir.path(b".OLD").exists():
                assert surgeon.apply(surgeon.plan_undo()).state == "applied"
        assert maildir.picture() == before
    assert locked >= 1
