"""Files are read ahead if the survey waits for the disk, and only then."""

from __future__ import annotations

import os

import pytest

from mailsurgeon.survey.read import examine, readahead
from mailsurgeon.survey.read.readahead import ReadingPace
from tests.survey.survey_maildir import SurveyMaildir

NAMES = [b"%d.M1.host:2,S" % number for number in range(40)]


class Disk:
    """What the kernel would say of waiting: `waits` and `blocks` for every look at it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits = self.blocks = 0
        self.asked: list[bytes] = []
        real = readahead.open_file

        def noting(directory: int, name: bytes) -> int:
            self.asked.append(name)
            return real(directory, name)

        monkeypatch.setattr(readahead, "open_file", noting)
        monkeypatch.setattr(readahead, "_waits", lambda: self.waits)
        monkeypatch.setattr(readahead, "_blocks", lambda: self.blocks)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def directory(maildir: SurveyMaildir) -> int:
    for number, name in enumerate(NAMES):
        maildir.mail(b"cur/" + name, number)
    return os.open(maildir.at(b"cur"), os.O_RDONLY)


def test_files_in_memory_are_not_asked_for(disk: Disk, directory: int) -> None:
    pace = ReadingPace()
    for _ in range(2):
        with pace.reading(directory, NAMES):
            pass
    os.close(directory)
    assert disk.asked == []


def test_after_a_slice_that_waited_the_next_ones_are(disk: Disk, directory: int) -> None:
    pace = ReadingPace()
    with pace.reading(directory, NAMES):
        disk.waits += len(NAMES)
    assert disk.asked == []
    with pace.reading(directory, NAMES):
        disk.blocks += 1  # those who ask wait now, not the reader
    assert sorted(disk.asked) == sorted(NAMES)
    disk.asked.clear()
    with pace.reading(directory, NAMES):
        pass  # all in memory by now
    with pace.reading(directory, []):
        pass
    with pace.reading(directory, NAMES):
        pass
    os.close(directory)
    assert sorted(disk.asked) == sorted(NAMES)


def test_a_file_that_has_gone_is_no_matter(disk: Disk, directory: int) -> None:
    pace = ReadingPace()
    pace.waited = True
    with pace.reading(directory, [b"gone", *NAMES, b"gone too"]):
        pass
    os.close(directory)
    assert len(disk.asked) == len(NAMES) + 2


def test_what_is_found_is_the_same(
    maildir: SurveyMaildir, disk: Disk, directory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.close(directory)
    pace = ReadingPace()
    pace.waited = True
    monkeypatch.setattr(examine, "_pace", pace)
    maildir.survey()
    assert sorted(disk.asked) == sorted(NAMES)
    assert maildir.contents() == maildir.fresh_contents()
