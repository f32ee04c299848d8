"""Operations: done as planned or refused by name, and taken back exactly."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.errors import Refused
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeTime
from mailsurgeon.surgery.steps.directory import MakeDirectory
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

ONE = b"1300000001.M1P1.host:2,S"
TWO = b"1300000002.M2P1.host:2,"


def test_a_misfiled_message_is_filed_and_put_back(maildir: Maildir, surgeon: Surgeon) -> None:
    source = maildir.mail(ONE)
    before = maildir.picture()

    report = surgeon.apply(plan(maildir.rename(source, b"cur/" + ONE)))

    assert (report.state, report.done, report.refused) == ("applied", {"file": 1}, ())
    assert report.folders == (b"",)
    filed = maildir.path(b"cur/" + ONE).stat()
    assert filed.st_mtime_ns == 1_300_000_000_000_000_001
    assert not maildir.path(source).exists()

    undone = surgeon.apply(surgeon.plan_undo())
    assert undone.state == "applied"
    assert maildir.picture() == before
    assert [one.state for one in surgeon.operations()] == ["undone", "applied"]


def test_nothing_is_done_for_an_empty_plan(surgeon: Surgeon) -> None:
    report = surgeon.apply(plan())
    assert (report.operation, report.state) == (None, "applied")
    assert surgeon.operations() == []


def spoil_target(maildir: Maildir) -> str:
    maildir.mail(b"cur/" + ONE, 99)
    return "is there already"


def spoil_base(maildir: Maildir) -> str:
    maildir.mail(b"new/1300000001.M1P1.host", 99)
    return "base name is taken by new/1300000001.M1P1.host"


def spoil_vanish(maildir: Maildir) -> str:
    maildir.path(ONE).unlink()
    return "it is gone"


def spoil_size(maildir: Maildir) -> str:
    maildir.path(ONE).write_bytes(b"other")
    return "size has changed"


def spoil_time(maildir: Maildir) -> str:
    os.utime(maildir.path(ONE))
    return "time has changed"


def spoil_inode(maildir: Maildir) -> str:
    maildir.path(ONE).rename(maildir.path(b"tmp/elsewhere"))
    maildir.mail(ONE)
    return "another file has taken its place"


def spoil_symlink(maildir: Maildir) -> str:
    maildir.path(ONE).rename(maildir.home / "outside")
    maildir.path(ONE).symlink_to(maildir.home / "outside")
    return "another file has taken its place"


def spoil_cur(maildir: Maildir) -> str:
    maildir.path(b"cur").rename(maildir.home / "real")
    maildir.path(b"cur").symlink_to(maildir.home / "real")
    return "directory"


SPOILS = (
    spoil_target, spoil_base, spoil_vanish, spoil_size, spoil_time, spoil_inode, spoil_symlink,
    spoil_cur,
)  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILS)
@protects("no second file of one base name in a folder", where="surgery/steps/registry.py")
@protects(
    "a message that changed since the plan is refused",
    where="surgery/fsops/at.py",
    seen="size, time, inode changed one at a time",
)
def test_what_changed_since_the_plan_is_refused_and_the_rest_goes_on(
    maildir: Maildir, surgeon: Surgeon, spoil: Callable[[Maildir], str]
) -> None:
    maildir.mail(ONE)
    maildir.folder(b".Sent")
    maildir.mail(b".Sent/" + TWO, 2)
    acts = plan(
        maildir.rename(ONE, b"cur/" + ONE),
        maildir.rename(b".Sent/" + TWO, b".Sent/cur/" + TWO, folder=b".Sent"),
    )
    reason = spoil(maildir)
    mails = maildir.messages()

    report = surgeon.apply(acts)

    assert report.state == "partial"
    assert [one.path for one in report.refused] == [ONE]
    assert reason in report.refused[0].reason
    assert maildir.path(b".Sent/cur/" + TWO).exists()
    assert maildir.messages() == mails
    assert not os.path.lexists(maildir.home / "real" / os.fsdecode(ONE))
    states = [one.state for one in surgeon.steps(1)]
    assert states == ["refused", "done"]


def test_an_act_is_done_whole_or_not_at_all(maildir: Maildir, surgeon: Surgeon) -> None:
    twin, kept = maildir.mail(b"cur/1.M1.host:2,"), maildir.mail(b"cur/1.M1.host:2,S")
    steps = (
        maildir.rename_step(twin, QuarantinePath.of(None, twin)),
        maildir.rename_step(kept, b"cur/1.M1.host:2,FS"),
    )
    maildir.path(kept).write_bytes(b"it came to life")
    before = maildir.picture()

    report = surgeon.apply(plan(Act("quarantine copy", twin, steps)))

    assert report.state == "failed"
    assert maildir.picture() == before
    assert not (maildir.home / "mail" / ".Maildir.quarantine").exists()
    with pytest.raises(Refused, match="nothing to undo"):
        surgeon.plan_undo()


def test_a_message_read_by_a_client_since_keeps_its_new_flags(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    maildir.mail(ONE)
    maildir.mail(TWO, 2)
    surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE), maildir.rename(TWO, b"cur/" + TWO)))
    os.rename(maildir.path(b"cur/" + TWO), maildir.path(b"cur/" + TWO + b"S"))

    report = surgeon.apply(surgeon.plan_undo())

    assert (report.state, report.refused) == ("applied", ())
    assert maildir.path(TWO + b"S").exists()
    assert maildir.path(ONE).exists()
    assert surgeon.operations()[0].state == "undone"
    with pytest.raises(Refused, match="nothing to undo"):
        surgeon.plan_undo()


def test_a_client_that_gives_the_same_name_first_is_no_hindrance_in_the_way(
    maildir: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(ONE)
    rename = at.rename_no_replace

    def client_first(*names: Any) -> None:
        os.rename(maildir.path(ONE), maildir.path(b"cur/" + ONE))
        rename(*names)

    monkeypatch.setattr(at, "rename_no_replace", client_first)
    report = surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    assert [one.reason for one in report.refused] == ["it is gone"]


@protects(
    "renames never replace",
    where="surgery/fsops/at.py",
    seen="a file put in the target's place survives",
)
def test_undo_never_overwrites_what_came_since(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(ONE)
    surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    maildir.mail(ONE, 77)
    mails = maildir.messages()

    report = surgeon.apply(surgeon.plan_undo(1))

    assert report.state == "failed"
    assert "is there already" in report.refused[0].reason
    assert maildir.messages() == mails


def test_undo_and_redo_after_restarts(maildir: Maildir) -> None:
    maildir.mail(ONE)
    first = maildir.picture()
    acts = plan(maildir.rename(ONE, b"cur/" + ONE))
    with maildir.surgeon() as surgeon:
        surgeon.apply(acts)
    second = maildir.picture()
    for _ in range(3):
        with maildir.surgeon() as surgeon:
            assert surgeon.apply(surgeon.plan_undo()).state == "applied"
        assert maildir.picture() == first
        with maildir.surgeon() as surgeon:
            assert surgeon.apply(surgeon.plan_redo()).state == "applied"
            assert surgeon.operations()[0].state == "applied"
        assert maildir.picture() == second


def test_operations_are_taken_back_newest_first_and_done_again_oldest_first(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    maildir.mail(ONE)
    first = maildir.picture()
    surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    second = maildir.picture()
    surgeon.apply(plan(maildir.rename(b"cur/" + ONE, b"cur/1300000001.M1P1.host:2,FS")))
    third = maildir.picture()

    assert surgeon.undoable() == [2, 1]
    assert surgeon.apply(surgeon.plan_undo(2)).state == "applied"
    assert maildir.picture() == second
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.picture() == first
    with pytest.raises(Refused, match="nothing to undo"):
        surgeon.plan_undo()

    assert surgeon.plan_redo().of == 1
    surgeon.apply(surgeon.plan_redo())
    surgeon.apply(surgeon.plan_redo())
    assert maildir.picture() == third
    with pytest.raises(Refused, match="nothing to redo"):
        surgeon.plan_redo()


def test_redo_by_default_ends_when_something_else_was_done(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    maildir.mail(ONE)
    maildir.mail(TWO, 2)
    surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    surgeon.apply(surgeon.plan_undo())
    surgeon.apply(plan(maildir.rename(TWO, b"cur/" + TWO)))
    with pytest.raises(Refused, match="nothing to redo"):
        surgeon.plan_redo()
    assert surgeon.apply(surgeon.plan_redo(1)).state == "applied"


@pytest.mark.parametrize(("number", "said"), [(2, "redo 1"), (7, "no operation 7")])
def test_an_undo_is_not_undone(maildir: Maildir, surgeon: Surgeon, number: int, said: str) -> None:
    maildir.mail(ONE)
    surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    surgeon.apply(surgeon.plan_undo())
    with pytest.raises(Refused, match=said):
        surgeon.plan_undo(number)


def test_a_clash_is_put_back_as_it_was(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(b"cur/1.M1.host:2,S", 1)
    maildir.mail(b"new/1.M1.host", 2)
    before = maildir.picture()
    surgeon.apply(plan(maildir.rename(b"new/1.M1.host", b"new/2.M2.host", "rename")))
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.picture() == before


def test_large_operations_run_in_batches_and_can_be_stopped_between(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    names = [maildir.mail(b"%d.M1P1.host" % number, number) for number in range(1, 701)]
    before = maildir.picture()
    acts = plan(*(maildir.rename(name, b"cur/" + name + b":2,") for name in names))
    seen: list[tuple[int, int]] = []

    report = surgeon.apply(
        acts,
        on_progress=lambda done, total: seen.append((done, total)),
        cancelled=lambda: bool(seen),
    )

    assert seen == [(500, 700)]
    assert (report.state, report.done) == ("partial", {"file": 500})
    assert len(os.listdir(maildir.path(b"cur"))) == 500
    assert surgeon.apply(surgeon.plan_undo()).done == {"undo file": 500}
    assert maildir.picture() == before


def test_a_whole_folder_goes_to_quarantine_and_comes_back(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    maildir.folder(b".OLD")
    maildir.mail(b".OLD/cur/" + ONE)
    maildir.uidlist(b".OLD", b"1300000001.M1P1.host")
    before = maildir.picture()
    report = surgeon.apply(plan(maildir.away(b".OLD", b".OLD")))
    assert report.state == "applied"
    assert not maildir.path(b".OLD").exists()
    assert not list((maildir.home / "mail").rglob("*.lock"))
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.picture() == before


def test_a_directory_is_made_with_its_mode_and_taken_back(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    maildir.path(b"new").rmdir()
    before = maildir.picture()
    step = MakeDirectory(None, b"new", folder=b"", mode=0o2770)
    surgeon.apply(plan(Act("make-subdirs", b"", (step,))))
    assert maildir.path(b"new").stat().st_mode & 0o7777 == 0o2770
    surgeon.apply(surgeon.plan_undo())
    assert maildir.picture() == before
    surgeon.apply(surgeon.plan_redo())
    maildir.mail(b"new/" + ONE)
    report = surgeon.apply(surgeon.plan_undo())
    assert "no longer empty" in report.refused[0].reason
    assert maildir.path(b"new/" + ONE).exists()


def test_modes_and_times_are_set_and_put_back(maildir: Maildir, surgeon: Surgeon) -> None:
    path = maildir.mail(b"cur/" + ONE)
    maildir.path(path).chmod(0o644)
    before = maildir.picture()
    expected = maildir.rename_step(path, path).expected
    assert expected is not None
    then, new = expected.mtime_ns, 1_200_000_000_123_456_789
    steps = (
        ChangeMode(path, None, expected, b"", before=0o644, after=0o600),
        ChangeTime(path, None, expected, b"", before=then, after=new),
    )
    assert surgeon.apply(plan(Act("fix-date", path, steps))).state == "applied"
    now = maildir.path(path).stat()
    assert (now.st_mode & 0o777, now.st_mtime_ns) == (0o600, 1_200_000_000_123_456_789)
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.picture() == before


def test_a_time_that_the_file_system_cannot_hold_is_refused_or_held(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    path = maildir.mail(b"cur/" + ONE)
    before = maildir.picture()
    expected = maildir.rename_step(path, path).expected
    assert expected is not None
    year_200 = -55_842_226_718 * 10**9
    step = ChangeTime(path, None, expected, b"", before=expected.mtime_ns, after=year_200)
    report = surgeon.apply(plan(Act("fix-date", path, (step,))))
    if report.refused:  # ext4 holds 1901 to 2446
        assert "cannot hold that time" in report.refused[0].reason
    else:
        assert maildir.path(path).stat().st_mtime_ns == year_200
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.picture() == before


def test_the_mode_of_a_hard_linked_file_is_left_alone(maildir: Maildir, surgeon: Surgeon) -> None:
    path = maildir.mail(b"cur/" + ONE)
    os.link(maildir.path(path), maildir.home / "elsewhere")
    maildir.path(path).chmod(0o644)
    step = ChangeMode(path, None, folder=b"", before=0o644, after=0o600)
    report = surgeon.apply(plan(Act("fix-permissions", path, (step,))))
    assert "other names" in report.refused[0].reason
    assert maildir.path(path).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("path", [b"../outside", b"cur/../../outside", b"/tmp/x", b""])
def test_no_step_leaves_the_spool(maildir: Maildir, surgeon: Surgeon, path: bytes) -> None:
    maildir.mail(ONE)
    before = maildir.picture()
    report = surgeon.apply(plan(maildir.rename(ONE, path)))
    assert report.state == "failed"
    assert maildir.picture() == before


def test_the_history_of_a_file_follows_its_names_backwards(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    maildir.mail(ONE)
    surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    surgeon.apply(plan(maildir.rename(b"cur/" + ONE, b"cur/new-name:2,S")))
    surgeon.apply(surgeon.plan_undo())
    told = [(op.id, step.source, step.target) for op, step in surgeon.history(b"cur/" + ONE)]
    assert told == [
        (3, b"cur/new-name:2,S", b"cur/" + ONE),
        (2, b"cur/" + ONE, b"cur/new-name:2,S"),
        (1, ONE, b"cur/" + ONE),
    ]
    assert surgeon.history(b"cur/unknown") == []


def test_names_that_are_no_text_are_kept_byte_for_byte(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.folder(b".\xff\x1b[2J")
    name = b"1.M1\xfe\n.host,S=1"
    old = maildir.mail(b".\xff\x1b[2J/cur/" + name + b":2,S")
    new = b".\xff\x1b[2J/cur/1.M1\xfe\n.host,S=62:2,S"
    before = maildir.picture()
    report = surgeon.apply(
        plan(maildir.rename(old, new, "fix-size", folder=b".\xff\x1b[2J", keep_uid=True))
    )
    assert report.state == "applied"
    assert all(line.isprintable() for line in (*report.effects, report.summary))
    assert maildir.path(new).exists()
    surgeon.apply(surgeon.plan_undo())
    assert maildir.picture() == before


def test_directories_keep_the_times_the_kernel_gives_them(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    maildir.mail(ONE)
    os.utime(maildir.path(b"cur"), (1_000_000_000, 1_000_000_000))
    surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    assert maildir.path(b"cur").stat().st_mtime > 1_500_000_000


def test_the_operations_of_other_spools_are_theirs(maildir: Maildir, tmp_path: Path) -> None:
    maildir.mail(ONE)
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
        assert len(surgeon.operations()) == 1
    other = tmp_path / "mail" / "Other"
    (other / "cur").mkdir(parents=True)
    status = other.stat()
    spool = type(maildir.spool)(os.fsencode(other), status.st_dev, status.st_ino, "maildir++")
    with Surgeon(spool, state_dir=maildir.home / "state") as surgeon:
        assert surgeon.operations() == []
