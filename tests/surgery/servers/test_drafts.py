"""The lists of several folders are written in parts; one that fails concerns its folder alone."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from mailsurgeon.surgery.servers import files
from mailsurgeon.surgery.servers.uidlist_file import ListFile
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, Plan, plan

FOLDERS = (b".A", b".B", b".C")
OLD, NEW = b"1300000001.M1P1.host,S=1", b"1300000001.M1P1.host,S=61"


@pytest.fixture
def listed(maildir: Maildir) -> Maildir:
    """Folders with one message each, whose base name is to change."""
    for number, folder in enumerate(FOLDERS, start=1):
        maildir.folder(folder)
        maildir.uidlist(folder, OLD)
        maildir.mail(folder + b"/cur/" + OLD + b":2,", number)
    return maildir


@pytest.fixture
def surgeon(listed: Maildir) -> Iterator[Surgeon]:
    with listed.surgeon() as one:
        yield one


def resized(maildir: Maildir) -> Plan:
    return plan(*(
        maildir.rename(
            folder + b"/cur/" + OLD + b":2,", folder + b"/cur/" + NEW + b":2,", "fix-size",
            folder=folder, keep_uid=True,
        )
        for folder in FOLDERS
    ))  # fmt: skip


def test_all_drafts_are_on_the_disk_before_the_first_takes_a_lists_place(
    listed: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for part in ("draft", "sync_draft", "_replace", "settle"):
        monkeypatch.setattr(ListFile, part, _told(done, part, getattr(ListFile, part)))
    report = surgeon.apply(resized(listed))
    assert report.effects == tuple(f"UIDs kept for 1 of 1 in {name}" for name in "ABC")
    parts = [part for part in done if part != "settle"]
    assert parts == ["draft"] * 3 + ["sync_draft"] * 3 + ["_replace"] * 3
    assert done[-3:] == ["settle"] * 3


def _told(done: list[str], part: str, method: object) -> object:
    def called(*arguments: object) -> object:
        done.append(part)
        return method(*arguments)  # type: ignore[operator]

    return called


@pytest.mark.parametrize("part", ["begin", "sync_draft", "put_in_place"])
@protects(
    "a list that cannot be written takes back the renames of its folder, and of no other",
    where="surgery/apply/locked_batch.py",
)
def test_one_that_fails_takes_its_own_renames_back_and_leaves_no_draft(
    listed: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    before = listed.picture()
    method = getattr(files.ServerFile, part)

    def failing(file: files.ServerFile, *arguments: object) -> None:
        if file.shown.startswith(b".B/"):
            raise files.StepRefused("it cannot be")
        method(file, *arguments)

    monkeypatch.setattr(files.ServerFile, part, failing)
    report = surgeon.apply(resized(listed))
    assert [(one.path, one.reason) for one in report.refused] == [
        (b".B/cur/" + OLD + b":2,", "it cannot be")
    ]
    assert [b":" + NEW in listed.records(folder)[0] for folder in FOLDERS] == [True, False, True]
    assert not list(listed.root.rglob("*.mailsurgeon"))
    surgeon.apply(surgeon.plan_undo())
    assert listed.picture() == before


def test_a_list_that_somebody_changes_between_the_parts_stays(
    listed: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = listed.path(b".A/dovecot-uidlist")
    sync = ListFile.sync_draft

    def meanwhile(one: ListFile) -> None:
        sync(one)
        if one.file.shown.startswith(b".A/"):
            with place.open("ab") as file:
                file.write(b"2 :1300000002.M2P2.host\n")

    monkeypatch.setattr(ListFile, "sync_draft", meanwhile)
    report = surgeon.apply(resized(listed))
    assert ["was changed by somebody" in one.reason for one in report.refused] == [True]
    assert place.read_bytes().endswith(b"2 :1300000002.M2P2.host\n")
    assert os.listdir(listed.path(b".A/cur")) == [os.fsdecode(OLD + b":2,")]
