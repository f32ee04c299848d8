"""Problems of folders, directories and servers' files."""

from __future__ import annotations

import stat

import pytest

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.folder_rules import (
    backup_folder,
    bad_permissions,
    big_uid,
    bloated_index,
    copies_of_each_other,
    keywords_damaged,
    keywords_too_large,
    missing_subdir,
    named_like_backup,
    nested_folder,
    stale_lock,
    stray_directory,
    uidlist_damaged,
    uidlist_unknown,
    unknown_keyword,
)
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.lists.uidlist import parse_uidlist

INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR


@pytest.mark.parametrize(
    ("present", "missing"),
    [
        ([b"cur", b"new"], ["tmp"]),
        ([b"tmp"], ["cur", "new"]),
        ([], ["cur", "new", "tmp"]),
    ],
)
def test_a_folder_that_lacks_a_directory(present: list[bytes], missing: list[str]) -> None:
    expected = Finding("missing-subdir", ERROR, {"missing": missing}, "make-subdirs")
    assert missing_subdir(present) == expected


def test_what_lies_in_the_place_of_a_directory() -> None:
    found = missing_subdir([b"new"], [b"cur"])
    assert found
    assert found.detail == {"missing": ["cur", "tmp"], "in_the_way": ["cur"]}
    assert found.remedy == "make-subdirs"
    found = missing_subdir([b"new", b"tmp"], [b"cur"])
    assert found
    assert found.remedy is None


def test_a_whole_folder() -> None:
    assert missing_subdir([b"cur", b"new", b"tmp"]) is None


@pytest.mark.parametrize(
    ("path", "becomes"),
    [
        (b".A/B", ".A.B"),
        (b".A/.B", ".A.B"),
        (b".A/B/C", ".A.B.C"),
        (b"A", ".A"),
        (b"A/B", ".A.B"),
        (b".A/caf\xe9", ".A.caf\udce9"),
    ],
)
def test_a_folder_that_is_not_directly_under_the_spool(path: bytes, becomes: str) -> None:
    expected = Finding("nested-folder", ERROR, {"becomes": becomes}, "lift-folder")
    assert nested_folder(path) == expected


@pytest.mark.parametrize("path", [b"", b".A", b".A.B"])
def test_folders_where_the_layout_has_them(path: bytes) -> None:
    assert nested_folder(path) is None


@pytest.mark.parametrize(
    ("path", "layout", "remedy"),
    [
        (b"junk", "maildir++", "quarantine"),
        (b".A/junk", "maildir++", "quarantine"),
        (b".Empty", "maildir++", None),  # Dovecot lists it as a folder
        (b".Empty", "fs", "quarantine"),
        (b".A/.junk", "maildir++", "quarantine"),
    ],
)
def test_a_stray_directory(path: bytes, layout: str, remedy: str | None) -> None:
    assert stray_directory(path, layout) == Finding("stray-directory", INFO, {}, remedy)


@pytest.mark.parametrize(
    "path",
    [
        b".BACKUP", b".backup2012", b"Backups", b".Work.bak", b".Work.OLD", b".Work~",
        b".Work-backup-1", b".Work.Backup2", b".Inbox.converted", b"A/B/work.bak",
    ],
)  # fmt: skip
def test_folders_named_like_a_backup(path: bytes) -> None:
    assert named_like_backup(path)


@pytest.mark.parametrize(
    "path",
    [b".Work", b".Old", b".old", b".bak", b".Bakery", b".Household", b".my backups", b".~Work",
     b".converted", b".backu", b"backup/Work"],
)  # fmt: skip
def test_folders_that_are_not(path: bytes) -> None:
    assert not named_like_backup(path)


def test_a_backup_folder() -> None:
    finding = backup_folder("name", 17, 20)
    assert (finding.code, finding.severity, finding.remedy) == ("backup-folder", INFO, "quarantine")
    assert finding.detail["because"] == "name"
    assert finding.detail["elsewhere"] == 17


def test_a_backup_folder_before_the_whole_spool_was_read() -> None:
    finding = backup_folder("name", None, 20)
    assert finding.remedy is None
    assert finding.detail["pending"] is True


@pytest.mark.parametrize(
    ("sizes", "common", "copies"),
    [
        ((20, 20), (20, 20), True),
        ((20, 20), (19, 19), True),  # 95 %
        ((20, 20), (18, 18), False),  # 90 % is not over 90 %
        ((30, 30), (27, 27), False),
        ((19, 19), (19, 19), False),  # 20 messages at least
        ((20, 25), (20, 20), False),  # the other way it is 80 %
        ((25, 20), (20, 20), False),
        ((1000, 1000), (901, 901), True),
    ],
)
def test_folders_that_are_copies_of_each_other(
    sizes: tuple[int, int], common: tuple[int, int], copies: bool
) -> None:
    found = copies_of_each_other({(1, 2): common}, dict(enumerate(sizes, start=1)))
    assert found == ([(1, 2)] if copies else [])


FILE, DIRECTORY = stat.S_IFREG, stat.S_IFDIR
OWNER = (1000, 1000)


@pytest.mark.parametrize(
    ("mode", "owner", "group", "should_be"),
    [
        (FILE | 0o600, 0, 1000, ("0600", 1000, 1000)),
        (FILE | 0o600, 1000, 0, ("0600", 1000, 1000)),
        (DIRECTORY | 0o700, 33, 33, ("0700", 1000, 1000)),
        (FILE | 0o200, 1000, 1000, ("0600", 1000, 1000)),  # its owner cannot read it
        (FILE | 0o040, 1000, 1000, ("0440", 1000, 1000)),
        (DIRECTORY | 0o600, 1000, 1000, ("0700", 1000, 1000)),  # or enter, or write
        (DIRECTORY | 0o500, 1000, 1000, ("0700", 1000, 1000)),
        (DIRECTORY | 0o300, 1000, 1000, ("0700", 1000, 1000)),
        (FILE | 0o666, 1000, 1000, ("0664", 1000, 1000)),  # others may write it
        (DIRECTORY | 0o777, 1000, 1000, ("0775", 1000, 1000)),
        (DIRECTORY | 0o2777, 1000, 1000, ("2775", 1000, 1000)),
        (FILE | 0o002, 0, 0, ("0400", 1000, 1000)),
    ],
)
def test_wrong_owners_and_modes(
    mode: int, owner: int, group: int, should_be: tuple[str, int, int]
) -> None:
    finding = bad_permissions(mode, owner, group, OWNER)
    assert finding
    assert (finding.code, finding.severity) == ("bad-permissions", WARNING)
    assert finding.remedy == "fix-permissions"
    assert finding.detail == {
        "mode": f"{stat.S_IMODE(mode):04o}",
        "owner": owner,
        "group": group,
        "should_be": dict(zip(("mode", "owner", "group"), should_be, strict=True)),
    }


@pytest.mark.parametrize(
    "mode", [FILE | 0o600, FILE | 0o444, FILE | 0o664, FILE | 0o400, DIRECTORY | 0o2770]
)
def test_owners_and_modes_that_will_do(mode: int) -> None:
    assert bad_permissions(mode, 1000, 1000, OWNER) is None


def test_where_root_is_the_reference_modes_alone_are_judged() -> None:
    assert bad_permissions(FILE | 0o600, 33, 0, None) is None
    finding = bad_permissions(FILE | 0o602, 33, 44, None)
    assert finding
    assert finding.detail["should_be"] == {"mode": "0600", "owner": 33, "group": 44}


# uidlists

HEADER = b"3 V1300000000 N9 G0123456789abcdef0123456789abcdef\n"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"1 :a\nwords\n2 :b\n", [3]),
        (b"0 :a\n", [2]),
        (b"4294967295 :a\n", [2]),
        (b"1 :a\n2 :a\n", [2]),  # a repeated base name
        (b"2 :a\n1 :b\n", [3]),  # out of order
        (b"2 :a\n2 :b\n", [3]),
        (b"1 :a/b\n", [2]),
        (b"1 :a\n2 :b", [3]),  # the last line without its LF
        (b"x\ny\n3 :c\nz\n", [2, 3, 5]),
    ],
)
def test_a_damaged_uidlist(body: bytes, lines: list[int]) -> None:
    finding = uidlist_damaged(parse_uidlist(HEADER + body).bad)
    assert finding
    assert (finding.code, finding.severity) == ("uidlist-damaged", ERROR)
    assert finding.remedy == "fix-uidlist"
    assert finding.detail["lines"] == lines
    assert finding.detail["reason"]


@pytest.mark.parametrize("body", [b"", b"1 :a\n", b"1 W5 S4 Gx :a\n7 :b\n", b"4294967294 :a\n"])
def test_a_good_uidlist(body: bytes) -> None:
    assert uidlist_damaged(parse_uidlist(HEADER + body).bad) is None


def test_a_uidlist_whose_header_line_is_bad_has_no_remedy() -> None:
    finding = uidlist_unknown("no header")
    assert (finding.code, finding.severity, finding.remedy) == ("uidlist-damaged", ERROR, None)
    assert finding.detail["lines"] == [1]
    finding = uidlist_damaged(parse_uidlist(HEADER[:-1]).bad)  # its newline is missing
    assert finding
    assert finding.remedy is None


@pytest.mark.parametrize(
    ("highest", "problem"), [(2**31 - 1, False), (2**31, True), (2**32 - 2, True), (0, False)]
)
def test_uids_that_clients_wrap(highest: int, problem: bool) -> None:
    expected = Finding("big-uid", WARNING, {"highest": highest}, None)
    assert big_uid(highest) == (expected if problem else None)


def test_a_stale_lock() -> None:
    expected = Finding("stale-lock", INFO, {"pid": 7, "age_seconds": 60}, "quarantine")
    assert stale_lock(7, 60) == expected


def test_a_bloated_index() -> None:
    expected = Finding("bloated-index", WARNING, {"bytes": 1001}, "quarantine")
    assert bloated_index(1001, 1000) == expected
    assert bloated_index(1000, 1000) is None


def test_more_bad_lines_than_an_accident_makes_have_no_remedy() -> None:
    finding = uidlist_damaged(parse_uidlist(HEADER + b"\n" * 20_000).bad, more=True)
    assert finding and finding.remedy is None
    assert (finding.detail["more"], finding.detail["count"]) == (True, 10_000)


def test_damaged_names_of_keyword_letters() -> None:
    assert keywords_damaged([]) is None
    finding = keywords_damaged([(2, "line 2: no number and name"), (5, "line 5 is too long")])
    detail = {"reason": "line 2: no number and name", "lines": [2, 5], "count": 2}
    assert finding == Finding("keywords-damaged", WARNING, detail, "fix-keywords")
    assert keywords_too_large(1 << 30).remedy is None


def test_letters_without_a_name() -> None:
    assert unknown_keyword("") is None
    assert unknown_keyword("be") == Finding("unknown-keyword", WARNING, {"letters": "be"}, None)
