"""`rename-folder`: what it moves, what it tells, and the way back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailsurgeon.surgery.plan.propose import propose_folder
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, moves, only_act, text

CODE = "bad-folder-name"
UMLAUT = ".Entwürfe".encode()


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def folder(indexed: IndexedMaildir, path: bytes, number: int) -> bytes:
    """A folder with one message, and a uidlist that has it."""
    base = b"1300000000.M%d.host" % number
    mail = indexed.mail(path + b"/cur/" + base + b":2,S", content=text(number))
    for part in (b"new", b"tmp"):
        indexed.path(path + b"/" + part).mkdir(exist_ok=True)
    indexed.uidlist(path, base)
    return mail


def test_the_folder_goes_as_a_whole_and_comes_back(indexed: IndexedMaildir) -> None:
    mail = folder(indexed, UMLAUT, 1)
    before = indexed.survey().codes()
    plan = indexed.fix(only=[CODE])
    assert only_act(plan).verdict == "rename-folder"
    assert "a new folder Entwürfe, with 1 message and their UIDs" in plan.effects
    indexed.apply(plan)
    assert indexed.path(mail.replace(UMLAUT, b".Entw&APw-rfe")).exists()
    assert indexed.records(b".Entw&APw-rfe")
    assert indexed.survey().codes() == {}
    assert not indexed.fix(only=[CODE]).acts
    indexed.undo()
    assert indexed.path(mail).exists()
    assert indexed.survey().codes() == before


def test_a_plain_fix_leaves_the_names_of_folders(indexed: IndexedMaildir) -> None:
    folder(indexed, UMLAUT, 1)
    assert not indexed.survey().fix().acts


def test_one_folder_takes_those_below_it_along(indexed: IndexedMaildir) -> None:
    for number, path in enumerate((b".R&D", b".R&D.a", b".R&D.a.b", b".R&Done")):
        folder(indexed, path, number)
    plan = indexed.survey().propose(b".R&D")
    assert moves(plan) == {
        b".R&D": b".R&-D", b".R&D.a": b".R&-D.a", b".R&D.a.b": b".R&-D.a.b",
    }  # fmt: skip
    assert only_act(plan)
    indexed.apply(plan)
    indexed.undo()
    assert indexed.path(b".R&D.a.b/cur").is_dir()


def test_each_is_renamed_once_when_all_are(indexed: IndexedMaildir) -> None:
    for number, path in enumerate((b".R&D", b".R&D.a", b".R&D.a.b")):
        folder(indexed, path, number)
    plan = indexed.survey().fix(only=[CODE])
    assert [act.path for act in plan.acts] == [b".R&D", b".R&D.a", b".R&D.a.b"]
    assert len(moves(plan)) == sum(len(act.steps) for act in plan.acts) == 3
    indexed.apply(plan)
    assert indexed.survey().codes() == {}


def test_a_folder_below_stays_where_its_name_is_taken(indexed: IndexedMaildir) -> None:
    for number, path in enumerate((b".R&D", b".R&D.a", b".R&-D.a")):
        folder(indexed, path, number)
    plan = indexed.survey().propose(b".R&D")
    assert moves(plan) == {b".R&D": b".R&-D"}
    assert only_act(plan).note == ".R&D.a stays: .R&-D.a is there already"


def test_nothing_is_done_where_the_name_is_taken(indexed: IndexedMaildir) -> None:
    folder(indexed, UMLAUT, 1)
    folder(indexed, b".Entw&APw-rfe", 2)
    folder(indexed, b".INBOX", 3)
    plan = indexed.survey().fix(only=[CODE])
    assert not plan.acts
    assert {left.path for left in plan.left} == {UMLAUT, b".INBOX"}
    assert all("merged" in left.reason for left in plan.left)


def test_a_name_that_is_taken_meanwhile(indexed: IndexedMaildir) -> None:
    folder(indexed, UMLAUT, 1)
    indexed.survey()
    plan = indexed.fix(only=[CODE])
    folder(indexed, b".Entw&APw-rfe", 2)
    assert not indexed.fix(only=[CODE]).acts
    with indexed.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert [refusal.reason for refusal in report.refused]
    assert indexed.path(UMLAUT + b"/cur").is_dir()


def test_subscriptions_that_no_longer_fit_are_told(indexed: IndexedMaildir) -> None:
    folder(indexed, b"..Spam", 1)
    folder(indexed, UMLAUT, 2)
    indexed.path(b"subscriptions").write_bytes(b".Spam\nEntw&APw-rfe\n")
    plan = indexed.survey().fix(only=[CODE])
    notes = {act.path: act.note for act in plan.acts}
    assert notes == {b"..Spam": "stale lines in subscriptions: .Spam", UMLAUT: ""}


def test_a_list_in_another_directory_would_be_left_behind(
    indexed: IndexedMaildir, tmp_path: Path
) -> None:
    folder(indexed, UMLAUT, 1)
    control = os.fsencode(tmp_path / "control")
    os.makedirs(os.path.join(control, UMLAUT))
    indexed.spool = replace(indexed.spool, control=control)
    plan = indexed.survey().fix(only=[CODE])
    assert not plan.acts
    assert "renamed with it" in plan.left[0].reason


def test_the_mode_is_set_before_the_folder_moves(indexed: IndexedMaildir) -> None:
    folder(indexed, UMLAUT, 1)
    indexed.path(UMLAUT).chmod(0o707)
    plan = indexed.survey().fix(only=[CODE, "bad-permissions"])
    indexed.apply(plan)
    assert indexed.survey().codes() == {}
    indexed.undo()
    assert indexed.path(UMLAUT).stat().st_mode & 0o777 == 0o707


def test_it_is_refused_for_a_folder_of_a_sound_name(indexed: IndexedMaildir) -> None:
    folder(indexed, b".Sent", 1)
    indexed.survey()
    row = next(row for row in indexed.index.folders() if row.path == b".Sent")
    plan = propose_folder(indexed.spool, indexed.index, row.id, "rename-folder")
    assert not plan.acts
    assert plan.left[0].refused


# The same for the files of quotas and symlinks


def test_a_wrong_quota_goes_to_the_quarantine_and_comes_back(indexed: IndexedMaildir) -> None:
    for name in (b"maildirsize", b"maildirfolder"):
        indexed.path(name).write_bytes(b"\0" * 20)
    plan = indexed.survey().fix(only=["wrong-quota"])
    assert [act.path for act in plan.acts] == [b"maildirfolder", b"maildirsize"]
    assert any("counts the quota anew" in effect for effect in plan.effects)
    indexed.apply(plan)
    assert not indexed.path(b"maildirsize").exists()
    assert indexed.survey().codes() == {}
    indexed.undo()
    assert indexed.path(b"maildirsize").read_bytes() == b"\0" * 20


def test_a_mark_in_the_root_is_no_empty_message(indexed: IndexedMaildir) -> None:
    indexed.path(b"maildirfolder").touch()
    plan = indexed.survey().fix(only=["wrong-quota"])
    assert [act.verdict for act in plan.acts] == ["quarantine"]
    assert plan.effects[0].startswith("maildirfolder in INBOX goes to the quarantine: only a mark")


def test_a_symlink_goes_as_it_is(indexed: IndexedMaildir, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    os.symlink(os.fsencode(tmp_path / "outside"), indexed.path(b".Linked"))
    plan = indexed.survey().fix(only=["linked"])
    assert only_act(plan).path == b".Linked"
    indexed.apply(plan)
    assert indexed.survey().codes() == {}
    assert (tmp_path / "outside").is_dir()
    indexed.undo()
    assert os.path.islink(indexed.path(b".Linked"))
