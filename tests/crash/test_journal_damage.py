"""A journal damaged anywhere: never believed into a wrong act, refused with what to do; the spool
can still be looked at.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import sqlite3
import struct
import subprocess
import termios
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailsurgeon.errors import JournalError, Refused
from mailsurgeon.surgery.model import Plan
from tests.crash.conftest import FULL
from tests.crash.support import kills_checks as checks
from tests.crash.support.faults import Damaged, damaged_in
from tests.crash.support.kills import environment, maildir_in
from tests.surgery.apply.test_kill import furnish, killed_at, undo_all
from tests.surgery.conftest import Maildir

pytestmark = pytest.mark.crash

EVERY = 64  # bytes
MIDDLE = 60  # the call at which an operation is killed, half of it being done
SIDES = ("-wal", "-shm", "-journal")

Damage = Callable[[bytes, int], bytes]


def truncated(whole: bytes, place: int) -> bytes:
    return whole[:place]


def flipped(whole: bytes, place: int) -> bytes:
    return whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]


@pytest.fixture
def maildir(scratch: Path) -> Iterator[Maildir]:
    yield maildir_in(scratch / "one")
    shutil.rmtree(scratch / "one")


@pytest.fixture
def used(maildir: Maildir) -> tuple[Path, Plan]:
    """A journal with an operation that was taken back and done again, and what undoes it."""
    plan = furnish(maildir)
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan)
        surgeon.apply(surgeon.plan_undo(1))
        surgeon.apply(surgeon.plan_redo(1))
        return surgeon.journal_path, surgeon.plan_undo(1)


@pytest.mark.parametrize("damage", [truncated, flipped])
def test_a_plan_from_a_damaged_journal_is_the_true_one_or_none(
    maildir: Maildir, used: tuple[Path, Plan], damage: Damage
) -> None:
    path, true = used
    whole, done = path.read_bytes(), maildir.picture()
    ends: Counter[str] = Counter()
    for place in range(0, len(whole), EVERY):
        spoil(path, damage(whole, place))
        ends[planned(maildir, true)] += 1
        assert maildir.picture() == done, f"damaged at byte {place}"
    tried = sum(ends.values())
    print(f"journal {damage.__name__} at {tried} of {tried} places: {dict(ends)}, 0 wrong")
    assert tried > 100 and ends["refused"] > tried / 20
    spoil(path, whole)
    undo_all(maildir)


def spoil(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for side in SIDES:
        path.with_name(path.name + side).unlink(missing_ok=True)


def planned(maildir: Maildir, true: Plan) -> str:
    """Whether a damaged journal gives the true plan; anything else must be refused."""
    try:
        with maildir.surgeon() as surgeon:
            surgeon.recover()
            assert surgeon.plan_undo(1) == true
    except JournalError as error:
        assert "\n" not in str(error) and "--state-dir" in str(error)
        return "refused"
    except Refused:
        return "nothing to undo"
    return "true"


@pytest.mark.parametrize("damage", [truncated, flipped])
@pytest.mark.parametrize(("name", "sparse"), [("journal.sqlite", 5), ("journal.sqlite-wal", 41)])
def test_an_unfinished_operation_with_a_damaged_journal_loses_nothing(
    scratch: Path, name: str, sparse: int, damage: Damage
) -> None:
    """Killed in the middle, its log not yet copied into the journal, and one of them damaged.

    `sparse`: in the reduced form every so many of the places are tried.
    """
    ends: Counter[str] = Counter()
    place = 0
    while True:
        home = scratch / f"{name}-{damage.__name__}"
        maildir = maildir_in(home)
        end = recovered(maildir, name, damage, place)
        shutil.rmtree(home)
        if not end:
            break
        ends[end] += 1
        place += EVERY if FULL else EVERY * sparse
    tried = sum(ends.values())
    print(f"{name} {damage.__name__}, unfinished: {tried} of {tried}: {dict(ends)}, 0 lost")
    assert tried >= 10


def recovered(maildir: Maildir, name: str, damage: Damage, place: int) -> str:
    """What comes of recovering with the journal damaged; empty when it ends before `place`."""
    plan, mails = furnish(maildir), checks.hashes(maildir)
    before = checks.Before.of(maildir)
    assert killed_at(maildir, MIDDLE, lambda surgeon: surgeon.apply(plan))
    (path,) = (maildir.home / "state").rglob(name)
    whole = path.read_bytes()
    if place >= len(whole):
        return ""
    path.write_bytes(damage(whole, place))
    end = "recovered"
    try:
        with maildir.surgeon() as surgeon:
            end = "recovered" if surgeon.recover() else "nothing known"
    except JournalError as error:
        assert "\n" not in str(error)
        end = "refused"
    assert checks.hashes(maildir) == mails, (place, end)
    world = checks.World(maildir, before, plan, 1)
    steps = [step for act in plan.acts for step in act.steps if step.action == "rename"]
    assert {world.stands(step) for step in steps} <= {"done", "not done"}, (place, end)
    return end


# Other things in its place


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def symlink(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(path.with_name("moved"))


def another_spools(path: Path) -> None:
    change(path, "UPDATE meta SET value = '1:2' WHERE key = 'spool'")


def newer(path: Path) -> None:
    change(path, "PRAGMA user_version = 99")


def cut(path: Path) -> None:
    spoil(path, path.read_bytes()[:5000])


def a_row_changed(path: Path) -> None:
    change(path, "UPDATE steps SET target = CAST('../../etc/x' AS BLOB)")


def change(path: Path, statement: str) -> None:
    db = sqlite3.connect(path)
    db.execute(statement)
    db.commit()
    db.close()


@pytest.mark.parametrize("put", [directory, symlink, another_spools, newer, cut, a_row_changed])
def test_the_commands_refuse_it_in_one_line_and_looking_goes_on(
    scratch: Path, put: Callable[[Path], None]
) -> None:
    with damaged_in(scratch / put.__name__, scratch) as damaged:
        assert damaged.fixed_here() == 0
        damaged.maildir.mail(b"1300000099.M99.host:2,S", 99)
        (path,) = (damaged.maildir.home / "state").rglob("journal.sqlite")
        put(path)
        before = damaged.maildir.picture()
        for word in ("undo",) if put is a_row_changed else ("undo", "fix"):
            ended = damaged.ran(word, "--yes")
            (line,) = ended.stderr.splitlines()
            assert (ended.returncode, ended.stdout) == (2, ""), ended
            assert "journal" in line and "--state-dir" in line
        assert damaged.maildir.picture() == before
        ended = damaged.ran("scan")
        assert ended.returncode == 1 and "1300000099.M99" in ended.stdout, ended
        if FULL or put is cut:
            code, shown = on_screen(damaged)
            assert code == 0 and b"MISF" in shown, shown[-2000:]
        assert damaged.maildir.picture() == before
    shutil.rmtree(scratch / put.__name__)


def on_screen(damaged: Damaged) -> tuple[int, bytes]:
    """Opens the screen to look only, waits until it shows the problem, and leaves it."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    process = subprocess.Popen(
        damaged.words("", "--read-only"), stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True, env={**environment(damaged.maildir.home), "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(slave)
    shown, left = b"", False
    while select.select([master], [], [], 60)[0]:
        try:
            piece = os.read(master, 65536)
        except OSError:  # it has ended
            break
        shown += piece
        if not left and b"MISF" in shown:
            os.write(master, b"q")
            left = True
    os.close(master)
    return process.wait(60), shown
