"""A purge deletes exactly what was listed, file by file, and says what it did not delete."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.apply import purging
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.surgery.quarantine.contents import MOST_LEVELS
from mailsurgeon.surgery.steps.purge import Purge
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

ONE = b"cur/1300000001.M1P1.host:2,S"
TWO = b"cur/1300000002.M2P1.host:2,"
OLD = b".Old"


@pytest.fixture
def stored(maildir: Maildir, surgeon: Surgeon) -> Path:
    """A folder with three messages in the quarantine."""
    maildir.folder(OLD)
    for number in (1, 2, 3):
        maildir.mail(b".Old/cur/130000000%d.M1P1.host:2," % number, number)
    surgeon.apply(plan(maildir.away(OLD, OLD)))
    return maildir.home / "mail" / ".Maildir.quarantine" / "1" / ".Old"


def planned(surgeon: Surgeon, days: float = 0.0) -> Plan:
    return surgeon.plan_purge(surgeon.quarantined_before(days))


def purge(surgeon: Surgeon) -> Report:
    return surgeon.purge(planned(surgeon))


def test_every_file_of_a_folder_is_a_step_of_its_own(stored: Path, surgeon: Surgeon) -> None:
    report = purge(surgeon)
    assert (report.state, report.summary) == ("applied", "1 deleted for good")
    assert not stored.exists()
    steps = list(surgeon.steps(2))
    assert sum(os.path.basename(step.source or b"").startswith(b"13") for step in steps) == 3
    assert {step.state for step in steps} == {"done"}
    assert steps[-1].source == b"quarantine:1/.Old"


@protects("a purge deletes only what was listed", where="surgery/steps/purge.py")
def test_what_came_in_after_the_list_stays(stored: Path, surgeon: Surgeon) -> None:
    agreed = planned(surgeon)
    (stored / "cur" / "new one").write_bytes(b"From: a@example.org\n\nonly here\n")
    report = surgeon.purge(agreed)
    assert (stored / "cur" / "new one").exists()
    assert report.state == "partial"
    assert "1 partly" in report.summary
    assert any("something is still in it" in one.reason for one in report.refused)


def test_what_has_changed_since_the_list_stays(stored: Path, surgeon: Surgeon) -> None:
    agreed = planned(surgeon)
    changed = sorted((stored / "cur").iterdir())[1]
    changed.write_bytes(b"something else")
    report = surgeon.purge(agreed)
    assert changed.read_bytes() == b"something else"
    assert any("has changed" in one.reason for one in report.refused)


@protects("what is partly purged is never offered again", where="surgery/apply/purging.py")
def test_what_is_partly_gone_says_so_and_is_no_more_offered(
    stored: Path, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "BATCH", 2)
    stops = iter([False, False, True])
    report = surgeon.purge(planned(surgeon), cancelled=lambda: next(stops))
    assert report.state == "partial"
    assert report.summary == "0 deleted for good; 1 partly; stopped by you"
    (item,) = surgeon.quarantined()
    assert item.note == "partly purged by operation 2"
    for taken_back in (surgeon.plan_restore([item]), surgeon.plan_undo(1)):
        assert not taken_back.acts
        assert [left.reason for left in taken_back.left] == [item.note]

    assert purge(surgeon).state == "applied"  # goes on where it stopped
    assert not stored.exists()
    assert surgeon.quarantined() == []


@pytest.mark.usefixtures("stored")
def test_a_purge_that_deletes_nothing_leaves_everything_restorable(
    surgeon: Surgeon, maildir: Maildir
) -> None:
    report = surgeon.purge(planned(surgeon), cancelled=lambda: True)
    assert report.state == "failed"
    assert surgeon.quarantined()[0].note == ""
    assert surgeon.apply(surgeon.plan_undo(1)).state == "applied"
    assert maildir.path(b".Old/cur").exists()


class Killed(Exception):
    """The program dies."""


def test_a_purge_killed_in_a_folder_is_settled_as_partly(
    stored: Path, maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete, deleted = Purge.do, list[bytes]()

    def twice(step: Purge, *where: object) -> None:
        if len(deleted) == 2:
            raise Killed
        delete(step, *where)  # type: ignore[arg-type]
        deleted.append(step.source)

    with monkeypatch.context() as patch, maildir.surgeon() as surgeon:
        patch.setattr(Purge, "do", twice)
        with pytest.raises(Killed):
            purge(surgeon)
    with maildir.surgeon() as surgeon:
        (item,) = surgeon.quarantined()
        assert item.note == "its purge, operation 2, is unfinished"
        assert surgeon.unlisted() == []
        assert not surgeon.plan_restore([item]).acts
        surgeon.recover()
        (item,) = surgeon.quarantined()
        assert item.note == "partly purged by operation 2"
        assert purge(surgeon).state == "applied"
    assert not stored.exists()


@protects("a purge deletes only what was put away", where="surgery/stored_items.py")
def test_another_file_in_the_place_of_what_was_put_away_stays(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    maildir.mail(ONE)
    surgeon.apply(plan(maildir.away(ONE)))
    place = maildir.home / "mail" / ".Maildir.quarantine" / "1" / os.fsdecode(ONE)
    other = place.with_name("other")
    other.write_bytes(b"From: another@example.org\n\n")
    other.rename(place)
    agreed = planned(surgeon)
    assert not agreed.acts
    assert [left.reason for left in agreed.left] == ["another file has taken its place"]
    assert place.exists()


@protects("the age for a purge counts from when a thing last went in", where="surgery/surgeon.py")
def test_the_age_counts_from_the_redo(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(ONE)
    surgeon.apply(plan(maildir.away(ONE)))
    (first,) = surgeon.quarantined()
    surgeon.apply(surgeon.plan_undo())
    surgeon.apply(surgeon.plan_redo())
    (again,) = surgeon.quarantined()
    assert again.since > first.since
    assert again.time == surgeon.operations()[-1].time
    day = (again.since - first.since) / 86_400
    assert surgeon.quarantined_before(day) == []


def test_a_message_put_away_again_under_another_name_is_one_item(
    maildir: Maildir, surgeon: Surgeon
) -> None:
    """A client has marked it between undo and redo."""
    maildir.mail(ONE)
    surgeon.apply(plan(maildir.away(ONE)))
    surgeon.apply(surgeon.plan_undo())
    maildir.path(ONE).rename(maildir.path(ONE + b"F"))
    assert surgeon.apply(surgeon.plan_redo()).refused == ()
    (item,) = surgeon.quarantined()
    assert item.present != item.original
    assert surgeon.unlisted() == []
    assert purge(surgeon).done == {"purge": 1}
    assert surgeon.quarantined() == surgeon.unlisted() == []
    assert not any(surgeon.plan_purge([item]).acts)


def test_undo_goes_past_what_was_purged(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(ONE)
    maildir.mail(TWO, 2)
    filed = b"cur/1300000002.M2P1.host:2,S"
    surgeon.apply(plan(maildir.rename(TWO, filed)))
    surgeon.apply(plan(maildir.away(ONE)))
    purge(surgeon)
    back = surgeon.plan_undo()
    assert back.of == 1
    assert surgeon.undoable() == [1]
    surgeon.apply(back)
    assert maildir.path(TWO).exists()


def test_more_levels_than_anybody_needs_are_left_and_told(stored: Path, surgeon: Surgeon) -> None:
    here = os.open(stored, os.O_RDONLY)
    for _ in range(MOST_LEVELS + 5):
        os.mkdir("d", dir_fd=here)
        here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)
    agreed = planned(surgeon)
    assert not agreed.acts
    assert "levels of directories" in agreed.left[0].reason
    assert stored.exists()


@pytest.fixture
def mounted(stored: Path) -> Iterator[Path]:
    """Another part of the same file system, mounted in the quarantine."""
    outside = stored.parents[3] / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"x")
    there = stored / "tmp"
    if os.geteuid() or subprocess.run(["mount", "--bind", outside, there], check=False).returncode:
        pytest.skip("needs root that may mount")
    yield outside
    subprocess.run(["umount", there], check=True)


@protects("a purge never enters a mount", where="surgery/quarantine/contents.py")
def test_what_is_mounted_in_it_is_not_entered(mounted: Path, surgeon: Surgeon) -> None:
    agreed = planned(surgeon)
    assert not agreed.acts
    assert "mounted" in agreed.left[0].reason
    surgeon.purge(agreed)
    assert (mounted / "precious").exists()
