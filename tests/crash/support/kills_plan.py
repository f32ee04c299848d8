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
from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.model import Act, Plan, Step
from mailsurgeon.surgery.plan.propose import propose_folder
from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeOwner
from mailsurgeon.surgery.steps.conditions import KeptCopy
from tests.surgery.conftest import SERVERS, Maildir
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

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
class PlannedMaildir:
    """The spool as it was surveyed, and the plan for it."""

    maildir: Maildir
    plan: Plan

    def inodes(self) -> dict[int, bytes]:
        """What lies where, relative to the spool."""
        return {os.lstat(path).st_ino: path for path in below(os.fsencode(self.maildir.root))}


def below(top: bytes) -> Iterator[bytes]:
    """All that is at and below a directory."""
    yield top
    for directory, names, files in os.walk(top):
        for name in names + files:
            yield os.path.join(directory, name)


@contextmanager
def planned_in(home: Path) -> Iterator[PlannedMaildir]:
    """Builds, surveys and plans; the plan is in `home` and so are the inodes it speaks of."""
    with indexed_maildir_in(home) as indexed:
        one = _messages(indexed)
        _folders(indexed)
        indexed.path(b"maildirsize").write_bytes(b"1000000S\n%d 20\n" % (20 * SIZE))
        age_lists(indexed)
        indexed.survey()
        plan = Plan("fix", (*_planned(indexed), *_by_hand(indexed, *one)))
        assert _remedies(plan) >= EVERY, sorted(EVERY - _remedies(plan))
        yield PlannedMaildir(indexed, plan)


def age_lists(indexed: IndexedMaildir) -> None:
    """Gives the servers' lists an old time: what was written this second is treated otherwise."""
    for path in below(os.fsencode(indexed.root)):
        if os.path.basename(path).startswith(SERVERS):
            os.utime(path, (1_400_000_000, 1_400_000_000))


def _messages(indexed: IndexedMaildir) -> tuple[bytes, bytes]:
    """INBOX and Sent: sizes, flags, misfiled, empty, leftovers, copies, a date, modes."""
    indexed.mail(b"cur/1300000001.M1.host,S=7,W=9,U=4:2,FS", content=text(1))
    indexed.mail(b"1300000002.M2.host:2,S", content=text(2))
    indexed.mail(b"cur/1300000003.M3.host:2,", content=b"")
    indexed.mail(b"tmp/1300000004.M4.host,S=%d" % SIZE, content=text(4))
    indexed.mail(b"cur/1300000005.M5.host:2,", content=text(5))
    indexed.mail(b"cur/1300000005.M5.host:2,F", content=text(5))
    dated = indexed.mail(b"cur/1300000006.M6.host,S=9:2,", content=text(6))
    os.utime(indexed.path(dated), (1_500_000_000, 1_500_000_000))
    mode = indexed.mail(b"cur/1300000007.M7.host:2,", content=text(7))
    indexed.path(mode).chmod(0o644)
    owner = indexed.mail(b"cur/1300000008.M8.host:2,", content=text(8))
    indexed.uidlist(
        b"", b"1300000001.M1.host,S=7,W=9,U=4", b"1300000006.M6.host,S=9",
        b"1300000007.M7.host", b"1300000005.M5.host",
    )  # fmt: skip
    for part in (b"cur", b"new"):
        indexed.path(b".Sent/" + part).mkdir(parents=True)
        indexed.path(b".Sent/" + part).chmod(0o750)
    indexed.mail(b".Sent/cur/1300000011.M11.host:2,SF", content=text(11))
    sent = indexed.uidlist(b".Sent", b"1300000011.M11.host")
    sent.write_bytes(sent.read_bytes() + b"0 :zero\n")
    return mode, owner


def _folders(indexed: IndexedMaildir) -> None:
    """Folders of Courier's, folders with keywords, one within another, one that is unwanted."""
    indexed.folder(b".Court")
    indexed.mail(b".Court/cur/1300000021.M21.host,S=9:2,S", content=text(21))
    indexed.courier(b".Court", b"1300000021.M21.host,S=9")
    indexed.courier_keywords(
        b".Court", b"Work\n\n1300000021.M21.host,S=9:0\n", **{"1300000021.M21.host,S=9": b"New\n"}
    )
    for folder, keywords in ((b".A", b"0 Work\n1 Home\n"), (b".B", b"0 Zebra\n1 Work\n")):
        indexed.folder(folder)
        place = indexed.path(folder + b"/dovecot-keywords")
        place.write_bytes(keywords)
        os.utime(place, (1_300_000_000, 1_300_000_000))
        indexed.uidlist(folder)
    indexed.mail(b".A/cur/1300000031.M31.host:2,Sab", content=text(31))
    indexed.folder(b".Courier")
    indexed.mail(b".Courier/cur/1300000032.M32.host:2,S", content=text(32))
    indexed.courier(b".Courier", b"1300000032.M32.host")
    indexed.courier_keywords(b".Courier", b"Work\n\n1300000032.M32.host:0\n")
    indexed.folder(b".Court2")
    indexed.courier(b".Court2")
    indexed.folder(b".A/Deep")
    indexed.mail(b".A/Deep/cur/1300000041.M41.host,S=7:2,S", content=text(41))
    indexed.uidlist(b".A/Deep", b"1300000041.M41.host,S=7")
    indexed.folder(b".Old")
    indexed.mail(b".Old/cur/1300000051.M51.host:2,S", content=text(51))
    indexed.mail(b".Old/new/1300000052.M52.host", content=text(52))
    indexed.uidlist(b".Old", b"1300000051.M51.host")


def _planned(indexed: IndexedMaildir) -> Iterator[Act]:
    """What the planner makes of it."""
    old = next(row for row in indexed.index.folders() if row.path == b".Old")
    moved = (b".A/cur/1300000031.M31.host:2,Sab", b".Courier/cur/1300000032.M32.host:2,S")
    twins = (b"cur/1300000005.M5.host:2,", b"cur/1300000005.M5.host:2,F")
    for path in (b".Sent", b".Sent/dovecot-uidlist"):
        yield from indexed.propose(path).acts
    wrong = [
        b"cur/1300000001.M1.host,S=7,W=9,U=4:2,FS", b"1300000002.M2.host:2,S",
        b"tmp/1300000004.M4.host,S=%d" % SIZE, b"cur/1300000006.M6.host,S=9:2,",
        b".Sent/cur/1300000011.M11.host:2,SF", b".Court/cur/1300000021.M21.host,S=9:2,S",
    ]  # fmt: skip
    yield from indexed.propose(*wrong).acts
    yield from indexed.propose(b"cur/1300000003.M3.host:2,", remedy="quarantine").acts
    yield from indexed.propose(*twins).acts
    yield from indexed.propose(moved[0], remedy="file", target="B").acts
    yield from indexed.propose(moved[1], remedy="file", target="Court2").acts
    yield from indexed.propose(b".A/Deep/cur/1300000041.M41.host,S=7:2,S", b".A/Deep").acts
    yield from propose_folder(indexed.spool, indexed.index, old.id).acts


def _by_hand(indexed: IndexedMaildir, mode: bytes, owner: bytes) -> Iterator[Act]:
    """Modes and owners of files that can be read all the same, so that they can be compared."""
    status = os.lstat(indexed.path(mode))
    chmod = ChangeMode(mode, None, at.expectation(status), b"", before=0o644, after=0o600)
    yield Act("fix-permissions", mode, (chmod,))
    if os.geteuid() == 0:
        status = os.lstat(indexed.path(owner))
        now, new = (status.st_uid, status.st_gid), (WORKER, WORKER)
        chown = ChangeOwner(owner, None, at.expectation(status), b"", before=now, after=new)
        yield Act("fix-permissions", owner, (chown,))


def _remedies(plan: Plan) -> set[str]:
    steps = {step.action for act in plan.acts for step in act.steps}
    return steps.union(*(({act.verdict, *act.remedies}) for act in plan.acts))


def copied(planned: PlannedMaildir, home: Path) -> tuple[Maildir, Plan]:
    """A copy of the spool in `home`, and the plan for it."""
    home.mkdir(mode=0o700)
    root = home / "mail" / "Maildir"
    shutil.copytree(planned.maildir.root, root)
    for source in below(os.fsencode(planned.maildir.root)):
        target = os.fsencode(root) + source[len(os.fsencode(planned.maildir.root)) :]
        status = os.lstat(source)
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(target, status.st_uid, status.st_gid)
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    status = root.stat()
    spool = replace(
        planned.maildir.spool, root=os.fsencode(root), device=status.st_dev, inode=status.st_ino
    )
    maildir = Maildir(home, root, spool)
    return maildir, _replanned(planned, maildir)


def _replanned(planned: PlannedMaildir, maildir: Maildir) -> Plan:
    """The plan with the inodes of the copy."""
    old, new = os.fsencode(planned.maildir.root), os.fsencode(maildir.root)
    known = {inode: new + path[len(old) :] for inode, path in planned.inodes().items()}

    def copy_of(expected: Expected) -> Expected:
        inode = os.lstat(known[expected.inode]).st_ino
        return replace(expected, device=maildir.spool.device, inode=inode)

    def told(step: Step) -> Step:
        if step.expected is None:
            return step
        conditions = tuple(
            replace(one, expected=copy_of(one.expected)) if isinstance(one, KeptCopy) else one
            for one in step.conditions
        )
        return replace(step, expected=copy_of(step.expected), conditions=conditions)

    acts = (replace(act, steps=tuple(map(told, act.steps))) for act in planned.plan.acts)
    return replace(planned.plan, acts=tuple(acts))
