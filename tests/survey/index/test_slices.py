"""Packed messages: every question gets the answer that rows would give."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir.message_fast import Peek, sender_shown, subject_shown
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.packed import Healthy, PackedColumns, pack
from mailsurgeon.survey.index.questions import (
    every_id,
    file_sizes_in,
    full_entries,
    full_entries_at,
    holds_files,
    messages_below,
    names_in,
)
from mailsurgeon.survey.index.rows import SORTS, ViewQuery
from mailsurgeon.survey.index.slices import Slices
from mailsurgeon.survey.run import run_survey
from tests.support.protects import protects
from tests.survey.survey_maildir import DATE, SurveyMaildir, text

SENDERS = ("Zoë <z@x.org>".encode(), b"adam@x.org", b"Bo <b@x.org>")


@pytest.fixture
def both(maildir: SurveyMaildir) -> Iterator[tuple[SurveyMaildir, Index, Index]]:
    """A spool with its index, in which healthy messages are packed, and one of rows only."""
    maildir.folder(b".Sent")
    for number in range(1, 30):
        data = (
            text(number)
            .replace(
                b"a@example.org",
                (b"Zo\xc3\xab <z@x.org>", b"adam@x.org", b"Bo <b@x.org>")[number % 3],
            )
            .replace(
                b"Subject: %d" % number, b"Subject: =?utf-8?q?n=C3=B6?= %d\n Folded" % (number % 7)
            )
        )
        folder = b".Sent/cur/" if number % 2 else b"cur/"
        name = b"13000000%02d.M%d.host:2,%s" % (number % 50, number, b"S" if number % 5 else b"X")
        maildir.file(folder + name, data * (1 + number % 4), mtime=DATE + number % 6)
    maildir.mail(b".Sent/cur/1300000099.M99.host:2,S", 3)  # the same Message-ID as another
    maildir.mail(b"1300000098.M98.host:2,S", 98)
    maildir.mail(b".Sent/tmp/1300000097.M97.host", 97)
    rows = Index.open(maildir.home / "rows" / "index")
    try:
        maildir.survey()
        run_survey(maildir.spool, rows, maildir.options, rows=True)
        assert maildir.index.slices.exist()
        assert not rows.slices.exist()
        yield maildir, maildir.index, rows
    finally:
        rows.close()


def paths(index: Index, query: ViewQuery) -> list[bytes]:
    return [entry.path for entry in index.entries(index.view(query))]


@protects("packed messages are listed, found and told as rows are", where="survey/index/slices.py")
def test_all_entries_are_the_same(both: tuple[SurveyMaildir, Index, Index]) -> None:
    _, packed, rows = both
    found = [
        {(each.directory, each.filename): each[1:] for each in full_entries(index, every_id(index))}
        for index in (packed, rows)
    ]
    assert found[0] == found[1]
    assert len(found[0]) > 30
    everywhere = [b"/".join(filter(None, key)) for key in found[0]]
    assert {each[1:] for each in full_entries_at(packed, everywhere)} == set(found[0].values())


def test_all_lists_are_the_same(both: tuple[SurveyMaildir, Index, Index]) -> None:
    _, packed, rows = both
    folders = {row.path: row.id for row in packed.folders()}
    queries = [
        ViewQuery(folder, code, frozenset(), needle, sort, descending)
        for folder, code, needle, sort, descending in product(
            (None, folders[b""], folders[b".Sent"]), (None, "bad-flags"),
            ("", "zoë", "ADAM", "nö 3", "SENT/cur", "<5@example", "nowhere"), SORTS, (False, True),
        )
    ]  # fmt: skip
    for query in queries:
        assert paths(packed, query) == paths(rows, query), query


def test_a_path_finds_its_message(both: tuple[SurveyMaildir, Index, Index]) -> None:
    _, packed, rows = both
    for path in paths(rows, ViewQuery()):
        one, other = packed.entry_at(path), rows.entry_at(path)
        assert one is not None and other is not None
        assert one[1:] == other[1:]
    assert packed.entry_at(b"cur/1300000004.M4.host:2,") is None


def test_questions_about_folders(both: tuple[SurveyMaildir, Index, Index]) -> None:
    _, packed, rows = both
    for ask in (names_in, file_sizes_in, messages_below):
        for folder in (b".Sent", b".None"):
            assert sorted(ask(packed, folder)) == sorted(ask(rows, folder))
    assert holds_files(packed, b".Sent") and not holds_files(packed, b".None")


def test_a_message_gets_a_row_and_keeps_its_id(both: tuple[SurveyMaildir, Index, Index]) -> None:
    _, packed, _ = both
    ids = list(packed.view(ViewQuery()))
    before = packed.entries(ids)
    packed.slices.make_rows(ids[::2])
    packed.slices.make_rows(ids[::3])
    assert list(packed.view(ViewQuery())) == ids
    assert packed.entries(ids) == before
    packed.slices.make_rows(ids)
    packed.slices.sweep()
    assert not packed.slices.exist()
    assert packed.entries(ids) == before


def test_a_survey_for_lists_unpacks_what_another_has_packed(
    both: tuple[SurveyMaildir, Index, Index],
) -> None:
    maildir, packed, rows = both
    ids = list(packed.view(ViewQuery()))
    maildir.survey(rows=True)
    assert not packed.slices.exist()
    assert list(packed.view(ViewQuery())) == ids
    assert paths(packed, ViewQuery(sort="sender")) == paths(rows, ViewQuery(sort="sender"))
    maildir.survey()
    assert list(packed.view(ViewQuery())) == ids


def test_a_nul_in_a_header(maildir: SurveyMaildir) -> None:
    maildir.mail(b"cur/1300000001.M1.host:2,S", 1)
    maildir.file(b"cur/1300000002.M2.host:2,S", text(2).replace(b"Subject: 2", b"Subject: a\0b"))
    maildir.survey()
    subjects = [entry.subject for entry in maildir.index.entries(every_id(maildir.index))]
    assert subjects == ["1", "a\\x00b"]


def test_what_a_quick_survey_has_packed_is_read_by_a_full_one(maildir: SurveyMaildir) -> None:
    path = maildir.mail(b"cur/1300000001.M1.host:2,S", 1)
    maildir.survey(quick=True)
    assert maildir.index.entry_at(b"cur/1300000001.M1.host:2,S")[9] is None  # type: ignore[index]
    maildir.survey()
    entry = maildir.index.entry_at(b"cur/1300000001.M1.host:2,S")
    assert entry is not None and entry.message_id == "<1@example.org>", path
    assert len(every_id(maildir.index)) == 1


def test_a_damaged_slice_is_an_error_of_the_index(both: tuple[SurveyMaildir, Index, Index]) -> None:
    _, packed, _ = both
    packed.db.execute("UPDATE slices SET numbers = x'00'")
    with pytest.raises(sqlite3.DatabaseError):
        list(Slices(packed.db).every())


NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
LINES = st.binary(max_size=30).map(lambda data: data.replace(b"\0", b"x"))
NAMES = st.binary(min_size=1, max_size=20).map(lambda data: data.replace(b"\0", b"x"))
IDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
PEEKS = st.tuples(
    st.integers(0, 1 << 40), IDS, LINES, LINES, st.none() | st.integers(-(1 << 40), 1 << 40)
)


@given(
    rows=st.lists(
        st.tuples(NAMES, st.integers(0, 1 << 40), NUMBERS, NUMBERS, NUMBERS, PEEKS), min_size=1
    ),
    taken=st.sets(st.integers(0, 30)),
)
def test_what_is_packed_is_unpacked(
    rows: list[tuple[bytes, int, int, int, int, Peek]], taken: set[int]
) -> None:
    messages: list[Healthy] = [
        (2 * number, *row[:5], number % 2, *row[5]) for number, row in enumerate(rows)
    ]
    packed = pack(7, messages, [(1, 2, 3), (4, 5, 6)], full=True)
    assert packed is not None
    columns = PackedColumns(7, 1, packed, {7 + 2 * number for number in taken})
    left = [message for number, message in enumerate(messages) if number not in taken]
    assert list(columns.ids) == [7 + message[0] for message in left]
    for place, message in enumerate(left):
        _, name, size, mtime, ctime, inode, which, virtual, identity, sender, subject, date = (
            message
        )
        facts = columns.facts(place)
        assert facts[:9] == (
            name, "file", size, mtime, ctime, inode, *[(1, 2, 3), (4, 5, 6)][which]
        )  # fmt: skip
        assert (facts.virtual_size, facts.message_id, facts.date) == (virtual, identity, date)
        assert (facts.sender, facts.subject) == (sender_shown(sender), subject_shown(subject))
        assert columns.senders[place] == facts.sender
    assert pack(7, [(0, b"x", 1 << 70, *messages[0][3:])], [(1, 2, 3)], full=True) is None
