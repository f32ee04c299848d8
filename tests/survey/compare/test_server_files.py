"""Directories and servers' files: permissions, lists, locks, indexes, strays."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mailsurgeon.survey.compare.permissions import ROOT_OWNS
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.run import run_survey
from tests.survey.survey_maildir import SurveyMaildir, text

HOST = os.fsencode(socket.gethostname())
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


# missing-subdir, nested-folder, stray-directory


def test_folders_that_lack_a_directory(maildir: SurveyMaildir) -> None:
    maildir.folder(b".A", "cur", "tmp")
    maildir.file(b".B/maildirfolder", b"")
    maildir.survey()
    rows = {row.path: row.detail["missing"] for row in maildir.index.problems()}
    assert rows == {b".A": ["new"], b".B": ["cur", "new", "tmp"]}


def test_a_directory_that_is_a_link_is_there_and_what_is_none_is_in_the_way(
    maildir: SurveyMaildir,
) -> None:
    """Dovecot 2.3.19 follows a link to a directory, and fails at all else."""
    for path in (b".Linked", b".Dangling", b".File", b".Fifo"):
        maildir.folder(path, "new", "tmp")
    maildir.path(b"../store").mkdir()
    maildir.path(b".Linked/cur").symlink_to("../../store")
    maildir.path(b".Dangling/cur").symlink_to("nowhere")
    maildir.file(b".File/cur", b"")
    os.mkfifo(maildir.path(b".Fifo/cur"))
    maildir.path(b".Both").mkdir(0o700)
    for name in (b"cur", b"new", b"tmp"):
        maildir.path(b".Both/" + name).symlink_to("../../store")
    maildir.survey()
    assert maildir.codes() == {
        path: {"missing-subdir"} for path in (b".Dangling", b".File", b".Fifo")
    }
    assert {row.remedy for row in maildir.index.problems()} == {None}
    folders = {row.path for row in maildir.index.folders()}
    assert {b".Linked", b".Both"} < folders
    assert {b".Linked/cur", b".Both/cur", b".Dangling/cur"} < set(maildir.not_examined())


def test_inbox_may_lack_one_too(maildir: SurveyMaildir) -> None:
    maildir.path(b"new").rmdir()
    maildir.survey()
    assert maildir.codes() == {b"": {"missing-subdir"}}


def test_a_nested_folder_is_one_of_its_own(maildir: SurveyMaildir) -> None:
    maildir.folder(b".A")
    maildir.folder(b".A/B")
    maildir.mail(b".A/B/cur/1.host:2,SF")
    maildir.survey()
    assert maildir.codes() == {b".A/B": {"nested-folder"}, b".A/B/cur/1.host:2,SF": {"bad-flags"}}
    assert maildir.problem(b".A/B", "nested-folder").detail["becomes"] == ".A.B"
    assert {row.path: row.messages for row in maildir.index.folders()}[b".A/B"] == 1


def test_in_the_fs_layout_folders_nest(fs_maildir: SurveyMaildir) -> None:
    for path in (b"A", b"A/B", b".C"):
        fs_maildir.folder(path)
    fs_maildir.survey()
    assert fs_maildir.codes() == {}


def test_stray_directories(maildir: SurveyMaildir) -> None:
    maildir.folder(b".A")
    maildir.path(b"empty").mkdir()
    maildir.path(b".Empty").mkdir()
    maildir.file(b".A/scratch/a/b/notes", b"no mail\n")
    maildir.path(b".A/scratch/c").mkdir()
    maildir.survey()
    rows = {row.path: (row.severity, row.remedy) for row in maildir.index.problems()}
    assert rows == {
        b"empty": (0, "quarantine"),
        b".Empty": (0, None),  # Dovecot lists it as a folder
        b".A/scratch": (0, "quarantine"),  # the topmost alone
    }


def test_a_directory_beside_mail_is_stray_and_that_around_mail_is_not(
    maildir: SurveyMaildir,
) -> None:
    mail = maildir.mail(b"export/full/1.host")
    maildir.path(b"export/empty/deep").mkdir(parents=True)
    maildir.path(b"other/empty").mkdir(parents=True)
    maildir.folder(b"other/.Folder")
    maildir.survey()
    strays = {row.path for row in maildir.index.problems(codes=["stray-directory"])}
    assert strays == {b"export/empty", b"other/empty"}
    assert maildir.codes()[mail] == {"misfiled"}


@pytest.mark.parametrize(
    "what", [b"scratch/CRYPTED", b"scratch/broken"], ids=["encrypted", "undecodable"]
)
def test_what_cannot_be_looked_at_may_be_mail(maildir: SurveyMaildir, what: bytes) -> None:
    maildir.file(what, b"CRYPTED\x03" if b"CRYPTED" in what else b"\x1f\x8b\x08broken")
    maildir.survey()
    assert maildir.codes() == {}
    assert set(maildir.not_examined()) == {what}


def test_nor_is_one_stray_with_an_excluded_directory_in_it(tmp_path: Path) -> None:
    maildir = SurveyMaildir(tmp_path, options=Options(exclude=("secret",)))
    maildir.mail(b"scratch/secret/1.host")
    maildir.survey()
    assert maildir.codes() == {}
    maildir.close()


@pytest.mark.parametrize("name", [b".notmuch", b"courierimapkeywords", b"extra-data"])
def test_servers_directories_are_not_stray(maildir: SurveyMaildir, name: bytes) -> None:
    maildir.file(name + b"/x", b"words\n")
    maildir.survey()
    assert maildir.codes() == {}


def test_a_directory_in_cur_that_may_hold_mail_stays(maildir: SurveyMaildir) -> None:
    one = b"From a@example.org Mon Jan  1 00:00:00 2018\n" + text()
    maildir.file(b"cur/old/archive.mbox", one + b"\n" + one)
    maildir.survey()
    assert maildir.problem(b"cur/old", "linked").remedy is None


def test_a_directory_in_cur_that_holds_mail_stays(maildir: SurveyMaildir) -> None:
    maildir.path(b"cur/empty").mkdir()
    mail = maildir.mail(b"cur/full/deep/1.host")
    maildir.survey()
    assert maildir.codes() == {
        b"cur/empty": {"linked"}, b"cur/full": {"linked"}, mail: {"misfiled"},
    }  # fmt: skip
    assert maildir.problem(b"cur/empty", "linked").remedy == "quarantine"
    assert maildir.problem(b"cur/full", "linked").remedy is None


# bad-permissions


@pytest.mark.parametrize(
    ("path", "mode", "should_be"),
    [
        (b"cur/1.host:2,S", 0o602, "0600"),
        (b"cur/1.host:2,S", 0o200, "0600"),
        (b"stray", 0o606, "0600"),  # as most messages
        (b"cur", 0o707, "0700"),  # as most directories, never wider
        (b"new", 0o500, "0700"),
        (b".A", 0o777, "0775"),
        (b"dovecot-uidlist", 0o666, "0664"),
        (b".uidvalidity", 0o602, "0600"),
        (b"", 0o702, "0700"),
    ],
)
def test_modes(maildir: SurveyMaildir, path: bytes, mode: int, should_be: str) -> None:
    maildir.folder(b".A")
    maildir.mail(b"cur/1.host:2,S")
    maildir.mail(b"stray", 2)
    maildir.file(b"dovecot-uidlist", b"3 V1 N9\n")
    maildir.file(b".uidvalidity", b"1\n9\n")
    os.chmod(maildir.at(path) if path else maildir.spool.root, mode)
    maildir.survey()
    rows = {row.path: row for row in maildir.index.problems(codes=["bad-permissions"])}
    assert set(rows) == {path}
    assert rows[path].detail["mode"] == f"{mode:04o}"
    assert rows[path].detail["should_be"]["mode"] == should_be
    assert (rows[path].severity, rows[path].remedy) == (1, "fix-permissions")


def test_modes_of_what_is_none_of_these(maildir: SurveyMaildir) -> None:
    maildir.file(b"tmp/1.host", text())
    maildir.file(b"notes", b"words\n")
    for path in (b"tmp/1.host", b"notes"):
        os.chmod(maildir.at(path), 0o666)
    os.symlink("nowhere", maildir.at(b"cur/link"))
    maildir.survey()
    assert not list(maildir.index.problems(codes=["bad-permissions"]))


def give(maildir: SurveyMaildir, owner: int, group: int, *paths: bytes) -> None:
    for path in paths or [b""]:
        os.lchown(maildir.at(path) if path else maildir.spool.root, owner, group)


def give_all(maildir: SurveyMaildir, owner: int, group: int) -> None:
    for directory, names, files in os.walk(maildir.spool.root):
        for name in [b"", *names, *files]:
            os.lchown(os.path.join(directory, name), owner, group)


@as_root
def test_owners_are_compared_with_most_cur_directories(maildir: SurveyMaildir) -> None:
    for path in (b".A", b".B"):
        maildir.folder(path)
    maildir.mail(b"cur/1.host:2,S")
    maildir.mail(b"cur/2.host:2,S", 2)
    give_all(maildir, 1000, 1000)
    give(maildir, 33, 1000, b"cur/1.host:2,S", b".A/cur")
    give(maildir, 1000, 0, b".B/tmp")
    maildir.survey()
    rows = {row.path: row.detail for row in maildir.index.problems(codes=["bad-permissions"])}
    assert set(rows) == {b"cur/1.host:2,S", b".A/cur", b".B/tmp"}
    for detail in rows.values():
        assert (detail["should_be"]["owner"], detail["should_be"]["group"]) == (1000, 1000)
    assert (rows[b".B/tmp"]["owner"], rows[b".B/tmp"]["group"]) == (1000, 0)
    assert maildir.index.notes() == []


@as_root
def test_root_is_no_reference_and_the_survey_says_so(maildir: SurveyMaildir) -> None:
    maildir.mail(b"cur/1.host:2,S")
    give(maildir, 33, 33, b"cur/1.host:2,S")
    maildir.survey()
    assert maildir.codes() == {}
    assert maildir.index.notes() == [ROOT_OWNS]
    give_all(maildir, 1000, 1000)
    maildir.survey()
    assert maildir.index.notes() == []


# uid-clash


def test_uids_of_sync_tools(maildir: SurveyMaildir) -> None:
    maildir.folder(b".A")
    for number, path in enumerate(
        (b"cur/1.host,U=5:2,S", b"new/2.host,U=5", b"cur/3.host,U=9:2,S", b".A/cur/4.host,U=5:2,")
    ):
        maildir.mail(path, number)
    maildir.file(b".uidvalidity", b"1300000000\n8\n")
    maildir.survey()
    rows = {row.path: row for row in maildir.index.problems(codes=["uid-clash"])}
    assert set(rows) == {b"cur/1.host,U=5:2,S", b"new/2.host,U=5", b"cur/3.host,U=9:2,S"}
    assert rows[b"cur/3.host,U=9:2,S"].remedy == "rename"
    clash = {rows[path].remedy for path in rows if b"U=5" in path}
    assert clash == {None, "rename"}


@pytest.mark.parametrize("data", [b"", b"1300000000\n", b"words\nwords\n", b"1\n9\n"])
def test_a_uidvalidity_that_says_nothing_of_it(maildir: SurveyMaildir, data: bytes) -> None:
    maildir.mail(b"cur/1.host,U=9:2,S")
    maildir.file(b".uidvalidity", data)
    maildir.survey()
    assert b"cur/1.host,U=9:2,S" not in maildir.codes()


# uidlist-damaged, big-uid


@pytest.mark.parametrize(
    ("name", "data", "codes"),
    [
        (b"dovecot-uidlist", b"3 V1 N9\n1 :a\n", set[str]()),
        (b"dovecot-uidlist", b"1 1 9\n1 a\n", set[str]()),
        (b"courierimapuiddb", b"1 1 9\n1 a\n", set[str]()),
        (b"dovecot-uidlist", b"3 V1 N9\nwords\n", {"uidlist-damaged"}),
        (b"courierimapuiddb", b"1 1 9\nwords\n", {"uidlist-damaged"}),
        (b"dovecot-uidlist", b"3 V1 N9\n2147483647 :a\n", set[str]()),
        (b"dovecot-uidlist", b"3 V1 N9\n2147483648 :a\n", {"big-uid"}),
        (b"dovecot-uidlist", b"3 V1 N2147483649\n1 :a\n", {"big-uid"}),
        (b"dovecot-uidlist", b"3 V1 N2147483648\n1 :a\n", set[str]()),
        (b"dovecot-uidlist", b"3 V1 N9\n2147483648 :a\n0 :b\n", {"big-uid", "uidlist-damaged"}),
    ],
)
def test_lists_of_uids(maildir: SurveyMaildir, name: bytes, data: bytes, codes: set[str]) -> None:
    maildir.folder(b".A")
    maildir.file(b".A/" + name, data)
    maildir.survey()
    assert maildir.codes() == ({b".A/" + name: codes} if codes else {})


@pytest.mark.parametrize("data", [b"", b"words\n", b"2 V1 N9\n1 :a\n", b"3 V1 N9"])
def test_a_list_whose_header_is_bad_has_no_remedy(maildir: SurveyMaildir, data: bytes) -> None:
    maildir.file(b"dovecot-uidlist", data)
    maildir.survey()
    assert maildir.problem(b"dovecot-uidlist", "uidlist-damaged").remedy is None


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
@pytest.mark.parametrize(
    "name", [b"dovecot-uidlist", b"courierimapuiddb", b".uidvalidity", b"tmp/courier.lock"]
)
def test_a_list_that_is_no_file(
    maildir: SurveyMaildir, name: bytes, make: Callable[[bytes], None]
) -> None:
    maildir.mail(b"cur/1.host,U=5:2,S")
    make(maildir.at(name))
    maildir.survey()
    assert maildir.codes() == {name: {"linked"}}
    assert maildir.problem(name, "linked").remedy == "quarantine"
    assert maildir.index.not_examined() == []


@pytest.mark.parametrize("name", [b"dovecot-uidlist", b".uidvalidity"])
def test_a_list_that_may_not_be_read(nobodys_maildir: SurveyMaildir, name: bytes) -> None:
    nobodys_maildir.mail(b"cur/1.host,U=5:2,S")
    os.chmod(nobodys_maildir.at(nobodys_maildir.file(name, b"words\n")), 0)
    nobodys_maildir.survey()
    assert nobodys_maildir.codes() == {name: {"bad-permissions"}}


def test_lists_kept_elsewhere(maildir: SurveyMaildir) -> None:
    maildir.folder(b".A")
    maildir.mail(b".A/cur/1.host:2,S")
    control = maildir.home / "control"
    (control / ".A").mkdir(parents=True)
    (control / ".A" / "dovecot-uidlist").write_bytes(b"3 V1 N9\n1 S5 :1.host\nwords\n")
    spool = open_spool(maildir.root, Options(control=os.fsencode(control)))
    run_survey(spool, maildir.index)
    assert maildir.codes() == {
        b"../control/.A/dovecot-uidlist": {"uidlist-damaged"},
        b".A/cur/1.host:2,S": {"size-mismatch"},
    }


# stale-lock


def gone_pid() -> int:
    """The pid of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
        return child.pid


@pytest.mark.parametrize("name", [b"dovecot-uidlist.lock", b"tmp/courier.lock"])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_lock_whose_process_is_gone(maildir: SurveyMaildir, name: bytes, end: bytes) -> None:
    pid = gone_pid()
    maildir.file(name, b"%d:%s%s" % (pid, HOST, end))
    maildir.survey()
    row = maildir.problem(name, "stale-lock")
    assert (row.severity, row.remedy, row.detail["pid"]) == (0, "quarantine", pid)
    assert row.detail["age_seconds"] > 0


@pytest.mark.parametrize(
    "content",
    [
        lambda: b"%d:%s" % (os.getpid(), HOST),  # it lives
        lambda: b"%d:%s.elsewhere" % (gone_pid(), HOST),  # another host's
        lambda: b"",
        lambda: b"words\n",
        lambda: b"0:%s" % HOST,
    ],
)
def test_other_locks_are_left_alone(maildir: SurveyMaildir, content: Callable[[], bytes]) -> None:
    maildir.file(b"dovecot-uidlist.lock", content())
    maildir.survey()
    assert maildir.codes() == {}


def test_a_number_that_no_process_can_have(maildir: SurveyMaildir) -> None:
    maildir.file(b"dovecot-uidlist.lock", b"9999999999:" + HOST)
    maildir.survey()
    assert maildir.codes() == {b"dovecot-uidlist.lock": {"stale-lock"}}


# bloated-index


@pytest.mark.parametrize(
    ("name", "limit"),
    [(b"dovecot.index.cache", 1024**3), (b"courierimapkeywords/:list", 256 * 1024)],
)
@pytest.mark.parametrize("above", [False, True])
def test_an_index_grown_too_large(
    maildir: SurveyMaildir, name: bytes, limit: int, above: bool
) -> None:
    path = maildir.at(maildir.file(name, b""))
    os.truncate(path, limit + above)
    maildir.survey()
    assert maildir.codes() == ({name: {"bloated-index"}} if above else {})
    if above:
        row = maildir.problem(name, "bloated-index")
        assert (row.severity, row.remedy) == (1, "quarantine")
        assert row.detail["bytes"] == limit + 1


def test_how_large_is_an_option(tmp_path: Path) -> None:
    maildir = SurveyMaildir(tmp_path, options=Options(largest_cache=10, largest_keywords=20))
    maildir.file(b"dovecot.index.cache", bytes(11))
    maildir.file(b"courierimapkeywords/:list", bytes(20))
    maildir.survey()
    assert maildir.codes() == {b"dovecot.index.cache": {"bloated-index"}}
    maildir.close()
