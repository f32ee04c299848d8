"""Files in tmp/: judged by age, by the processes that have them open, and by copies elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailsurgeon.host.processes import Processes
from mailsurgeon.survey.open_spool import Options
from tests.support.host import FakeHost
from tests.survey.survey_maildir import SurveyMaildir, text

HOUR = 3600
OPEN_MULTIPART = (
    b"From: a@example.org\nMessage-ID: <m@x>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
)


def left(maildir: SurveyMaildir, name: bytes, data: bytes, *, hours: float = 50) -> bytes:
    """A file in tmp/ that is so many hours old."""
    return maildir.file(b"tmp/" + name, data, mtime=time.time() - hours * HOUR)


@contextmanager
def held_open(path: bytes) -> Iterator[int]:
    """Another process that has the file open; its pid."""
    program = "import sys; file = open(sys.argv[1], 'rb'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program, os.fsdecode(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdout
        assert child.stdout.readline() == "open\n"
        yield child.pid
        child.communicate("\n")


# Age


@pytest.mark.parametrize(
    ("name", "hours", "stale"),
    [
        (b"upload", 35.9, False),
        (b"upload", 36.1, True),
        (b"1100000000.M1.host", 35.9, False),  # the later of the two counts
        (b"1100000000.M1.host", 36.1, True),
        (b"%(fresh)d.M1.host", 900, False),
        (b"%(old)d.M1.host", 900, True),
        (b"%(old)d_7.1.host", 900, True),
        (b"upload", 0, False),
        (b"upload", -48, False),  # from the future
    ],
)
def test_age(maildir: SurveyMaildir, name: bytes, hours: float, stale: bool) -> None:
    now = time.time()
    name %= {b"fresh": int(now - 35.9 * HOUR), b"old": int(now - 36.1 * HOUR)}
    path = left(maildir, name, text(), hours=hours)
    maildir.survey()
    assert maildir.codes() == {path: {"in-tmp"}}
    row = maildir.problem(path, "in-tmp")
    assert row.detail["stale"] is stale
    assert (row.severity, row.remedy) == ((2, "file") if stale else (0, None))


def test_the_age_that_is_told(maildir: SurveyMaildir) -> None:
    path = left(maildir, b"1100000000.M1.host", text(), hours=100)
    maildir.survey()
    assert abs(maildir.problem(path, "in-tmp").detail["age_seconds"] - 100 * HOUR) < HOUR


@pytest.mark.parametrize(("limit", "stale"), [(48.0, False), (24.0, True)])
def test_the_age_is_an_option(tmp_path: Path, limit: float, stale: bool) -> None:
    maildir = SurveyMaildir(tmp_path, options=Options(tmp_age=limit))
    path = left(maildir, b"upload", text(), hours=36)
    maildir.survey()
    assert maildir.problem(path, "in-tmp").detail["stale"] is stale
    maildir.close()


# Open in a process


def test_one_that_a_process_has_open_is_left_alone(maildir: SurveyMaildir) -> None:
    path, other = left(maildir, b"a", text()), left(maildir, b"b", text(2))
    with held_open(maildir.at(path)) as pid:
        maildir.survey()
    row = maildir.problem(path, "in-tmp")
    assert (row.severity, row.remedy) == (0, None)
    assert (row.detail["open_by"], row.detail["stale"]) == ([pid], False)
    assert maildir.problem(other, "in-tmp").remedy == "file"
    maildir.survey()
    row = maildir.problem(path, "in-tmp")
    assert (row.severity, row.remedy) == (2, "file")


def test_an_empty_one_that_is_open_is_a_delivery(maildir: SurveyMaildir) -> None:
    path = left(maildir, b"a", b"")
    with held_open(maildir.at(path)):
        maildir.survey()
    assert maildir.codes() == {path: {"in-tmp"}}


class OfOneUser(Processes):
    """The processes as a user sees them to whom no other than this one belongs."""

    def descriptors(self, number: int) -> list[bytes]:
        if number != os.getpid():
            raise PermissionError(13, "Permission denied")
        return super().descriptors(number)


def test_where_other_users_cannot_be_seen_nobody_is_known_to_have_it(tmp_path: Path) -> None:
    host = FakeHost()
    host.processes = OfOneUser()
    maildir = SurveyMaildir(tmp_path, options=Options(host=host))
    path = left(maildir, b"a", text())
    with open(maildir.at(path), "rb"):
        open_files = host.processes.open_on(maildir.spool.device)
    assert open_files.of(os.stat(maildir.at(path)).st_ino) == [os.getpid()]
    maildir.survey()
    row = maildir.problem(path, "in-tmp")
    assert row.detail["open_by"] is None
    assert (row.detail["stale"], row.remedy) == (True, "file")  # not seen to be open
    maildir.close()


# Whole or cut


@pytest.mark.parametrize(
    ("name", "data", "complete", "remedy"),
    [
        (b"a", text(), None, "file"),
        (b"a,S=%d" % len(text()), text(), True, "file"),
        (b"a,S=5000", text(), False, "quarantine"),
        (b"a,S=5", text(), None, "file"),
        (b"a", OPEN_MULTIPART, False, "quarantine"),
        (b"a", OPEN_MULTIPART + b"--b--\n", True, "file"),
        (b"a,S=5000", OPEN_MULTIPART + b"--b--\n", False, "quarantine"),
        (b"a,S=5", OPEN_MULTIPART + b"--b--\n", True, "file"),
        (b"a,S=%d" % len(OPEN_MULTIPART), OPEN_MULTIPART, True, "file"),
        (b"a", b"From: a\nSubject: brea", False, "quarantine"),
        (b"a", b"#!/bin/sh\necho\n\n", None, None),
        (b"a", b"CRYPTED\x03" + bytes(90), None, None),
    ],
)
def test_whole_or_cut(
    maildir: SurveyMaildir, name: bytes, data: bytes, complete: bool | None, remedy: str | None
) -> None:
    path = left(maildir, name, data)
    maildir.survey()
    assert maildir.codes() == {path: {"in-tmp"}}
    row = maildir.problem(path, "in-tmp")
    assert row.detail["complete"] is complete
    assert row.remedy == remedy


@pytest.mark.parametrize(("name", "complete"), [(b"a", None), (b"a,S=500", False)])
def test_an_empty_one(maildir: SurveyMaildir, name: bytes, complete: bool | None) -> None:
    path = left(maildir, name, b"")
    maildir.survey()
    assert maildir.codes() == {path: {"in-tmp", "empty"}}
    row = maildir.problem(path, "in-tmp")
    assert (row.detail["complete"], row.remedy) == (complete, "quarantine")
    row = maildir.problem(path, "empty")
    assert (row.severity, row.remedy) == (2, "quarantine")


def test_an_empty_one_that_is_fresh_is_a_delivery(maildir: SurveyMaildir) -> None:
    path = left(maildir, b"a", b"", hours=1)
    maildir.survey()
    assert maildir.codes() == {path: {"in-tmp"}}


def test_one_that_may_not_be_read_is_left_alone(nobodys_maildir: SurveyMaildir) -> None:
    maildir = nobodys_maildir
    path = left(maildir, b"a,S=5000", text())
    os.chmod(maildir.at(path), 0)
    maildir.survey()
    row = maildir.problem(path, "in-tmp")
    assert (row.detail["complete"], row.remedy) == (None, None)


# Beside what is filed


@pytest.mark.parametrize("home", [b"cur/1.host:2,S", b"new/1.host", b".A/cur/1.host:2,"])
def test_a_copy_of_a_filed_message(maildir: SurveyMaildir, home: bytes) -> None:
    maildir.folder(b".A")
    path = left(maildir, b"a", text())
    maildir.mail(home)
    maildir.survey()
    row = maildir.problem(path, "in-tmp")
    assert (row.remedy, row.detail["copy_of"]) == ("quarantine", home.decode())


def test_other_bytes_with_the_message_id_of_a_filed_one(maildir: SurveyMaildir) -> None:
    path = left(maildir, b"a", text(body=b"Else.\n"))
    maildir.mail(b"cur/1.host:2,S")
    maildir.survey()
    row = maildir.problem(path, "in-tmp")
    assert (row.remedy, row.detail["copy_of"]) == (None, None)


def test_a_copy_of_a_misfiled_message_is_filed_all_the_same(maildir: SurveyMaildir) -> None:
    path = left(maildir, b"a", text())
    maildir.mail(b"stray")
    maildir.survey()
    assert maildir.problem(path, "in-tmp").remedy == "file"


def test_of_several_identical_ones_the_first_by_path_is_filed(maildir: SurveyMaildir) -> None:
    maildir.folder(b".A")
    paths = [left(maildir, b"b", text()), left(maildir, b"a", text())]
    paths.append(maildir.file(b".A/tmp/0", text(), mtime=time.time() - 50 * HOUR))
    left(maildir, b"0", text(), hours=1)  # a fresh one does not count
    maildir.survey()
    remedies = {path: maildir.problem(path, "in-tmp").remedy for path in sorted(paths)}
    assert remedies == {
        b".A/tmp/0": "file", b"tmp/a": "quarantine", b"tmp/b": "quarantine",
    }  # fmt: skip


def test_leftovers_are_no_duplicates(maildir: SurveyMaildir) -> None:
    left(maildir, b"a", text())
    maildir.mail(b"cur/1.host:2,S")
    maildir.survey()
    assert maildir.codes() == {b"tmp/a": {"in-tmp"}}


def test_only_regular_files_are_leftovers(maildir: SurveyMaildir) -> None:
    os.mkfifo(maildir.at(b"tmp/fifo"))
    os.symlink("nowhere", maildir.at(b"tmp/link"))
    for name in (b".hidden", b".nfs0001", b"courier.lock"):
        left(maildir, name, text())
    maildir.survey()
    assert maildir.codes() == {}
