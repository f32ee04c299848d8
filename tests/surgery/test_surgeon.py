"""Operations: done as planned or refused by name, and taken back exactly."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailsurgeon.errors import Refused
from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeTime
from mailsurgeon.surgery.steps.directory import MakeDirectory
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Ward, plan

ONE = b"1300000001.M1P1.host:2,S"
TWO = b"1300000002.M2P1.host:2,"


def test_a_misfiled_message_is_filed_and_put_back(ward: Ward, surgeon: Surgeon) -> None:
    source = ward.mail(ONE)
    before = ward.picture()

    report = surgeon.apply(plan(ward.rename(source, b"cur/" + ONE)))

    assert (report.state, report.done, report.refused) == ("applied", {"file": 1}, ())
    assert report.folders == (b"",)
    filed = ward.path(b"cur/" + ONE).stat()
    assert filed.st_mtime_ns == 1_300_000_000_000_000_001
    assert not ward.path(source).exists()

    undone = surgeon.apply(surgeon.plan_undo())
    assert undone.state == "applied"
    assert ward.picture() == before
    assert [one.state for one in surgeon.operations()] == ["undone", "applied"]


def test_nothing_is_done_for_an_empty_plan(surgeon: Surgeon) -> None:
    report = surgeon.apply(plan())
    assert (report.operation, report.state) == (None, "applied")
    assert surgeon.operations() == []


def spoil_target(ward: Ward) -> str:
    ward.mail(b"cur/" + ONE, 99)
    return "is there already"


def spoil_base(ward: Ward) -> str:
    ward.mail(b"new/1300000001.M1P1.host", 99)
    return "base name is taken by new/1300000001.M1P1.host"


def spoil_vanish(ward: Ward) -> str:
    ward.path(ONE).unlink()
    return "it is gone"


def spoil_size(ward: Ward) -> str:
    ward.path(ONE).write_bytes(b"other")
    return "size has changed"


def spoil_time(ward: Ward) -> str:
    os.utime(ward.path(ONE))
    return "time has changed"


def spoil_inode(ward: Ward) -> str:
    ward.path(ONE).rename(ward.path(b"tmp/elsewhere"))
    ward.mail(ONE)
    return "another file has taken its place"


def spoil_symlink(ward: Ward) -> str:
    ward.path(ONE).rename(ward.home / "outside")
    ward.path(ONE).symlink_to(ward.home / "outside")
    return "another file has taken its place"


def spoil_cur(ward: Ward) -> str:
    ward.path(b"cur").rename(ward.home / "real")
    ward.path(b"cur").symlink_to(ward.home / "real")
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
    ward: Ward, surgeon: Surgeon, spoil: Callable[[Ward], str]
) -> None:
    ward.mail(ONE)
    ward.folder(b".Sent")
    ward.mail(b".Sent/" + TWO, 2)
    acts = plan(
        ward.rename(ONE, b"cur/" + ONE),
        ward.rename(b".Sent/" + TWO, b".Sent/cur/" + TWO, folder=b".Sent"),
    )
    reason = spoil(ward)
    mails = ward.messages()

    report = surgeon.apply(acts)

    assert report.state == "partial"
    assert [one.path for one in report.refused] == [ONE]
    assert reason in report.refused[0].reason
    assert ward.path(b".Sent/cur/" + TWO).exists()
    assert ward.messages() == mails
    assert not os.path.lexists(ward.home / "real" / os.fsdecode(ONE))
    states = [one.state for one in surgeon.steps(1)]
    assert states == ["refused", "done"]


def test_an_act_is_done_whole_or_not_at_all(ward: Ward, surgeon: Surgeon) -> None:
    twin, kept = ward.mail(b"cur/1.M1.host:2,"), ward.mail(b"cur/1.M1.host:2,S")
    steps = (
        ward.rename_step(twin, b"quarantine:@/" + twin),
        ward.rename_step(kept, b"cur/1.M1.host:2,FS"),
    )
    ward.path(kept).write_bytes(b"it came to life")
    before = ward.picture()

    report = surgeon.apply(plan(Act("quarantine copy", twin, steps)))

    assert report.state == "failed"
    assert ward.picture() == before
    assert not (ward.home / "mail" / ".Maildir.quarantine").exists()
    with pytest.raises(Refused, match="nothing to undo"):
        surgeon.plan_undo()


def test_a_message_read_by_a_client_since_keeps_its_new_flags(ward: Ward, surgeon: Surgeon) -> None:
    ward.mail(ONE)
    ward.mail(TWO, 2)
    surgeon.apply(plan(ward.rename(ONE, b"cur/" + ONE), ward.rename(TWO, b"cur/" + TWO)))
    os.rename(ward.path(b"cur/" + TWO), ward.path(b"cur/" + TWO + b"S"))

    report = surgeon.apply(surgeon.plan_undo())

    assert report.state == "partial"
    assert [one.path for one in report.refused] == [b"cur/" + TWO]
    assert ward.path(b"cur/" + TWO + b"S").exists()
    assert ward.path(ONE).exists()
    assert surgeon.operations()[0].state == "partial"
    with pytest.raises(Refused, match="nothing to undo"):
        surgeon.plan_undo()


@protects(
    "renames never replace",
    where="surgery/fsops/at.py",
    seen="a file put in the target's place survives",
)
def test_undo_never_overwrites_what_came_since(ward: Ward, surgeon: Surgeon) -> None:
    ward.mail(ONE)
    surgeon.apply(plan(ward.rename(ONE, b"cur/" + ONE)))
    ward.mail(ONE, 77)
    mails = ward.messages()

    report = surgeon.apply(surgeon.plan_undo(1))

    assert report.state == "failed"
    assert "is there already" in report.refused[0].reason
    assert ward.messages() == mails


def test_undo_and_redo_after_restarts(ward: Ward) -> None:
    ward.mail(ONE)
    first = ward.picture()
    acts = plan(ward.rename(ONE, b"cur/" + ONE))
    with ward.surgeon() as surgeon:
        surgeon.apply(acts)
    second = ward.picture()
    for _ in range(3):
        with ward.surgeon() as surgeon:
            assert surgeon.apply(surgeon.plan_undo()).state == "applied"
        assert ward.picture() == first
        with ward.surgeon() as surgeon:
            assert surgeon.apply(surgeon.plan_redo()).state == "applied"
            assert surgeon.operations()[0].state == "applied"
        assert ward.picture() == second


def test_operations_are_taken_back_newest_first_and_done_again_oldest_first(
    ward: Ward, surgeon: Surgeon
) -> None:
    ward.mail(ONE)
    first = ward.picture()
    surgeon.apply(plan(ward.rename(ONE, b"cur/" + ONE)))
    second = ward.picture()
    surgeon.apply(plan(ward.rename(b"cur/" + ONE, b"cur/1300000001.M1P1.host:2,FS")))
    third = ward.picture()

    assert surgeon.undoable() == [2, 1]
    assert surgeon.apply(surgeon.plan_undo(2)).state == "applied"
    assert ward.picture() == second
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert ward.picture() == first
    with pytest.raises(Refused, match="nothing to undo"):
        surgeon.plan_undo()

    assert surgeon.plan_redo().of == 1
    surgeon.apply(surgeon.plan_redo())
    surgeon.apply(surgeon.plan_redo())
    assert ward.picture() == third
    with pytest.raises(Refused, match="nothing to redo"):
        surgeon.plan_redo()


def test_redo_by_default_ends_when_something_else_was_done(ward: Ward, surgeon: Surgeon) -> None:
    ward.mail(ONE)
    ward.mail(TWO, 2)
    surgeon.apply(plan(ward.rename(ONE, b"cur/" + ONE)))
    surgeon.apply(surgeon.plan_undo())
    surgeon.apply(plan(ward.rename(TWO, b"cur/" + TWO)))
    with pytest.raises(Refused, match="nothing to redo"):
        surgeon.plan_redo()
    assert surgeon.apply(surgeon.plan_redo(1)).state == "applied"


@pytest.mark.parametrize(("number", "said"), [(2, "redo 1"), (7, "no operation 7")])
def test_an_undo_is_not_undone(ward: Ward, surgeon: Surgeon, number: int, said: str) -> None:
    ward.mail(ONE)
    surgeon.apply(plan(ward.rename(ONE, b"cur/" + ONE)))
    surgeon.apply(surgeon.plan_undo())
    with pytest.raises(Refused, match=said):
        surgeon.plan_undo(number)


def test_a_clash_is_put_back_as_it_was(ward: Ward, surgeon: Surgeon) -> None:
    ward.mail(b"cur/1.M1.host:2,S", 1)
    ward.mail(b"new/1.M1.host", 2)
    before = ward.picture()
    surgeon.apply(plan(ward.rename(b"new/1.M1.host", b"new/2.M2.host", "rename")))
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert ward.picture() == before


def test_large_operations_run_in_batches_and_can_be_stopped_between(
    ward: Ward, surgeon: Surgeon
) -> None:
    names = [ward.mail(b"%d.M1P1.host" % number, number) for number in range(1, 701)]
    before = ward.picture()
    acts = plan(*(ward.rename(name, b"cur/" + name + b":2,") for name in names))
    seen: list[tuple[int, int]] = []

    report = surgeon.apply(
        acts,
        on_progress=lambda done, total: seen.append((done, total)),
        cancelled=lambda: bool(seen),
    )

    assert seen == [(500, 700)]
    assert (report.state, report.done) == ("partial", {"file": 500})
    assert len(os.listdir(ward.path(b"cur"))) == 500
    assert surgeon.apply(surgeon.plan_undo()).done == {"undo file": 500}
    assert ward.picture() == before


def test_a_whole_folder_goes_to_quarantine_and_comes_back(ward: Ward, surgeon: Surgeon) -> None:
    ward.folder(b".OLD")
    ward.mail(b".OLD/cur/" + ONE)
    ward.uidlist(b".OLD", b"1300000001.M1P1.host")
    before = ward.picture()
    report = surgeon.apply(plan(ward.away(b".OLD", b".OLD")))
    assert report.state == "applied"
    assert not ward.path(b".OLD").exists()
    assert not list((ward.home / "mail").rglob("*.lock"))
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert ward.picture() == before


def test_a_directory_is_made_with_its_mode_and_taken_back(ward: Ward, surgeon: Surgeon) -> None:
    ward.path(b"new").rmdir()
    before = ward.picture()
    step = MakeDirectory(None, b"new", folder=b"", mode=0o2770)
    surgeon.apply(plan(Act("make-subdirs", b"", (step,))))
    assert ward.path(b"new").stat().st_mode & 0o7777 == 0o2770
    surgeon.apply(surgeon.plan_undo())
    assert ward.picture() == before
    surgeon.apply(surgeon.plan_redo())
    ward.mail(b"new/" + ONE)
    report = surgeon.apply(surgeon.plan_undo())
    assert "no longer empty" in report.refused[0].reason
    assert ward.path(b"new/" + ONE).exists()


def test_modes_and_times_are_set_and_put_back(ward: Ward, surgeon: Surgeon) -> None:
    path = ward.mail(b"cur/" + ONE)
    ward.path(path).chmod(0o644)
    before = ward.picture()
    expected = ward.rename_step(path, path).expected
    assert expected is not None
    then, new = expected.mtime_ns, 1_200_000_000_123_456_789
    steps = (
        ChangeMode(path, None, expected, b"", before=0o644, after=0o600),
        ChangeTime(path, None, expected, b"", before=then, after=new),
    )
    assert surgeon.apply(plan(Act("fix-date", path, steps))).state == "applied"
    now = ward.path(path).stat()
    assert (now.st_mode & 0o777, now.st_mtime_ns) == (0o600, 1_200_000_000_123_456_789)
    assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert ward.picture() == before


def test_a_time_that_the_file_system_cannot_hold_is_refused_or_held(
    ward: Ward, surgeon: Surgeon
) -> None:
    path = ward.mail(b"cur/" + ONE)
    before = ward.picture()
    expected = ward.rename_step(path, path).expected
    assert expected is not None
    year_200 = -55_842_226_718 * 10**9
    step = ChangeTime(path, None, expected, b"", before=expected.mtime_ns, after=year_200)
    report = surgeon.apply(plan(Act("fix-date", path, (step,))))
    if report.refused:  # ext4 holds 1901 to 2446
        assert "cannot hold that time" in report.refused[0].reason
    else:
        assert ward.path(path).stat().st_mtime_ns == year_200
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert ward.picture() == before


def test_the_mode_of_a_hard_linked_file_is_left_alone(ward: Ward, surgeon: Surgeon) -> None:
    path = ward.mail(b"cur/" + ONE)
    os.link(ward.path(path), ward.home / "elsewhere")
    ward.path(path).chmod(0o644)
    step = ChangeMode(path, None, folder=b"", before=0o644, after=0o600)
    report = surgeon.apply(plan(Act("fix-permissions", path, (step,))))
    assert "other names" in report.refused[0].reason
    assert ward.path(path).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("path", [b"../outside", b"cur/../../outside", b"/tmp/x", b""])
def test_no_step_leaves_the_spool(ward: Ward, surgeon: Surgeon, path: bytes) -> None:
    ward.mail(ONE)
    before = ward.picture()
    report = surgeon.apply(plan(ward.rename(ONE, path)))
    assert report.state == "failed"
    assert ward.picture() == before


def test_the_history_of_a_file_follows_its_names_backwards(ward: Ward, surgeon: Surgeon) -> None:
    ward.mail(ONE)
    surgeon.apply(plan(ward.rename(ONE, b"cur/" + ONE)))
    surgeon.apply(plan(ward.rename(b"cur/" + ONE, b"cur/new-name:2,S")))
    surgeon.apply(surgeon.plan_undo())
    told = [(op.id, step.source, step.target) for op, step in surgeon.history(b"cur/" + ONE)]
    assert told == [
        (3, b"cur/new-name:2,S", b"cur/" + ONE),
        (2, b"cur/" + ONE, b"cur/new-name:2,S"),
        (1, ONE, b"cur/" + ONE),
    ]
    assert surgeon.history(b"cur/unknown") == []


def test_names_that_are_no_text_are_kept_byte_for_byte(ward: Ward, surgeon: Surgeon) -> None:
    ward.folder(b".\xff\x1b[2J")
    name = b"1.M1\xfe\n.host,S=1"
    old = ward.mail(b".\xff\x1b[2J/cur/" + name + b":2,S")
    new = b".\xff\x1b[2J/cur/1.M1\xfe\n.host,S=62:2,S"
    before = ward.picture()
    report = surgeon.apply(
        plan(ward.rename(old, new, "fix-size", folder=b".\xff\x1b[2J", keep_uid=True))
    )
    assert report.state == "applied"
    assert all(line.isprintable() for line in (*report.effects, report.summary))
    assert ward.path(new).exists()
    surgeon.apply(surgeon.plan_undo())
    assert ward.picture() == before


def test_directories_keep_the_times_the_kernel_gives_them(ward: Ward, surgeon: Surgeon) -> None:
    ward.mail(ONE)
    os.utime(ward.path(b"cur"), (1_000_000_000, 1_000_000_000))
    surgeon.apply(plan(ward.rename(ONE, b"cur/" + ONE)))
    assert ward.path(b"cur").stat().st_mtime > 1_500_000_000


def test_the_operations_of_other_spools_are_theirs(ward: Ward, tmp_path: Path) -> None:
    ward.mail(ONE)
    with ward.surgeon() as surgeon:
        surgeon.apply(plan(ward.rename(ONE, b"cur/" + ONE)))
        assert len(surgeon.operations()) == 1
    other = tmp_path / "mail" / "Other"
    (other / "cur").mkdir(parents=True)
    status = other.stat()
    spool = type(ward.spool)(os.fsencode(other), status.st_dev, status.st_ino, "maildir++")
    with Surgeon(spool, state_dir=ward.home / "state") as surgeon:
        assert surgeon.operations() == []
