"""Dovecot's names of keyword letters: written again as Dovecot reads them, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, only_act, text

MAIL = b"cur/1300000001.M1.host:2,Sa"
DAMAGED = b"0 Wo\x01rk\n\n1 Home\n26 Other\n1 home\n2 La\xffter"


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        one.mail(MAIL, 1, content=text(1))
        one.uidlist(b"", b"1300000001.M1.host")
        yield one


def listed(indexed: IndexedMaildir, data: bytes) -> Path:
    place = indexed.path(b"dovecot-keywords")
    place.write_bytes(data)
    place.chmod(0o640)
    return place


def test_the_names_that_dovecot_reads_stay_and_the_damage_comes_back(
    indexed: IndexedMaildir,
) -> None:
    place = listed(indexed, DAMAGED)
    before = indexed.picture()
    plan = indexed.survey().propose(b"dovecot-keywords")
    act = only_act(plan)
    assert act.remedies == ("fix-keywords",)
    assert act.note == (
        "keyword letter a: Wo\\x01rk becomes Wo_rk; keyword letter c: no name becomes La_ter"
    )
    indexed.apply(plan)
    assert place.read_bytes() == b"0 Wo_rk\n1 Home\n2 La_ter\n"
    assert place.stat().st_mode & 0o777 == 0o640
    assert indexed.survey().codes() == {}
    assert not indexed.undo().refused
    assert indexed.picture() == before


def test_it_is_done_only_when_it_is_named(indexed: IndexedMaildir) -> None:
    place = listed(indexed, DAMAGED)
    indexed.apply(indexed.survey().fix())
    assert place.read_bytes() == DAMAGED
    indexed.apply(indexed.fix(only=["keywords-damaged"]))
    assert place.read_bytes() != DAMAGED


def test_a_keyword_that_dovecot_has_added_since_stays(indexed: IndexedMaildir) -> None:
    place = listed(indexed, b"0 Work\n\n")
    indexed.apply(indexed.survey().propose(b"dovecot-keywords"))
    with place.open("ab") as file:
        file.write(b"1 New\n")
    assert not indexed.undo().refused
    assert place.read_bytes() == b"0 Work\n\n1 New\n"


@pytest.mark.parametrize("now", [b"0 Other\n", b"0 Wo\x01rk\n", b""])
def test_a_list_that_changed_since_is_left_alone(indexed: IndexedMaildir, now: bytes) -> None:
    place = listed(indexed, DAMAGED)
    plan = indexed.survey().propose(b"dovecot-keywords")
    place.write_bytes(now)
    with indexed.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert [one.reason for one in report.refused] == ["dovecot-keywords has changed since"]
    assert place.read_bytes() == now


def test_letters_without_a_name_are_told(indexed: IndexedMaildir) -> None:
    assert indexed.survey().codes() == {MAIL: ["unknown-keyword"]}
    listed(indexed, b"0 unknown-0\n")
    assert indexed.survey().codes() == {MAIL: ["unknown-keyword"]}
    listed(indexed, b"0 Work\n")
    assert indexed.survey().codes() == {}
    indexed.path(b"dovecot-keywords").unlink()
    indexed.path(b"dovecot-uidlist").unlink()
    assert indexed.survey().codes() == {}  # nothing of Dovecot's is there


def test_a_list_without_end_is_told_and_left(indexed: IndexedMaildir) -> None:
    place = listed(indexed, b"")
    with place.open("r+b") as file:
        file.truncate(1 << 40)
    assert indexed.survey().codes()[b"dovecot-keywords"] == ["keywords-damaged"]
    assert indexed.propose(b"dovecot-keywords").acts == ()
