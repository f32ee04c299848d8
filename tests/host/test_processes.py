"""What /proc says about other processes: the real one, and one made by a test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mailsurgeon.host.processes import OpenFiles, Processes, Started, Users, lives, users_text

HOLD = (
    "import fcntl, os, sys; place = os.open(sys.argv[1], os.O_RDONLY);"
    " fcntl.flock(place, fcntl.LOCK_EX); print(os.getpid(), flush=True); input()"
)
BELOW_ANOTHER = "import subprocess, sys; subprocess.call(sys.argv[1:])"
"""Runs a program that is then no child of ours."""


@contextmanager
def another(*command: object, cwd: Path) -> Iterator[int]:
    """A process that has printed its number; it ends with the block."""
    with subprocess.Popen(
        [os.fspath(word) if isinstance(word, os.PathLike) else str(word) for word in command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd,
    ) as child:  # fmt: skip
        assert child.stdout
        yield int(child.stdout.readline())
        child.communicate("\n")


@contextmanager
def holding(place: Path) -> Iterator[int]:
    """A process that has a file open and holds a flock on it."""
    python = (sys.executable, "-c")
    with another(*python, BELOW_ANOTHER, *python, HOLD, place, cwd=Path("/")) as number:
        yield number


class Blind(Processes):
    """The processes as somebody sees them who may not look at what any of them has open."""

    def descriptors(self, number: int) -> list[bytes]:
        raise PermissionError(13, "Permission denied", str(number))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "Maildir"
    (root / "cur").mkdir(parents=True)
    (root / "cur" / "a:2,S").write_bytes(b"")
    return root


@pytest.fixture
def nowhere(tmp_path: Path) -> Processes:
    """A system without /proc."""
    return Processes(os.fsencode(tmp_path / "none"))


def test_users_are_named_with_what_they_have_open_but_not_ourselves(root: Path) -> None:
    with holding(root / "cur" / "a:2,S") as reader, open(root / "cur" / "a:2,S", "rb"):
        users = Processes().users_of(os.fsencode(root))
    (name, paths) = users.found[reader]
    assert name.startswith("python") and paths == ("cur/a:2,S",)
    assert os.getpid() not in users.found


def test_a_worker_of_ours_is_no_user(root: Path) -> None:
    with another(sys.executable, "-c", HOLD, root, cwd=root) as worker:
        assert worker not in Processes().users_of(os.fsencode(root)).found


def test_processes_below_the_spool_are_found_and_hidden_ones_counted(tmp_path: Path) -> None:
    proc, root = tmp_path / "proc", tmp_path / "Maildir"
    for number, name in ((71, "imap"), (72, "imap"), (73, "cat\x1b")):
        (proc / str(number) / "fd").mkdir(parents=True)
        (proc / str(number) / "comm").write_text(name + "\n")
    (proc / "71" / "fd" / "4").symlink_to(root / "cur" / "a:2,S")
    (proc / "72" / "cwd").symlink_to(root)
    (proc / "73" / "fd" / "4").symlink_to(f"{root}-other/x")
    users = Processes(os.fsencode(proc)).users_of(os.fsencode(root))
    assert dict(users.found) == {71: ("imap", ("cur/a:2,S",)), 72: ("imap", (".",))}
    assert users.hidden == 0
    assert users_text(users) == "imap ×2 have it open"
    assert Blind(os.fsencode(proc)).users_of(os.fsencode(root)) == Users(hidden=3)


def test_a_file_is_held_by_those_who_have_it_open(tmp_path: Path, root: Path) -> None:
    place = root / "cur" / "a:2,S"
    with holding(place) as holder:
        assert Processes().holders_of(os.fsencode(place)) == [holder]
        assert Blind().holders_of(os.fsencode(place)) is None
    (tmp_path / "proc" / "71" / "fd").mkdir(parents=True)
    (tmp_path / "proc" / "72").mkdir()  # it ends just now
    assert Processes(os.fsencode(tmp_path / "proc")).holders_of(os.fsencode(place)) == []


def test_open_files_are_known_by_their_inode_whatever_their_name(root: Path) -> None:
    place = root / "cur" / "a:2,S"
    status = place.stat()
    with holding(place) as holder:
        place.rename(root / "cur" / "b:2,S")
        assert Processes().open_on(status.st_dev).of(status.st_ino) == [holder]
        assert Processes().open_on(status.st_dev + 1).holders.get(status.st_ino) is None


def test_none_seen_is_not_none_where_some_are_hidden() -> None:
    assert OpenFiles({7: [5, 3]}, complete=False).of(7) == [3, 5]
    assert OpenFiles({7: [5, 3]}, complete=False).of(8) is None
    assert OpenFiles({7: [5, 3]}, complete=True).of(8) == []


def test_who_holds_a_lock_is_named(root: Path) -> None:
    place = root / "cur" / "a:2,S"
    assert Processes().flock_holder(place.stat()) == 0
    with holding(place) as holder:
        # A computer whose /proc is another's shows locks without their holders.
        assert Processes().flock_holder(place.stat()) in (holder, 0)


def test_the_list_of_locks_is_read_as_the_kernel_writes_it(tmp_path: Path) -> None:
    file = tmp_path.stat()
    where = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    (tmp_path / "locks").write_text(
        "1: POSIX  ADVISORY  WRITE 11 00:01:2 0 EOF\n"
        f"2: POSIX  ADVISORY  WRITE 12 {where} 0 EOF\n"
        f"3: FLOCK  ADVISORY  WRITE 13 {where} 0 EOF\n"
        f"4: FLOCK  ADVISORY  WRITE 14 {where}0 0 EOF\n"
    )
    processes = Processes(os.fsencode(tmp_path))
    assert processes.flock_holder(file) == 13
    (tmp_path / "locks").write_text(f"1: FLOCK  ADVISORY  WRITE -1 {where} 0 EOF\n")
    assert processes.flock_holder(file) == 0, "a holder outside the container"


def test_a_tool_at_work_is_one_of_the_owners_or_one_inside(tmp_path: Path, root: Path) -> None:
    proc = tmp_path / "proc"
    for number, words in ((5, b"vi\0mbsync\0"), (6, b"/bin/cat\0mbsync.log\0"), (71, b"sleep\0")):
        (proc / str(number)).mkdir(parents=True)
        (proc / str(number) / "cmdline").write_bytes(words)
    processes, names = Processes(os.fsencode(proc)), (b"mbsync",)
    place, us = os.fsencode(root), os.stat(proc / "5").st_uid
    assert processes.at_work((b"isync",), place, us) is None
    assert processes.at_work(names, place, us) == Started(b"mbsync", 5)
    assert processes.at_work(names, place, us + 1) is None
    (proc / "5" / "cwd").symlink_to(root / "cur")
    assert processes.at_work(names, place, us + 1) == Started(b"mbsync", 5)


def test_a_system_without_proc_knows_nothing(root: Path, nowhere: Processes) -> None:
    place, status = os.fsencode(root), root.stat()
    assert nowhere.users_of(place) == Users(hidden=-1)
    assert nowhere.holders_of(place) is None
    assert nowhere.open_on(status.st_dev).of(status.st_ino) is None
    assert nowhere.at_work((b"mbsync",), place, os.geteuid()) is None
    assert nowhere.flock_holder(status) == 0


DEAD = 2**22 + 1
"""No process has this id: it is above the kernel's limit."""
FIRST_NAMESPACE = 0xEFFF_FFFC


@pytest.fixture
def namespaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc of the first PID namespace, whatever the one that the tests run in."""
    place = tmp_path / "proc"
    (place / "self" / "ns").mkdir(parents=True)
    (place / "self" / "ns" / "pid").touch()
    really = os.stat

    def stat(path: bytes | str, **how: Any) -> Any:
        found = really(path, **how)
        if os.fsencode(path).endswith(b"self/ns/pid") and not (place / "inner").exists():
            return SimpleNamespace(st_ino=FIRST_NAMESPACE)
        return found

    monkeypatch.setattr(os, "stat", stat)
    return place


def test_from_the_first_namespace_it_is_known_who_is_dead(namespaces: Path) -> None:
    assert lives(DEAD, bytes(namespaces)) is False
    assert lives(os.getppid(), bytes(namespaces)) is True
    assert lives(os.getpid(), bytes(namespaces)) is True
    assert lives(os.getpid(), bytes(namespaces), but_us=True) is False


def test_a_process_in_a_container_lives_under_the_id_it_has_there(namespaces: Path) -> None:
    (namespaces / "4711").mkdir()
    (namespaces / "4711" / "status").write_text(f"Name:\timap\nNSpid:\t4711\t{DEAD}\nVmPeak: 1\n")
    assert lives(DEAD, bytes(namespaces)) is True
    assert lives(DEAD + 1, bytes(namespaces)) is False


def test_in_a_container_nobody_knows_who_lives_outside(namespaces: Path) -> None:
    (namespaces / "inner").touch()
    assert lives(DEAD, bytes(namespaces)) is None
    assert lives(os.getpid(), bytes(namespaces), but_us=True) is None
    assert lives(os.getppid(), bytes(namespaces)) is True


def test_without_proc_nobody_knows_either(tmp_path: Path) -> None:
    assert lives(DEAD, bytes(tmp_path / "none")) is None
