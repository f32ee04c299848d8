"""Names that are not mail."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.reserved import (
    is_servers_directory,
    is_servers_file,
    keeps_state,
    marks_folder,
    never_a_folder,
    never_leftover,
)

DOVECOT = (
    b"dovecot-uidlist", b"dovecot-uidlist.lock", b"dovecot-uidlist.tmp", b"dovecot-keywords",
    b"dovecot-keywords.lock", b"dovecot-uidvalidity", b"dovecot-uidvalidity.5f5e1000",
    b"dovecot.index", b"dovecot.index.cache", b"dovecot.index.log", b"dovecot.index.log.2",
    b"dovecot.list.index.log", b"dovecot.mailbox.log", b"dovecot-acl", b"dovecot-acl-list",
    b"dovecot-shared", b"dovecot-vsize.lock", b"subscriptions", b"maildirfolder",
    b"temp.host.1234.abcdef", b"extra-data",
)  # fmt: skip
COURIER = (
    b"courierimapuiddb", b"courierimapacl", b"courierimapsubscribed", b"courierpop3dsizelist",
    b"maildirsize", b"maildirfilter", b"maildirfilterconfig", b"shared-maildirs",
)  # fmt: skip
OTHERS = (
    b".uidvalidity", b".isyncuidmap.db", b".mbsyncstate", b".mbsyncstate.journal",
    b".mbsyncstate.lock", b".mbsyncstate.new", b".mh_sequences", b".mutt_cache", b".sieve",
    b".dovecot.lda-dupes", b".nfs000000001234", b".keep",
)  # fmt: skip


@pytest.mark.parametrize("name", [*DOVECOT, *COURIER, *OTHERS])
def test_servers_files_are_never_mail(name: bytes) -> None:
    assert is_servers_file(name)


@pytest.mark.parametrize(
    "name",
    [b"1224790447.M1P1.host", b"1224790447.M1P1.host,S=1:2,S", b"mail.eml", b"temp", b"temperature",
     b"INBOX", b"subscribe"],
)  # fmt: skip
def test_other_files_may_be_mail(name: bytes) -> None:
    assert not is_servers_file(name)


@pytest.mark.parametrize(
    "name",
    [b"courierimapkeywords", b"courierimaphieracl", b".notmuch", b"dovecot-attributes",
     b"..DOVECOT-TRASHED", b"extra-data", b".sieve", b".sieve-scripts", b"fts-flatcurve",
     b".Trash-1000", b"lost+found", b"@eaDir", b".mail-compress"],
)  # fmt: skip
def test_servers_directories(name: bytes) -> None:
    assert is_servers_directory(name)


@pytest.mark.parametrize(
    "name", [b".Sent", b"Sent", b"cur", b".notmuch2", b"old", b"sieves", b"fts", b".Trash"]
)
def test_other_directories(name: bytes) -> None:
    assert not is_servers_directory(name)


def test_a_mailbox_that_dovecot_is_deleting_is_no_folder() -> None:
    assert never_a_folder(b"..DOVECOT-TRASHED")
    assert not never_a_folder(b".notmuch")


@pytest.mark.parametrize(
    "name",
    [b"maildirfolder", b"dovecot-uidlist", b"courierimapuiddb", b".uidvalidity"],
)
def test_files_that_say_that_their_directory_is_a_folder(name: bytes) -> None:
    assert marks_folder(name)


@pytest.mark.parametrize(
    "name", [b"dovecot-uidvalidity", b"dovecot.index", b"subscriptions", b"maildirsize", b"x"]
)
def test_files_that_do_not(name: bytes) -> None:
    assert not marks_folder(name)


def test_files_in_which_servers_keep_state() -> None:
    kept = [name for name in (*DOVECOT, *COURIER) if not name.startswith((b"temp.", b"extra-"))]
    assert all(keeps_state(name) for name in kept)
    assert all(map(keeps_state, (b".uidvalidity", b".mbsyncstate", b".isyncuidmap.db")))
    assert not any(map(keeps_state, (b".keep", b".mutt_cache", b"1.M1.host", b"mail.eml")))


@pytest.mark.parametrize("name", [b".1234.M1P1.host", b".nfs0000000012345678", b"courier.lock"])
def test_what_is_no_leftover_of_a_delivery(name: bytes) -> None:
    assert never_leftover(name)


def test_any_other_file_in_tmp_is_one() -> None:
    assert not never_leftover(b"1224790447.M1P1.host")
    assert not never_leftover(b"dovecot-uidlist")
