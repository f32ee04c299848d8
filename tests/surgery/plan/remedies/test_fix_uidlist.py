"""A damaged uidlist: only what a server would reject is dropped, and it can come back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.steps.lists import uidlist_lines
from mailsurgeon.surgery.steps.lists.uidlist_lines import DropLines
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, only_act, text

HEADER = b"3 V1300000000 N9 G0123456789abcdef0123456789abcdef Xodd  spacing\n"
ONE = b"1300000000.M1.host"
TWO = b"1300000001.M2.host"


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as indexed:
        indexed.mail(b"cur/" + ONE + b":2,S", content=text(1))
        indexed.mail(b"cur/" + TWO + b":2,S", content=text(2))
        yield indexed


def damaged(
    indexed: IndexedMaildir, body: bytes, header: bytes = HEADER, name: str = "dovecot-uidlist"
) -> Path:
    place = indexed.root / name
    place.write_bytes(header + body)
    return place


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (b"0 :zero\n1 :%s\n2 :%s\n", b"1 :%s\n2 :%s\n"),
        (b"1 :%s\n2 :%s\n4294967295 :much\n", b"1 :%s\n2 :%s\n"),
        (b"1 :%s\n2 :%s\n3 :cut off", b"1 :%s\n2 :%s\n"),
        (b"1 :%s\nwords\n\n2 :%s\n", b"1 :%s\n2 :%s\n"),
        (b"1 :%s\n5 :other\n3 :late\n6 :%s\n", b"1 :%s\n5 :other\n6 :%s\n"),
        # Of two records of one base name Dovecot keeps the higher UID.
        (b"1 :twice\n2 :%s\n3 :twice\n4 :%s\n", b"2 :%s\n3 :twice\n4 :%s\n"),
    ],
)
def test_only_the_lines_a_server_rejects_go_and_come_back(
    indexed: IndexedMaildir, body: bytes, left: bytes
) -> None:
    place = damaged(indexed, body % (ONE, TWO))
    before = indexed.picture()
    plan = indexed.survey().propose(b"dovecot-uidlist")
    assert only_act(plan).remedies == ("fix-uidlist",)
    indexed.apply(plan)
    assert place.read_bytes() == HEADER + left % (ONE, TWO)
    assert indexed.survey().codes() == {}
    indexed.undo()
    assert indexed.picture() == before


def test_mail_that_came_in_since_stays_when_the_lines_come_back(indexed: IndexedMaildir) -> None:
    place = damaged(indexed, b"0 :zero\n1 :%s\n3 :cut off" % ONE)
    indexed.apply(indexed.survey().propose(b"dovecot-uidlist"))
    with place.open("ab") as file:
        file.write(b"2 :%s\n" % TWO)
    indexed.undo()
    assert place.read_bytes() == HEADER + b"0 :zero\n1 :%s\n3 :cut off\n2 :%s\n" % (ONE, TWO)


def test_a_list_that_changed_since_the_plan_is_left_alone(indexed: IndexedMaildir) -> None:
    place = damaged(indexed, b"1 :%s\n0 :zero\n" % ONE)
    plan = indexed.survey().propose(b"dovecot-uidlist")
    place.write_bytes(HEADER + b"1 :%s\n2 :%s\n" % (ONE, TWO))
    with indexed.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert [refusal.reason for refusal in report.refused] == ["line 3 has changed"]
    assert place.read_bytes() == HEADER + b"1 :%s\n2 :%s\n" % (ONE, TWO)


def test_a_bad_header_line_is_not_touched(indexed: IndexedMaildir) -> None:
    damaged(indexed, b"1 :%s\n" % ONE, header=b"7 V1 N2\n")
    indexed.survey()
    assert [row.remedy for row in indexed.index.problems(codes=["uidlist-damaged"])] == [None]
    assert indexed.propose(b"dovecot-uidlist", remedy="fix-uidlist").acts == ()


def test_couriers_list_is_mended_under_couriers_lock(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = damaged(indexed, b"1 %s\n0 zero\n" % ONE, b"1 1300000000 5\n", "courierimapuiddb")
    before = place.read_bytes()
    held: list[bool] = []
    drop_lines = uidlist_lines.drop_lines

    def watched(data: bytes, lines: list[tuple[int, bytes]]) -> bytes:
        held.append((indexed.root / "tmp" / "courier.lock").exists())
        return drop_lines(data, lines)

    monkeypatch.setattr(uidlist_lines, "drop_lines", watched)
    indexed.apply(indexed.survey().propose(b"courierimapuiddb"))
    assert (held, place.read_bytes()) == ([True], b"1 1300000000 5\n1 %s\n" % ONE)
    indexed.undo()
    assert place.read_bytes() == before
    assert not (indexed.root / "tmp" / "courier.lock").exists()


@pytest.mark.parametrize("rewritten", [False, True])
def test_a_crash_leaves_the_list_before_or_after(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch, rewritten: bool
) -> None:
    place = damaged(indexed, b"1 :%s\n0 :zero\n" % ONE)
    before = place.read_bytes()
    plan = indexed.survey().propose(b"dovecot-uidlist")
    drop = DropLines.do

    def killed(*args: object) -> None:
        if rewritten:
            drop(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, indexed.surgeon() as surgeon:
        patch.setattr(DropLines, "do", killed)
        with pytest.raises(KeyboardInterrupt):
            surgeon.apply(plan)
    with indexed.surgeon() as surgeon:
        assert surgeon.recover() is not None
        operation = surgeon.operations()[0]
        steps = [step.state for step in surgeon.steps(operation.id)]
    after = HEADER + b"1 :%s\n" % ONE
    assert place.read_bytes() == (after if rewritten else before)
    assert steps == (["done"] if rewritten else ["refused"])
