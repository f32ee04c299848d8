"""Directories that are no folders: what is stray, and what is somebody's."""

from __future__ import annotations

import os

import pytest

from tests.support.protects import protects
from tests.survey.survey_maildir import SurveyMaildir


def test_a_directory_in_a_folder_is_stray(maildir: SurveyMaildir) -> None:
    maildir.file(b"old/notes", b"words\n")
    maildir.survey()
    assert maildir.codes() == {b"old": {"stray-directory"}}


@pytest.mark.parametrize("sign", [b".ssh/id", b".config/x", b".local/state/x", b".bashrc"])
@pytest.mark.parametrize("layout", ["maildir++", "fs"])
@protects(
    "nothing of somebody's home is offered for the quarantine",
    where="survey/compare/directories.py",
)
def test_in_a_home_that_is_a_maildir_nothing_is_stray(
    maildir: SurveyMaildir, sign: bytes, layout: str
) -> None:
    maildir.folder(b".A" if layout == "maildir++" else b"A")
    maildir.file(sign, b"words\n")
    for path in (b".cache/x", b"Documents/notes", b"bin/run"):
        maildir.file(path, b"words\n")
    maildir.spool = maildir.tree.spool(layout)
    maildir.survey()
    assert maildir.codes() == {}


def test_outside_every_maildir_nothing_is_stray(fs_maildir: SurveyMaildir) -> None:
    fs_maildir.folder(b"A")
    fs_maildir.file(b"A/inside/notes", b"words\n")
    for path in (b".ssh/id", b"Documents/notes"):
        fs_maildir.file(path, b"words\n")
    fs_maildir.survey()
    assert fs_maildir.codes() == {b"A/inside": {"stray-directory"}}


def test_a_directory_in_which_a_server_keeps_files_is_not_stray(maildir: SurveyMaildir) -> None:
    maildir.file(b"indexes/.A/dovecot.index.log", b"")
    maildir.survey()
    assert maildir.codes() == {}


SERVERS = [
    b"subscriptions", b"dovecot-uidlist", b"dovecot-keywords", b"dovecot-uidvalidity",
    b"dovecot.index.cache", b"courierimapuiddb", b"courierimapsubscribed", b"maildirsize",
    b".uidvalidity", b".mbsyncstate", b"maildirfolder",
]  # fmt: skip


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("kind", ["directory", "fifo", "symlink"])
def test_what_is_no_file_in_a_servers_place(maildir: SurveyMaildir, name: bytes, kind: str) -> None:
    make = {"directory": os.mkdir, "fifo": os.mkfifo, "symlink": lambda at: os.symlink("no", at)}
    make[kind](maildir.at(name))
    maildir.survey()
    assert maildir.codes() == {name: {"linked"}}
    found = maildir.problem(name, "linked")
    assert (found.remedy, found.detail["kind"]) == ("quarantine", kind)


def test_a_maildir_in_a_servers_place_keeps_its_mail(maildir: SurveyMaildir) -> None:
    maildir.folder(b"subscriptions")
    maildir.mail(b"subscriptions/cur/1.M1.host:2,S")
    maildir.survey()
    assert maildir.codes() == {b"subscriptions": {"linked", "nested-folder"}}
    assert maildir.problem(b"subscriptions", "linked").remedy is None


def test_a_link_that_a_server_may_use_is_left(maildir: SurveyMaildir) -> None:
    maildir.file(b"../elsewhere", b"A\n")
    os.symlink("../elsewhere", maildir.at(b"subscriptions"))
    maildir.survey()
    assert maildir.problem(b"subscriptions", "linked").remedy is None


def test_a_users_folder_may_be_called_so_where_no_server_is(fs_maildir: SurveyMaildir) -> None:
    fs_maildir.folder(b"subscriptions")
    fs_maildir.survey()
    assert fs_maildir.codes() == {}
    fs_maildir.file(b"dovecot-uidvalidity", b"")
    fs_maildir.survey()
    assert fs_maildir.codes() == {b"subscriptions": {"linked"}}
