"""Which folders a spool has, where its files are, and what is left out, by looking at names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsurgeon.survey.index.rows import Place
from mailsurgeon.survey.walk.found import FoundFolder, Walk
from mailsurgeon.survey.walk.layout import guess_layout
from mailsurgeon.survey.walk.listing import Listing
from mailsurgeon.survey.walk.walk import (
    ANOTHERS,
    FILE_NOT_FOLLOWED,
    LEVELS,
    NOT_FOLLOWED,
    TOO_DEEP,
    names_to_examine,
    walk,
)
from tests.support.protects import protects
from tests.survey.survey_maildir import SurveyMaildir

LONG_AGO = 1_600_000_000_000_000_000


def look(maildir: SurveyMaildir, *exclude: str) -> Walk:
    return walk(maildir.spool.root, exclude, layout=maildir.spool.layout)


def places(found: Walk) -> dict[bytes, tuple[bytes | None, Place, int]]:
    return {each.path: (each.folder, each.place, each.files) for each in found.directories}


# Layout


@pytest.mark.parametrize(
    ("folders", "layout"),
    [
        ([], "maildir++"),
        ([b""], "maildir++"),  # none below the root
        ([b"", b".Sent", b".Trash"], "maildir++"),
        ([b".Sent", b".Trash"], "maildir++"),  # without an INBOX too
        ([b"", b"Sent", b"Trash"], "fs"),
        ([b"", b".Sent", b".Trash", b"Old"], "maildir++"),
        ([b"", b".Sent", b"Old"], "maildir++"),  # one is enough in a root that is a Maildir
        ([b"", b".Sent", b"Old", b"Older", b"Oldest"], "maildir++"),
        ([b".Sent", b"Old"], "fs"),  # in a parent only half is not more than half
        ([b".A/B", b".A/C", b".Sent"], "fs"),  # .A is no folder: they are topmost
        ([b"", b".Sent", b".Sent/A", b".Sent/B"], "maildir++"),  # these lie in a folder
        ([b"near/INBOX", b"far/INBOX"], "fs"),  # mbsync
        ([b"inbox", b".inbox.directory/Sub"], "fs"),  # KMail
        ([b"A", b"A/.B", b".C"], "fs"),
        ([b"", b"example.org/anna", b"example.org/bert"], "maildir++"),  # cPanel
        ([b"", b"Work", b"lists.example.org/devel"], "fs"),
    ],
)
def test_the_layout_by_the_topmost_maildirs(folders: list[bytes], layout: str) -> None:
    subdirs = frozenset((b"cur", b"new", b"tmp"))
    guess = guess_layout({path: FoundFolder(path, subdirs) for path in folders})
    assert guess.layout == layout
    assert guess.because


def test_what_decided_the_layout_and_what_speaks_against_it_is_told() -> None:
    subdirs = frozenset((b"cur", b"new", b"tmp"))
    folders = {path: FoundFolder(path, subdirs) for path in (b"", b".Sent", b"Old", b"Older")}
    guess = guess_layout(folders)
    assert guess.because == "the root is a Maildir, and so is .Sent in it"
    assert "Old and 1 more would be of fs" in guess.note
    assert guess_layout({path: folders[path] for path in (b"", b".Sent")}).note == ""


def test_a_root_that_lost_cur_and_new_proves_no_layout() -> None:
    folders = {
        b"": FoundFolder(b"", frozenset()),
        b".A": FoundFolder(b".A", frozenset((b"cur",))),
        b"B": FoundFolder(b"B", frozenset((b"cur",))),
    }
    assert guess_layout(folders).layout == "fs"


# Folders


def test_a_folder_has_cur_or_new_and_tmp_alone_makes_none(maildir: SurveyMaildir) -> None:
    for part in ("cur", "new", "tmp"):
        maildir.folder(b".only-" + part.encode(), part)
    maildir.path(b".none").mkdir()
    found = look(maildir)
    assert {path: set(folder.present) for path, folder in found.folders.items()} == {
        b"": {b"cur", b"new", b"tmp"},
        b".only-cur": {b"cur"},
        b".only-new": {b"new"},
    }
    assert found.loose == [b".none", b".only-tmp", b".only-tmp/tmp"]


INDEXES = [b"dovecot.index", b"dovecot.index.log", b"dovecot.index.cache"]


@pytest.mark.parametrize(
    "mark", [b"maildirfolder", b"dovecot-uidlist", b"courierimapuiddb", b".uidvalidity", *INDEXES]
)
def test_or_a_servers_mark_of_one(maildir: SurveyMaildir, mark: bytes) -> None:
    maildir.file(b".A/" + mark, b"")
    maildir.path(b".A/tmp").mkdir()
    assert look(maildir).folders[b".A"].present == {b"tmp"}


@pytest.mark.parametrize("mark", INDEXES)
def test_indexes_alone_make_a_folder_only_where_dovecot_lists_one(
    maildir: SurveyMaildir, mark: bytes
) -> None:
    for path in (b"indexes/INBOX", b".A", b".A/B"):
        maildir.file(path + b"/" + mark, b"")
    assert set(look(maildir).folders) == {b"", b".A"}
    assert set(walk(maildir.spool.root, layout="fs").folders) == {b""}


def test_the_root_of_an_fs_layout_may_be_a_parent_only(fs_maildir: SurveyMaildir) -> None:
    fs_maildir.folder(b"inbox")
    fs_maildir.file(b"dovecot.index.log", b"")
    assert set(look(fs_maildir).folders) == {b"inbox"}
    fs_maildir.folder(b"", "new")
    assert set(look(fs_maildir).folders) == {b"", b"inbox"}


def test_the_root_of_maildirpp_is_inbox_by_a_mark_alone(maildir: SurveyMaildir) -> None:
    for part in (b"cur", b"new", b"tmp"):
        maildir.path(part).rmdir()
    assert b"" not in look(maildir).folders
    maildir.file(b"dovecot-uidlist", b"")
    assert look(maildir).folders[b""].present == frozenset()


def test_folders_inside_folders(maildir: SurveyMaildir) -> None:
    for path in (b".A", b".A/B", b".A/.C/D", b"E"):
        maildir.folder(path)
    found = look(maildir)
    assert set(found.folders) == {b"", b".A", b".A/B", b".A/.C/D", b"E"}
    assert found.loose == []  # .A/.C has a folder below it


def test_inside_cur_new_and_tmp_nothing_is_a_folder(maildir: SurveyMaildir) -> None:
    for part in (b"cur", b"new", b"tmp"):
        maildir.folder(part + b"/deep")
        maildir.mail(part + b"/deep/cur/1.host:2,S")
    found = look(maildir)
    assert set(found.folders) == {b""}
    assert found.loose == []
    assert places(found) == {
        b"cur": (b"", Place.CUR, 1),  # the directory itself
        b"new": (b"", Place.NEW, 1),
        b"cur/deep/cur": (b"", Place.NESTED, 1),
        b"new/deep/cur": (b"", Place.NESTED, 1),
        b"tmp/deep/cur": (b"", Place.NESTED, 1),
    }


OWN = [
    b"sieve", b".sieve", b".sieve.d", b".dovecot.sieve.d", b"fts-flatcurve", b"fts-xapian",
    b"lucene-indexes", b"xapian-indexes", b"shared-folders", b"courierimapkeywords",
    b"courierimaphieracl", b"dovecot-attributes", b"extra-data", b".notmuch", b".mu",
    b".nnmaildir", b".imap", b"@eaDir", b".AppleDouble", b".snapshot", b"lost+found",
    b".Trash-1000", b".git",
]  # fmt: skip


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("around", [b"", b".A/"])
@protects("what belongs to another program is never looked into", where="maildir/server_files.py")
def test_servers_directories_are_not_looked_into(
    maildir: SurveyMaildir, around: bytes, name: bytes
) -> None:
    maildir.folder(b".A")
    maildir.mail(around + name + b"/mail")
    maildir.path(around + name + b"/tmp").mkdir()
    maildir.folder(around + name + b"/a.copy")
    found = look(maildir)
    assert (set(found.folders), found.loose, found.directories) == ({b"", b".A"}, [], [])
    assert (found.not_examined, found.stores, found.misplaced) == ([], [], [])


@pytest.mark.parametrize("name", [b".notmuch", b"sieve", b".git", b"dovecot-attributes"])
def test_a_directory_with_cur_and_new_is_a_folder_whatever_its_name(
    maildir: SurveyMaildir, name: bytes
) -> None:
    maildir.folder(name)
    maildir.mail(name + b"/cur/1.host:2,S")
    assert look(maildir).folders[name].present == {b"cur", b"new", b"tmp"}


def test_the_directories_that_a_server_is_configured_to_use_are_its_own(
    maildir: SurveyMaildir,
) -> None:
    maildir.file(b"indexes/.A/dovecot.index.log", b"")
    found = walk(maildir.spool.root, layout="maildir++", own=[b"indexes"])
    assert found.loose == []


def test_the_maildirs_of_a_domains_users_are_spools_of_their_own(
    maildir: SurveyMaildir,
) -> None:
    for path in (b"", b".Sent", b"example.org/anna", b"example.org/anna/.Sent"):
        maildir.folder(path)
    found = look(maildir)
    assert set(found.folders) == {b"", b".Sent"}
    assert found.loose == [b"example.org"]
    assert [(each.path, each.reason) for each in found.not_examined] == [
        (b"example.org/anna", ANOTHERS)
    ]
    assert b"example.org/anna" in walk(maildir.spool.root, layout="fs").folders


def test_a_mailbox_that_dovecot_is_deleting_is_left_alone(maildir: SurveyMaildir) -> None:
    maildir.folder(b"..DOVECOT-TRASHED")
    assert set(look(maildir).folders) == {b""}


# Files


def test_where_files_lie(maildir: SurveyMaildir) -> None:
    maildir.folder(b".A")
    for path in (
        b"cur/1", b"new/2", b"tmp/3", b"4", b".A/cur/5", b".A/6", b".A/x/7", b".A/x/y/8",
        b"x/9", b".A/tmp/z/10",
    ):  # fmt: skip
        maildir.mail(path)
    assert places(look(maildir)) == {
        b"": (b"", Place.ROOT, 1),
        b"cur": (b"", Place.CUR, 1),
        b"new": (b"", Place.NEW, 1),
        b"tmp": (b"", Place.TMP, 1),
        b".A": (b".A", Place.ROOT, 1),
        b".A/cur": (b".A", Place.CUR, 1),
        b".A/x": (b".A", Place.NESTED, 1),
        b".A/x/y": (b".A", Place.NESTED, 1),
        b".A/tmp/z": (b".A", Place.NESTED, 1),
        b"x": (b"", Place.NESTED, 1),
    }


def test_below_no_folder(fs_maildir: SurveyMaildir) -> None:
    fs_maildir.folder(b"A")
    fs_maildir.mail(b"x/1")
    fs_maildir.mail(b"2")
    assert places(look(fs_maildir)) == {
        b"": (None, Place.NESTED, 1),
        b"x": (None, Place.NESTED, 1),
    }


@pytest.mark.parametrize(
    "path",
    [b"dovecot-uidlist", b"subscriptions", b"maildirsize", b".hidden", b"temp.host.1.abc",
     b"cur/.nfs00001234", b"new/.nfs00001234", b"tmp/.hidden", b"tmp/courier.lock",
     b"x/.hidden", b".A/dovecot.index.log"],
)  # fmt: skip
def test_what_is_never_a_message(maildir: SurveyMaildir, path: bytes) -> None:
    maildir.folder(b".A")
    maildir.mail(path)
    assert sum(directory.files for directory in look(maildir).directories) == 0


def test_what_is_no_file_is_looked_at_in_cur_and_new_and_told_elsewhere(
    maildir: SurveyMaildir,
) -> None:
    for part in (b"cur", b"new", b"tmp", b"x"):
        maildir.path(part).mkdir(exist_ok=True)
        os.symlink("nowhere", maildir.at(part + b"/link"))
        os.mkfifo(maildir.at(part + b"/fifo"))
        os.mkfifo(maildir.at(part + b"/.dotted"))
    os.symlink("sieve/user.sieve", maildir.at(b".dovecot.sieve"))  # a server's is no message
    found = look(maildir)
    assert places(found) == {b"cur": (b"", Place.CUR, 2), b"new": (b"", Place.NEW, 2)}
    told = {(each.path, each.reason) for each in found.not_examined}
    assert told == {
        *((part + b"/.dotted", "a FIFO is not opened") for part in (b"cur", b"new", b"tmp", b"x")),
        *((part + b"/fifo", "a FIFO is not opened") for part in (b"tmp", b"x")),
        *((part + b"/link", FILE_NOT_FOLLOWED) for part in (b"tmp", b"x")),
    }


def test_a_directory_in_cur_or_new_is_looked_at_dotted_or_not(maildir: SurveyMaildir) -> None:
    for name in (b"cur/.git", b"cur/a", b"new/.b"):
        maildir.path(name).mkdir()
    found = look(maildir)
    assert places(found) == {b"cur": (b"", Place.CUR, 2), b"new": (b"", Place.NEW, 1)}


# What is left out, and said so


@pytest.mark.parametrize("target", [b".", b"..", b"/"])
@pytest.mark.parametrize("place", [b"", b".A/", b".A/tmp/", b"x/"])
def test_symlinks_to_directories_are_not_followed(
    maildir: SurveyMaildir, place: bytes, target: bytes
) -> None:
    maildir.folder(b".A")
    maildir.path(b"x").mkdir()
    os.symlink(target, maildir.at(place + b"loop"))
    found = look(maildir)
    assert [(each.path, each.reason) for each in found.not_examined] == [
        (place + b"loop", NOT_FOLLOWED)
    ]
    assert set(found.folders) == {b"", b".A"}


def test_excluded_directories(maildir: SurveyMaildir) -> None:
    for path in (b".A", b".A.B", b".A/old", b".Keep"):
        maildir.folder(path)
    assert set(look(maildir, ".A*").folders) == {b"", b".Keep"}
    assert set(look(maildir, "old").folders) == {b"", b".A", b".A.B", b".Keep"}
    found = look(maildir, ".A/old")
    assert set(found.folders) == {b"", b".A", b".A.B", b".Keep"}
    assert [(each.path, each.reason) for each in found.not_examined] == [(b".A/old", "excluded")]


def test_a_directory_that_cannot_be_listed(nobodys_maildir: SurveyMaildir) -> None:
    nobodys_maildir.folder(b".A")
    nobodys_maildir.folder(b".B")
    os.chmod(nobodys_maildir.at(b".A/new"), 0)
    os.chmod(nobodys_maildir.at(b".B"), 0)
    found = look(nobodys_maildir)
    assert set(found.folders) == {b"", b".A"}
    skipped = {each.path: each.reason for each in found.not_examined}
    assert skipped == {b".A/new": "Permission denied", b".B": "Permission denied"}


def test_names_that_are_not_utf8(maildir: SurveyMaildir) -> None:
    maildir.folder(b".caf\xe9")
    maildir.mail(b".caf\xe9/cur/\xff:2,S")
    assert places(look(maildir)) == {b".caf\xe9/cur": (b".caf\xe9", Place.CUR, 1)}


@protects(
    "a listing serves twice only where the directory has not changed since, nor within a "
    "tick of the clock before it",
    where="survey/walk/listing.py",
    seen="seen failing without either",
)
def test_a_listing_stands_while_its_directory_is_as_it_was(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    (tmp_path / "one").touch()
    os.utime(tmp_path, ns=(0, LONG_AGO))
    listing = Listing(folder)
    assert listing.stands(folder)
    (tmp_path / "two").touch()
    assert not listing.stands(folder)


@protects(
    "a listing serves twice only where the directory has not changed since, nor within a "
    "tick of the clock before it",
    where="survey/walk/listing.py",
)
def test_a_listing_made_right_after_a_change_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "one").touch()  # another file in the same tick would leave the same time
    assert not Listing(os.fsencode(tmp_path)).stands(os.fsencode(tmp_path))


def test_names_are_looked_at_in_order_and_deleted_open_files_are_not(tmp_path: Path) -> None:
    for name in ("b:2,S", ".nfs0123", ".nfr", ".nft", "a:2,", "-x:2,"):
        (tmp_path / name).touch()
    (tmp_path / "c").mkdir()
    (tmp_path / "link").symlink_to("a")
    names, others = names_to_examine(Place.CUR, Listing(os.fsencode(tmp_path)))
    assert names == [b"-x:2,", b".nfr", b".nft", b"a:2,", b"b:2,S"]
    assert others == [b"c", b"link"]


@protects("what lies very deep is named, and not looked into", where="survey/walk/walk.py")
@pytest.mark.parametrize("top", [b"", b"cur/"])
def test_very_many_levels_are_cut_and_named(maildir: SurveyMaildir, top: bytes) -> None:
    maildir.folder(b"")
    here = os.open(os.path.join(maildir.spool.root, top), os.O_RDONLY)
    for _ in range(300):
        os.mkdir(b"d", dir_fd=here)
        below = os.open(b"d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    found = look(maildir)
    (left,) = found.not_examined
    assert left.reason == TOO_DEEP
    assert left.path == top + b"/".join([b"d"] * (LEVELS + 1 - top.count(b"/")))
    assert len(found.loose) <= LEVELS
