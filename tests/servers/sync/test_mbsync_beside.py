"""A real mbsync that is at work, or was cut off, while mailsurgeon is asked for a repair."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailsurgeon.maildir.server_files import MBSYNC_UIDVALIDITY
from mailsurgeon.surgery.servers import mbsync_lock
from mailsurgeon.surgery.servers.lock_wait import LockWait
from tests.servers.support.dovecot import Dovecot, message
from tests.servers.support.mbsync import SCHEMES, SECONDS, Mbsync, wait_for
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner
from tests.servers.support.syncing import NOTHING, alike, deliver, of_number, own_user, rename
from tests.support.protects import protects

pytestmark = pytest.mark.servers

SHORT = "from mailsurgeon.surgery import surgeon; surgeon.WAIT_SECONDS = 1.0"
HOLD = """\
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def owner() -> Owner:
    return own_user()


@pytest.fixture
def sync(dovecot: Dovecot) -> Mbsync:
    """Three wrong sizes in INBOX and one in Sent of a Maildir that is in sync."""
    sync = Mbsync(dovecot)
    deliver(dovecot)
    sync.must()
    for number in (1, 2, 5):
        rename(of_number(number, sync.spool), r"^([^,:]+)", r"\1,S=7777")
    rename(of_number(21, sync.spool / ".Sent"), r"^([^,:]+)", r"\1,S=9")
    return sync


def names(spool: Path) -> list[str]:
    """Everything in a spool, by path."""
    return sorted(str(path.relative_to(spool)) for path in spool.rglob("*"))


@contextmanager
def held(place: Path) -> Generator[int]:
    """Another process that holds the lock mbsync holds; its number."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid


def test_a_held_uidvalidity_is_waited_for_and_left(sync: Mbsync, operator: Operator) -> None:
    before = names(sync.spool)
    with held(sync.spool / ".uidvalidity") as process:
        words = ("fix", sync.spool, "--folder", "INBOX", "--yes", "--format", "json")
        outcome = operator.run(*words, before=SHORT)
        assert outcome.code == 1
        holder = f".uidvalidity is held by process {process}"
        assert {row["reason"] for row in outcome.json["refused"]} == {f"{holder}; try again later"}
        assert len(outcome.json["refused"]) == 3
        assert f"waiting for .uidvalidity, held by process {process}" in outcome.err
        assert names(sync.spool) == before
        # It holds one folder up, not the others.
        report = operator.must("fix", sync.spool, "--folder", "Sent", "--yes", "--format", "json")
        assert report.json["done"] == {"fix-size": 1}
    report = operator.must("fix", sync.spool, "--yes", "--format", "json").json
    assert report["done"] == {"fix-size": 3}
    after = sync.must()
    assert (after.far, after.near) == (NOTHING, NOTHING)
    print(f"\n{sync}: .uidvalidity held by another: 3 of 3 refused, the other folder repaired;"
          f" let go: 3 of 3 repaired; {after}")  # fmt: skip


@protects(
    "mbsync's lock on `.uidvalidity` is held",
    where="surgery/servers/mbsync_lock.py",
    seen="a real mbsync waits for it",
)
def test_mbsync_waits_for_the_lock_that_mailsurgeon_holds(sync: Mbsync) -> None:
    sync.far.save(message(13))
    before = names(sync.spool)
    directory = os.open(sync.spool, os.O_RDONLY | os.O_DIRECTORY)
    handle = mbsync_lock.hold(directory, MBSYNC_UIDVALIDITY, b".uidvalidity", LockWait())
    os.close(directory)
    with sync.begun() as process:
        wait_for(lambda: waits_for_a_lock(process.pid), process)
        assert {name for name in names(sync.spool) if not name.startswith(".mbsyncstate")} == {
            name for name in before if not name.startswith(".mbsyncstate")
        }
        os.close(handle)
        assert process.wait(SECONDS) == 0
    assert of_number(13, sync.spool).exists()
    print(f"\n{sync} waited until the lock was let go, then fetched 1 of 1")


def waits_for_a_lock(process: int) -> bool:
    """Whether a process is held up by a lock, by the kernel's list."""
    lines = Path("/proc/locks").read_text().splitlines()
    return any(f"-> POSIX  ADVISORY  WRITE {process} " in line for line in lines)


@protects(
    "nothing is renamed under a sync that runs or was cut off",
    where="surgery/servers/sync_tools.py",
)
def test_beside_a_running_mbsync_nothing_is_done(sync: Mbsync, operator: Operator) -> None:
    sync.far.save(message(13))
    before = names(sync.spool)
    with sync.stalled() as process:
        running = names(sync.spool)
        assert set(running) > set(before)
        outcome = operator.run("fix", sync.spool, "--yes")
        assert outcome.code == 1
        said = f"mbsync (process {process.pid}) is running; wait for it, or go on with --force"
        assert said in outcome.err
        assert names(sync.spool) == running
        forced = operator.run("fix", sync.spool, "--yes", "--force", "--format", "json")
        assert forced.code == 0
        assert forced.json["done"] == {"fix-size": 4}
        # It lets its lock go after two idle seconds; until then it is waited for.
        waiting = f"mailsurgeon: waiting for .uidvalidity, held by process {process.pid}\n"
        assert forced.err in ("", waiting)
        assert process.poll() is None
    after = sync.must()
    assert (len(after.near.came), after.near.went, after.far) == (1, (), NOTHING)
    assert alike(sync.far_side(), sync.near_side())
    print(f"\n{sync} at work: 4 of 4 refused, with --force 4 done; then {after}")


@protects(
    "nothing is renamed under a sync that runs or was cut off",
    where="surgery/servers/sync_tools.py",
)
def test_after_an_mbsync_that_was_cut_off_its_folder_waits(
    sync: Mbsync, operator: Operator
) -> None:
    sync.far.save(message(13))
    with sync.stalled():
        pass
    left = {name for name in names(sync.spool) if name.startswith(".mbsyncstate.")}
    assert left >= {".mbsyncstate.journal", ".mbsyncstate.lock"}
    for name in sorted(left):
        for other in left - {name}:
            (sync.spool / other).rename(sync.far.home / other)
        outcome = operator.run("fix", sync.spool, "--yes", "--format", "json")
        assert outcome.code == 1
        reasons = {row["reason"] for row in outcome.json["refused"]}
        assert [reason.partition(":")[0] for reason in reasons] == [f"{name} is there"]
        assert len(outcome.json["refused"]) == 3
        assert outcome.json["done"] == {"fix-size": 1}  # in Sent
        operator.undo(sync.spool)
        for other in left - {name}:
            (sync.far.home / other).rename(sync.spool / other)
    finished = sync.must()
    assert (finished.near.went, finished.far) == ((), NOTHING)
    assert alike(sync.far_side(), sync.near_side())
    report = operator.must("fix", sync.spool, "--yes", "--format", "json").json
    assert report["done"] == {"fix-size": 4}
    after = sync.must()
    assert (after.far, after.near) == (NOTHING, NOTHING)
    print(f"\n{sync} cut off: 3 of 4 refused for each of {sorted(left)}; finished: {finished};"
          f" 4 of 4 repaired: {after}")  # fmt: skip


def test_force_goes_on_where_an_mbsync_was_cut_off(sync: Mbsync, operator: Operator) -> None:
    sync.far.save(message(13))
    with sync.stalled():
        pass
    words = ("fix", sync.spool, "--yes", "--force", "--format", "json")
    assert operator.must(*words).json["done"] == {"fix-size": 4}
    after = sync.must()
    assert (len(after.near.came), after.near.went, after.far) == (1, (), NOTHING)
    assert alike(sync.far_side(), sync.near_side())
    print(f"\n{sync} cut off, 4 of 4 repaired with --force: {after}")


@pytest.mark.parametrize("altmap", SCHEMES.values(), ids=SCHEMES)
def test_an_empty_message_of_mbsync_stays(
    dovecot: Dovecot, operator: Operator, altmap: bool
) -> None:
    """Its removal would be carried to the far side, where the text is."""
    sync = Mbsync(dovecot, altmap=altmap)
    deliver(dovecot)
    sync.must()
    empty = of_number(3, sync.spool)
    os.truncate(empty, 0)
    before = names(sync.spool)
    outcome = operator.run("fix", sync.spool, "--only", "empty", "--yes", "--format", "json")
    assert outcome.code == 1
    assert outcome.json["done"] == {}
    reason = "mbsync's state is here" if altmap else "its name bears a sync tool's UID"
    assert [row["reason"].startswith(reason) for row in outcome.json["left"]] == [True]
    assert names(sync.spool) == before
    kept = sync.run()
    assert (kept.far, kept.near) == (NOTHING, NOTHING)
    report = operator.fix(sync.spool, "empty", "--force")
    assert report["done"] == {"quarantine empty": 1}
    gone = sync.must()
    assert len(gone.far.went) == 1
    print(f"\n{sync}, an empty message left alone: {kept}; put away with --force: {gone}")
