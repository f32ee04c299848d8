"""The index: lists of what a survey found, sorted and filtered, and a cache that mends itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.survey.index import index as indexing
from mailsurgeon.survey.index import views
from mailsurgeon.survey.index.index import Index, StatementCut
from mailsurgeon.survey.index.rows import SORTS, ViewQuery
from tests.support.protects import protects
from tests.survey.survey_maildir import DATE, SurveyMaildir


def message(
    maildir: SurveyMaildir, path: bytes, sender: str, subject: str, *,
    identity: str = "", mtime: int = DATE, size: int = 0,
) -> bytes:  # fmt: skip
    header = f"From: {sender}\nSubject: {subject}\nMessage-ID: <{identity or subject}@example.org>"
    body = "x" * max(0, size - len(header) - 3)
    return maildir.file(path, f"{header}\n\n{body}\n".encode(), mtime=mtime)


@pytest.fixture
def listed(maildir: SurveyMaildir) -> SurveyMaildir:
    """Five messages in two folders, and other things that lists are made of."""
    maildir.folder(b".Sent")
    message(maildir, b"cur/1.host:2,S", "Ada <ada@x>", "Lunch", mtime=DATE + 3, size=500)
    message(maildir, b"cur/2.host,S=5:2,S", "bob", "100% sure", mtime=DATE + 1, size=900)
    message(maildir, b"new/3.host", "Cecil", "under_score", mtime=DATE + 2, size=400)
    message(maildir, b".Sent/cur/4.host:2,SF", "adah", "a\\b", mtime=DATE + 5, size=700)
    message(maildir, b".Sent/5.host", "Dora", "Grüße", mtime=DATE + 4, size=600)
    maildir.file(b"tmp/6.host", b"words\n")
    maildir.file(b".Sent/tmp/7.host", b"words\n")
    maildir.path(b".Sent/new").rmdir()
    maildir.survey()
    return maildir


def names(maildir: SurveyMaildir, **query: Any) -> list[str]:
    """The file names of a list, in its order."""
    found = maildir.index.entries(maildir.index.view(ViewQuery(**query)))
    return [entry.path.rpartition(b"/")[2].decode()[:1] for entry in found]


def folder(maildir: SurveyMaildir, path: bytes) -> int:
    return next(row.id for row in maildir.index.folders() if row.path == path)


# Lists


def test_of_one_kind_those_come_first_that_can_be_repaired(maildir: SurveyMaildir) -> None:
    for number in range(1, 5):
        message(maildir, b"cur/%d.host:2,S" % number, "ada", f"note {number % 2}", mtime=DATE)
    maildir.survey()
    plain = names(maildir, code="duplicate-id")
    repaired = {
        problem.path.rpartition(b"/")[2].decode()[:1]
        for problem in maildir.index.problems(codes=["duplicate-id"])
        if problem.remedy is not None
    }
    assert 0 < len(repaired) < len(plain) == 4
    first = names(maildir, code="duplicate-id", repairable_first=True)
    assert first == sorted(plain, key=lambda name: name not in repaired)
    assert names(maildir, repairable_first=True) == names(maildir)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("date", "23154"),
        ("size", "31542"),
        ("sender", "14235"),  # without case: Ada, adah, bob, Cecil, Dora
        ("subject", "24513"),
        ("path", "54123"),  # directory by directory
    ],
)
def test_sorting(listed: SurveyMaildir, sort: str, order: str) -> None:
    messages = [name for name in names(listed, sort=sort) if name in "12345"]
    assert messages == list(order)
    backwards = [name for name in names(listed, sort=sort, descending=True) if name in "12345"]
    assert backwards == messages[::-1]


def test_every_sort_that_is_named_works(listed: SurveyMaildir) -> None:
    assert len({len(names(listed, sort=sort)) for sort in SORTS}) == 1


def test_an_order_that_is_kept_changes_no_list(listed: SurveyMaildir) -> None:
    queries = [
        {"sort": sort, "descending": descending, **chosen}
        for sort in SORTS
        for descending in (False, True)
        for chosen in ({}, {"text": "a"}, {"folder": folder(listed, b"")}, {"code": "misfiled"})
    ]
    before = [names(listed, **query) for query in queries]
    listed.index.order_by_date()
    assert [names(listed, **query) for query in queries] == before
    plan = listed.index.db.execute(
        "EXPLAIN QUERY PLAN SELECT id FROM files ORDER BY mtime_ns DESC, id DESC"
    )
    assert "files_date" in str(plan.fetchall())


def test_a_list_of_many(listed: SurveyMaildir, monkeypatch: pytest.MonkeyPatch) -> None:
    query = ViewQuery(badges=frozenset(("misfiled", "bad-flags", "in-tmp", "size-mismatch")))
    whole = listed.index.view(query)
    assert len(whole) > 3
    for piece in (1, 2, 3, 5):  # characters that are read at once
        monkeypatch.setattr(views, "_PIECE", piece)
        assert listed.index.view(query) == whole
    assert len(listed.index.view(ViewQuery(text="no such thing"))) == 0


def test_the_worst_problem_first(listed: SurveyMaildir) -> None:
    severities = [
        max((severity for _code, severity in badges), default=-1)
        for badges in (
            listed.index.badges([number]).get(number, ())
            for number in listed.index.view(ViewQuery(sort="problem", descending=True))
        )
    ]
    assert severities == sorted(severities, reverse=True)


def test_a_list_of_the_whole_spool(listed: SurveyMaildir) -> None:
    """All messages, and all else that has a problem."""
    assert sorted(names(listed)) == [".", "1", "2", "3", "4", "5", "6", "7"]


def test_a_list_of_one_folder(listed: SurveyMaildir) -> None:
    assert sorted(names(listed, folder=folder(listed, b""))) == ["1", "2", "3", "6"]
    assert sorted(names(listed, folder=folder(listed, b".Sent"))) == [".", "4", "5", "7"]


def test_a_list_of_one_problem(listed: SurveyMaildir) -> None:
    assert names(listed, code="size-mismatch") == ["2"]
    assert sorted(names(listed, code="in-tmp")) == ["6", "7"]
    assert names(listed, code="in-tmp", folder=folder(listed, b".Sent")) == ["7"]
    assert names(listed, code="empty") == []


def test_a_list_of_several_badges(listed: SurveyMaildir) -> None:
    assert sorted(names(listed, badges=frozenset(("misfiled", "bad-flags")))) == ["4", "5"]
    # Within a list of one problem the badges are what else they have.
    badges = frozenset(("misfiled", "size-mismatch"))
    assert names(listed, code="size-mismatch", badges=badges) == ["2"]
    assert names(listed, code="in-tmp", badges=badges) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lunch", "1"),
        ("LUNCH", "1"),
        ("ada", "14"),
        ("100%", "2"),
        ("%", "2"),  # no wildcard
        ("_", "3"),
        ("r_s", "3"),
        ("a\\b", "4"),
        ("\\", "4"),
        ("Grüße", "5"),
        ("<lunch@example", "1"),  # the Message-ID
        ("4.host", "4"),
        ("4.HOST", "4"),  # the path, without case too
        (".sent/cur", "4"),
        ("cur/", "124"),
        ("nobody", ""),
        ("", "12345"),
    ],
)
def test_filtering_by_text(listed: SurveyMaildir, text: str, found: str) -> None:
    messages = sorted(name for name in names(listed, text=text) if name in "12345")
    assert messages == list(found)


def test_filters_work_together(listed: SurveyMaildir) -> None:
    assert names(listed, text="ada", folder=folder(listed, b".Sent"), code="bad-flags") == ["4"]
    assert names(listed, text="ada", code="size-mismatch") == []


def test_names_that_are_not_utf8_are_listed_and_found(maildir: SurveyMaildir) -> None:
    maildir.folder(b".caf\xe9")
    path = maildir.mail(b".caf\xe9/cur/\xffnine:2,S")
    maildir.survey()
    ids = maildir.index.view(ViewQuery(text="nine"))
    assert [entry.path for entry in maildir.index.entries(ids)] == [path]
    assert maildir.index.entry_at(path) == maildir.index.entries(ids)[0]
    assert [row.name for row in maildir.index.folders()] == ["INBOX", "caf\udce9"]


# Entries, badges, counts


def test_entries_come_in_the_order_asked_for(listed: SurveyMaildir) -> None:
    ids = list(listed.index.view(ViewQuery()))
    backwards = ids[::-1]
    assert [entry.id for entry in listed.index.entries(backwards)] == backwards
    assert [entry.id for entry in listed.index.entries([ids[0], 987654])] == [ids[0]]


def test_more_entries_than_sqlite_takes_at_once(listed: SurveyMaildir) -> None:
    ids = list(listed.index.view(ViewQuery())) * 300
    assert len(listed.index.entries(ids)) == len(ids)
    assert len(listed.index.badges(ids)) == len(set(ids)) - 2  # two have no problem


def test_an_entry_by_its_path(listed: SurveyMaildir) -> None:
    entry = listed.index.entry_at(b".Sent/5.host")
    assert entry is not None
    assert (entry.sender, entry.subject, entry.place) == ("Dora", "Grüße", "root")
    assert listed.index.entry_at(b".Sent/none") is None


def test_badges_worst_first(maildir: SurveyMaildir) -> None:
    path = maildir.file(b"cur/1.host,S=5:2,SF", b"From: a\n\nText.\n")
    maildir.survey()
    entry = maildir.index.entry_at(path)
    assert entry is not None
    assert maildir.index.badges([entry.id])[entry.id] == (
        ("size-mismatch", 2), ("bad-flags", 1), ("no-message-id", 0),
    )  # fmt: skip


def test_folders_inbox_first_then_by_name(maildir: SurveyMaildir) -> None:
    for path in (b".zebra", b".Apple", b".apple2", b".Entw&APw-rfe"):
        maildir.folder(path)
    maildir.survey()
    assert [row.name for row in maildir.index.folders()] == [
        "INBOX", "Apple", "apple2", "Entwürfe", "zebra",
    ]  # fmt: skip


def test_counts_of_problems_worst_first(maildir: SurveyMaildir) -> None:
    for number in range(3):
        maildir.mail(b"cur/%d.host:2,SF" % number, number)
    maildir.mail(b"cur/9.host,S=1:2,S", 9)
    maildir.file(b"cur/8.host:2,S", b"From: a\n\nText.\n")
    maildir.survey()
    assert list(maildir.index.problem_counts().items()) == [
        ("size-mismatch", 1), ("bad-flags", 3), ("no-message-id", 1),
    ]  # fmt: skip
    assert list(maildir.index.problem_counts(above_info=True)) == ["size-mismatch", "bad-flags"]
    row = maildir.index.folders()[0]
    assert row.problems == {"size-mismatch": 1, "bad-flags": 3, "no-message-id": 1}
    assert (row.messages, row.troubles) == (5, 4)


def test_problems_limited_as_asked(listed: SurveyMaildir) -> None:
    index = listed.index
    sent = folder(listed, b".Sent")
    assert {row.code for row in index.problems(folders=[sent])} == {
        "in-tmp", "bad-flags", "misfiled", "missing-subdir",
    }  # fmt: skip
    assert {row.path for row in index.problems(codes=["in-tmp"], folders=[sent])} == {
        b".Sent/tmp/7.host"
    }
    entry = index.entry_at(b".Sent/5.host")
    assert entry is not None
    assert [row.code for row in index.problems(entries=[entry.id])] == ["misfiled"]
    assert list(index.problems(entries=[])) == []
    assert list(index.problems(codes=[])) == []
    paths = [row.path for row in index.problems()]
    assert paths == sorted(paths, key=lambda path: path.rpartition(b"/")[::2])


# A cache: it mends itself


def test_an_index_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "index"
    first = Index.open(path)
    first.set_meta(depth="full")
    first.set_notes(["One.", "Two."])
    first.close()
    again = Index.open(path)
    assert (again.meta("depth"), again.notes()) == ("full", ["One.", "Two."])
    assert again.meta("nothing", "default") == "default"
    again.close()
    fresh = Index.open(path, fresh=True)
    assert fresh.meta("depth") == ""
    fresh.close()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    index = Index.open(tmp_path / "cache" / "index")
    assert index.path.stat().st_mode & 0o077 == 0
    assert index.path.parent.stat().st_mode & 0o077 == 0
    index.close()


def another_schema(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "another schema": another_schema,
    "no database": lambda path: path.write_bytes(b"From: a@example.org\n\n" * 1000),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "cut in its first page": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_older_index_is_made_anew(maildir: SurveyMaildir, damage: str) -> None:
    maildir.mail(b"cur/1.host:2,SF")
    maildir.survey()
    maildir.index.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    maildir.close()
    DAMAGES[damage](maildir.index.path)
    index = Index.open(maildir.index.path)
    assert index.meta("depth") == ""
    assert list(index.view(ViewQuery())) == []
    assert index.db.execute("PRAGMA user_version").fetchone()[0] == indexing.INDEX_SCHEMA
    index.close()


def test_a_second_connection_sees_the_same(listed: SurveyMaildir) -> None:
    other = listed.index.again()
    assert list(other.view(ViewQuery())) == list(listed.index.view(ViewQuery()))
    other.close()


# Interrupts

LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT SUM(i) FROM n"


@protects("a long statement of the index is cut short", where="survey/index/index.py")
def test_a_statement_without_end_is_cut_short(tmp_path: Path) -> None:
    index = Index.open(tmp_path / "private" / "index.sqlite3")
    asked = iter([False, False, True, True, True])
    with pytest.raises(StatementCut), index.statements_until(lambda: next(asked)):
        index.db.execute(LONG).fetchone()
    assert index.db.execute("SELECT 1").fetchone() == (1,)
    index.close()


def test_other_faults_of_the_index_are_no_interrupts(tmp_path: Path) -> None:
    index = Index.open(tmp_path / "private" / "index.sqlite3")
    with (
        pytest.raises(sqlite3.OperationalError, match="no such table"),
        index.statements_until(lambda: False),
    ):
        index.db.execute("SELECT * FROM nowhere")
    index.close()
