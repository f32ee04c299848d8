"""What becomes of files in tmp/, by age, by who has them open, and by what is filed elsewhere."""

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
from tests.survey.survey_maildir import House, text

HOUR = 3600
OPEN_MULTIPART = (
    b"From: a@example.org\nMessage-ID: <m@x>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
)


def left(house: House, name: bytes, data: bytes, *, hours: float = 50) -> bytes:
    """A file in tmp/ that is so many hours old."""
    return house.file(b"tmp/" + name, data, mtime=time.time() - hours * HOUR)


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
def test_age(house: House, name: bytes, hours: float, stale: bool) -> None:
    now = time.time()
    name %= {b"fresh": int(now - 35.9 * HOUR), b"old": int(now - 36.1 * HOUR)}
    path = left(house, name, text(), hours=hours)
    house.survey()
    assert house.codes() == {path: {"in-tmp"}}
    row = house.problem(path, "in-tmp")
    assert row.detail["stale"] is stale
    assert (row.severity, row.remedy) == ((2, "file") if stale else (0, None))


def test_the_age_that_is_told(house: House) -> None:
    path = left(house, b"1100000000.M1.host", text(), hours=100)
    house.survey()
    assert abs(house.problem(path, "in-tmp").detail["age_seconds"] - 100 * HOUR) < HOUR


@pytest.mark.parametrize(("limit", "stale"), [(48.0, False), (24.0, True)])
def test_the_age_is_an_option(tmp_path: Path, limit: float, stale: bool) -> None:
    house = House(tmp_path, options=Options(tmp_age=limit))
    path = left(house, b"upload", text(), hours=36)
    house.survey()
    assert house.problem(path, "in-tmp").detail["stale"] is stale
    house.close()


# Open in a process


def test_one_that_a_process_has_open_is_left_alone(house: House) -> None:
    path, other = left(house, b"a", text()), left(house, b"b", text(2))
    with held_open(house.at(path)) as pid:
        house.survey()
    row = house.problem(path, "in-tmp")
    assert (row.severity, row.remedy) == (0, None)
    assert (row.detail["open_by"], row.detail["stale"]) == ([pid], False)
    assert house.problem(other, "in-tmp").remedy == "file"
    house.survey()
    row = house.problem(path, "in-tmp")
    assert (row.severity, row.remedy) == (2, "file")


def test_an_empty_one_that_is_open_is_a_delivery(house: House) -> None:
    path = left(house, b"a", b"")
    with held_open(house.at(path)):
        house.survey()
    assert house.codes() == {path: {"in-tmp"}}


class OfOneUser(Processes):
    """The processes as a user sees them to whom no other than this one belongs."""

    def descriptors(self, number: int) -> list[bytes]:
        if number != os.getpid():
            raise PermissionError(13, "Permission denied")
        return super().descriptors(number)


def test_where_other_users_cannot_be_seen_nobody_is_known_to_have_it(tmp_path: Path) -> None:
    host = FakeHost()
    host.processes = OfOneUser()
    house = House(tmp_path, options=Options(host=host))
    path = left(house, b"a", text())
    with open(house.at(path), "rb"):
        open_files = host.processes.open_on(house.spool.device)
    assert open_files.of(os.stat(house.at(path)).st_ino) == [os.getpid()]
    house.survey()
    row = house.problem(path, "in-tmp")
    assert row.detail["open_by"] is None
    assert (row.detail["stale"], row.remedy) == (True, "file")  # not seen to be open
    house.close()


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
    house: House, name: bytes, data: bytes, complete: bool | None, remedy: str | None
) -> None:
    path = left(house, name, data)
    house.survey()
    assert house.codes() == {path: {"in-tmp"}}
    row = house.problem(path, "in-tmp")
    assert row.detail["complete"] is complete
    assert row.remedy == remedy


@pytest.mark.parametrize(("name", "complete"), [(b"a", None), (b"a,S=500", False)])
def test_an_empty_one(house: House, name: bytes, complete: bool | None) -> None:
    path = left(house, name, b"")
    house.survey()
    assert house.codes() == {path: {"in-tmp", "empty"}}
    row = house.problem(path, "in-tmp")
    assert (row.detail["complete"], row.remedy) == (complete, "quarantine")
    row = house.problem(path, "empty")
    assert (row.severity, row.remedy) == (2, "quarantine")


def test_an_empty_one_that_is_fresh_is_a_delivery(house: House) -> None:
    path = left(house, b"a", b"", hours=1)
    house.survey()
    assert house.codes() == {path: {"in-tmp"}}


def test_one_that_may_not_be_read_is_left_alone(nobodys_house: House) -> None:
    house = nobodys_house
    path = left(house, b"a,S=5000", text())
    os.chmod(house.at(path), 0)
    house.survey()
    row = house.problem(path, "in-tmp")
    assert (row.detail["complete"], row.remedy) == (None, None)


# Beside what is filed


@pytest.mark.parametrize("home", [b"cur/1.host:2,S", b"new/1.host", b".A/cur/1.host:2,"])
def test_a_copy_of_a_filed_message(house: House, home: bytes) -> None:
    house.folder(b".A")
    path = left(house, b"a", text())
    house.mail(home)
    house.survey()
    row = house.problem(path, "in-tmp")
    assert (row.remedy, row.detail["copy_of"]) == ("quarantine", home.decode())


def test_other_bytes_with_the_message_id_of_a_filed_one(house: House) -> None:
    path = left(house, b"a", text(body=b"Else.\n"))
    house.mail(b"cur/1.host:2,S")
    house.survey()
    row = house.problem(path, "in-tmp")
    assert (row.remedy, row.detail["copy_of"]) == (None, None)


def test_a_copy_of_a_misfiled_message_is_filed_all_the_same(house: House) -> None:
    path = left(house, b"a", text())
    house.mail(b"stray")
    house.survey()
    assert house.problem(path, "in-tmp").remedy == "file"


def test_of_several_identical_ones_the_first_by_path_is_filed(house: House) -> None:
    house.folder(b".A")
    paths = [left(house, b"b", text()), left(house, b"a", text())]
    paths.append(house.file(b".A/tmp/0", text(), mtime=time.time() - 50 * HOUR))
    left(house, b"0", text(), hours=1)  # a fresh one does not count
    house.survey()
    remedies = {path: house.problem(path, "in-tmp").remedy for path in sorted(paths)}
    assert remedies == {
        b".A/tmp/0": "file", b"tmp/a": "quarantine", b"tmp/b": "quarantine",
    }  # fmt: skip


def test_leftovers_are_no_duplicates(house: House) -> None:
    left(house, b"a", text())
    house.mail(b"cur/1.host:2,S")
    house.survey()
    assert house.codes() == {b"tmp/a": {"in-tmp"}}


def test_only_regular_files_are_leftovers(house: House) -> None:
    os.mkfifo(house.at(b"tmp/fifo"))
    os.symlink("nowhere", house.at(b"tmp/link"))
    for name in (b".hidden", b".nfs0001", b"courier.lock"):
        left(house, name, text())
    house.survey()
    assert house.codes() == {}
