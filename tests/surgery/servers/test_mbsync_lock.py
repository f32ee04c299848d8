"""The lock under which mbsync assigns UIDs."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailsurgeon.maildir.server_files import MBSYNC_UIDVALIDITY
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.servers import mbsync_lock
from mailsurgeon.surgery.servers.lock_wait import LockWait
from mailsurgeon.surgery.surgeon import Surgeon
from tests.surgery.conftest import Maildir, plan

HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another(maildir: Maildir) -> Iterator[int]:
    """A process that holds the lock as mbsync does; gives its number."""
    command = [sys.executable, "-c", HOLDER, str(maildir.path(MBSYNC_UIDVALIDITY))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process.pid
        process.stdin.close()


@pytest.fixture
def counted(maildir: Maildir) -> Maildir:
    maildir.path(MBSYNC_UIDVALIDITY).write_bytes(b"1300000000\n7\n")
    return maildir


def test_a_held_lock_is_waited_for_and_its_holder_named(counted: Maildir, surgeon: Surgeon) -> None:
    path = counted.mail(b"1300000001.M1P1.host:2,", 1)
    acts = plan(counted.rename(path, b"cur/" + path))
    told: list[str] = []
    surgeon.on_wait = told.append
    surgeon.lock_wait = 0
    first = counted.picture()
    with held_by_another(counted) as process:
        report = surgeon.apply(acts)
        line = f".uidvalidity is held by process {process}"
        assert [one.reason for one in report.refused] == [f"{line}; try again later"]
        assert counted.picture() == first
    assert surgeon.apply(acts).state == "applied"


def test_the_lock_is_taken_as_soon_as_it_is_free(counted: Maildir) -> None:
    root = at.open_directory(counted.spool.root)
    told: list[str] = []
    with held_by_another(counted) as process:
        patience = LockWait(60, told.append, sleep=lambda _seconds: os.kill(process, 15))
        os.close(mbsync_lock.hold(root, MBSYNC_UIDVALIDITY, MBSYNC_UIDVALIDITY, patience))
    os.close(root)
    assert told == [f"waiting for .uidvalidity, held by process {process}"]


def test_the_lock_outlives_another_look_at_the_file(counted: Maildir) -> None:
    root = at.open_directory(counted.spool.root)
    handle = mbsync_lock.hold(root, MBSYNC_UIDVALIDITY, MBSYNC_UIDVALIDITY, LockWait(0))
    counted.path(MBSYNC_UIDVALIDITY).read_bytes()
    with open(counted.path(MBSYNC_UIDVALIDITY), "r+b") as file, pytest.raises(BlockingIOError):
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(handle)
    os.close(root)


def test_what_is_no_plain_file_is_refused_by_name(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.path(MBSYNC_UIDVALIDITY).mkdir()
    path = maildir.mail(b"1300000001.M1P1.host:2,", 1)
    report = surgeon.apply(plan(maildir.rename(path, b"cur/" + path)))
    assert [one.reason for one in report.refused] == [".uidvalidity: Is a directory"]


def test_a_folder_without_a_count_needs_no_lock(maildir: Maildir, surgeon: Surgeon) -> None:
    path = maildir.mail(b"1300000001.M1P1.host:2,", 1)
    assert surgeon.apply(plan(maildir.rename(path, b"cur/" + path))).state == "applied"
    assert not maildir.path(MBSYNC_UIDVALIDITY).exists()
