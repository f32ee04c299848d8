"""Each call that changes something fails once, with each error a disk can give: told in one line,
before or after and never between, taken back exactly.

The errors come from strace. MAILSURGEON_CRASH=full tries every call with every error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests.crash.conftest import FULL
from tests.crash.support.faults import ERRORS, check, damaged_in, makes_durable
from tests.crash.support.strace import Call, changing_calls, failing_at

pytestmark = pytest.mark.crash

FAULTS = 8  # of each error, in the reduced form

needs_strace = pytest.mark.usefixtures("needs_strace")


_known: list[Call] = []


@pytest.fixture
def calls(scratch: Path) -> list[Call]:
    """What an undisturbed `fix` changes, outside of the cache; looked at once."""
    if _known:
        return _known
    with damaged_in(scratch / "damaged", scratch) as damaged:
        damaged.warm_up()
    shutil.rmtree(scratch / "damaged")
    with damaged_in(scratch / "damaged", scratch) as damaged:
        found = changing_calls(damaged.fix, damaged.maildir.home)
        assert damaged.errors() == []
    shutil.rmtree(scratch / "damaged")
    _known.extend(call for call in found if "/cache/" not in call.text)
    return _known


def staggered(calls: list[Call], offset: int) -> list[Call]:
    """A sample at even distances; other calls for other errors."""
    apart = len(calls) // FAULTS
    return calls[offset * apart // len(ERRORS) :: apart]


@needs_strace
@pytest.mark.parametrize("error", ERRORS)
def test_a_call_that_fails_is_told_and_nothing_is_between(
    scratch: Path, calls: list[Call], error: str
) -> None:
    ends: Counter[str] = Counter()
    after = dict(pairwise(calls))
    tried = calls if FULL else staggered(calls, ERRORS.index(error))
    for call in tried:
        home = scratch / "damaged"
        with damaged_in(home, scratch) as damaged:
            code = failing_at(damaged.fix, call, error, scratch / "strace")
            try:
                ends[check(damaged, code, not_synced=makes_durable(call, after.get(call)))] += 1
            except Exception as failure:
                raise AssertionError(f"{error} at {call}: {failure}") from failure
        shutil.rmtree(home)
    print(f"{error}: {ends.total()} of {len(tried)} calls failed, {dict(ends)}")
    assert ends.total() == len(tried) >= FAULTS


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of 1 MB with nothing on it. Needs root; skips by name where none is allowed."""
    place.mkdir(mode=0o700)
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "small", str(place)]
    if mount is None or os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        place.rmdir()
        pytest.skip("no file system may be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
        place.rmdir()


def fill(place: Path, left: int) -> None:
    """Leaves `left` bytes free."""
    status = os.statvfs(place)
    (place / "filler").write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - left)))


@pytest.mark.parametrize("left", range(0, 140 << 10, 20 << 10))
def test_a_full_disk_under_the_journal_changes_nothing_or_all_is_known(
    scratch: Path, left: int
) -> None:
    with (
        damaged_in(scratch / "full", scratch) as damaged,
        small_disk(damaged.maildir.home / "state") as disk,
    ):
        fill(disk, left)
        code = forked(damaged.fix)
        if left == 0:
            assert (code, damaged.maildir.picture()) == (2, damaged.first)
        (disk / "filler").unlink()
        end = check(damaged, code, not_synced=False)
        assert left or end == "nothing"
        print(f"{left >> 10} KiB left for the journal: exit {code}, {end}")
    shutil.rmtree(scratch / "full")


@pytest.mark.parametrize("left", range(220 << 10, 320 << 10, 12 << 10))
def test_a_full_disk_under_spool_and_journal_leaves_nothing_between(
    scratch: Path, left: int
) -> None:
    with small_disk(scratch / "small") as disk, damaged_in(disk / "damaged", scratch) as damaged:
        fill(disk, left)
        code = forked(damaged.fix)
        (disk / "filler").unlink()
        end = check(damaged, code, not_synced=False)
        print(f"{left >> 10} KiB left for all: exit {code}, {end}")
        assert (end == "done") == (code == 0)


def forked(run: Callable[[], int]) -> int:
    """Runs it in a process of its own; its exit code."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = run()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
