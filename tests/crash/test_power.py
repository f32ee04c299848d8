"""The power is cut at any moment: what the disk holds then is recovered, nothing is lost.

The spool, its quarantine and the journal lie on one file system in an image. It is copied after
each fsync of an operation (before the next one the disk holds the same), and at moments chosen by
a seed, right after another program's fsync: with that all names are durable that there are, and no
contents but those that were synced. MAILSURGEON_CRASH=full tries every boundary, and xfs too.
"""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailsurgeon.errors import JournalError
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.surgeon import Surgeon
from tests.crash.conftest import FULL
from tests.crash.support import kills_checks as checks
from tests.crash.support import power
from tests.crash.support.kills_plan import PlannedMaildir, planned_in
from tests.support.protects import protects
from tests.surgery.apply.test_kill import undo_all
from tests.surgery.conftest import Maildir, Picture

pytestmark = pytest.mark.crash

FSYNC = "fsync,fdatasync"
ACTS = (
    "renameat2,linkat,unlinkat,mkdirat,rmdir,fchmod,fchmodat,fchown,fchownat,utimensat,"
    "write,pwrite64,ftruncate," + FSYNC
)
MOMENTS = 100 if FULL else 4  # of each kind
BOUNDARIES = None if FULL else 5
SEED = 20110313

KINDS = [
    pytest.param("ext4"),
    pytest.param("xfs", marks=pytest.mark.skipif(not FULL, reason="only in the full form")),
]  # fmt: skip


@dataclass(frozen=True)
class PreparedDisk:
    """A disk with a spool that is ready for one operation."""

    image: Path
    before: checks.Before
    plan: Plan
    operate: Callable[[Surgeon], object]


class Host:
    """A machine with one disk, its spool, and the moments at which its power was cut."""

    def __init__(self, disk: power.Disk) -> None:
        self.disk = disk
        self.maildir: Maildir
        self.plan: Plan
        self.first: Picture
        self.hashes: Counter[str]
        self.cuts = 0
        self.figures: list[str] = []

    def image(self, name: str) -> Path:
        return self.disk.home / name

    def prepare(self, *how: str) -> PreparedDisk:
        """A spool that needs one of everything."""
        image = self.disk.format(self.image("damaged"), *how)
        with self.disk.mounted(image) as at:
            (at / "host").mkdir()
            with planned_in(at / "host") as planned:
                self._know(planned)
            before = checks.Before.of(self.maildir)
        return PreparedDisk(image, before, self.plan, lambda surgeon: surgeon.apply(self.plan))

    def _know(self, planned: PlannedMaildir) -> None:
        self.maildir, self.plan = planned.maildir, planned.plan
        self.first = self.maildir.picture()
        self.hashes = checks.hashes(self.maildir)
        with self.maildir.surgeon() as surgeon:  # the journal's place is there, and empty
            assert surgeon.undoable() == []

    def repaired(self, damaged: PreparedDisk) -> PreparedDisk:
        """The same after the operation, which is to be taken back."""
        image = self.disk.copy(damaged.image, self.image("repaired"))
        with self.disk.mounted(image):
            with self.maildir.surgeon() as surgeon:
                report = surgeon.apply(self.plan)
                assert (report.state, report.refused) == ("applied", ()), report
                back = surgeon.plan_undo(1)
            before = checks.Before.of(self.maildir)
        return PreparedDisk(image, before, back, lambda surgeon: surgeon.apply(back))

    def cut_off(self, damaged: PreparedDisk) -> PreparedDisk:
        """The same after a power cut in the middle of the operation, which is to be recovered."""
        image = self.disk.copy(damaged.image, self.image("middle"))
        with self.disk.mounted(image) as at:
            stops = power.stops(lambda: self._run(damaged), "renameat2", self.image("log"))
            for number in stops:
                if number == len(self.plan.acts) // 2:
                    _commit(at)
                    self.disk.copy(image, self.image("cut off"))
        return PreparedDisk(self.image("cut off"), damaged.before, self.plan, Surgeon.recover)

    def _run(self, prepared: PreparedDisk) -> None:
        with self.maildir.surgeon() as surgeon:
            prepared.operate(surgeon)

    # The cuts

    def boundaries(self, prepared: PreparedDisk) -> Iterator[Path]:
        """What the disk holds after each fsync, and at the end; the file is good for one look."""
        total = sum(1 for _ in self._stopped(prepared, FSYNC))
        wanted = set(_spread(total, BOUNDARIES))
        for number, image, _ in self._stopped(prepared, FSYNC):
            if number in wanted:
                yield self.disk.copy(image, self.image(f"fsync {number}"))
        self.figures.append(f"{len(wanted)} of {total} fsync boundaries")

    def moments(self, prepared: PreparedDisk) -> Iterator[Path]:
        """What the disk holds at seeded moments, all names that there are being durable."""
        total = sum(1 for _ in self._stopped(prepared, ACTS))
        wanted = set(random.Random(SEED).sample(range(1, total + 1), min(MOMENTS, total)))
        for number, image, at in self._stopped(prepared, ACTS):
            if number in wanted:
                _commit(at)
                yield self.disk.copy(image, self.image(f"moment {number}"))
        self.figures.append(f"{len(wanted)} of {total} moments")

    def _stopped(self, prepared: PreparedDisk, calls: str) -> Iterator[tuple[int, Path, Path]]:
        image = self.disk.copy(prepared.image, self.image("live"))
        with self.disk.mounted(image) as at:
            for number in power.stops(lambda: self._run(prepared), calls, self.image("log")):
                yield number, image, at

    def all_cuts(self, prepared: PreparedDisk) -> Iterator[Path]:
        cuts = [*self.boundaries(prepared), *self.moments(prepared)]
        for cut in cuts:
            self.cuts += 1
            yield cut
            cut.unlink()

    # After the power is back

    def check(self, cut: Path, prepared: PreparedDisk) -> int:
        """Recovers and checks all that must hold; returns how many acts were done."""
        with self.disk.mounted(cut):
            maildir = self.maildir
            status = os.stat(maildir.root)
            assert (status.st_dev, status.st_ino) == (maildir.spool.device, maildir.spool.inode)
            try:
                recover(maildir)
            except JournalError as error:
                raise AssertionError(f"the journal cannot be read: {error}") from error
            assert checks.hashes(maildir) == self.hashes, "the messages are not those there were"
            done = checks.check_acts(maildir, prepared.before, prepared.plan)
            checks.check_uids(maildir, prepared.before)
            checks.check_no_traces(maildir)
            undo_all(maildir)
            now = maildir.picture()
            assert now == self.first, {
                name for name in {*now, *self.first} if now.get(name) != self.first.get(name)
            }
            assert checks.hashes(maildir) == self.hashes
            checks.check_no_traces(maildir)
        return done


def recover(maildir: Maildir) -> None:
    """The next start; a second one finds nothing to do."""
    with maildir.surgeon() as surgeon:
        surgeon.lock_wait = 0.3  # nobody else is there to wait for
        report = surgeon.recover()
        assert report is None or (report.state, report.effects) == ("applied", ())
        assert (surgeon.recover(), surgeon.unfinished()) == (None, None)


def _commit(at: Path) -> None:
    """Another program's fsync: with it, all names there are become durable."""
    handle = os.open(at / "another", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, b"x")
    os.fsync(handle)
    os.close(handle)


def _spread(total: int, many: int | None) -> Iterator[int]:
    """Numbers from 1 to `total`: all, or so many at even distances, with the first and last."""
    if many is None or many >= total:
        yield from range(1, total + 1)
        return
    for number in range(many):
        yield 1 + round(number * (total - 1) / (many - 1))


@pytest.fixture
def host(scratch: Path, request: pytest.FixtureRequest) -> Iterator[Host]:
    kind = getattr(request, "param", "ext4")
    reason = power.why_not(kind)
    if reason:
        pytest.skip(reason)
    home = Path(tempfile.mkdtemp(prefix=f"power-{kind}-", dir=scratch))
    with power.disk_in(home, kind) as disk:
        yield Host(disk)


@pytest.mark.parametrize("host", KINDS, indirect=True)
@pytest.mark.parametrize("operation", ["fix", "undo", "recover"])
@protects(
    "a lock of ours is known again after a power cut, empty or with a number given out anew",
    where="surgery/servers/dotlock.py",
)
@protects(
    "the names of locks held together do not come back",
    where="surgery/servers/locked_folder.py",
    seen="without `sync_let_go` their inode numbers were a directory's by then",
)
def test_power_cut_in_an_operation(host: Host, operation: str) -> None:
    prepared = host.prepare()
    if operation != "fix":
        prepared = host.repaired(prepared) if operation == "undo" else host.cut_off(prepared)
    seen: set[int] = set()
    for cut in host.all_cuts(prepared):
        try:
            seen.add(host.check(cut, prepared))
        except (AssertionError, sqlite3.Error) as error:
            raise AssertionError(f"{operation}, {cut.name}: {error}") from error
    told = f"power cut in {operation} on {host.disk.kind}: {host.cuts} of {host.cuts} recovered"
    print(f"{told}, 0 lost ({', '.join(host.figures)})")
    assert host.cuts >= 8
    assert operation == "recover" or len(seen) > 1, f"{seen} acts done, whenever it was cut"


@protects(
    "what was reported as done is on the disk",
    where="surgery/fsops/at.py",
    seen="on an ext4 without a journal",
)
def test_what_was_reported_as_done_is_on_the_disk(host: Host) -> None:
    """On a file system without a journal of its own nothing is durable but what was synced.

    The names of locks that were let go are not: they come back and may mean anything.
    """
    host.disk.options = power.BARE_OPTIONS
    prepared = host.prepare(power.BARE)
    image, cut = host.disk.copy(prepared.image, host.image("live")), host.image("cut")
    with host.disk.mounted(image):
        with host.maildir.surgeon() as surgeon:
            assert surgeon.apply(host.plan).state == "applied"
        host.disk.copy(image, cut)
    power.repaired(cut)
    with host.disk.mounted(cut):
        assert checks.check_acts(host.maildir, prepared.before, host.plan) == len(host.plan.acts)
        assert checks.hashes(host.maildir) == host.hashes
    print(f"power cut after a repair: {len(host.plan.acts)} of {len(host.plan.acts)} acts there")
