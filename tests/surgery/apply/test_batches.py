"""Batches: changes by others between two are seen; nobody holds one lock and waits for another."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailsurgeon.surgery.apply import batches
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.journal.settle import ranges
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

LOCK = b"dovecot-uidlist.lock"
NAMES = [b"130000000%d.M%dP1.host" % (number, number) for number in range(1, 5)]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_STEPS", 1)
    monkeypatch.setattr(batches, "MOST_STEPS", 1)


@contextmanager
def locked_by_another(maildir: Maildir, folder: bytes) -> Iterator[int]:
    """A server's lock on a folder, held by a process that lives."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    try:
        mark = b"%d:%s" % (child, os.fsencode(socket.gethostname()))
        maildir.path(os.path.join(folder, LOCK)).write_bytes(mark)
        yield child
    finally:
        os.close(write)
        os.waitpid(child, 0)


@pytest.mark.usefixtures("small_batches")
@protects("no second file of one base name in a folder", where="surgery/steps/registry.py")
@protects(
    "what others do in a folder between two batches is seen",
    where="surgery/servers/folder_names.py",
    seen="failed without the new look, and without our own messages noted",
)
def test_a_namesake_that_comes_between_two_batches_is_seen(maildir: Maildir) -> None:
    acts = [maildir.rename(maildir.mail(name), b"cur/" + name) for name in NAMES]

    def deliver(done: int, _of: int) -> None:
        if done == 2:
            maildir.mail(b"cur/" + NAMES[3] + b":2,S", 9)

    with maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(*acts), on_progress=deliver)
    assert [one.path for one in report.refused] == [NAMES[3]]
    assert "its base name is taken by cur/" in report.refused[0].reason
    assert maildir.path(NAMES[3]).exists()


@pytest.mark.usefixtures("small_batches")
@protects(
    "what others do in a folder between two batches is seen",
    where="surgery/servers/folder_names.py",
)
def test_a_namesake_that_goes_between_two_batches_is_in_nobodys_way(maildir: Maildir) -> None:
    acts = [maildir.rename(maildir.mail(name), b"cur/" + name) for name in NAMES]
    namesake = maildir.mail(b"cur/" + NAMES[3] + b":2,S", 9)

    def expunge(done: int, _of: int) -> None:
        if done == 2:
            maildir.path(namesake).unlink()

    with maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(*acts), on_progress=expunge)
    assert report.state == "applied"
    assert maildir.path(b"cur/" + NAMES[3]).exists()


@pytest.mark.usefixtures("small_batches")
@protects(
    "what others do in a folder between two batches is seen",
    where="surgery/servers/folder_names.py",
)
def test_our_own_message_that_a_client_took_on_is_in_nobodys_way(maildir: Maildir) -> None:
    """What we have filed may be gone before the folder is listed again."""
    first, second = maildir.mail(NAMES[0]), maildir.mail(b".A/" + NAMES[0], 2)
    filed = b"cur/" + NAMES[0] + b":2,S"
    acts = [maildir.rename(first, filed), maildir.rename(second, b"cur/" + NAMES[0])]

    def expunge(done: int, _of: int) -> None:
        if done == 1:
            maildir.path(filed).unlink()

    with maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(*acts), on_progress=expunge)
    assert report.state == "applied", report.refused


@protects(
    "a lock is waited for while no other is held",
    where="surgery/apply/batches.py",
    seen="failed with the patience of the first lock for all",
)
def test_a_lock_is_waited_for_while_no_other_is_held(maildir: Maildir) -> None:
    acts = []
    for folder, name in zip((b".A", b".B", b".C"), NAMES, strict=False):
        maildir.folder(folder)
        maildir.uidlist(folder)
        path = maildir.mail(folder + b"/" + name)
        acts.append(maildir.rename(path, folder + b"/cur/" + name, folder=folder))
    locks: list[list[bool]] = []

    def waiting(_line: str) -> None:
        locks.append([maildir.path(folder + b"/" + LOCK).exists() for folder in (b".A", b".C")])

    with locked_by_another(maildir, b".B"), maildir.surgeon() as surgeon:
        surgeon.lock_wait = 0.2
        surgeon.on_wait = waiting
        report = surgeon.apply(plan(*acts))
    assert locks == [[False, False]]
    assert [one.path for one in report.refused] == [b".B/" + NAMES[1]]
    assert maildir.path(b".A/cur/" + NAMES[0]).exists()
    assert maildir.path(b".C/cur/" + NAMES[2]).exists()


def test_locks_of_several_folders_are_held_together(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = []
    for folder, name in zip((b".A", b".B"), NAMES, strict=False):
        maildir.folder(folder)
        maildir.uidlist(folder)
        path = maildir.mail(folder + b"/" + name)
        acts.append(maildir.rename(path, folder + b"/cur/" + name, folder=folder))
    held: list[list[bool]] = []
    rename = at.rename_no_replace

    def watched(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
        if source in NAMES:
            held.append([maildir.path(folder + b"/" + LOCK).exists() for folder in (b".A", b".B")])
        rename(source_dir, source, target_dir, target)

    monkeypatch.setattr(at, "rename_no_replace", watched)
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(plan(*acts)).state == "applied"
    assert held == [[True, True], [True, True]]
    assert not list(maildir.root.rglob("*.lock*"))


@pytest.mark.usefixtures("small_batches")
@protects(
    "what became of a batch is durable before the next begins",
    where="surgery/journal/journal.py",
    seen="failed without the outcomes in the commit",
)
def test_results_are_in_the_journal_before_the_next_batch_begins(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = [maildir.rename(maildir.mail(name), b"cur/" + name) for name in NAMES[:3]]
    rename = at.rename_no_replace
    known: list[list[str]] = []

    def watched(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
        if source in NAMES:
            path = next((maildir.home / "state").rglob("journal.sqlite"))
            db = sqlite3.connect(path)
            known.append([state for (state,) in db.execute("SELECT state FROM steps ORDER BY id")])
            db.close()
        rename(source_dir, source, target_dir, target)

    monkeypatch.setattr(at, "rename_no_replace", watched)
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(*acts))
        assert [step.state for step in surgeon.steps(1)] == ["done"] * 3
    assert known == [["planned"], ["done", "planned"], ["done", "done", "planned"]]


@pytest.mark.parametrize(
    ("steps", "seconds", "following"),
    [
        (500, 0.01, 1_000),  # no more than twice as many at once
        (1_000, 0.4, 1_250),
        (2_000, 1.0, 1_000),
        (500, 60.0, 500),  # a slow file system
        (4_000, 0.1, 4_000),
    ],
)
def test_a_batch_has_as_many_steps_as_take_half_a_second(
    steps: int, seconds: float, following: int
) -> None:
    room = batches.Room(steps)
    room.took(seconds)
    assert room.steps == following


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ([], []),
        ([5], [(5, 5)]),
        ([3, 1, 2], [(1, 3)]),
        ([9, 1, 2, 7, 8, 4], [(1, 2), (4, 4), (7, 9)]),
        ([2, 2, 3], [(2, 3)]),
    ],
)
def test_unbroken_runs_of_numbers(numbers: list[int], found: list[tuple[int, int]]) -> None:
    assert list(ranges(numbers)) == found
