"""A reader that examines a whole folder in one call finds what a survey by slices finds."""

from __future__ import annotations

import os
import time

import pytest

from mailsurgeon.survey.index.slice import Slice
from mailsurgeon.survey.progress import Extent, Progress
from mailsurgeon.survey.read import directories, whole_folder
from mailsurgeon.survey.read.sealed import SealedDirectories
from mailsurgeon.survey.read.whole_folder import WholeFolder
from tests.survey.readers import Readers
from tests.survey.survey_maildir import SurveyMaildir, text

LIST = b"3 V1 N9\n1 S5 :1.M1.host\n2 W9 :2.M1.host\n8 :8.M1.host\n"


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Readers:
    """Readers that take their time on a busy machine."""
    monkeypatch.setattr(whole_folder, "_SECONDS_BESIDE", 60.0)
    return Readers()


@pytest.fixture
def many(maildir: SurveyMaildir) -> SurveyMaildir:
    """Folders with something of what concerns all names of one."""
    for folder in (b".Usual", b".Sizes", b".Clash", b".Lost", b".Semicolon", b".Odd", b".Empty"):
        maildir.folder(folder)
    for number in range(7):
        maildir.mail(b".Usual/cur/%d.M1.host:2,S" % number, number)
        maildir.mail(b".Semicolon/cur/%d.M2.host;2,S" % number, 10 + number)
        maildir.mail(b".Lost/cur/%d.M3.host2,S" % number, 20 + number)
    maildir.file(b".Usual/cur/9.M1.host:2,", b"")
    maildir.mail(b".Usual/new/9.M1.host,S=7", 9)
    maildir.mail(b".Usual/tmp/9.M2.host", 9)
    maildir.mail(b".Usual/stray", 5)
    maildir.mail(b".Usual/x/stray", 6)
    maildir.file(b".Sizes/dovecot-uidlist", LIST)
    maildir.mail(b".Sizes/cur/1.M1.host:2,S", 30)
    maildir.mail(b".Sizes/cur/2.M1.host:2,S", 31)
    maildir.mail(b".Sizes/2.M1.host:2,S", 31)
    maildir.mail(b".Clash/cur/1.M1.host,U=3:2,Sa", 40)
    maildir.mail(b".Clash/new/1.M1.host,U=3", 41)
    maildir.file(b".Clash/dovecot-uidlist", b"3 V1 N9\nwords\n")
    maildir.file(b".Clash/dovecot-keywords", b"1 Work\n")
    maildir.mail(b".Odd/cur/1.M1.host:2,S", 50)
    maildir.path(b".Odd/cur/deep").mkdir()
    maildir.mail(b".Odd/cur/deep/2.M1.host:2,S", 51)
    os.symlink("nowhere", maildir.at(b".Odd/new/link"))
    os.mkfifo(maildir.at(b".Odd/tmp/pipe"))
    return maildir


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("slice_of", [2, 1000])
def test_all_that_is_found(
    many: SurveyMaildir, readers: Readers, monkeypatch: pytest.MonkeyPatch, quick: bool,
    slice_of: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(directories, "SLICE", slice_of)
    many.survey(executor=readers, quick=quick)
    asked = {task.folder for task in readers.asked_for(WholeFolder)}
    assert asked == {row.path for row in many.index.folders()}
    assert {task.directory.partition(b"/")[0] for task in readers.asked_for(Slice)} == {
        b".Usual", b".Sizes", b".Odd",
    }  # fmt: skip
    assert many.contents() == many.fresh_contents(quick=quick)


def test_the_next_survey_looks_at_nothing_further(many: SurveyMaildir, readers: Readers) -> None:
    now = time.time_ns
    with pytest.MonkeyPatch.context() as later:
        later.setattr("time.time_ns", lambda: now() + 5_000_000_000)
        many.survey(executor=readers)
        found = many.contents()
        readers.asked.clear()
        many.survey(executor=readers)
    # Of an empty folder the index knows nothing.
    assert {task.folder for task in readers.asked_for(WholeFolder)} == {b"", b".Empty"}
    (sealed,) = readers.asked_for(SealedDirectories)
    assert {b".Usual/cur", b".Usual/new", b".Usual/tmp"} <= {
        each.path for each in sealed.directories
    }
    assert many.contents() == found == many.fresh_contents()


def test_what_takes_long_goes_back(
    many: SurveyMaildir, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directories, "SLICE", 2)
    monkeypatch.setattr(whole_folder, "_SECONDS_BESIDE", -1.0)
    many.survey(executor=readers)
    assert len(readers.asked_for(Slice)) > len(readers.asked_for(WholeFolder))
    assert many.contents() == many.fresh_contents()


def test_a_folder_with_many_names_is_examined_in_slices(
    many: SurveyMaildir, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directories, "WHOLE", 5)
    many.survey(executor=readers)
    sliced = {task.directory for task in readers.asked_for(Slice)}
    assert {b".Usual/cur", b".Semicolon/cur", b".Lost/cur"} <= sliced
    assert b".Clash/cur" not in sliced
    assert many.contents() == many.fresh_contents()


@pytest.mark.parametrize("quick", [False, True])
def test_where_most_names_have_another_separator(
    maildir: SurveyMaildir, readers: Readers, quick: bool
) -> None:
    """What most of the spool writes is known only when all is listed, and holds for a folder with
    a single name too."""
    for folder in (b".A", b".B", b".C"):
        maildir.folder(folder)
    maildir.mail(b".A/cur/1.M1.host;2,S", 1)
    for number in range(2, 6):
        maildir.mail(b".B/cur/%d.M1.host;2,S" % number, number)
    maildir.mail(b".C/cur/9.M1.host:2,S", 9)
    maildir.survey(executor=readers, quick=quick)
    assert maildir.problem(b".A/cur/1.M1.host;2,S", "bad-flags").remedy is None
    assert maildir.index.meta("separator") == ";"
    assert maildir.contents() == maildir.fresh_contents(quick=quick)
    maildir.survey(executor=readers, quick=quick)
    assert maildir.contents() == maildir.fresh_contents(quick=quick)


def test_a_new_folder_beside_known_ones(many: SurveyMaildir, readers: Readers) -> None:
    many.survey(executor=readers)
    many.folder(b".New")
    many.mail(b".New/cur/1.M7.host:2,S", 3)
    many.mail(b".Usual/new/10.M1.host", 99)
    readers.asked.clear()
    many.survey(executor=readers)
    asked = {task.folder for task in readers.asked_for(WholeFolder)}
    assert asked == {b"", b".Empty", b".New"}
    assert many.contents() == many.fresh_contents()


def test_a_folder_that_goes_before_it_is_read(many: SurveyMaildir, readers: Readers) -> None:
    def go(progress: Progress) -> None:
        if progress.stage == "reading" and many.path(b".Lost").exists():
            many.path(b".Lost").rename(many.home / "elsewhere")

    many.survey(executor=readers, on_progress=go)
    assert {path: reason for path, reason in many.not_examined().items() if b".Lost" in path} == {
        b".Lost/%s" % part: "No such file or directory" for part in (b"cur", b"new", b"tmp")
    }
    many.survey()
    assert many.contents() == many.fresh_contents()


def test_progress_moves_on_and_ends_with_all(many: SurveyMaildir, readers: Readers) -> None:
    seen: list[Progress] = []
    many.survey(executor=readers, on_progress=seen.append)
    reading = [each for each in seen if each.stage == "reading"]
    assert [each.done for each in reading] == sorted(each.done for each in reading)
    assert all(each.done <= each.total or not each.total for each in reading)
    assert reading[-1].done == reading[-1].total > 0


def test_the_extent_is_estimated_by_what_has_been_listed() -> None:
    extent = Extent(5, {b"a": 100, b"b": 300, b"c": 0})
    assert extent.total == 0  # nothing is known yet
    extent.listed(b"a", 10)
    assert extent.total == 5 + 10 + 30
    extent.listed(b"b", 2)
    assert extent.total == 5 + 12 + 1
    extent.listed(b"c", 1)
    assert extent.total == 5 + 13


def test_a_quick_survey_by_readers_then_a_full_one(many: SurveyMaildir, readers: Readers) -> None:
    many.survey(executor=readers, quick=True)
    many.survey(executor=readers)
    assert many.contents() == many.fresh_contents()
    many.file(b".Usual/cur/1.M1.host:2,S", text(77))
    many.survey(executor=readers)
    assert many.contents() == many.fresh_contents()
