"""Where servers and syncs stop after a repair: what is left, and only that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.procedures.obstacles import (
    left_after,
    obstacles_left,
    still_there,
    without_settled,
)
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

CUT = b"From: a@b\nSubj"


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def stops(indexed: IndexedMaildir, **options: Any) -> list[tuple[bytes, str]]:
    """Path and code of what is left once this `fix` is done."""
    plan = indexed.survey().fix(**options)
    there = still_there(obstacles_left(indexed.index, plan), plan)
    return sorted((one.path, one.code) for one in there)


def test_what_is_repaired_stops_nobody(indexed: IndexedMaildir) -> None:
    indexed.mail(b"cur/1300000001.M1.host,S=7:2,S", content=text(1))
    assert stops(indexed) == []


def test_what_is_told_is_what_a_survey_finds_afterwards(indexed: IndexedMaildir) -> None:
    indexed.mail(b"cur/1300000001.M1.host,S=7:2,S", content=text(1))
    indexed.mail(b"cur/1300000002.M1.host,S=900:2,SF", content=CUT)
    indexed.mail(b"cur/.1300000003.M1.host:2,S", content=text(3))
    told = stops(indexed)
    assert told == [
        (b"cur/.1300000003.M1.host:2,S", "bad-name"),
        (b"cur/1300000002.M1.host,S=900:2,FS", "size-mismatch"),
    ]
    indexed.apply(indexed.fix())
    assert stops(indexed) == told


def test_folders_that_were_not_to_be_repaired_are_told_of(indexed: IndexedMaildir) -> None:
    indexed.folder(b".A")
    path = indexed.mail(b".A/cur/1300000001.M1.host,S=7:2,S", content=text(1))
    assert stops(indexed, folders=["INBOX"]) == [(path, "size-mismatch")]
    assert stops(indexed, folders=["A"]) == []


def test_the_one_that_keeps_its_name_stops_nobody_once_the_other_is_renamed(
    indexed: IndexedMaildir,
) -> None:
    kept = indexed.mail(b"cur/1300000006.M1.host:2,S", content=text(6))
    other = indexed.mail(b"new/1300000006.M1.host", content=text(7))
    plan = indexed.survey().fix()
    obstacles = obstacles_left(indexed.index, plan)
    there = still_there(obstacles, plan)
    assert there == ()
    assert kept in {item.path for item in plan.left}
    assert without_settled(left_after(plan), there) == []
    undone = plan.acts
    there = still_there(obstacles, plan, undone)
    assert other in {one.path for one in there}


def test_of_two_with_one_uid_both_are_told_until_one_is_renamed(indexed: IndexedMaildir) -> None:
    first = indexed.mail(b"cur/1300000001.M1.host,U=4:2,S", content=text(1))
    second = indexed.mail(b"cur/1300000002.M1.host,U=4:2,S", content=text(2))
    assert stops(indexed) == [(first, "uid-clash"), (second, "uid-clash")]
    plan = indexed.fix()
    there = still_there(obstacles_left(indexed.index, plan), plan)
    left = without_settled(left_after(plan), there)
    assert {item.path for item in left} == {first, second}
    assert stops(indexed, only=["uid-clash"]) == []


def test_no_server_reads_what_is_filed_nowhere(indexed: IndexedMaildir) -> None:
    indexed.folder(b".A")
    path = indexed.mail(b".A/1300000002.M1.host,S=900:2,S", content=CUT)
    assert stops(indexed, only=["bad-flags"]) == []
    filed = b".A/cur/" + path.rpartition(b"/")[2]
    assert stops(indexed) == [(filed, "size-mismatch")]


def test_what_is_put_away_stops_nobody(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000001.M1.host,S=7:2,S", content=b"")
    assert stops(indexed) == [(path, "size-mismatch")]
    assert stops(indexed, only=["empty"]) == []


def test_what_was_not_done_is_still_there(indexed: IndexedMaildir) -> None:
    wrong = indexed.mail(b"cur/1300000001.M1.host,S=7:2,S", content=text(1))
    unsorted = indexed.mail(b"cur/1300000002.M1.host,S=900:2,SF", content=CUT)
    plan = indexed.survey().fix()
    there = still_there(obstacles_left(indexed.index, plan), plan, plan.acts)
    assert sorted(one.path for one in there) == [wrong, unsorted]
