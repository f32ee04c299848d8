"""What the list files of a folder say about it."""

from __future__ import annotations

import dataclasses
import os

import pytest

from mailsurgeon.survey.uidlists.folder_details import FolderDetails, folder_details
from tests.survey.survey_maildir import SurveyMaildir


def test_without_any_list_nothing_is_said(maildir: SurveyMaildir) -> None:
    assert folder_details(maildir.spool, maildir.folder(b".Sent")) == FolderDetails()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (b"subscriptions", b"Sent\n"),
        (b"subscriptions", b"V\t2\n\nSent\n"),
        (b"courierimapsubscribed", b"INBOX.Sent\n"),
    ],
)
def test_a_restored_folder_is_not_subscribed(
    maildir: SurveyMaildir, name: bytes, data: bytes
) -> None:
    maildir.folder(b".Sent")
    maildir.folder(b".Restored")
    maildir.file(name, data)
    said = {path: folder_details(maildir.spool, path) for path in (b".Sent", b".Restored", b"")}
    assert [details.subscribed for details in said.values()] == [True, False, False]
    assert {details.subscriptions for details in said.values()} == {name.decode()}


def test_dovecots_list_goes_before_couriers_and_lies_in_its_control_directory(
    maildir: SurveyMaildir,
) -> None:
    maildir.folder(b".A")
    maildir.file(b"courierimapsubscribed", b"INBOX.A\n")
    control = os.fsencode(maildir.home / "control")
    os.mkdir(control)
    elsewhere = dataclasses.replace(maildir.spool, control=control)
    assert folder_details(elsewhere, b".A").subscribed is True
    with open(os.path.join(control, b"subscriptions"), "wb") as file:
        file.write(b"B\n")
    assert folder_details(elsewhere, b".A").subscribed is False


def test_the_numbers_of_a_uidlist(maildir: SurveyMaildir) -> None:
    maildir.file(b"dovecot-uidlist", b"3 V1300000000 N1 Pabc\n1 :a\n7 :b\n")
    maildir.folder(b".C")
    maildir.file(b".C/courierimapuiddb", b"1 5 9\n1 a\n")
    inbox, couriers = (folder_details(maildir.spool, path) for path in (b"", b".C"))
    assert (inbox.uidlist, inbox.uidvalidity, inbox.next_uid) == ("dovecot-uidlist", 1300000000, 8)
    assert (couriers.uidlist, couriers.uidvalidity, couriers.next_uid) == ("courierimapuiddb", 5, 9)


def test_a_uidlist_without_a_header_is_told_to_be_so(maildir: SurveyMaildir) -> None:
    maildir.file(b"dovecot-uidlist", b"rubbish\n")
    details = folder_details(maildir.spool, b"")
    assert (details.uidlist, details.uidvalidity) == ("dovecot-uidlist", None)
    assert "no uidlist header" in details.damage


def test_a_list_that_is_no_file_is_none(maildir: SurveyMaildir) -> None:
    os.mkfifo(maildir.path(b"subscriptions"))
    assert folder_details(maildir.spool, b"").subscribed is None
