"""Files whose times are far from anything that mail has: a survey and a `fix` go on as usual."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.survey.index.rows import LATEST_TIME
from tests.support.protects import protects
from tests.support.spool import NS
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

DATE = 1_300_000_000  # of the messages' headers
BEYOND = 2**33 + 2**32  # in 2378; the index can hold times up to 2262


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def put(indexed: IndexedMaildir, path: bytes, number: int) -> Path:
    indexed.mail(path, number, content=text(number))
    place = indexed.path(path)
    os.utime(place, (DATE, BEYOND))
    if place.stat().st_mtime_ns != BEYOND * NS:
        pytest.skip("this file system holds no such time")
    return place


@protects(
    "one file with an impossible time does not end a survey, and gets its time back to the second",
    where="survey/index/rows.py, surgery/plan/remedies/fix_date.py",
    seen="seen failing with an OverflowError of SQLite",
)
def test_a_time_that_the_index_cannot_hold(indexed: IndexedMaildir) -> None:
    place = put(indexed, b"cur/1300000001.a:2,S", 1)
    (row,) = indexed.survey().index.problems()
    assert (row.code, row.remedy) == ("bad-date", "fix-date")
    assert row.detail["mtime"] == LATEST_TIME // NS
    assert [(one.code, one.detail) for one in indexed.survey().index.problems()] == [
        (row.code, row.detail)
    ]

    assert indexed.apply(indexed.fix(only=["bad-date"])).state == "applied"
    assert place.stat().st_mtime_ns == DATE * NS
    assert not list(indexed.survey().index.problems())
    indexed.undo()
    assert place.stat().st_mtime_ns == BEYOND * NS
    with indexed.surgeon() as surgeon:
        surgeon.apply(surgeon.plan_redo())
    assert place.stat().st_mtime_ns == DATE * NS
    indexed.undo()
    assert place.stat().st_mtime_ns == BEYOND * NS


def test_messages_with_such_times_are_repaired_like_others(indexed: IndexedMaildir) -> None:
    put(indexed, b"cur/1300000001.a:2,SF", 1)
    put(indexed, b"1300000002.b", 2)
    put(indexed, b"tmp/1300000003.c", 3)
    put(indexed, b"cur/1300000004.d,S=5:2,", 4)
    put(indexed, b"cur/1300000005.e:2,", 5)
    put(indexed, b"cur/1300000006.f:2,T", 5)
    os.utime(indexed.path(b"cur"), (DATE, BEYOND))
    plan = indexed.survey().fix(only=["bad-flags", "misfiled", "size-mismatch", "duplicate-id"])
    assert len(plan.acts) == 4
    indexed.apply(plan)
    assert all(file.stat().st_mtime_ns == BEYOND * NS for file in indexed.path(b"cur").iterdir())
    assert {code for found in indexed.survey().codes().values() for code in found} <= {"in-tmp"}
