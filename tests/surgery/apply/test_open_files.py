"""Few open files allowed: everything is done all the same, in smaller steps, or in one line not."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailsurgeon.host.open_files import LIMITS, descriptors_left, raise_open_file_limit
from mailsurgeon.surgery.apply import batches
from mailsurgeon.surgery.model import Act
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

FOLDERS = 40
NAME = b"1300000001.M1P1.host,S=9"


@contextmanager
def only(left: int) -> Iterator[None]:
    """Leaves this process so many descriptors, until the block ends."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(map(int, os.listdir("/dev/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 1 + left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def acts(maildir: Maildir) -> list[Act]:
    """One message to rename, with its record, in each of many folders."""
    made: list[Act] = []
    for number in range(FOLDERS):
        folder = maildir.folder(b".F%d" % number)
        source = maildir.mail(folder + b"/cur/" + NAME + b":2,S", number)
        maildir.uidlist(folder, NAME)
        target = source.replace(b"S=9", b"S=57")
        made.append(maildir.rename(source, target, folder=folder, keep_uid=True))
    return made


def locks(maildir: Maildir) -> list[str]:
    return [name for _, _, names in os.walk(maildir.root) for name in names if ".lock" in name]


@pytest.mark.parametrize("left", [24, 40, 60, 90, 150, 400])
@protects(
    "few open files: all is done, in smaller steps, and no lock stays",
    where="surgery/apply/batches.py, surgery/fsops/resolve.py",
)
def test_all_is_done_with_few_open_files(maildir: Maildir, acts: list[Act], left: int) -> None:
    with only(left), maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(*acts))
        assert (report.state, report.refused) == ("applied", ())
        assert locks(maildir) == []
        assert surgeon.apply(surgeon.plan_undo()).refused == ()
    assert locks(maildir) == []


def test_folders_are_locked_one_by_one_when_their_descriptors_do_not_suffice(
    maildir: Maildir, acts: list[Act], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "descriptors_left", lambda: 100_000)  # others take them meanwhile
    with only(60), maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(*acts))
    assert (report.state, report.refused, locks(maildir)) == ("applied", (), [])


@protects(
    "too many open files end a run in one line and are no item's fault",
    where="surgery/apply/batches.py, surgery/servers/dotlock.py",
)
@pytest.mark.parametrize("left", range(8, 20))
def test_with_too_few_the_run_ends_in_one_line_and_leaves_no_lock(
    maildir: Maildir, acts: list[Act], left: int
) -> None:
    before = maildir.picture()
    with maildir.surgeon() as surgeon:
        surgeon.operations()  # the journal is open
        with only(left):
            report = surgeon.apply(plan(*acts))
        assert report.refused == ()
        assert locks(maildir) == []
        if report.state != "applied":
            assert "Too many open files" in report.summary
            assert "ulimit -n" in report.summary
        if report.done:
            surgeon.apply(surgeon.plan_undo())
    assert maildir.picture() == before


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 200), before[1]))
        raise_open_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(before[1], 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_descriptors_left_are_counted() -> None:
    before = descriptors_left()
    read, write = os.pipe()
    assert before - descriptors_left() == 2
    os.close(read)
    os.close(write)
    assert LIMITS
