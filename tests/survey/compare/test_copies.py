"""Identical messages: found wherever they lie, each file read once."""

from __future__ import annotations

import os

import pytest

from mailsurgeon.diagnosis.severity import Severity
from tests.survey.conftest import Reads
from tests.survey.survey_maildir import SurveyMaildir, text

NO_ID = b"From: a@example.org\nSubject: %d\n\nText.\n"


def test_a_large_group_is_read_once(maildir: SurveyMaildir, reads: Reads) -> None:
    """3,000 messages with one Message-ID; a survey again reads none of them."""
    data = text()
    for number in range(3000):
        maildir.file(b"cur/%04d.host:2," % number, data)
    maildir.survey()
    assert reads == (3000, 3000)
    rows = list(maildir.index.problems(codes=["duplicate-id"]))
    assert len(rows) == 3000
    assert sum(row.remedy == "quarantine" for row in rows) == 2999
    reads.forget()
    maildir.survey()
    assert reads == (0, 0)


def test_messages_that_share_nothing_are_read_once(maildir: SurveyMaildir, reads: Reads) -> None:
    maildir.folder(b".A")
    for number in range(10):
        maildir.mail(b"cur/%d.host:2," % number, number)
        maildir.file(b".A/cur/%d.host:2," % number, NO_ID % number + b"x" * number)
    maildir.survey()
    assert reads == (20, 0)


# duplicate-id


def test_the_kept_one_is_named_by_the_uidlist(maildir: SurveyMaildir) -> None:
    for name in (b"a", b"b", b"c"):
        maildir.mail(b"cur/%s:2," % name)
    maildir.file(b"dovecot-uidlist", b"3 V1 N9\n3 :b\n5 :a\n")
    maildir.survey()
    remedies = {path[4:5]: rows["duplicate-id"].remedy for path, rows in maildir.problems().items()}
    assert remedies == {b"a": "quarantine", b"b": None, b"c": "quarantine"}


@pytest.mark.parametrize(
    ("data", "content", "severity"),
    [
        (text(), "identical", 1),
        (b"X-Relay: x\n" + text(), "same-body", 1),
        (text().replace(b"\n", b"\r\n"), "same-body", 1),  # CRLF is read as LF
        (text(body=b"Else.\n"), "different", 0),
        (text() + b"\n", "different", 0),
        (text(message_id=b"<1@EXAMPLE.org>"), "same-body", 1),  # without case
    ],
)
def test_how_close_two_are(
    maildir: SurveyMaildir, data: bytes, content: str, severity: int
) -> None:
    maildir.mail(b"cur/1.host:2,")
    maildir.file(b"cur/2.host:2,", data)
    maildir.survey()
    for path in (b"cur/1.host:2,", b"cur/2.host:2,"):
        row = maildir.problem(path, "duplicate-id")
        assert (row.detail["content"], row.severity) == (content, severity)


def test_blank_bodies_are_not_the_same_body(maildir: SurveyMaildir) -> None:
    maildir.mail(b"cur/1.host:2,", body=b"\n \n")
    maildir.file(b"cur/2.host:2,", b"X-Relay: x\n" + text(body=b"\n \n"))
    maildir.survey()
    assert maildir.problem(b"cur/1.host:2,", "duplicate-id").detail["content"] == "different"


def test_filed_is_kept_before_misfiled(maildir: SurveyMaildir) -> None:
    stray = maildir.mail(b"a")
    filed = maildir.mail(b"new/z")
    maildir.survey()
    assert maildir.problem(filed, "duplicate-id").remedy is None
    assert maildir.problem(stray, "duplicate-id").remedy == "quarantine"
    assert maildir.problem(stray, "misfiled").remedy == "quarantine"


def test_who_keeps_the_name_in_a_clash_is_kept_as_a_copy_too(maildir: SurveyMaildir) -> None:
    maildir.mail(b"new/a")
    maildir.mail(b"cur/a:2,S")
    maildir.survey()
    assert maildir.problem(b"cur/a:2,S", "name-clash").remedy is None
    assert maildir.problem(b"cur/a:2,S", "duplicate-id").remedy is None
    assert maildir.problem(b"new/a", "name-clash").remedy == "quarantine"
    assert maildir.problem(b"new/a", "duplicate-id").remedy == "quarantine"


def test_junk_empty_files_and_leftovers_have_no_message_id_to_share(maildir: SurveyMaildir) -> None:
    maildir.mail(b"cur/1.host:2,")
    maildir.file(b"cur/2.host:2,", b"words\n\n" + text())
    maildir.file(b"cur/3.host:2,", b"")
    maildir.survey()
    assert not list(maildir.index.problems(codes=["duplicate-id"]))


def test_messages_without_an_id_are_duplicates_only_if_they_are_identical(
    maildir: SurveyMaildir,
) -> None:
    first = maildir.file(b"cur/1.host:2,", NO_ID)
    maildir.file(b"cur/2.host:2,", NO_ID)
    other = maildir.file(b"cur/3.host:2,", NO_ID[:-2] + b"?\n")
    maildir.folder(b".A")
    away = maildir.file(b".A/cur/4.host:2,", NO_ID)
    maildir.survey()
    assert maildir.codes()[other] == {"no-message-id"}
    row = maildir.problem(b"cur/2.host:2,", "duplicate-id")
    assert (row.severity, row.remedy) == (Severity.WARNING, "quarantine")
    assert row.detail["message_id"] is None
    assert row.detail["copies"] == 3
    assert row.detail["others"] == [".A/cur/4.host:2,", "cur/1.host:2,"]
    assert row.detail["kept"] == "cur/1.host:2,"
    assert maildir.problem(first, "duplicate-id").remedy is None
    assert maildir.problem(away, "duplicate-id").severity == Severity.INFO


def test_junk_without_an_id_is_no_duplicate(maildir: SurveyMaildir) -> None:
    for name in (b"cur/1.host:2,", b"cur/2.host:2,"):
        maildir.file(name, b"words\n\nmore words\n")
    maildir.survey()
    assert set().union(*maildir.codes().values()) == {"not-mail"}


# misfiled


def targets(maildir: SurveyMaildir) -> dict[bytes, tuple[str | None, str | None, str | None]]:
    """For misfiled files the target, the remedy, and what they are a copy of."""
    return {
        row.path: (row.detail["target"], row.remedy, row.detail["copy_of"])
        for row in maildir.index.problems(codes=["misfiled"])
    }


def test_where_mail_is_filed(maildir: SurveyMaildir) -> None:
    maildir.folder(b".Entw&APw-rfe")
    for number, path in enumerate(
        (b"1", b"x/2", b"cur/x/3", b".Entw&APw-rfe/4", b".Entw&APw-rfe/x/y/5",
         b".Entw&APw-rfe/tmp/x/6", b".Looks/7")
    ):  # fmt: skip
        maildir.mail(path, number)
    maildir.survey()
    assert targets(maildir) == {
        b"1": ("INBOX", "file", None),
        b"x/2": (None, None, None),  # INBOX is nobody's folder by mere nearness
        b"cur/x/3": (None, None, None),
        b".Looks/7": (None, None, None),
        b".Entw&APw-rfe/4": ("Entwürfe", "file", None),
        b".Entw&APw-rfe/x/y/5": ("Entwürfe", "file", None),
        b".Entw&APw-rfe/tmp/x/6": ("Entwürfe", "file", None),
    }
    where = {row.path: row.detail["where"] for row in maildir.index.problems(codes=["misfiled"])}
    assert {path for path, place in where.items() if place == "folder-root"} == {
        b"1", b".Entw&APw-rfe/4",
    }  # fmt: skip
    assert set(where.values()) == {"folder-root", "nested"}


@pytest.mark.parametrize("data", [text(), NO_ID])
def test_a_copy_that_is_filed_in_the_target(maildir: SurveyMaildir, data: bytes) -> None:
    maildir.folder(b".A")
    maildir.folder(b".B")
    maildir.file(b".A/1", data)
    maildir.file(b".B/2", data)
    maildir.file(b".A/cur/3.host:2,S", data)
    maildir.survey()
    assert targets(maildir) == {
        b".A/1": ("A", "quarantine", ".A/cur/3.host:2,S"),
        b".B/2": ("B", "file", None),
    }


def test_other_bytes_are_no_copy(maildir: SurveyMaildir) -> None:
    maildir.mail(b"1")
    maildir.mail(b"cur/2.host:2,S", body=b"Else.\n")
    maildir.survey()
    assert targets(maildir) == {b"1": ("INBOX", "file", None)}


@pytest.mark.parametrize("data", [text(), NO_ID])
def test_of_several_identical_misfiled_ones_the_first_by_path_is_filed(
    maildir: SurveyMaildir, data: bytes
) -> None:
    maildir.folder(b".A")
    for path in (b".A/c", b".A/b", b".A/x/a"):
        maildir.file(path, data)
    maildir.survey()
    assert {path: remedy for path, (_, remedy, _) in targets(maildir).items()} == {
        b".A/b": "file", b".A/c": "quarantine", b".A/x/a": "quarantine",
    }  # fmt: skip


def test_a_copy_that_is_filed_nowhere_and_cannot_be_is_no_reason_to_put_one_aside(
    maildir: SurveyMaildir,
) -> None:
    """`attic/1` comes first by path, but nothing files it: `z` is what can be saved."""
    maildir.mail(b"attic/1")
    maildir.mail(b"z")
    maildir.survey()
    assert targets(maildir) == {b"attic/1": (None, None, None), b"z": ("INBOX", "file", None)}


# backup-folder


def fill(maildir: SurveyMaildir, folder: bytes, numbers: range, data: bytes = b"") -> None:
    maildir.folder(folder)
    for number in numbers:
        content = (data % number + b"%d" % number) if data else text(number)
        maildir.file(
            os.path.join(folder, b"cur/%s.%d:2," % (folder.hex().encode(), number)), content
        )


def backups(maildir: SurveyMaildir) -> dict[bytes, tuple[str, int, str | None]]:
    return {
        row.path: (row.detail["because"], row.detail["elsewhere"], row.remedy)
        for row in maildir.index.problems(codes=["backup-folder"])
    }


@pytest.mark.parametrize("data", [b"", NO_ID])
def test_a_folder_that_is_a_copy_of_another(maildir: SurveyMaildir, data: bytes) -> None:
    fill(maildir, b".Work", range(30), data)
    fill(maildir, b".Work2", range(2, 30), data)
    maildir.survey()
    assert backups(maildir) == {b".Work2": ("content", 28, "quarantine")}


@pytest.mark.parametrize("numbers", [range(27), range(3, 30), range(40)])
def test_up_to_ninety_in_a_hundred_is_no_copy(maildir: SurveyMaildir, numbers: range) -> None:
    fill(maildir, b".Work", range(30))
    fill(maildir, b".Work2", numbers)
    maildir.survey()
    assert backups(maildir) == {}


def test_fewer_than_twenty_are_none(maildir: SurveyMaildir) -> None:
    fill(maildir, b".Work", range(19))
    fill(maildir, b".Work2", range(19))
    maildir.survey()
    assert backups(maildir) == {}


def test_inbox_is_never_the_backup(maildir: SurveyMaildir) -> None:
    fill(maildir, b"", range(20))
    fill(maildir, b".A", range(20))
    maildir.survey()
    assert backups(maildir) == {b".A": ("content", 20, "quarantine")}


def test_a_name_like_a_backups_and_how_much_is_filed_elsewhere(maildir: SurveyMaildir) -> None:
    fill(maildir, b".Work.bak", range(5))
    fill(maildir, b".Work", range(2, 9))
    maildir.file(b".Work.bak/cur/noid:2,", NO_ID)
    maildir.file(b".Work/cur/noid:2,", NO_ID)
    maildir.mail(b".Work/stray", 1)  # misfiled is not filed
    maildir.survey()
    assert backups(maildir) == {b".Work.bak": ("name", 4, "quarantine")}


def test_misfiled_mail_of_a_backup_may_be_filed_elsewhere_too(maildir: SurveyMaildir) -> None:
    fill(maildir, b".Work.bak", range(0))
    maildir.file(b".Work.bak/stray", NO_ID)
    maildir.file(b"cur/noid:2,", NO_ID)
    maildir.survey()
    assert backups(maildir) == {b".Work.bak": ("name", 1, "quarantine")}


def test_before_all_was_read_nothing_is_proposed(maildir: SurveyMaildir) -> None:
    fill(maildir, b".Work.bak", range(1))
    maildir.survey(quick=True)
    row = maildir.problem(b".Work.bak", "backup-folder")
    assert (row.remedy, row.detail["pending"]) == (None, True)


# name-clash


def test_clashes_within_a_folder(maildir: SurveyMaildir) -> None:
    maildir.folder(b".A")
    maildir.mail(b"cur/1.host:2,S", 1)
    maildir.mail(b"new/1.host", 2)
    maildir.mail(b".A/cur/1.host:2,", 3)
    maildir.mail(b"tmp/1.host", 4)
    maildir.mail(b"1.host", 5)
    maildir.survey()
    clashes = {row.path: row for row in maildir.index.problems(codes=["name-clash"])}
    assert {path: row.remedy for path, row in clashes.items()} == {
        b"cur/1.host:2,S": None, b"new/1.host": "rename",
    }  # fmt: skip
    assert clashes[b"new/1.host"].detail["others"] == ["cur/1.host:2,S"]
    assert {row.severity for row in clashes.values()} == {3}


@pytest.mark.parametrize("data", [text(), b""])
def test_an_identical_twin_goes_to_quarantine(maildir: SurveyMaildir, data: bytes) -> None:
    maildir.file(b"cur/1.host:2,S", data)
    maildir.file(b"new/1.host", data)
    maildir.survey()
    clashes = {row.path: row.remedy for row in maildir.index.problems(codes=["name-clash"])}
    assert clashes == {b"cur/1.host:2,S": None, b"new/1.host": "quarantine"}


def test_a_quick_survey_compares_no_bytes(maildir: SurveyMaildir, reads: Reads) -> None:
    maildir.mail(b"cur/1.host:2,S")
    maildir.mail(b"new/1.host")
    maildir.survey(quick=True)
    assert reads == (0, 0)
    assert set(maildir.codes()) == {b"cur/1.host:2,S", b"new/1.host"}
