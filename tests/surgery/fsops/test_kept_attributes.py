"""A server's file that is written anew keeps its rights and attributes, and gives nobody more."""

from __future__ import annotations

import errno
import os
import stat
import struct
from pathlib import Path

import pytest

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.kept_attributes import make_alike, set_owner_and_mode
from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.steps.lists.keywords import NameLetters
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

ACL, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
NAME, RIGHT = b"1300000001.M1P1.host,S=9", b"1300000001.M1P1.host,S=57"


def acl(*entries: tuple[int, int, int]) -> bytes:
    """An ACL as the kernel has it: (tag, rights, id) of each entry (linux/posix_acl_xattr.h)."""
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, rights, number) for tag, rights, number in entries
    )


NOBODY = 0xFFFF_FFFF
ONE_MORE = acl((1, 6, NOBODY), (2, 6, 1234), (4, 0, NOBODY), (16, 6, NOBODY), (32, 0, NOBODY))
"""The owner and uid 1234 may read and write, the group nothing; the mode shows 0660."""


def give(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        pytest.skip("no such attributes on this file system")


def attributes(path: Path) -> dict[str, bytes]:
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


@protects(
    "files written anew keep their ACL, attributes and mode",
    where="surgery/fsops/kept_attributes.py, surgery/servers/files.py",
)
def test_a_list_written_anew_keeps_its_acl_and_attributes(maildir: Maildir) -> None:
    source = maildir.mail(b"cur/" + NAME + b":2,S")
    uidlist = maildir.uidlist(b"", NAME)
    uidlist.chmod(0o600)
    give(uidlist, ACL, ONE_MORE)
    give(uidlist, "user.backup", b"yes")
    before, mode = attributes(uidlist), uidlist.stat().st_mode
    act = maildir.rename(source, b"cur/" + RIGHT + b":2,S", keep_uid=True)
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(plan(act)).refused == ()
        assert RIGHT in maildir.records(b"")[0]
        assert (attributes(uidlist), uidlist.stat().st_mode) == (before, mode)
        assert surgeon.apply(surgeon.plan_undo()).refused == ()
    assert (attributes(uidlist), uidlist.stat().st_mode) == (before, mode)


def test_a_list_without_an_acl_gets_none_from_its_directory(maildir: Maildir) -> None:
    keywords = maildir.path(b"dovecot-keywords")
    keywords.write_bytes(b"0 Old\n")
    keywords.chmod(0o640)
    give(maildir.root, DEFAULT, ONE_MORE)
    step = NameLetters(None, None, folder=b"", add=((1, b"Work"),))
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(plan(Act("keywords", b"", (step,)))).refused == ()
    assert keywords.read_bytes() == b"0 Old\n1 Work\n"
    assert ACL not in attributes(keywords)
    assert stat.S_IMODE(keywords.stat().st_mode) == 0o640


def test_nobody_gets_a_right_while_the_new_file_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    old.chmod(0o600)
    give(old, ACL, ONE_MORE)
    new.write_text("new")
    new.chmod(0o600)
    seen: list[bool] = []
    fchmod = os.fchmod

    def looks(handle: int, mode: int) -> None:
        seen.append(ACL in os.listxattr(handle))
        fchmod(handle, mode)

    monkeypatch.setattr(os, "fchmod", looks)
    with old.open("rb") as source, new.open("r+b") as target:
        make_alike(target.fileno(), source.fileno())
    assert seen and all(seen)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_setgid_is_kept_but_no_program_becomes_privileged(tmp_path: Path) -> None:
    from mailsurgeon.surgery.fsops.as_owner import files_as_owner

    place = tmp_path / "file"
    for mode, kept in ((0o2660, 0o2660), (0o2770, 0o770)):
        place.unlink(missing_ok=True)
        place.touch()
        os.chown(place, 61_234, 61_234)
        with place.open("r+b") as file, files_as_owner((61_234, 61_234)):
            set_owner_and_mode(file.fileno(), 61_234, 8, mode)
        status = place.stat()
        assert (status.st_gid, stat.S_IMODE(status.st_mode)) == (8, kept)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories to others")
def test_a_directory_of_a_group_that_its_owner_is_not_in_keeps_setgid(tmp_path: Path) -> None:
    from mailsurgeon.surgery.fsops.as_owner import files_as_owner

    os.chown(tmp_path, 61_234, 61_234)
    parent = at.open_directory(os.fsencode(tmp_path))
    try:
        with files_as_owner((61_234, 61_234)):
            at.make_directory(parent, b"cur", 0o2770, (61_234, 8))
    finally:
        os.close(parent)
    status = (tmp_path / "cur").stat()
    assert (status.st_gid, stat.S_IMODE(status.st_mode)) == (8, 0o2770)
