"""A survey as a whole: first and again, in part, quickly, cancelled, in processes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

import pytest

from mailsurgeon.survey import run
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.index import index as indexing
from mailsurgeon.survey.index import writer
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.slice import Known
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.read import directories
from mailsurgeon.survey.run import Progress
from mailsurgeon.survey.workers.pool import make_executor
from tests.support.protects import protects
from tests.survey.conftest import Reads
from tests.survey.survey_maildir import DATE, DAY, SurveyMaildir, text

EVERY = 11  # files of `full_maildir` that are no server's


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    made = make_executor(1)
    yield made
    made.shutdown()


@pytest.fixture
def full_maildir(maildir: SurveyMaildir) -> SurveyMaildir:
    """Something of everything that is compared or remembered."""
    for folder in (b".A", b".B"):
        maildir.folder(folder)
    maildir.mail(b"cur/1.M1.host:2,S")
    maildir.mail(b"cur/2.M1.host,S=5:2,S", 2)
    maildir.mail(b"new/2b.M1.host", 2)  # a copy
    maildir.mail(b".A/cur/3.M1.host:2,SF", 3)
    maildir.mail(b".B/cur/3.M1.host:2,", 3)  # the same in another folder
    maildir.mail(b".B/cur/4.M1.host:2,", 4)
    maildir.mail(b".B/new/4.M1.host", 5)  # a name clash
    maildir.mail(b".A/stray", 6)
    maildir.mail(b".A/x/stray", 6)
    maildir.mail(b".A/tmp/7.M1.host", 7)
    maildir.file(b".A/cur/8.M1.host:2,", b"")
    maildir.path(b".A/hollow").mkdir()
    maildir.file(b".A/dovecot-uidlist", b"3 V1 N9\n1 W5 :8.M1.host\nwords\n")
    os.symlink(".", maildir.at(b".B/loop"))
    return maildir


EVERYTHING = {
    b"cur/2.M1.host,S=5:2,S": {"size-mismatch", "duplicate-id"},
    b"new/2b.M1.host": {"duplicate-id"},
    b".A/cur/3.M1.host:2,SF": {"bad-flags", "duplicate-id"},
    b".B/cur/3.M1.host:2,": {"duplicate-id"},
    b".B/cur/4.M1.host:2,": {"name-clash"},
    b".B/new/4.M1.host": {"name-clash"},
    b".A/stray": {"misfiled", "duplicate-id"},
    b".A/x/stray": {"misfiled", "duplicate-id"},
    b".A/tmp/7.M1.host": {"in-tmp"},
    b".A/cur/8.M1.host:2,": {"empty", "size-mismatch"},
    b".A/hollow": {"stray-directory"},
    b".A/dovecot-uidlist": {"uidlist-damaged"},
}


def test_a_first_survey(full_maildir: SurveyMaildir) -> None:
    result = full_maildir.survey()
    assert full_maildir.codes() == EVERYTHING
    assert full_maildir.not_examined() == {b".B/loop": "a symlink to a directory is not followed"}
    # A message is a file in cur or new, or misfiled; those in tmp do not count.
    assert (result.depth, result.folders, result.messages) == ("full", 3, 10)
    files = [path for path in EVERYTHING if b"/tmp/" not in path] + [b"cur/1.M1.host:2,S"]
    sizes = [full_maildir.path(path).stat().st_size for path in files if path.rpartition(b"/")[2]
             not in (b"hollow", b"dovecot-uidlist")]  # fmt: skip
    assert result.bytes == sum(sizes)
    assert (result.not_examined, result.cancelled) == (1, False)
    counts = {row.path: (row.messages, row.troubles) for row in full_maildir.index.folders()}
    assert counts == {b"": (3, 3), b".A": (4, 9), b".B": (3, 2)}


def test_an_empty_spool(maildir: SurveyMaildir) -> None:
    result = maildir.survey()
    assert (result.depth, result.messages, maildir.problems()) == ("full", 0, {})


def test_a_second_survey_reads_nothing_and_finds_the_same(
    full_maildir: SurveyMaildir, reads: Reads
) -> None:
    full_maildir.survey()
    before = full_maildir.contents()
    assert reads.examined > 0
    assert reads.digested > 0
    reads.forget()
    full_maildir.survey()
    assert reads == (0, 0)
    assert full_maildir.contents() == before == full_maildir.fresh_contents()


def test_only_what_changed_is_read_again(full_maildir: SurveyMaildir, reads: Reads) -> None:
    full_maildir.survey()
    reads.forget()
    full_maildir.mail(b"new/9.M1.host", 9)
    full_maildir.file(b"cur/1.M1.host:2,S", text(10))
    full_maildir.survey()
    assert reads.examined == 2
    assert full_maildir.contents() == full_maildir.fresh_contents()


@protects(
    "what changed is looked at again, if its directory's time is the old one, if it "
    "changed within a tick of the clock, if the clock went back",
    where="survey/read/examine.py, survey/read/directories.py",
    seen="a file rewritten in place, a clock set",
)
def test_a_change_in_place_with_size_and_mtime_as_before_is_seen(
    maildir: SurveyMaildir, reads: Reads
) -> None:
    path = maildir.mail(b"cur/1.M1.host:2,S", 1)
    maildir.survey()
    before = maildir.path(path).stat()
    # Until the file system's clock has moved on, the change would bear the same ctime.
    while maildir.path(path).stat().st_ctime_ns == before.st_ctime_ns:
        with open(maildir.at(path), "r+b") as file:
            file.write(text(2))
        os.utime(maildir.at(path), ns=(before.st_atime_ns, before.st_mtime_ns))
    after = maildir.path(path).stat()
    same = (before.st_size, before.st_mtime_ns, before.st_ino)
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == same
    reads.forget()
    maildir.survey()
    assert reads.examined == 1
    entry = maildir.index.entry_at(path)
    assert entry is not None
    assert entry.message_id == "<2@example.org>"


@protects(
    "what changed is looked at again, if its directory's time is the old one, if it "
    "changed within a tick of the clock, if the clock went back",
    where="survey/read/examine.py, survey/read/directories.py",
)
def test_what_changed_within_a_tick_of_the_clock_is_read_again(
    full_maildir: SurveyMaildir, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change in the tick in which the file was looked at leaves no trace in its times."""
    monkeypatch.setattr(directories, "GRANULARITY", 10**18)
    full_maildir.survey()
    reads.forget()
    full_maildir.survey()
    assert reads.examined == EVERY
    monkeypatch.setattr(directories, "GRANULARITY", 0)
    full_maildir.survey()
    reads.forget()
    full_maildir.survey()
    assert reads.examined == 0


def test_a_digest_of_what_changed_within_a_tick_is_none(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but the bytes differs: size, times, header, lines."""
    first, second = (maildir.mail(b"cur/%d.M1.host:2," % number, 7) for number in (1, 2))
    monkeypatch.setattr(directories, "GRANULARITY", 10**18)
    maildir.survey()
    maildir.survey()
    assert maildir.problem(second, "duplicate-id").detail["content"] == "identical"
    with open(maildir.at(second), "r+b") as file:
        file.write(text(7).replace(b"Text.", b"Tixt."))
    os.utime(maildir.at(second), (DATE, DATE))
    status = os.stat(maildir.at(second))
    maildir.index.db.execute(
        "UPDATE files SET ctime_ns = ? WHERE filename = ?",
        (status.st_ctime_ns, os.path.basename(second)),
    )
    maildir.survey()
    assert maildir.problem(first, "duplicate-id").detail["content"] == "different"


@protects(
    "what changed is looked at again, if its directory's time is the old one, if it "
    "changed within a tick of the clock, if the clock went back",
    where="survey/read/examine.py, survey/read/directories.py",
)
def test_where_the_clock_went_back_nothing_is_believed(
    full_maildir: SurveyMaildir, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_maildir.survey()
    reads.forget()
    monkeypatch.setattr(directories.time, "time_ns", lambda: DATE * 10**9)
    full_maildir.survey()
    assert reads.examined == EVERY


def test_what_was_late_is_so_no_longer_when_its_time_has_come(maildir: SurveyMaildir) -> None:
    path = maildir.file(b"cur/1.M1.host:2,S", text(1).replace(b"2011", b"2031"), mtime=DATE)
    late = int(time.time()) + 3 * DAY
    os.utime(maildir.at(path), (late, late))
    maildir.file(b"cur/2.M1.host:2,S", text(2))
    maildir.survey()
    assert "bad-date" in maildir.codes()[path]
    detail = maildir.problem(path, "bad-date").detail
    maildir.options = Options(clock_ahead=5.0 * DAY)
    maildir.survey()
    assert maildir.contents() == maildir.fresh_contents()
    assert maildir.problem(path, "bad-date").detail == detail  # far from its header all the same


@pytest.mark.usefixtures("reads")
def test_a_directory_as_its_seals_say_is_not_looked_at_further(
    full_maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_maildir.survey()
    looked: list[bytes] = []
    known = writer.IndexWriter.known

    def noting(self: writer.IndexWriter, number: int, names: Sequence[bytes]) -> Known:
        looked.extend(names)
        return known(self, number, names)

    monkeypatch.setattr(writer.IndexWriter, "known", noting)
    full_maildir.survey()
    assert looked == []
    full_maildir.mail(b"new/9.M1.host", 9)
    full_maildir.survey()
    assert b"9.M1.host" in looked
    assert full_maildir.contents() == full_maildir.fresh_contents()


@pytest.mark.usefixtures("reads")
def test_messages_are_compared_again_only_when_one_has_changed(
    full_maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is looked at anew every time, being no mail, is no change by itself."""
    full_maildir.file(b"notes.txt", b"remember the milk")
    full_maildir.survey()
    compared: list[bool] = []
    really = run.compare

    def noting(job: Comparison) -> list[str]:
        compared.append(job.changed)
        return really(job)

    monkeypatch.setattr(run, "compare", noting)
    full_maildir.survey()
    full_maildir.survey(folders=[b".A"])
    assert compared == [False, False]
    os.unlink(full_maildir.at(b".A/cur/3.M1.host:2,SF"))
    full_maildir.survey()
    full_maildir.mail(b".A/new/9.M1.host", 9)
    full_maildir.survey(folders=[b".A"])
    full_maildir.folder(b".New")
    full_maildir.survey()
    assert compared == [False, False, True, True, True]
    assert full_maildir.contents() == full_maildir.fresh_contents()


def test_a_digest_is_of_the_file_as_it_is_now(maildir: SurveyMaildir) -> None:
    maildir.mail(b"cur/1.M1.host:2,S", message_id=b"<x@y>")
    maildir.mail(b"cur/2.M1.host:2,S", message_id=b"<x@y>")
    maildir.survey()
    assert maildir.problem(b"cur/1.M1.host:2,S", "duplicate-id").detail["content"] == "identical"
    maildir.mail(b"cur/2.M1.host:2,S", message_id=b"<x@y>", body=b"Else.\n")
    maildir.survey()
    assert maildir.problem(b"cur/1.M1.host:2,S", "duplicate-id").detail["content"] == "different"
    assert maildir.contents() == maildir.fresh_contents()


def test_moved_and_deleted(full_maildir: SurveyMaildir) -> None:
    full_maildir.survey()
    os.rename(full_maildir.at(b".A/stray"), full_maildir.at(b".A/cur/6.M1.host:2,S"))
    os.rename(full_maildir.at(b".B/new/4.M1.host"), full_maildir.at(b"new/4.M1.host"))
    os.unlink(full_maildir.at(b"new/2b.M1.host"))
    os.rmdir(full_maildir.at(b".A/hollow"))
    full_maildir.survey()
    assert full_maildir.codes() == {
        b"cur/2.M1.host,S=5:2,S": {"size-mismatch"},
        b".A/cur/3.M1.host:2,SF": {"bad-flags", "duplicate-id"},
        b".B/cur/3.M1.host:2,": {"duplicate-id"},
        b".A/cur/6.M1.host:2,S": {"duplicate-id"},
        b".A/x/stray": {"misfiled", "duplicate-id"},
        b".A/tmp/7.M1.host": {"in-tmp"},
        b".A/cur/8.M1.host:2,": {"empty", "size-mismatch"},
        b".A/dovecot-uidlist": {"uidlist-damaged"},
    }
    assert full_maildir.contents() == full_maildir.fresh_contents()


def test_folders_that_come_go_and_change_their_kind(full_maildir: SurveyMaildir) -> None:
    full_maildir.survey()
    os.rename(full_maildir.at(b".B"), full_maildir.at(b".C"))
    full_maildir.folder(b".A/x")  # mail beside cur is misfiled in this folder now
    full_maildir.survey()
    assert {row.path for row in full_maildir.index.folders()} == {b"", b".A", b".A/x", b".C"}
    assert full_maildir.problem(b".A/x/stray", "misfiled").detail["target"] == "A/x"
    assert full_maildir.contents() == full_maildir.fresh_contents()


def test_a_folder_that_comes_between(maildir: SurveyMaildir) -> None:
    """A nested file belongs to the nearest folder around it, although it has not changed."""
    maildir.folder(b".A")
    path = maildir.mail(b".A/x/y/stray")
    maildir.survey()
    assert maildir.problem(path, "misfiled").detail["target"] == "A"
    maildir.folder(b".A/x")
    maildir.survey()
    assert maildir.problem(path, "misfiled").detail["target"] == "A/x"
    assert maildir.contents() == maildir.fresh_contents()


def test_what_a_uidlist_says_of_an_unchanged_file_is_judged_anew(maildir: SurveyMaildir) -> None:
    path = maildir.mail(b"cur/1.M1.host:2,S")
    maildir.survey()
    assert maildir.codes() == {}
    maildir.file(b"dovecot-uidlist", b"3 V1 N9\n1 S5 :1.M1.host\n")
    maildir.survey()
    assert maildir.problem(path, "size-mismatch").detail["in"] == "uidlist"


# In part


def test_looking_again_at_some_folders_equals_a_fresh_survey(full_maildir: SurveyMaildir) -> None:
    full_maildir.survey()
    os.rename(full_maildir.at(b".A/stray"), full_maildir.at(b".A/cur/6.M1.host:2,S"))
    os.rename(full_maildir.at(b".A/cur/3.M1.host:2,SF"), full_maildir.at(b".A/cur/3.M1.host:2,FS"))
    os.unlink(full_maildir.at(b".A/tmp/7.M1.host"))
    os.rmdir(full_maildir.at(b".A/hollow"))
    full_maildir.survey(folders=[b".A"])
    assert full_maildir.contents() == full_maildir.fresh_contents()


@pytest.mark.parametrize("folder", [b"", b".A", b".B"])
def test_looking_again_without_a_change(full_maildir: SurveyMaildir, folder: bytes) -> None:
    full_maildir.survey()
    before = full_maildir.contents()
    full_maildir.survey(folders=[folder])
    assert full_maildir.contents() == before


def test_two_folders_between_which_mail_was_moved(full_maildir: SurveyMaildir) -> None:
    full_maildir.survey()
    os.rename(full_maildir.at(b".B/new/4.M1.host"), full_maildir.at(b"new/4.M1.host"))
    full_maildir.survey(folders=[b"", b".B"])
    assert full_maildir.contents() == full_maildir.fresh_contents()


def test_notes_of_what_was_left_out_do_not_outlive_it(full_maildir: SurveyMaildir) -> None:
    full_maildir.file(b".A/notes", b"remember\n")
    full_maildir.file(b".B/notes", b"remember\n")
    full_maildir.survey()
    assert set(full_maildir.not_examined()) == {b".A/notes", b".B/notes", b".B/loop"}
    os.unlink(full_maildir.at(b".B/loop"))
    os.unlink(full_maildir.at(b".B/notes"))
    os.symlink("..", full_maildir.at(b".A/loop"))
    full_maildir.survey(folders=[b".A", b".B"])
    assert set(full_maildir.not_examined()) == {b".A/notes", b".A/loop"}


def test_what_lies_in_no_folder_is_always_looked_at(fs_maildir: SurveyMaildir) -> None:
    fs_maildir.folder(b"A")
    stray = fs_maildir.mail(b"loose/1.M1.host")
    fs_maildir.survey()
    assert fs_maildir.codes() == {stray: {"misfiled"}}
    other = fs_maildir.mail(b"loose/2.M1.host", 2)
    fs_maildir.survey(folders=[b"A"])
    assert fs_maildir.codes() == {stray: {"misfiled"}, other: {"misfiled"}}
    os.unlink(fs_maildir.at(stray))
    os.unlink(fs_maildir.at(other))
    fs_maildir.survey(folders=[b"A"])
    assert fs_maildir.codes() == {}  # outside every Maildir nothing is stray
    assert fs_maildir.contents() == fs_maildir.fresh_contents()


def test_a_partial_survey_reads_no_other_folder(full_maildir: SurveyMaildir, reads: Reads) -> None:
    full_maildir.survey()
    full_maildir.mail(b"new/9.M1.host", 9)
    full_maildir.mail(b".A/new/9.M1.host", 10)
    reads.forget()
    full_maildir.survey(folders=[b".A"])
    assert reads.examined == 1
    assert b"new/9.M1.host" not in full_maildir.surveyed_paths()


def test_a_partial_survey_alone_proposes_nothing_that_depends_on_others(
    full_maildir: SurveyMaildir,
) -> None:
    result = full_maildir.survey(folders=[b".A"])
    assert result.depth == "quick"
    row = full_maildir.problem(b".A/stray", "misfiled")
    assert (row.remedy, row.detail["pending"]) == (None, True)


# Quickly


def test_a_quick_survey_opens_no_message(full_maildir: SurveyMaildir, reads: Reads) -> None:
    result = full_maildir.survey(quick=True)
    assert reads == (0, 0)
    assert result.depth == full_maildir.index.meta("depth") == "quick"
    assert full_maildir.codes() == {
        b"cur/2.M1.host,S=5:2,S": {"size-mismatch"},
        b".A/cur/3.M1.host:2,SF": {"bad-flags"},
        b".B/cur/4.M1.host:2,": {"name-clash"},
        b".B/new/4.M1.host": {"name-clash"},
        b".A/stray": {"misfiled"},
        b".A/x/stray": {"misfiled"},
        b".A/tmp/7.M1.host": {"in-tmp"},
        b".A/cur/8.M1.host:2,": {"empty"},
        b".A/dovecot-uidlist": {"uidlist-damaged"},
    }
    for path, code in (
        (b"cur/2.M1.host,S=5:2,S", "size-mismatch"),
        (b".A/stray", "misfiled"),
        (b".A/tmp/7.M1.host", "in-tmp"),
    ):
        row = full_maildir.problem(path, code)
        assert (row.remedy, row.detail["pending"]) == (None, True)


def test_a_quick_survey_counts_the_messages_that_a_full_one_counts(maildir: SurveyMaildir) -> None:
    for number in range(5):
        maildir.mail(b"cur/%d.M1.host:2,S" % number, number)
    quick = maildir.survey(quick=True)
    full = maildir.survey()
    assert (quick.messages, quick.bytes) == (full.messages, full.bytes) != (0, 0)


def test_a_full_survey_after_a_quick_one_equals_a_fresh_one(full_maildir: SurveyMaildir) -> None:
    full_maildir.survey(quick=True)
    full_maildir.survey()
    assert full_maildir.contents() == full_maildir.fresh_contents()


def test_a_quick_survey_after_a_full_one_tells_names_and_sizes_alone(
    full_maildir: SurveyMaildir,
) -> None:
    full_maildir.survey()
    full_maildir.survey(quick=True)
    assert (
        full_maildir.contents()["problems"] == full_maildir.fresh_contents(quick=True)["problems"]
    )


def test_by_place_and_name_alone_any_file_may_be_mail(maildir: SurveyMaildir) -> None:
    notes = maildir.file(b"notes", b"remember\n")
    maildir.survey(quick=True)
    assert maildir.codes() == {notes: {"misfiled"}}
    maildir.survey()
    assert maildir.codes() == {}
    assert maildir.not_examined() == {notes: "not mail"}
    assert maildir.surveyed_paths() == set()


# Cancelled


def test_a_survey_that_is_cancelled_proposes_nothing_that_depends_on_others(
    full_maildir: SurveyMaildir,
) -> None:
    result = full_maildir.survey(cancelled=lambda: True)
    assert (result.cancelled, result.depth) == (True, "quick")
    assert all(row.remedy is None for row in full_maildir.index.problems(codes=["misfiled"]))


def test_the_next_one_finds_all(
    full_maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directories, "SLICE", 2)
    asked = iter([False, False, True])
    assert full_maildir.survey(cancelled=lambda: next(asked)).cancelled
    assert not full_maildir.survey().cancelled
    assert full_maildir.contents() == full_maildir.fresh_contents()


@protects("a survey that is cut short keeps its index", where="survey/run.py")
def test_one_that_is_cancelled_amid_a_statement_is_cancelled_too(
    full_maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_STATEMENT_CHECK", 1)
    stages: list[str] = []
    result = full_maildir.survey(
        on_progress=lambda now: stages.append(now.stage), cancelled=lambda: "comparing" in stages
    )
    assert result.cancelled
    monkeypatch.undo()
    assert not full_maildir.survey().cancelled
    assert full_maildir.contents() == full_maildir.fresh_contents()


# How far it is


def test_progress(full_maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories, "SLICE", 2)
    seen: list[Progress] = []
    full_maildir.survey(on_progress=seen.append)
    stages = list(dict.fromkeys(each.stage for each in seen))
    assert stages == ["listing", "reading", "comparing"]
    reading = [each for each in seen if each.stage == "reading"]
    total = EVERY
    assert reading[0] == Progress("reading", 0, total)
    assert reading[-1] == Progress("reading", total, total)
    assert [each.done for each in reading] == sorted(each.done for each in reading)
    assert len(reading) > 5


# In processes


def test_processes_find_what_one_finds(
    full_maildir: SurveyMaildir, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directories, "SLICE", 2)
    full_maildir.survey(executor=executor)
    assert full_maildir.contents() == full_maildir.fresh_contents()
    full_maildir.mail(b"new/9.M1.host", 9)
    full_maildir.survey(executor=executor)
    assert full_maildir.contents() == full_maildir.fresh_contents()


def test_a_cancelled_survey_leaves_its_processes_usable(
    full_maildir: SurveyMaildir, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directories, "SLICE", 1)
    assert full_maildir.survey(executor=executor, cancelled=lambda: True).cancelled
    full_maildir.survey(executor=executor)
    assert full_maildir.contents() == full_maildir.fresh_contents()


def test_an_index_whose_path_has_odd_characters(full_maildir: SurveyMaildir, reads: Reads) -> None:
    index = Index.open(full_maildir.home / "50% # of?it" / "index")
    run.run_survey(full_maildir.spool, index)
    reads.forget()
    run.run_survey(full_maildir.spool, index)
    index.close()
    assert reads.examined == 0


# Options


def test_a_clock_that_is_ahead(tmp_path: Path) -> None:
    maildir = SurveyMaildir(tmp_path, options=Options(clock_ahead=2 * DAY))
    path = maildir.mail(b"tmp/fresh.M1.host")
    os.utime(maildir.at(path))
    maildir.survey()
    assert maildir.problem(path, "in-tmp").detail["stale"] is True
    maildir.close()


def test_times_far_in_the_future(maildir: SurveyMaildir) -> None:
    path = maildir.mail(b"cur/1.M1.host:2,S")
    os.utime(maildir.at(path), (DATE, 2**33))
    maildir.survey()
    assert maildir.codes() == {path: {"bad-date"}}


def test_two_surveys_never_write_one_index_at_once(full_maildir: SurveyMaildir) -> None:
    second: list[bool] = []

    def another(_progress: Progress) -> None:
        if not second:
            index = full_maildir.index.again()
            result = run.run_survey(full_maildir.spool, index, cancelled=lambda: True)
            second.append(result.cancelled and not index.folders())
            index.close()

    full_maildir.survey(on_progress=another)
    assert second == [True]
    assert full_maildir.contents() == full_maildir.fresh_contents()
