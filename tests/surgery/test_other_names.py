"""A backup made of hard links shares its files with the spool: no repair changes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.steps.attributes import ChangeTime
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

ONE, TWO = b"1300000001.M1P1.host", b"1300000002.M2P1.host"
QUOTA = b"100000S,50C\n5000 20\n"


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


class Backup:
    """All files of a spool under second names, as `cp -al` makes them."""

    def __init__(self, maildir: Maildir) -> None:
        self.place = maildir.home / "backup"
        self.files: list[Path] = []
        for directory, _, names in os.walk(maildir.root):
            for name in names:
                source = Path(directory, name)
                copy = self.place / source.relative_to(maildir.root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                os.link(source, copy)
                self.files.append(copy)
        self.before = self.seen()

    def seen(self) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []
        for file in self.files:
            status = file.stat()
            what = status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns
            found.append((file, *what, file.read_bytes()))
        return found


@protects(
    "files that a backup shares by hard links stay as they are",
    where="surgery/servers/maildirsize_file.py, surgery/steps/attributes.py",
    seen="failed with the line appended in place, and without the look at the number of links",
)
def test_no_repair_changes_a_backup_of_hard_links(indexed: IndexedMaildir) -> None:
    indexed.mail(b"cur/" + ONE + b",S=9:2,S", content=text(1))
    indexed.mail(TWO, content=text(2))
    indexed.uidlist(b"", ONE + b",S=9")
    indexed.path(b"maildirsize").write_bytes(QUOTA)
    indexed.path(b"cur/" + ONE + b",S=9:2,S").chmod(0o602)
    os.utime(indexed.path(TWO), (1_500_000_000, 1_500_000_000))
    backup = Backup(indexed)
    paths = [b"cur/" + ONE + b",S=9:2,S", TWO]
    codes = ["size-mismatch", "misfiled", "bad-permissions", "bad-date"]
    whole = indexed.survey().propose(*paths, codes=codes)
    refused = {code: left.reason for left in whole.left for code in left.codes if left.refused}
    assert "hard links" in refused["bad-date"] and "hard links" in refused["bad-permissions"]
    indexed.apply(whole)
    assert backup.seen() == backup.before
    total = indexed.path(b"maildirsize").read_bytes()
    assert total.startswith(QUOTA) and len(total.splitlines()) == 3
    indexed.undo()
    assert backup.seen() == backup.before


def test_a_date_is_refused_when_a_backup_was_made_since_the_plan(maildir: Maildir) -> None:
    path = maildir.mail(b"cur/" + ONE)
    then = maildir.path(path).stat().st_mtime_ns
    step = ChangeTime(
        path, None, at.expectation(maildir.path(path).stat()), b"",
        before=then, after=then + 10**9, links=1,
    )  # fmt: skip
    backup = Backup(maildir)
    with maildir.surgeon() as surgeon:
        (refusal,) = surgeon.apply(plan(Act("fix-date", path, (step,)))).refused
    assert "hard links" in refusal.reason
    assert backup.seen() == backup.before


def test_the_sum_goes_into_a_new_file_once(maildir: Maildir) -> None:
    """A kill after the rename: the line is in the new file, and is not added again."""
    from mailsurgeon.surgery.servers import maildirsize_file

    quota = maildir.path(b"maildirsize")
    quota.write_bytes(QUOTA)
    quota.chmod(0o640)
    os.link(quota, maildir.home / "elsewhere")
    root = at.open_directory(maildir.spool.root)
    try:
        before = maildirsize_file.inode_and_size(root)
        assert before is not None
        maildirsize_file.append(root, before, 30, 1)
        assert maildirsize_file.appended(root, before, 30, 1)
    finally:
        os.close(root)
    assert quota.read_bytes() == QUOTA + b"          30            1\n"
    assert (quota.stat().st_mode & 0o777, quota.stat().st_nlink) == (0o640, 1)
    assert (maildir.home / "elsewhere").read_bytes() == QUOTA
    assert sorted(os.listdir(maildir.root)) == ["cur", "maildirsize", "new", "tmp"]
