"""Mail stores of other kinds: known by their own marks, and left alone with all that is in them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailsurgeon.survey.walk.foreign_stores import (
    DBOX,
    MBOX,
    MDBOX,
    MH,
    NNMAILDIR,
    THUNDERBIRD,
    ForeignStore,
)
from mailsurgeon.survey.walk.walk import walk
from mailsurgeon.survey.walk.watched import directories
from tests.support.protects import protects
from tests.survey.survey_maildir import SurveyMaildir, text

MAILBOX = b"From a@example.org Mon Jan  1 00:00:00 2018\n" + text()
SUMMARY = b'// <!-- <mdb:mork:z v="1.4"/> -->\n'


def sdbox(maildir: SurveyMaildir, path: bytes) -> None:
    for name in (b"INBOX", b"A/B"):
        maildir.mail(path + b"/mailboxes/" + name + b"/dbox-Mails/u.1")
        maildir.file(path + b"/mailboxes/" + name + b"/dbox-Mails/dovecot.index.log", b"")
    maildir.file(path + b"/dovecot.list.index.log", b"")


def mdbox(maildir: SurveyMaildir, path: bytes) -> None:
    maildir.mail(path + b"/storage/m.1")
    maildir.file(path + b"/storage/dovecot.map.index.log", b"")
    maildir.file(path + b"/mailboxes/INBOX/dbox-Mails/dovecot.index.log", b"")


def mh(maildir: SurveyMaildir, path: bytes) -> None:
    maildir.file(path + b"/.mh_sequences", b"unseen: 1\n")
    maildir.mail(path + b"/1")
    maildir.mail(path + b"/inbox/2")
    maildir.file(path + b"/inbox/.mh_sequences", b"")


def thunderbird(maildir: SurveyMaildir, path: bytes) -> None:
    for name in (b"Inbox", b"Sent", b"Archives.sbd/2024"):
        maildir.folder(path + b"/" + name, "cur", "tmp")
        maildir.file(path + b"/" + name + b".msf", SUMMARY)
    maildir.mail(path + b"/Inbox/cur/m1@example.org.eml")
    maildir.mail(path + b"/Archives.sbd/2024/cur/m2@example.org.eml")


def gnus(maildir: SurveyMaildir, path: bytes) -> None:
    maildir.folder(path)
    maildir.mail(path + b"/cur/1.M1.host")
    maildir.file(path + b"/.nnmaildir/marks/read/1.M1.host", b"")


STORES: list[tuple[Callable[[SurveyMaildir, bytes], None], str, int | None]] = [
    (sdbox, DBOX, 2), (mdbox, MDBOX, None), (mh, MH, 2), (thunderbird, THUNDERBIRD, 2),
    (gnus, NNMAILDIR, 1),
]  # fmt: skip


@pytest.mark.parametrize(("make", "kind", "messages"), STORES)
@pytest.mark.parametrize("place", [b"store", b".A/store"])
@protects("nothing in a store of another kind is examined", where="survey/walk/walk.py")
def test_a_store_is_named_and_nothing_in_it_is_looked_at(
    maildir: SurveyMaildir,
    make: Callable[[SurveyMaildir, bytes], None],
    kind: str,
    messages: int | None,
    place: bytes,
) -> None:
    maildir.folder(b".A")
    make(maildir, place)
    maildir.survey()
    assert maildir.codes() == {place: {"foreign-store"}}
    found = maildir.problem(place, "foreign-store")
    assert found.detail == {"kind": kind, "messages": messages}
    assert (found.remedy, found.severity) == (None, 0)
    told = [(each.path, each.reason) for each in maildir.index.not_examined()]
    assert told == [(place, f"a store of another kind: {kind}")]
    watched = [each.path for each in directories(maildir.spool.root)]
    assert not any(path.startswith(place) for path in watched)


def test_dovecots_stores_beside_maildirs_are_told_one_by_one(maildir: SurveyMaildir) -> None:
    maildir.folder(b".Sent")
    mdbox(maildir, b"x")
    for name in (b"storage", b"mailboxes"):
        maildir.path(b"x/" + name).rename(maildir.path(name))
    maildir.survey()
    assert maildir.codes() == {
        b"storage": {"foreign-store"}, b"mailboxes": {"foreign-store"}, b"x": {"stray-directory"},
    }  # fmt: skip
    assert {row.detail["kind"] for row in maildir.index.problems(codes=["foreign-store"])} == {
        MDBOX
    }


def test_dovecots_store_in_a_parent_of_maildirs(fs_maildir: SurveyMaildir) -> None:
    mdbox(fs_maildir, b"mail")
    fs_maildir.folder(b"mail/Sent")
    found = walk(fs_maildir.spool.root)
    assert set(found.folders) == {b"mail/Sent"}
    assert [store.path for store, _ in found.stores] == [b"mail/storage", b"mail/mailboxes"]


def test_folders_called_as_parts_of_dovecots_stores_are_folders(fs_maildir: SurveyMaildir) -> None:
    for name in (b"storage", b"mailboxes/INBOX", b"mailboxes/dbox-Mails"):
        fs_maildir.folder(name)
    assert walk(fs_maildir.spool.root).stores == []


def test_an_mbox_in_the_place_of_a_folder(maildir: SurveyMaildir) -> None:
    maildir.folder(b".A")
    two = MAILBOX + b"\n" + MAILBOX
    paths = (b".Drafts", b"old/archive.mbox")
    for path in (*paths, b".A/mbox"):  # that one lies in a folder
        maildir.file(path, two)
    maildir.file(b".profile-like", b"words\n")
    for _ in range(2):
        maildir.survey()
        assert maildir.codes() == {path: {"foreign-store"} for path in paths}
    assert maildir.problem(b"old/archive.mbox", "foreign-store").detail["kind"] == MBOX


def test_thunderbirds_folders_beside_others_are_told_one_by_one(
    fs_maildir: SurveyMaildir,
) -> None:
    thunderbird(fs_maildir, b"mail")
    fs_maildir.folder(b"mail/Work")
    found = walk(fs_maildir.spool.root)
    assert set(found.folders) == {b"mail/Work"}
    stores = [store.path for store, _ in found.stores]
    assert stores == [b"mail/Inbox", b"mail/Sent", b"mail/Archives.sbd"]


def test_a_summary_file_makes_no_store_of_a_maildir_that_servers_use(
    fs_maildir: SurveyMaildir,
) -> None:
    fs_maildir.folder(b"Work")
    fs_maildir.mail(b"Work/cur/1.M1.host:2,S")
    fs_maildir.file(b"Work.msf", SUMMARY)
    found = walk(fs_maildir.spool.root)
    assert (set(found.folders), found.stores) == ({b"Work"}, [])


def test_marks_of_gnus_in_a_folder_that_a_server_numbers_are_only_its_own(
    maildir: SurveyMaildir,
) -> None:
    gnus(maildir, b".A")
    maildir.file(b".A/dovecot-uidlist", b"3 V1 N2 G" + b"0" * 32 + b"\n")
    found = walk(maildir.spool.root, layout="maildir++")
    assert (set(found.folders), found.stores) == ({b"", b".A"}, [])


@pytest.mark.parametrize(
    "path", [b"storage/notes", b"mailboxes/notes", b"old/1", b".A/.mh_sequences", b"mailbox.msf"]
)
def test_what_only_looks_like_one(maildir: SurveyMaildir, path: bytes) -> None:
    maildir.folder(b".A")
    maildir.file(path, b"words\n")
    found: list[tuple[ForeignStore, bytes | None]] = walk(maildir.spool.root).stores
    assert found == []
