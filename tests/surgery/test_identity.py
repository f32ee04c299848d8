"""Root works on somebody else's mail with that somebody's rights."""

from __future__ import annotations

import os
import threading

import pytest

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.identity import acting_as, acting_as_root
from mailsurgeon.surgery.steps import Act, Action, Step
from mailsurgeon.surgery.surgeon import Surgeon
from tests.surgery.conftest import Ward, plan

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for others")

OWNER = (61_234, 61_234)


@pytest.fixture
def theirs(ward: Ward) -> Ward:
    """A spool of somebody else's, in a directory that is root's."""
    ward.mail(b"cur/1300000001.M1P1.host,S=9:2,S", 1)
    ward.mail(b"1300000002.M2P1.host", 2)
    ward.uidlist(b"", b"1300000001.M1P1.host,S=9")
    for directory, names, files in os.walk(ward.root):
        for name in (".", *names, *files):
            os.chown(os.path.join(directory, name), *OWNER)
    return ward


def owners(ward: Ward) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for directory, names, files in os.walk(ward.root):
        for name in (".", *names, *files):
            status = os.lstat(os.path.join(directory, name))
            found.add((status.st_uid, status.st_gid))
    return found


def everything(ward: Ward) -> list[Act]:
    old, new = b"cur/1300000001.M1P1.host,S=9:2,S", b"cur/1300000001.M1P1.host,S=57:2,S"
    makes = Step(Action.MKDIR, None, b".Sent", folder=None, data={"mode": 0o700})
    return [
        ward.rename(old, new, "fix-size", keep_uid=True),
        ward.away(b"1300000002.M2P1.host"),
        Act("make-subdirs", b".Sent", (makes,)),
    ]


def test_what_is_made_belongs_to_the_owner(theirs: Ward, surgeon: Surgeon) -> None:
    report = surgeon.apply(plan(*everything(theirs)))
    assert report.refused == ()
    assert owners(theirs) == {OWNER}
    for number in surgeon.undoable():
        assert surgeon.apply(surgeon.plan_undo(number)).refused == ()
    assert owners(theirs) == {OWNER}


def test_what_the_owner_may_not_change_root_does_not_change_either(
    theirs: Ward, surgeon: Surgeon
) -> None:
    acts = plan(*everything(theirs)[:1])
    os.chown(theirs.path(b"cur"), 0, 0)
    first = theirs.picture()
    (refusal,) = surgeon.apply(acts).refused
    assert "Permission denied" in refusal.reason
    assert theirs.picture() == first


def test_a_quarantine_of_roots_own_can_be_used(theirs: Ward) -> None:
    place = theirs.home / "mail" / "kept"
    place.mkdir(mode=0o700)
    with theirs.surgeon(quarantine=os.fsencode(place)) as surgeon:
        report = surgeon.apply(plan(theirs.away(b"1300000002.M2P1.host")))
        assert report.refused == ()
        assert surgeon.apply(surgeon.plan_undo()).refused == ()


def test_only_the_thread_that_acts_has_the_owners_rights(theirs: Ward) -> None:
    secret = theirs.home / "secret"
    secret.write_text("root's")
    secret.chmod(0o600)
    begin, seen = threading.Event(), list[str]()

    def look() -> None:
        begin.wait()
        seen.append(secret.read_text())

    other = threading.Thread(target=look)
    other.start()
    with acting_as(OWNER):
        begin.set()
        other.join()
        with pytest.raises(PermissionError):
            secret.read_text()
        with acting_as_root():
            assert secret.read_text() == "root's"
        with pytest.raises(PermissionError):
            secret.read_text()
    assert secret.read_text() == "root's"
    assert seen == ["root's"]


def test_the_spool_keeps_its_inode_and_its_owner(theirs: Ward, surgeon: Surgeon) -> None:
    before: Spool = surgeon.spool
    surgeon.apply(plan(*everything(theirs)))
    status = os.stat(theirs.root)
    assert (status.st_dev, status.st_ino) == (before.device, before.inode)
