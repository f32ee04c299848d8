"""A spool that needs one of everything, its plan, and copies of both for one run each.

The spool is surveyed and planned for once. A copy has other inodes, so the plan is told them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.model import Act, Plan, Step
from mailsurgeon.surgery.plan.propose import propose_folder
from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeOwner
from tests.surgery.conftest import SERVERS, Ward
from tests.surgery.indexed_maildir import Clinic, clinic_in, text

SIZE = len(text(1))
WORKER = 12345
"""A user and group nobody has; files are given to it and taken back where root runs the tests."""


EVERY = {
    "make-subdirs", "fix-uidlist", "file", "fix-size", "fix-date", "fix-flags", "quarantine",
    "lift-folder", "mkdir", "uidlist-lines", "rename", "utime", "chmod", "keywords",
    "quarantine folder",
}  # fmt: skip
"""The remedies, steps and verdicts that must be in the plan, or something is not tried."""


@dataclass(frozen=True)
class Patient:
    """The spool as it was surveyed, and the plan for it."""

    ward: Ward
    plan: Plan

    def inodes(self) -> dict[int, bytes]:
        """What lies where, relative to the spool."""
        return {os.lstat(path).st_ino: path for path in below(os.fsencode(self.ward.root))}


def below(top: bytes) -> Iterator[bytes]:
    """All that is at and below a directory."""
    yield top
    for directory, names, files in os.walk(top):
        for name in names + files:
            yield os.path.join(directory, name)


@contextmanager
def patient_in(home: Path) -> Iterator[Patient]:
    """Builds, surveys and plans; the plan is in `home` and so are the inodes it speaks of."""
    with clinic_in(home) as clinic:
        one = _messages(clinic)
        _folders(clinic)
        clinic.path(b"maildirsize").write_bytes(b"1000000S\n%d 20\n" % (20 * SIZE))
        age_lists(clinic)
        clinic.survey()
        plan = Plan("fix", (*_planned(clinic), *_by_hand(clinic, *one)))
        assert _remedies(plan) >= EVERY, sorted(EVERY - _remedies(plan))
        yield Patient(clinic, plan)


def age_lists(clinic: Clinic) -> None:
    """Gives the servers' lists an old time: what was written this second is treated otherwise."""
    for path in below(os.fsencode(clinic.root)):
        if os.path.basename(path).startswith(SERVERS):
            os.utime(path, (1_400_000_000, 1_400_000_000))


def _messages(clinic: Clinic) -> tuple[bytes, bytes]:
    """INBOX and Sent: sizes, flags, misfiled, empty, leftovers, copies, a date, modes."""
    clinic.mail(b"cur/1300000001.M1.host,S=7,W=9,U=4:2,FS", content=text(1))
    clinic.mail(b"1300000002.M2.host:2,S", content=text(2))
    clinic.mail(b"cur/1300000003.M3.host:2,", content=b"")
    clinic.mail(b"tmp/1300000004.M4.host,S=%d" % SIZE, content=text(4))
    clinic.mail(b"cur/1300000005.M5.host:2,", content=text(5))
    clinic.mail(b"cur/1300000005.M5.host:2,F", content=text(5))
    dated = clinic.mail(b"cur/1300000006.M6.host,S=9:2,", content=text(6))
    os.utime(clinic.path(dated), (1_500_000_000, 1_500_000_000))
    mode = clinic.mail(b"cur/1300000007.M7.host:2,", content=text(7))
    clinic.path(mode).chmod(0o644)
    owner = clinic.mail(b"cur/1300000008.M8.host:2,", content=text(8))
    clinic.uidlist(
        b"", b"1300000001.M1.host,S=7,W=9,U=4", b"1300000006.M6.host,S=9",
        b"1300000007.M7.host", b"1300000005.M5.host",
    )  # fmt: skip
    for part in (b"cur", b"new"):
        clinic.path(b".Sent/" + part).mkdir(parents=True)
        clinic.path(b".Sent/" + part).chmod(0o750)
    clinic.mail(b".Sent/cur/1300000011.M11.host:2,SF", content=text(11))
    sent = clinic.uidlist(b".Sent", b"1300000011.M11.host")
    sent.write_bytes(sent.read_bytes() + b"0 :zero\n")
    return mode, owner


def _folders(clinic: Clinic) -> None:
    """Folders of Courier's, folders with keywords, one within another, one that is unwanted."""
    clinic.folder(b".Court")
    clinic.mail(b".Court/cur/1300000021.M21.host,S=9:2,S", content=text(21))
    clinic.courier(b".Court", b"1300000021.M21.host,S=9")
    clinic.courier_keywords(
        b".Court", b"Work\n\n1300000021.M21.host,S=9:0\n", **{"1300000021.M21.host,S=9": b"New\n"}
    )
    for folder, keywords in ((b".A", b"0 Work\n1 Home\n"), (b".B", b"0 Zebra\n1 Work\n")):
        clinic.folder(folder)
        place = clinic.path(folder + b"/dovecot-keywords")
        place.write_bytes(keywords)
        os.utime(place, (1_300_000_000, 1_300_000_000))
        clinic.uidlist(folder)
    clinic.mail(b".A/cur/1300000031.M31.host:2,Sab", content=text(31))
    clinic.folder(b".Courier")
    clinic.mail(b".Courier/cur/1300000032.M32.host:2,S", content=text(32))
    clinic.courier(b".Courier", b"1300000032.M32.host")
    clinic.courier_keywords(b".Courier", b"Work\n\n1300000032.M32.host:0\n")
    clinic.folder(b".Court2")
    clinic.courier(b".Court2")
    clinic.folder(b".A/Deep")
    clinic.mail(b".A/Deep/cur/1300000041.M41.host,S=7:2,S", content=text(41))
    clinic.uidlist(b".A/Deep", b"1300000041.M41.host,S=7")
    clinic.folder(b".Old")
    clinic.mail(b".Old/cur/1300000051.M51.host:2,S", content=text(51))
    clinic.mail(b".Old/new/1300000052.M52.host", content=text(52))
    clinic.uidlist(b".Old", b"1300000051.M51.host")


def _planned(clinic: Clinic) -> Iterator[Act]:
    """What the planner makes of it."""
    old = next(row for row in clinic.index.folders() if row.path == b".Old")
    moved = (b".A/cur/1300000031.M31.host:2,Sab", b".Courier/cur/1300000032.M32.host:2,S")
    twins = (b"cur/1300000005.M5.host:2,", b"cur/1300000005.M5.host:2,F")
    for path in (b".Sent", b".Sent/dovecot-uidlist"):
        yield from clinic.propose(path).acts
    wrong = [
        b"cur/1300000001.M1.host,S=7,W=9,U=4:2,FS", b"1300000002.M2.host:2,S",
        b"tmp/1300000004.M4.host,S=%d" % SIZE, b"cur/1300000006.M6.host,S=9:2,",
        b".Sent/cur/1300000011.M11.host:2,SF", b".Court/cur/1300000021.M21.host,S=9:2,S",
    ]  # fmt: skip
    yield from clinic.propose(*wrong).acts
    yield from clinic.propose(b"cur/1300000003.M3.host:2,", remedy="quarantine").acts
    yield from clinic.propose(*twins).acts
    yield from clinic.propose(moved[0], remedy="file", target="B").acts
    yield from clinic.propose(moved[1], remedy="file", target="Court2").acts
    yield from clinic.propose(b".A/Deep/cur/1300000041.M41.host,S=7:2,S", b".A/Deep").acts
    yield from propose_folder(clinic.spool, clinic.index, old.id).acts


def _by_hand(clinic: Clinic, mode: bytes, owner: bytes) -> Iterator[Act]:
    """Modes and owners of files that can be read all the same, so that they can be compared."""
    status = os.lstat(clinic.path(mode))
    chmod = ChangeMode(mode, None, at.expectation(status), b"", before=0o644, after=0o600)
    yield Act("fix-permissions", mode, (chmod,))
    if os.geteuid() == 0:
        status = os.lstat(clinic.path(owner))
        now, new = (status.st_uid, status.st_gid), (WORKER, WORKER)
        chown = ChangeOwner(owner, None, at.expectation(status), b"", before=now, after=new)
        yield Act("fix-permissions", owner, (chown,))


def _remedies(plan: Plan) -> set[str]:
    steps = {step.action for act in plan.acts for step in act.steps}
    return steps.union(*(({act.verdict, *act.remedies}) for act in plan.acts))


def copied(patient: Patient, home: Path) -> tuple[Ward, Plan]:
    """A copy of the spool in `home`, and the plan for it."""
    home.mkdir(mode=0o700)
    root = home / "mail" / "Maildir"
    shutil.copytree(patient.ward.root, root)
    for source in below(os.fsencode(patient.ward.root)):
        target = os.fsencode(root) + source[len(os.fsencode(patient.ward.root)) :]
        status = os.lstat(source)
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(target, status.st_uid, status.st_gid)
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    status = root.stat()
    spool = replace(
        patient.ward.spool, root=os.fsencode(root), device=status.st_dev, inode=status.st_ino
    )
    ward = Ward(home, root, spool)
    return ward, _replanned(patient, ward)


def _replanned(patient: Patient, ward: Ward) -> Plan:
    """The plan with the inodes of the copy."""
    old, new = os.fsencode(patient.ward.root), os.fsencode(ward.root)
    known = {inode: new + path[len(old) :] for inode, path in patient.inodes().items()}

    def told(step: Step) -> Step:
        if step.expected is None:
            return step
        inode = os.lstat(known[step.expected.inode]).st_ino
        expected = replace(step.expected, device=ward.spool.device, inode=inode)
        return replace(step, expected=expected)

    acts = (replace(act, steps=tuple(map(told, act.steps))) for act in patient.plan.acts)
    return replace(patient.plan, acts=tuple(acts))
