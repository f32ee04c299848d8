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
from tests.crash.support.kills_plan import Patient, patient_in
from tests.support.protects import protects
from tests.surgery.apply.test_kill import undo_all
from tests.surgery.conftest import Picture, Ward

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
class Case:
    """A disk with a spool that is ready for one operation."""

    image: Path
    before: checks.Before
    plan: Plan
    operate: Callable[[Surgeon], object]


class Host:
    """A machine with one disk, its spool, and the moments at which its power was cut."""

    def __init__(self, disk: power.Disk) -> None:
        self.disk = disk
        self.ward: Ward
        self.plan: Plan
        self.first: Picture
        self.hashes: Counter[str]
        self.cuts = 0
        self.figures: list[str] = []

    def image(self, name: str) -> Path:
        return self.disk.home / name

    def admit(self, *how: str) -> Case:
        """A spool that needs one of everything."""
        image = self.disk.format(self.image("sick"), *how)
        with self.disk.mounted(image) as at:
            (at / "host").mkdir()
            with patient_in(at / "host") as patient:
                self._know(patient)
            before = checks.Before.of(self.ward)
        return Case(image, before, self.plan, lambda surgeon: surgeon.apply(self.plan))

    def _know(self, patient: Patient) -> None:
        self.ward, self.plan = patient.ward, patient.plan
        self.first = self.ward.picture()
        self.hashes = checks.hashes(self.ward)
        with self.ward.surgeon() as surgeon:  # the journal's place is there, and empty
            assert surgeon.undoable() == []

    def repaired(self, sick: Case) -> Case:
        """The same after the operation, which is to be taken back."""
        image = self.disk.copy(sick.image, self.image("repaired"))
        with self.disk.mounted(image):
            with self.ward.surgeon() as surgeon:
                report = surgeon.apply(self.plan)
                assert (report.state, report.refused) == ("applied", ()), report
                back = surgeon.plan_undo(1)
            before = checks.Before.of(self.ward)
        return Case(image, before, back, lambda surgeon: surgeon.apply(back))

    def cut_off(self, sick: Case) -> Case:
        """The same after a power cut in the middle of the operation, which is to be recovered."""
        image = self.disk.copy(sick.image, self.image("middle"))
        with self.disk.mounted(image) as at:
            stops = power.stops(lambda: self._run(sick), "renameat2", self.image("log"))
            for number in stops:
                if number == len(self.plan.acts) // 2:
                    _commit(at)
                    self.disk.copy(image, self.image("cut off"))
        return Case(self.image("cut off"), sick.before, self.plan, Surgeon.recover)

    def _run(self, case: Case) -> None:
        with self.ward.surgeon() as surgeon:
            case.operate(surgeon)

    # The cuts

    def boundaries(self, case: Case) -> Iterator[Path]:
        """What the disk holds after each fsync, and at the end; the file is good for one look."""
        total = sum(1 for _ in self._stopped(case, FSYNC))
        wanted = set(_spread(total, BOUNDARIES))
        for number, image, _ in self._stopped(case, FSYNC):
            if number in wanted:
                yield self.disk.copy(image, self.image(f"fsync {number}"))
        self.figures.append(f"{len(wanted)} of {total} fsync boundaries")

    def moments(self, case: Case) -> Iterator[Path]:
        """What the disk holds at seeded moments, all names that there are being durable."""
        total = sum(1 for _ in self._stopped(case, ACTS))
        wanted = set(random.Random(SEED).sample(range(1, total + 1), min(MOMENTS, total)))
        for number, image, at in self._stopped(case, ACTS):
            if number in wanted:
                _commit(at)
                yield self.disk.copy(image, self.image(f"moment {number}"))
        self.figures.append(f"{len(wanted)} of {total} moments")

    def _stopped(self, case: Case, calls: str) -> Iterator[tuple[int, Path, Path]]:
        image = self.disk.copy(case.image, self.image("live"))
        with self.disk.mounted(image) as at:
            for number in power.stops(lambda: self._run(case), calls, self.image("log")):
                yield number, image, at

    def all_cuts(self, case: Case) -> Iterator[Path]:
        cuts = [*self.boundaries(case), *self.moments(case)]
        for cut in cuts:
            self.cuts += 1
            yield cut
            cut.unlink()

    # After the power is back

    def check(self, cut: Path, case: Case) -> int:
        """Recovers and checks all that must hold; returns how many acts were done."""
        with self.disk.mounted(cut):
            ward = self.ward
            status = os.stat(ward.root)
            assert (status.st_dev, status.st_ino) == (ward.spool.device, ward.spool.inode)
            try:
                recover(ward)
            except JournalError as error:
                raise AssertionError(f"the journal cannot be read: {error}") from error
            assert checks.hashes(ward) == self.hashes, "the messages are not those there were"
            done = checks.check_acts(ward, case.before, case.plan)
            checks.check_uids(ward, case.before)
            checks.check_no_traces(ward)
            undo_all(ward)
            now = ward.picture()
            assert now == self.first, {
                name for name in {*now, *self.first} if now.get(name) != self.first.get(name)
            }
            assert checks.hashes(ward) == self.hashes
            checks.check_no_traces(ward)
        return done


def recover(ward: Ward) -> None:
    """The next start; a second one finds nothing to do."""
    with ward.surgeon() as surgeon:
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
    case = host.admit()
    if operation != "fix":
        case = host.repaired(case) if operation == "undo" else host.cut_off(case)
    seen: set[int] = set()
    for cut in host.all_cuts(case):
        try:
            seen.add(host.check(cut, case))
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
    case = host.admit(power.BARE)
    image, cut = host.disk.copy(case.image, host.image("live")), host.image("cut")
    with host.disk.mounted(image):
        with host.ward.surgeon() as surgeon:
            assert surgeon.apply(host.plan).state == "applied"
        host.disk.copy(image, cut)
    power.repaired(cut)
    with host.disk.mounted(cut):
        assert checks.check_acts(host.ward, case.before, host.plan) == len(host.plan.acts)
        assert checks.hashes(host.ward) == host.hashes
    print(f"power cut after a repair: {len(host.plan.acts)} of {len(host.plan.acts)} acts there")
