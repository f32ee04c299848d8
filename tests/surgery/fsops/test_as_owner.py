"""Root works on somebody else's mail with that somebody's rights."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mailsurgeon.errors import Refused
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import as_owner, at, resolve
from mailsurgeon.surgery.fsops.as_owner import files_as_owner, files_as_root
from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.quarantine import directory as quarantine
from mailsurgeon.surgery.steps.attributes import ChangeTime
from mailsurgeon.surgery.steps.directory import MakeDirectory
from mailsurgeon.surgery.steps.lists.keywords import NameLetters
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for others"),
    protects(
        "in somebody's spool root has that somebody's rights", where="surgery/fsops/as_owner.py"
    ),
]

OWNER = (61_234, 61_234)


@pytest.fixture
def theirs(maildir: Maildir) -> Maildir:
    """A spool of somebody else's, in a directory that is root's."""
    maildir.mail(b"cur/1300000001.M1P1.host,S=9:2,S", 1)
    maildir.mail(b"1300000002.M2P1.host", 2)
    maildir.uidlist(b"", b"1300000001.M1P1.host,S=9")
    for directory, names, files in os.walk(maildir.root):
        for name in (".", *names, *files):
            os.chown(os.path.join(directory, name), *OWNER)
    return maildir


def owners(maildir: Maildir) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for directory, names, files in os.walk(maildir.root):
        for name in (".", *names, *files):
            status = os.lstat(os.path.join(directory, name))
            found.add((status.st_uid, status.st_gid))
    return found


def everything(maildir: Maildir) -> list[Act]:
    old, new = b"cur/1300000001.M1P1.host,S=9:2,S", b"cur/1300000001.M1P1.host,S=57:2,S"
    makes = MakeDirectory(None, b".Sent", folder=None, mode=0o700)
    return [
        maildir.rename(old, new, "fix-size", keep_uid=True),
        maildir.away(b"1300000002.M2P1.host"),
        Act("make-subdirs", b".Sent", (makes,)),
    ]


def test_what_is_made_belongs_to_the_owner(theirs: Maildir, surgeon: Surgeon) -> None:
    report = surgeon.apply(plan(*everything(theirs)))
    assert report.refused == ()
    assert owners(theirs) == {OWNER}
    for number in surgeon.undoable():
        assert surgeon.apply(surgeon.plan_undo(number)).refused == ()
    assert owners(theirs) == {OWNER}


def test_what_the_owner_may_not_change_root_does_not_change_either(
    theirs: Maildir, surgeon: Surgeon
) -> None:
    acts = plan(*everything(theirs)[:1])
    os.chown(theirs.path(b"cur"), 0, 0)
    first = theirs.picture()
    (refusal,) = surgeon.apply(acts).refused
    assert "Permission denied" in refusal.reason
    assert theirs.picture() == first


def test_a_quarantine_of_roots_own_can_be_used(theirs: Maildir) -> None:
    place = theirs.home / "mail" / "kept"
    place.mkdir(mode=0o700)
    with theirs.surgeon(quarantine=os.fsencode(place)) as surgeon:
        report = surgeon.apply(plan(theirs.away(b"1300000002.M2P1.host")))
        assert report.refused == ()
        assert surgeon.apply(surgeon.plan_undo()).refused == ()


def test_only_the_thread_that_acts_has_the_owners_rights(theirs: Maildir) -> None:
    secret = theirs.home / "secret"
    secret.write_text("root's")
    secret.chmod(0o600)
    begin, seen = threading.Event(), list[str]()

    def look() -> None:
        begin.wait()
        seen.append(secret.read_text())

    other = threading.Thread(target=look)
    other.start()
    with files_as_owner(OWNER):
        begin.set()
        other.join()
        with pytest.raises(PermissionError):
            secret.read_text()
        with files_as_root():
            assert secret.read_text() == "root's"
        with pytest.raises(PermissionError):
            secret.read_text()
    assert secret.read_text() == "root's"
    assert seen == ["root's"]


def test_the_spool_keeps_its_inode_and_its_owner(theirs: Maildir, surgeon: Surgeon) -> None:
    before: Spool = surgeon.spool
    surgeon.apply(plan(*everything(theirs)))
    status = os.stat(theirs.root)
    assert (status.st_dev, status.st_ino) == (before.device, before.inode)


def outside(maildir: Maildir) -> Path:
    """A place of root's that its owner has put a symlink to, or taken a name of, elsewhere."""
    place = maildir.home / "outside"
    place.mkdir(mode=0o700)
    return place


def test_a_date_is_not_given_to_roots_file_by_its_second_name(
    theirs: Maildir, surgeon: Surgeon
) -> None:
    secret = outside(theirs) / "secret"
    secret.write_text("root's")
    os.link(secret, theirs.path(b"cur/1300000009.M9P1.host:2,S"))
    first = secret.stat().st_mtime_ns
    path = b"cur/1300000009.M9P1.host:2,S"
    step = ChangeTime(path, None, at.expectation(secret.stat()), b"", before=first, after=1)
    act = Act("fix-date", path, (step,))
    (refusal,) = surgeon.apply(plan(act)).refused
    assert "hard links" in refusal.reason
    assert secret.stat().st_mtime_ns == first


def test_the_quarantine_is_made_where_the_spool_is_and_not_where_its_path_leads(
    theirs: Maildir,
) -> None:
    """The owner of what is above the spool has put a symlink in its place since."""
    place, user = outside(theirs), theirs.home / "user"
    user.mkdir()
    (theirs.home / "mail").rename(user / "mail")
    theirs.spool = replace(theirs.spool, root=os.fsencode(user / "mail" / "Maildir"))
    acts = plan(theirs.away(b"1300000002.M2P1.host"))
    hold = resolve.open_root(theirs.spool)
    (user / "mail").rename(user / "moved")
    (user / "mail").symlink_to(place)
    try:
        owner = (OWNER[0], OWNER[1])
        beside = quarantine.default_directory(theirs.spool)
        os.close(quarantine.open_quarantine(beside, theirs.spool, owner, hold, make=True))
    finally:
        os.close(hold)
    assert acts and os.listdir(place) == []
    assert (user / "moved" / ".Maildir.quarantine").stat().st_uid == OWNER[0]


def test_a_directory_of_roots_in_the_quarantines_place_is_neither_used_nor_given_away(
    theirs: Maildir, surgeon: Surgeon
) -> None:
    above = theirs.home / "mail"
    os.chown(above, *OWNER)
    trap = above / ".Maildir.quarantine"
    trap.mkdir(mode=0o700)
    (trap / "secret").write_text("root's")
    with pytest.raises(Refused, match="belongs to somebody else"):
        surgeon.apply(plan(theirs.away(b"1300000002.M2P1.host")))
    assert (trap.stat().st_uid, os.listdir(trap)) == (0, ["secret"])


def test_only_an_empty_directory_is_given_away(tmp_path: Path) -> None:
    (tmp_path / "trap").mkdir()
    (tmp_path / "trap" / "secret").write_text("root's")
    parent = at.open_directory(os.fsencode(tmp_path))
    try:
        with pytest.raises(FileExistsError):
            at.finish_directory(parent, b"trap", 0o700, OWNER)
    finally:
        os.close(parent)
    assert (tmp_path / "trap").stat().st_uid == 0


def test_a_list_of_keywords_is_never_made_roots(theirs: Maildir, surgeon: Surgeon) -> None:
    """The uidlist beside it, whose manner it takes on, may be a second name of a file of root's."""
    program = outside(theirs) / "program"
    program.write_text("root's")
    program.chmod(0o4755)
    theirs.path(b"dovecot-uidlist").unlink()
    os.link(program, theirs.path(b"dovecot-uidlist"))
    step = NameLetters(None, None, folder=b"", add=((0, b"Work"),))
    surgeon.apply(plan(Act("keywords", b"", (step,))))
    status = theirs.path(b"dovecot-keywords").stat()
    assert (status.st_uid, status.st_mode & 0o7777) == (OWNER[0], status.st_mode & 0o666)


@protects(
    "root does nothing with its own rights when it cannot take on the owner's",
    where="surgery/fsops/as_owner.py, surgery/surgeon.py",
)
@pytest.mark.parametrize("call", ["_setfsuid", "_setfsgid"])
def test_root_that_may_not_act_for_the_owner_changes_nothing_and_says_what_to_do(
    theirs: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before = theirs.picture()
    acts = plan(*everything(theirs))
    monkeypatch.setattr(as_owner, call, lambda _user: 0)  # fails as the kernel does: in silence
    with pytest.raises(Refused, match="as the owner: setpriv --reuid 61234") as refusal:
        surgeon.apply(acts)
    assert "nothing was changed" in str(refusal.value)
    with pytest.raises(Refused), files_as_owner(OWNER):
        pytest.fail("the block began with root's rights")
    assert theirs.picture() == before
    assert surgeon.operations() == []


def test_root_whose_capabilities_stay_changes_nothing(
    theirs: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_owner, "_prctl", lambda *_arguments: 0b100)
    with pytest.raises(Refused, match="no-setuid-fixup"):
        surgeon.apply(plan(*everything(theirs)))


def test_root_needs_no_other_rights_for_its_own_spool(
    maildir: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_owner, "_setfsgid", lambda _group: 0)
    os.chown(maildir.root, 0, 61_234)
    name = maildir.mail(b"1300000001.M1P1.host")
    assert surgeon.apply(plan(maildir.rename(name, b"cur/" + name))).refused == ()
