"""Folders that servers cannot open by their names, and symlinks that servers take for folders."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from mailsurgeon.maildir.folder_spelling import BEHIND_INBOX, RAW_UTF8
from tests.survey.survey_maildir import SurveyMaildir

CODE = "bad-folder-name"
UMLAUT = ".Entwürfe".encode()


def found(maildir: SurveyMaildir) -> dict[bytes, tuple[str | None, str | None, str | None]]:
    """What each folder of a bad name becomes, where its messages belong, and the remedy."""
    maildir.survey()
    return {
        path: (rows[CODE].detail["becomes"], rows[CODE].detail.get("merge"), rows[CODE].remedy)
        for path, rows in maildir.problems().items()
        if CODE in rows
    }


def test_folders_that_dovecot_cannot_open(maildir: SurveyMaildir) -> None:
    for path in (UMLAUT, b"..Spam", b".x..y", b".Sent", b".INBOX.sub", b".R&-D"):
        maildir.folder(path)
    assert found(maildir) == {
        UMLAUT: (".Entw&APw-rfe", None, "rename-folder"),
        b"..Spam": (".Spam", None, "rename-folder"),
        b".x..y": (".x.y", None, "rename-folder"),
    }
    row = maildir.problem(UMLAUT, CODE)
    assert (row.severity, row.detail["reason"]) == (2, RAW_UTF8)


def test_where_the_name_is_taken_the_folder_to_merge_with_is_told(maildir: SurveyMaildir) -> None:
    for path in (UMLAUT, b".Entw&APw-rfe", b".x..y", b".x.y.", b".INBOX", b".Inbox.a", b".INBOX.a"):
        maildir.folder(path)
    assert found(maildir) == {
        UMLAUT: (".Entw&APw-rfe", ".Entw&APw-rfe", None),
        b".INBOX": (None, "INBOX", None),
        b".Inbox.a": (".INBOX.a", ".INBOX.a", None),
        b".x..y": (".x.y", None, "rename-folder"),
        b".x.y.": (".x.y", ".x.y", None),  # the other gets the name
    }
    assert maildir.problem(b".INBOX", CODE).detail["reason"] == BEHIND_INBOX


def test_a_server_that_is_set_to_utf8(maildir: SurveyMaildir) -> None:
    maildir.spool = replace(maildir.spool, utf8=True, dovecots=True)
    for path in (UMLAUT, b".R&D", b".x..y"):
        maildir.folder(path)
    assert list(found(maildir)) == [b".x..y"]


def test_couriers_names_are_utf8(maildir: SurveyMaildir) -> None:
    for path in (UMLAUT, b".R&D", b".INBOX", b".x..y"):
        maildir.folder(path)
    maildir.file(UMLAUT + b"/courierimapuiddb", b"1 1300000000 1\n")
    assert list(found(maildir)) == [b".x..y"]
    maildir.file(b"dovecot-uidlist", b"3 V1300000000 N1 G0123456789abcdef0123456789abcdef\n")
    assert sorted(found(maildir)) == sorted([UMLAUT, b".R&D", b".INBOX", b".x..y"])


def test_a_folder_below_inbox_as_mbsync_names_it(maildir: SurveyMaildir) -> None:
    for path in (b"..sub", b"..other"):
        maildir.folder(path)
    maildir.file(b"..sub/.uidvalidity", b"1300000000\n0\n")
    assert list(found(maildir)) == [b"..other"]


def test_in_the_fs_layout_dovecot_must_have_been_there(fs_maildir: SurveyMaildir) -> None:
    for path in (b"A", b"A/R&D", b"Entw\xc3\xbcrfe/2012"):
        fs_maildir.folder(path)
    expected = {
        b"A/R&D": ("A/R&-D", None, "rename-folder"),
        b"Entw\xc3\xbcrfe": ("Entw&APw-rfe", None, "rename-folder"),  # which is no folder itself
    }
    assert found(fs_maildir) == expected
    assert {row.severity for row in fs_maildir.index.problems()} == {0}
    fs_maildir.file(b"A/dovecot-uidlist", b"3 V1300000000 N1 G0123456789abcdef0123456789abcdef\n")
    assert found(fs_maildir) == expected
    assert {row.severity for row in fs_maildir.index.problems()} == {2}


def test_kmails_folders_keep_their_names(fs_maildir: SurveyMaildir) -> None:
    for path in (b"inbox", b".inbox.directory/lists", b"sent-mail"):
        fs_maildir.folder(path)
    assert found(fs_maildir) == {}


def test_a_nested_folder_becomes_one_that_can_be_opened(maildir: SurveyMaildir) -> None:
    for path in (b".A", b".A/R&D", b"INBOX"):
        maildir.folder(path)
    maildir.survey()
    rows = {
        path: (rows["nested-folder"].detail["becomes"], rows["nested-folder"].remedy)
        for path, rows in maildir.problems().items()
    }
    assert rows == {b".A/R&D": (".A.R&-D", "lift-folder"), b"INBOX": (".INBOX", None)}
    assert maildir.problem(b"INBOX", "nested-folder").detail["merge"] == "INBOX"


# Symlinks


@pytest.mark.parametrize(
    ("name", "target", "remedy"),
    [
        (b".dangling", b"nowhere", "quarantine"),
        (b".loop", b".loop", "quarantine"),
        (b".plain", b"../plain", "quarantine"),
        (b".file", b"../file", "quarantine"),
        (b".dovecot.sieve", b"../file", None),
    ],
)
def test_a_symlink_that_dovecot_lists_as_a_folder(
    maildir: SurveyMaildir, name: bytes, target: bytes, remedy: str | None
) -> None:
    (maildir.home / "plain").mkdir()
    (maildir.home / "file").write_bytes(b"keep;\n")
    os.symlink(target, maildir.at(name))
    maildir.survey()
    row = maildir.problem(name, "linked")
    assert (row.severity, row.detail["kind"], row.remedy) == (1, "symlink", remedy)
    assert set(maildir.problems()) == {name}


def test_symlinks_that_do_no_harm(maildir: SurveyMaildir) -> None:
    (maildir.home / "other" / "cur").mkdir(parents=True)
    os.symlink(b"../other", maildir.at(b".Other"))  # another Maildir
    os.symlink(b"nowhere", maildir.at(b"plain"))  # Dovecot lists only `.NAME`
    maildir.survey()
    assert maildir.codes() == {}
    maildir.spool = replace(maildir.spool, dovecots=False)
    os.symlink(b"nowhere", maildir.at(b".dovecot.sieve"))
    maildir.survey()
    assert maildir.codes() == {}
