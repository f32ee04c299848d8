"""Locks: a server's is waited for, a dead one's taken over; one writer a spool."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailsurgeon.errors import SpoolBusy
from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST_LOCK
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.servers import dotlock
from mailsurgeon.surgery.servers.dotlock import DotLock
from mailsurgeon.surgery.servers.lock_wait import LockWait
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

LOCK = DOVECOT_UIDLIST_LOCK
HOST = os.fsencode(socket.gethostname())
ONE = b"1300000001.M1P1.host:2,S"


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[int]:
    handle = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield handle
    os.close(handle)


@contextmanager
def another_process() -> Iterator[int]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        yield child.pid
    finally:
        child.kill()
        child.wait()


def dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def take(directory: int, patience: LockWait | None = None) -> DotLock:
    patience = patience or LockWait(0.0)
    return dotlock.take(directory, LOCK, b"dovecot-uidlist", LOCK, patience)


def test_a_lock_names_process_and_host_and_is_removed(tmp_path: Path, directory: int) -> None:
    lock = take(directory)
    place = tmp_path / os.fsdecode(LOCK)
    assert place.read_bytes() == b"%d:%s" % (os.getpid(), HOST)
    lock.release()
    assert os.listdir(tmp_path) == []


@protects(
    "no lock of ours stays",
    where="surgery/servers/dotlock.py",
    seen="seen failing with one try, of a disk that errs once",
)
@pytest.mark.parametrize("number", [errno.EIO, errno.EPERM])
def test_an_error_while_it_is_removed_leaves_no_lock(
    tmp_path: Path, directory: int, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    lock = take(directory)
    unlink, errors = os.unlink, [OSError(number, os.strerror(number))]

    def once_failing(*where: object, **more: object) -> None:
        if errors:
            raise errors.pop()
        unlink(*where, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "unlink", once_failing)
    lock.release()
    assert os.listdir(tmp_path) == []


@protects(
    "a lock whose making is broken off holds nothing open",
    where="surgery/servers/dotlock.py",
    seen="the writer's lock on the root stayed with the copy of its descriptor",
)
def test_a_signal_while_it_is_made_leaves_no_descriptor(
    directory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_handle: int, _mark: bytes) -> int:
        raise KeyboardInterrupt

    before = os.listdir("/proc/self/fd")
    with monkeypatch.context() as patch:
        patch.setattr(dotlock.os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            dotlock.take(directory, LOCK, b"dovecot-uidlist", LOCK, LockWait(0.0))
    assert os.listdir("/proc/self/fd") == before


@protects("a lock of a living process is never overridden", where="surgery/servers/dotlock.py")
def test_a_live_holder_is_waited_for_and_never_overridden(tmp_path: Path, directory: int) -> None:
    place = tmp_path / os.fsdecode(LOCK)
    told: list[str] = []
    with another_process() as process:
        place.write_bytes(b"%d:%s" % (process, HOST))
        os.utime(place, (1, 1))
        slept: list[float] = []
        patience = LockWait(3600.0, told.append, lambda: len(slept) > 2, slept.append)
        with pytest.raises(StepRefused, match=f"held by process {process}"):
            take(directory, patience)
        assert place.exists()
    assert told == [f"waiting for dovecot-uidlist.lock, held by process {process}"]


def test_a_lock_let_go_while_waiting_is_ours(tmp_path: Path, directory: int) -> None:
    place = tmp_path / os.fsdecode(LOCK)
    with another_process() as process:
        place.write_bytes(b"%d:%s" % (process, HOST))
        lock = take(directory, LockWait(3600.0, sleep=lambda _seconds: place.unlink()))
        assert place.read_bytes().startswith(b"%d:" % os.getpid())
        lock.release()


def test_the_lock_of_a_dead_process_is_taken_over_at_once(tmp_path: Path, directory: int) -> None:
    place = tmp_path / os.fsdecode(LOCK)
    place.write_bytes(b"%d:%s" % (dead_process(), HOST))
    before = place.stat()
    lock = take(directory)
    assert place.read_bytes().startswith(b"%d:" % os.getpid())
    lock.release()
    # It is somebody else's, and is left as it was found.
    assert os.listdir(tmp_path) == [place.name]
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_stale_lock_makes_way_for_one_that_a_server_made_meanwhile(
    tmp_path: Path, directory: int
) -> None:
    place = tmp_path / os.fsdecode(LOCK)
    place.write_bytes(b"%d:%s" % (dead_process(), HOST))
    lock = take(directory)
    place.unlink()
    place.write_bytes(b"the server's own")
    lock.release()
    assert os.listdir(tmp_path) == [place.name]
    assert place.read_bytes() == b"the server's own"


@protects(
    "somebody else's stale lock is left as it was found",
    where="surgery/servers/dotlock.py",
    seen="the sample fixed and undone",
)
def test_what_a_killed_run_of_ours_leaves_is_cleared_and_the_stale_lock_is_back(
    tmp_path: Path, directory: int
) -> None:
    place = tmp_path / os.fsdecode(LOCK)
    theirs, ours = dead_process(), dead_process()
    (tmp_path / (place.name + ".stale")).write_bytes(b"%d:%s" % (theirs, HOST))
    place.write_bytes(b"%d:%s" % (ours, HOST))
    dotlock.remove_of_dead(directory, LOCK, ours, os.fsdecode(HOST))
    assert os.listdir(tmp_path) == [place.name]
    assert place.read_bytes() == b"%d:%s" % (theirs, HOST)


@pytest.mark.parametrize("who", ["nobody", "another process"])
def test_a_lock_of_ours_is_known_after_a_power_cut(
    tmp_path: Path, directory: int, who: str
) -> None:
    """The cut has left it empty; or its number is given out anew after the start."""
    place = tmp_path / os.fsdecode(LOCK)
    with another_process() as process:
        place.write_bytes(b"%d:%s" % (process, HOST) if who != "nobody" else b"")
        os.link(place, tmp_path / (place.name + ".mailsurgeon"))
        dotlock.remove_of_dead(directory, LOCK, process, os.fsdecode(HOST))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("who", ["nobody", "another process"])
def test_a_lock_of_ours_that_came_back_with_a_power_cut_is_not_waited_for(
    tmp_path: Path, directory: int, who: str
) -> None:
    place = tmp_path / os.fsdecode(LOCK)
    with another_process() as process:
        place.write_bytes(b"%d:%s" % (process, HOST) if who != "nobody" else b"")
        os.link(place, tmp_path / (place.name + ".mailsurgeon"))
        take(directory).release()
    assert os.listdir(tmp_path) == []


def test_an_empty_lock_that_is_not_ours_stays(tmp_path: Path, directory: int) -> None:
    place = tmp_path / os.fsdecode(LOCK)
    place.write_bytes(b"")
    (tmp_path / (place.name + ".mailsurgeon")).write_bytes(b"")
    dotlock.remove_of_dead(directory, LOCK, dead_process(), os.fsdecode(HOST))
    assert os.listdir(tmp_path) == [place.name]


@pytest.mark.parametrize("mark", [b"", b"123:another-host", b"no process"])
def test_a_lock_of_another_host_is_stale_after_two_quiet_minutes(
    tmp_path: Path, directory: int, mark: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / os.fsdecode(LOCK)
    place.write_bytes(mark)
    with pytest.raises(StepRefused):
        take(directory)
    later = time.time() + 121
    monkeypatch.setattr(time, "time", lambda: later)
    guarded = tmp_path / "dovecot-uidlist"
    guarded.write_bytes(b"")
    os.utime(guarded, (later, later))
    with pytest.raises(StepRefused):
        take(directory)
    guarded.unlink()
    take(directory).release()
    assert place.read_bytes() == mark


def test_a_symlink_in_the_locks_place_is_not_followed(tmp_path: Path, directory: int) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"%d:%s" % (dead_process(), HOST))
    (tmp_path / os.fsdecode(LOCK)).symlink_to(target)
    with pytest.raises(StepRefused, match="cannot be read"):
        take(directory)
    assert target.exists()


def test_a_lock_that_somebody_took_over_is_not_removed(tmp_path: Path, directory: int) -> None:
    lock = take(directory)
    place = tmp_path / os.fsdecode(LOCK)
    place.unlink()
    place.write_bytes(b"1:elsewhere")
    lock.release()
    assert place.read_bytes() == b"1:elsewhere"


def test_a_folder_locked_by_its_server_is_refused_and_nothing_changed(maildir: Maildir) -> None:
    maildir.folder(b".Sent")
    maildir.mail(b".Sent/" + ONE)
    maildir.uidlist(b".Sent")
    lock = maildir.path(b".Sent/dovecot-uidlist.lock")
    waits: list[str] = []
    with another_process() as process, maildir.surgeon() as surgeon:
        lock.write_bytes(b"%d:%s" % (process, HOST))
        before = maildir.picture()
        surgeon.lock_wait = 0.3
        surgeon.on_wait = waits.append
        report = surgeon.apply(
            plan(maildir.rename(b".Sent/" + ONE, b".Sent/cur/" + ONE, folder=b".Sent"))
        )
        assert report.state == "failed"
        assert f"is held by process {process}" in report.refused[0].reason
        assert len(waits) == 1
        assert maildir.picture() == before


def test_the_lock_is_held_while_files_are_renamed(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(ONE)
    maildir.uidlist(b"")
    held: list[bool] = []
    rename = at.rename_no_replace

    def watched(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
        if source == ONE:
            held.append(maildir.path(LOCK).exists())
        rename(source_dir, source, target_dir, target)

    monkeypatch.setattr(at, "rename_no_replace", watched)
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    assert held == [True]
    assert not maildir.path(LOCK).exists()


def test_a_spool_no_server_has_touched_is_not_locked(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_values: object) -> DotLock:
        raise AssertionError("a lock was taken")

    maildir.mail(ONE)
    monkeypatch.setattr(dotlock, "take", never)
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE))).state == "applied"


HOLD = """
import fcntl, os, sys
root = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(root, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_writer_is_told_who_works_and_a_killed_one_is_no_hindrance(
    maildir: Maildir,
) -> None:
    maildir.mail(ONE)
    acts = plan(maildir.rename(ONE, b"cur/" + ONE))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, os.fsdecode(maildir.spool.root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    try:
        with maildir.surgeon() as surgeon:
            with pytest.raises(SpoolBusy, match=f"process {holder.pid} is changing it"):
                surgeon.apply(acts)
            assert surgeon.operations() == []
            assert maildir.path(ONE).exists()
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            assert surgeon.apply(acts).state == "applied"
    finally:
        holder.kill()
        holder.communicate()


@protects(
    "a lock is not overridden when its process may live in another container",
    where="surgery/servers/dotlock.py, host/processes.py",
)
def test_in_a_container_a_lock_of_the_same_host_name_is_waited_for(
    directory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dotlock, "lives", lambda _process, **_how: None)
    lock = tmp_path / os.fsdecode(LOCK)
    lock.write_bytes(b"%d:%s" % (dead_process(), HOST))
    with pytest.raises(StepRefused, match="is held by"):
        take(directory)
    os.utime(lock, (1, 1))
    with pytest.raises(StepRefused, match="is held by"):  # its ctime is new
        take(directory)
    monkeypatch.setattr(dotlock, "STALE_SECONDS", -1.0)
    take(directory).release()
