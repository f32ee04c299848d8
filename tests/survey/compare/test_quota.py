"""`maildirsize`, `maildirfolder`, and the files in which mbsync keeps its state."""

from __future__ import annotations

import os

import pytest

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.diagnosis.state_rules import (
    IN_ROOT,
    NOT_READABLE,
    OFF,
    damaged_sync_state,
    damaged_uidvalidity,
    wrong_quota,
)
from mailsurgeon.maildir.lists.maildirsize import Sum
from tests.survey.survey_maildir import NS, SurveyMaildir

MIB = 1024 * 1024
CODE = "wrong-quota"


def summed(size: int, messages: int = 1) -> Sum:
    return Sum(b"", size, messages)


@pytest.mark.parametrize(
    ("data", "counted"),
    [
        (b"10000S\n100 1\n", 100),
        (b"10000S\n100 1\n", 100 + MIB),  # no more than 1 MiB
        (b"10000S\n%d 1\n" % (1000 * MIB), 1009 * MIB),  # no more than 1 %
        (b"10000S\n0 0\n", None),
        (b"", 0),
        (b"\n100 1\n-50 -1\n", 50),
    ],
)
def test_a_quota_that_will_do(data: bytes, counted: int | None) -> None:
    assert wrong_quota(data, None if counted is None else summed(counted), None) is None


@pytest.mark.parametrize("data", [None, b"\0\0\0\0", b"10000S\nwords\n", b"10000S\n-5 0\n"])
def test_a_quota_that_servers_cannot_read(data: bytes | None) -> None:
    expected = Finding(CODE, Severity.WARNING, {"reason": NOT_READABLE}, "quarantine")
    assert wrong_quota(data, None, None) == expected


def test_a_quota_that_is_off() -> None:
    found = wrong_quota(b"10000S\n100 1\n", summed(2 * MIB, 7), summed(5 * MIB))
    assert found
    assert found.detail == {"reason": OFF, "bytes": [100, 2 * MIB], "messages": [1, 7]}


def test_a_quota_without_trash() -> None:
    assert wrong_quota(b"10000S\n100 1\n", summed(2 * MIB), summed(100)) is None


def big(maildir: SurveyMaildir, path: bytes, size: int = 2 * MIB) -> bytes:
    """A message whose name gives this size, much larger than the file."""
    return maildir.mail(b"%s,S=%d:2,S" % (path, size), hash(path) % 1000)


def quota(maildir: SurveyMaildir, size: int) -> None:
    maildir.file(b"maildirsize", b"100000000S\n%12d %12d\n" % (size, 1))


def test_the_sum_of_all_messages(maildir: SurveyMaildir) -> None:
    for path in (b"cur/1.a", b".Sent/cur/1.b"):
        big(maildir, path)
    quota(maildir, 4 * MIB)
    maildir.survey()
    assert CODE not in maildir.codes().get(b"maildirsize", ())
    quota(maildir, 2 * MIB)
    maildir.survey()
    row = maildir.problem(b"maildirsize", CODE)
    assert (row.remedy, row.detail["bytes"]) == ("quarantine", [2 * MIB, 4 * MIB])
    big(maildir, b".Sent/cur/2.c", 3 * MIB)
    maildir.survey()
    assert maildir.problem(b"maildirsize", CODE).detail["bytes"] == [2 * MIB, 7 * MIB]
    assert maildir.contents() == maildir.fresh_contents()


def test_a_folder_trash_may_be_left_out(maildir: SurveyMaildir) -> None:
    big(maildir, b".Trash/cur/1.a")
    quota(maildir, 0)
    maildir.survey()
    assert b"maildirsize" not in maildir.codes()


def test_a_sum_is_judged_by_a_full_survey_of_what_stands_still(maildir: SurveyMaildir) -> None:
    big(maildir, b"cur/1.a")
    quota(maildir, 0)
    maildir.survey(quick=True)
    assert b"maildirsize" not in maildir.codes()
    later = 2 * 10**9 * NS
    os.utime(maildir.at(b"maildirsize"), ns=(later, later))  # written while it is surveyed
    maildir.survey()
    assert b"maildirsize" not in maildir.codes()


def test_what_no_server_counts_does_not_keep_it_quiet(maildir: SurveyMaildir) -> None:
    big(maildir, b"cur/1.a")
    quota(maildir, 0)
    os.mkfifo(maildir.at(b"pipe"))
    maildir.file(b".Old", b"From a@example.org Mon Jan  1 00:00:00 2018\n")
    maildir.survey()
    assert CODE in maildir.codes()[b"maildirsize"]
    maildir.folder(b".Gnus")  # which a server counts, and the survey does not
    maildir.file(b".Gnus/.nnmaildir/marks/read/1.M1.host", b"")
    maildir.survey()
    assert b"maildirsize" not in maildir.codes()


def test_a_mark_of_a_folder_in_the_root(maildir: SurveyMaildir) -> None:
    maildir.folder(b".Sent")
    for path in (b"maildirfolder", b".Sent/maildirfolder"):
        maildir.file(path, b"")
    maildir.survey()
    assert maildir.codes() == {b"maildirfolder": {CODE}}
    assert maildir.problem(b"maildirfolder", CODE).detail == {"reason": IN_ROOT}


# mbsync


@pytest.mark.parametrize(
    "data", [b"1300000000\n5\n", b"1300000000 5", b"1300000000\n5\nmore\n", b"1300000000\n0\n"]
)
def test_a_uidvalidity_that_mbsync_reads(data: bytes) -> None:
    assert damaged_uidvalidity(data) is None


@pytest.mark.parametrize("data", [b"", b"\0\0\0\0", b"hello\n", b"1300000000\n", b"x 5\n"])
def test_a_uidvalidity_that_it_does_not(data: bytes) -> None:
    found = damaged_uidvalidity(data)
    assert found
    assert (found.severity, found.remedy) == (Severity.ERROR, None)


STATE = b"FarUidValidity 1\nNearUidValidity 2\nMaxPulledUid 3\n\n1 1 S\n"


@pytest.mark.parametrize("data", [STATE, b"Far 1\n\n", b"1:3 2:3:3\n1 1 S\n"])
def test_a_state_that_mbsync_reads(data: bytes) -> None:
    assert damaged_sync_state(data) is None


@pytest.mark.parametrize("data", [b"", b"\0" * 40, STATE + b"\0\0", STATE[:20], STATE[:-1]])
def test_a_state_that_it_does_not(data: bytes) -> None:
    assert damaged_sync_state(data)


@pytest.mark.parametrize("name", [b".uidvalidity", b".mbsyncstate"])
def test_a_state_that_is_too_large_is_told(maildir: SurveyMaildir, name: bytes) -> None:
    path = maildir.folder(b".A") + b"/" + name
    os.truncate(maildir.path(maildir.file(path, b"")), 1 << 30)
    maildir.survey()
    assert "bytes are more than mbsync writes" in maildir.not_examined()[path]


def test_damaged_state_is_found_in_a_folder(maildir: SurveyMaildir) -> None:
    maildir.folder(b".Sent")
    maildir.file(b".Sent/.uidvalidity", b"")
    maildir.file(b".Sent/.mbsyncstate", b"\0" * 100)
    maildir.survey()
    code = "sync-state-damaged"
    assert maildir.codes() == {b".Sent/.uidvalidity": {code}, b".Sent/.mbsyncstate": {code}}


def test_a_state_that_is_too_large_to_be_read_is_told(maildir: SurveyMaildir) -> None:
    for name in (b".uidvalidity", b".mbsyncstate"):
        os.truncate(maildir.at(maildir.file(name, b"1\n2\n")), 1 << 30)
    maildir.survey()
    assert maildir.codes() == {}
    assert set(maildir.not_examined()) == {b".uidvalidity", b".mbsyncstate"}


@pytest.mark.parametrize("name", [b"subscriptions", b"courierimapsubscribed"])
def test_subscriptions_that_are_too_large_to_be_read_are_told(
    maildir: SurveyMaildir, name: bytes
) -> None:
    maildir.file(name, b"a\n" * (1 << 19))
    maildir.survey()
    assert maildir.not_examined() == {}
    maildir.file(name, b"a\n" * (1 << 19) + b"b\n")
    maildir.survey()
    assert "bytes are more than servers write" in maildir.not_examined()[name]
