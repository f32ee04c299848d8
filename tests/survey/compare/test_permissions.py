"""Modes: one folder unlike the others, and messages unlike most."""

from __future__ import annotations

import os

import pytest

from mailsurgeon.diagnosis.folder_rules import message_mode, most_usual
from tests.survey.survey_maildir import SurveyMaildir

CODE = "bad-permissions"
PARTS = (b"", b"/cur", b"/new", b"/tmp")
FILE = 0o100000


@pytest.mark.parametrize(
    ("modes", "usual"),
    [
        ({}, None),
        ({0o700: 1}, 0o700),
        ({0o700: 1, 0o755: 1}, None),
        ({0o700: 2, 0o2770: 1}, 0o700),
        ({0o755: 1, 0o2755: 2, 0o700: 2}, 0o2755),  # Dovecot does not compare the other bits
        ({0o755: 1, 0o750: 1, 0o700: 1}, None),
    ],
)
def test_the_usual_mode(modes: dict[int, int], usual: int | None) -> None:
    assert most_usual(modes) == usual


@pytest.mark.parametrize(
    ("mode", "usual", "should_be"),
    [
        (0o000, 0o600, 0o600),
        (0o000, 0o644, 0o644),
        (0o666, 0o600, 0o600),
        (0o666, 0o666, 0o664),  # others may never write
        (0o600, 0o644, 0o600),  # its owner alone is wrong
        (0o644, 0o600, 0o600),
        (0o000, 0o755, 0o755),
    ],
)
def test_the_mode_of_a_message(mode: int, usual: int, should_be: int) -> None:
    assert message_mode(FILE | mode, usual) == should_be


def modes(maildir: SurveyMaildir, folder: bytes, mode: int) -> None:
    for part in PARTS:
        os.chmod(maildir.at(folder + part if folder else part[1:]), mode)


def should_be(maildir: SurveyMaildir) -> dict[bytes, str]:
    maildir.survey()
    return {
        path: rows[CODE].detail["should_be"]["mode"] for path, rows in maildir.problems().items()
    }


def test_a_folder_unlike_the_others(maildir: SurveyMaildir) -> None:
    for folder in (b".Sent", b".Trash", b".Work"):
        maildir.folder(folder)
    modes(maildir, b".Work", 0o2770)
    assert should_be(maildir) == {b".Work" + part: "0700" for part in PARTS}


def test_only_what_keeps_dovecot_from_moving_a_folder(maildir: SurveyMaildir) -> None:
    for folder in (b".Sent", b".Trash", b".Work", b".Shared"):
        maildir.folder(folder)
    os.chmod(maildir.at(b".Work/cur"), 0o755)  # it looks at the folder's own directory
    os.chmod(maildir.at(b".Work"), 0o1700)
    modes(maildir, b".Shared", 0o2770)
    maildir.file(b".Shared/dovecot-shared", b"")
    modes(maildir, b"", 0o750)  # the root is never moved
    assert should_be(maildir) == {}


def test_half_of_the_folders_are_no_majority(maildir: SurveyMaildir) -> None:
    maildir.folder(b".Work")
    modes(maildir, b".Work", 0o750)
    assert should_be(maildir) == {}


def test_what_most_have_is_judged_as_it_will_be(maildir: SurveyMaildir) -> None:
    """Else a repair of some would bring the problem to light in others."""
    for path in (b".A", b".B", b".C", b".D"):
        maildir.folder(path)
    for path, mode in ((b".A", 0), (b".B", 0o500), (b".C", 0o755), (b".D", 0o777)):
        maildir.path(path).chmod(mode)
    maildir.path(b".B/cur").chmod(0o777)
    found = should_be(maildir)
    assert found == dict.fromkeys((b".A", b".B", b".B/cur", b".C", b".D"), "0700")


def test_a_message_gets_the_mode_of_most(maildir: SurveyMaildir) -> None:
    for number in range(5):
        os.chmod(maildir.at(maildir.mail(b"cur/%d.a:2,S" % number, number)), 0o640)
    bad = maildir.mail(b"cur/6.a:2,S", 6)
    os.chmod(maildir.at(bad), 0o666)
    assert should_be(maildir) == {bad: "0640"}
    maildir.mail(b"cur/7.a:2,S", 7)
    assert should_be(maildir) == {bad: "0640"}
    assert maildir.contents() == maildir.fresh_contents()


@pytest.mark.usefixtures("reads")  # every survey trusts the times of what it has seen
def test_what_most_had_is_forgotten_when_all_are_bad(maildir: SurveyMaildir) -> None:
    """A message that no survey looks at again must not keep the mode that others had."""
    maildir.folder(b".A")
    bad, other = maildir.mail(b".A/cur/1.a:2,S", 1), maildir.mail(b"cur/2.a:2,S", 2)
    os.chmod(maildir.at(bad), 0)
    assert should_be(maildir) == {bad: "0600"}
    os.chmod(maildir.at(other), 0o602)
    assert should_be(maildir) == {bad: "0400", other: "0600"}
    assert maildir.contents() == maildir.fresh_contents()
