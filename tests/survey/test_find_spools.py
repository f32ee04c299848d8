"""Which directories below another are spools, and which are folders, quarantines or nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mailsurgeon.errors import SpoolError
from mailsurgeon.maildir.config.dovecot_config import SpoolLocation
from mailsurgeon.survey import find_spools as finding
from mailsurgeon.survey.find_spools import find_spools, several_in
from mailsurgeon.survey.index.rows import NotExamined
from tests.support.host import FakeHost
from tests.support.protects import protects


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    (tmp_path / "vmail").mkdir()
    return tmp_path / "vmail"


def maildirs(top: Path, *paths: str, parts: str = "cur new tmp") -> None:
    for path in paths:
        for part in parts.split():
            (top / path / part).mkdir(parents=True, exist_ok=True)


def mark(top: Path, path: str) -> None:
    (top / path).parent.mkdir(parents=True, exist_ok=True)
    (top / path).write_bytes(b"")


def found(top: Path, **more: object) -> list[str]:
    return [
        os.path.relpath(os.fsdecode(spool.path), top)
        for spool in find_spools(os.fsencode(top), **more)  # type: ignore[arg-type]
    ]


# Where mail lies on real hosts


def test_users_by_domain(mail: Path) -> None:
    maildirs(mail, "example.org/anna", "example.org/anna/.Sent", "example.net/bert")
    maildirs(mail, "example.org/carla/Maildir", "example.org/carla/Maildir/.Trash")
    assert found(mail) == ["example.net/bert", "example.org/anna", "example.org/carla/Maildir"]


def test_homes_with_other_things_in_them(mail: Path) -> None:
    maildirs(mail, "anna/Maildir", "bert/.maildir")
    (mail / "anna" / "tmp").mkdir()  # everybody's, and no folder
    (mail / "anna" / "new").mkdir(parents=True)
    (mail / "anna" / "new").rmdir()
    (mail / "anna" / "projects" / "tmp").mkdir(parents=True)
    assert found(mail) == ["anna/Maildir", "bert/.maildir"]


def test_a_spool_is_found_when_it_is_named_itself(mail: Path) -> None:
    maildirs(mail, ".", ".Sent", "nested/deep")
    assert found(mail) == ["."]


def test_a_damaged_spool_is_one(mail: Path) -> None:
    maildirs(mail, "anna", parts="cur")
    maildirs(mail, "bert", parts="new tmp")
    maildirs(mail, "carla", parts="new")
    mark(mail, "carla/dovecot-uidlist")
    maildirs(mail, "dirk", parts="tmp")  # anybody's tmp
    maildirs(mail, "emil/.Sent", "emil/.Trash", "emil/.lists")  # the inbox's own are gone
    assert found(mail) == ["anna", "bert", "carla", "emil"]


@pytest.mark.parametrize(
    "folders, marks",
    [
        (["INBOX", "Archive"], []),
        (["Sent", "lists/debian"], []),
        (["debian", "work"], ["subscriptions"]),
        (["debian", "work"], ["dovecot.list.index.log"]),
        (["lists/debian", "lists/exim"], ["dovecot-uidvalidity.5fa1"]),
    ],
)
def test_folders_of_one_user_side_by_side_are_one_spool(
    mail: Path, folders: list[str], marks: list[str]
) -> None:
    maildirs(mail / "anna" / "mail", *folders)
    for name in marks:
        mark(mail / "anna" / "mail", name)
    assert found(mail) == ["anna/mail"]


@protects(
    "two users' spools are never taken for folders of one",
    where="survey/find_spools.py",
    seen="where nothing tells, each Maildir is a spool of its own",
)
def test_where_nothing_tells_two_users_are_never_taken_for_one(mail: Path) -> None:
    maildirs(mail, "anna", "bert")
    assert found(mail) == ["anna", "bert"]
    assert found(mail, layout="fs") == ["."]
    assert several_in(os.fsencode(mail)) is None


def test_a_users_own_files_outweigh_the_names_beside_it(mail: Path) -> None:
    maildirs(mail, "anna", "trash")
    mark(mail, "anna/subscriptions")
    assert found(mail) == ["anna", "trash"]
    assert found(mail, layout="fs") == ["anna", "trash"]


def test_a_copy_of_an_old_account_lies_among_the_folders_of_one_user(mail: Path) -> None:
    maildirs(mail, "Sent", "Trash", "old-account")
    mark(mail, "old-account/dovecot.mailbox.log")
    assert found(mail) == ["."]
    assert several_in(os.fsencode(mail)) is None


def test_this_hosts_dovecot_knows_a_mail_root(mail: Path) -> None:
    maildirs(mail, "anna/debian", "anna/work")
    asked: list[bytes] = []

    class Knowing(FakeHost):
        def location_of(self, root: bytes, owner: int) -> SpoolLocation | None:
            asked.append(root)
            return super().location_of(root, owner)

    host = Knowing(dovecot=f"mail_location = maildir:{mail}/anna\n")
    assert found(mail, host=host) == ["anna"]
    assert asked == [os.fsencode(mail / "anna")]


def test_several_roots_are_told_from_the_folders_of_one(mail: Path) -> None:
    maildirs(mail, "one/INBOX", "one/Sent")
    assert several_in(os.fsencode(mail)) is None
    assert several_in(os.fsencode(mail / "one")) is None
    maildirs(mail, "two/Maildir")
    assert several_in(os.fsencode(mail)) == (
        os.fsencode(mail / "one"),
        os.fsencode(mail / "two" / "Maildir"),
    )


def test_folders_with_folders_in_them_are_of_one_spool(mail: Path) -> None:
    maildirs(mail, "INBOX", "INBOX/.lists", "Work", "Work/.2024")
    assert found(mail) == ["."]


def test_a_directory_that_stands_for_one_spool_holds_no_others(mail: Path) -> None:
    maildirs(mail, "Maildir", "old/one/INBOX", "old/two/INBOX")
    mark(mail, ".bashrc")
    assert several_in(os.fsencode(mail)) is None
    assert several_in(os.fsencode(mail / "old")) is not None


def test_a_mail_root_with_the_mail_of_a_domains_users_is_one_spool(mail: Path) -> None:
    maildirs(mail, ".", ".Sent", "example.org/anna/.Sent", "example.org/anna", "a/Maildir")
    assert several_in(os.fsencode(mail)) is None


def test_two_usual_names_in_a_home_are_two_spools(mail: Path) -> None:
    maildirs(mail, "Maildir", "mail")
    assert several_in(os.fsencode(mail)) == (
        os.fsencode(mail / "Maildir"),
        os.fsencode(mail / "mail"),
    )
    maildirs(mail, "INBOX")
    (mail / "Maildir").rename(mail / "Mail")
    assert several_in(os.fsencode(mail)) is None  # folders of one spool


def test_stores_of_other_kinds_are_no_spools_and_are_told(mail: Path) -> None:
    maildirs(mail, "anna/Maildir", "bert/Gnus")
    for name in ("Inbox", "Sent"):
        (mail / "anna" / "Mail" / "Local" / name / "cur").mkdir(parents=True)
        mark(mail, f"anna/Mail/Local/{name}.msf")
    mark(mail, "bert/Gnus/.nnmaildir/marks/read/1.M1.host")
    missed: list[NotExamined] = []
    assert found(mail, not_searched=missed) == ["anna/Maildir"]
    assert {each.path: each.reason for each in missed} == {
        os.fsencode(mail / "anna/Mail/Local"): "a store of another kind: thunderbird",
        os.fsencode(mail / "bert/Gnus"): "a store of another kind: nnmaildir",
    }


def test_the_users_of_a_domain_in_a_mail_root(mail: Path) -> None:
    maildirs(mail, ".", ".Sent", "example.org/anna", "example.org/bert/.Sent", "notes/old")
    assert found(mail) == [".", "example.org/anna"]
    maildirs(mail, "example.org/bert")
    assert found(mail) == [".", "example.org/anna", "example.org/bert"]


# What is none, and where nobody looks


def test_quarantines_and_deletions_under_way_are_no_spools(mail: Path) -> None:
    maildirs(mail, "anna/Maildir", "anna/.Maildir.quarantine/7/.Sent", "anna/..DOVECOT-TRASHED")
    maildirs(mail, "anna/.git", "bert/.notmuch")
    assert found(mail) == ["anna/Maildir"]


def test_symlinks_are_not_followed_and_those_that_lead_out_are_told(
    mail: Path, tmp_path: Path
) -> None:
    maildirs(mail, "anna")
    maildirs(tmp_path / "elsewhere", "bert")
    (mail / "bert").symlink_to(tmp_path / "elsewhere" / "bert")
    (mail / "again").symlink_to(mail / "anna")
    (mail / "around").symlink_to(mail)
    (mail / "nowhere").symlink_to(tmp_path / "nothing")
    missed: list[NotExamined] = []
    assert found(mail, not_searched=missed) == ["anna"]
    assert [(item.path, item.reason) for item in missed] == [
        (os.fsencode(mail / "bert"), "a symlink to a directory is not followed")
    ]


def test_a_symlink_given_is_resolved_once(mail: Path, tmp_path: Path) -> None:
    maildirs(mail, "anna")
    (tmp_path / "link").symlink_to(mail)
    (spool,) = find_spools(os.fsencode(tmp_path / "link"))
    assert spool.path == os.fsencode(mail / "anna")


def test_what_cannot_be_read_is_told(mail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maildirs(mail, "anna", "bert/Maildir")
    scandir = os.scandir

    def forbidding(path: bytes) -> object:  # for root, too
        if path.endswith(b"/bert"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(finding.os, "scandir", forbidding)
    missed: list[NotExamined] = []
    assert found(mail, not_searched=missed) == ["anna"]
    assert missed == [NotExamined(os.fsencode(mail / "bert"), "Permission denied")]


def test_what_is_excluded_is_told_too(mail: Path) -> None:
    maildirs(mail, "anna", ".snapshots/1/anna")
    missed: list[NotExamined] = []
    assert found(mail, exclude=(".snapshot*",), not_searched=missed) == ["anna"]
    assert [item.reason for item in missed] == ["excluded"]


def test_no_directory_of_messages_is_listed(mail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maildirs(mail, "example.org/anna", "example.org/anna/.Sent", "example.org/bert/mail/INBOX")
    listed: list[bytes] = []
    scandir = os.scandir

    def watched(path: bytes) -> object:
        listed.append(os.path.relpath(path, os.fsencode(mail)))
        return scandir(path)

    monkeypatch.setattr(finding.os, "scandir", watched)
    assert found(mail) == ["example.org/anna", "example.org/bert/mail"]
    assert len(listed) == len(set(listed)), "nothing is listed twice"
    assert not {b"cur", b"new", b"tmp"} & {path.rpartition(b"/")[2] for path in listed}
    assert b"example.org/anna/.Sent" not in listed


def test_a_tree_of_any_depth_is_walked(mail: Path) -> None:
    place = mail
    for _ in range(1_200):
        place = place / "d"
        place.mkdir()
    (place / "cur").mkdir()
    assert found(mail) == [os.path.relpath(place, mail)]
    os.removedirs(place / "cur")  # what empties a test's directory recurses


@pytest.mark.parametrize("name", ["missing", "file", ""])
def test_a_directory_that_is_none_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    given = os.fsencode(tmp_path / name) if name else b""
    with pytest.raises(SpoolError, match=r"give a directory|is empty"):
        list(find_spools(given))
