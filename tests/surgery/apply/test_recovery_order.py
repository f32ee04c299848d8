"""A crash between steps that hide each other: a folder moved after its messages, a new name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.surgery.apply import locked_batch, operation
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import StepRecord
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.steps import rename_run
from mailsurgeon.surgery.steps.purge import Purge
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text


class Crash(BaseException):
    """The program ends here."""


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def crash(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch, plan: Plan, after: Path | None = None
) -> None:
    """All is done, and the program dies before it can write that down (once `after` is there)."""
    settle = Journal.settle

    def die(journal: Journal, records: Iterable[StepRecord]) -> None:
        if after is None or after.exists():
            raise Crash
        settle(journal, records)

    with monkeypatch.context() as patch, indexed.surgeon() as surgeon:
        patch.setattr(Journal, "settle", die)
        with pytest.raises(Crash):
            surgeon.apply(plan)


def recover(indexed: IndexedMaildir) -> None:
    with indexed.surgeon() as surgeon:
        report = surgeon.recover()
        assert report is not None and not report.effects


def test_a_message_repaired_in_a_folder_that_was_moved_then_is_taken_back(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (b".A", b".A/B"):
        indexed.folder(name)
    path = indexed.mail(b".A/B/cur/1300000000.M1.host,S=7:2,S", content=text(1))
    indexed.uidlist(b".A/B", b"1300000000.M1.host,S=7")
    before = indexed.picture()
    plan = indexed.survey().propose(path, b".A/B")
    assert [act.verdict for act in plan.acts] == ["fix-size", "lift-folder"]
    crash(indexed, monkeypatch, plan, indexed.path(b".A.B"))
    recover(indexed)
    (name,) = os.listdir(indexed.path(b".A.B/cur"))
    assert ",S=104" in name
    indexed.undo()
    assert indexed.picture() == before


def test_the_time_set_before_a_name_is_given_back_stays_set(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host,S=7:2,S", content=text(1))
    os.utime(indexed.path(path), (1_500_000_000, 1_500_000_000))
    before = indexed.picture()
    plan = indexed.survey().propose(path)
    assert len(plan.acts[0].steps) == 2
    indexed.apply(plan)
    with indexed.surgeon() as surgeon:
        back = surgeon.plan_undo()
    crash(indexed, monkeypatch, back)
    recover(indexed)
    assert indexed.picture() == before


def test_a_keyword_still_in_use_is_no_sign_that_an_undo_was_begun(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, names in ((b".A", b"0 Work\n"), (b".B", b"0 Zebra\n")):
        indexed.folder(folder)
        indexed.path(folder + b"/dovecot-keywords").write_bytes(names)
        os.utime(indexed.path(folder + b"/dovecot-keywords"), (1_300_000_000, 1_300_000_000))
    path = indexed.mail(b".A/cur/1300000000.M1.host:2,Sa", content=text(1))
    before = indexed.picture()
    indexed.apply(indexed.survey().propose(path, remedy="file", target="B"))
    done = indexed.picture()
    with indexed.surgeon() as surgeon:
        back = surgeon.plan_undo()

    def die(*_values: object) -> None:
        raise Crash

    with monkeypatch.context() as patch, indexed.surgeon() as surgeon:
        patch.setattr(rename_run, "move", die)
        patch.setattr(locked_batch, "enact", die)
        with pytest.raises(Crash):
            surgeon.apply(back)
    recover(indexed)
    assert indexed.picture() == done
    indexed.undo()
    assert indexed.picture() == before


def test_a_list_that_was_being_written_leaves_nothing_behind(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed.mail(b"cur/1300000000.M1.host:2,S", content=text(1))
    place = indexed.uidlist(b"", b"1300000000.M1.host")
    place.write_bytes(place.read_bytes() + b"0 :zero\n")
    before = indexed.picture()
    plan = indexed.survey().propose(b"dovecot-uidlist")
    crash(indexed, monkeypatch, plan)
    draft = indexed.path(b"dovecot-uidlist.mailsurgeon")
    draft.write_bytes(b"half a li")
    recover(indexed)
    assert not draft.exists()
    indexed.undo()
    assert indexed.picture() == before


def test_a_notice_that_outlived_its_operation_is_taken_down(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = indexed.mail(b"1300000000.M1.host:2,S", content=text(1))

    def die(_writer: operation.OperationWriter) -> None:
        raise Crash

    with monkeypatch.context() as patch, indexed.surgeon() as surgeon:
        patch.setattr(operation.OperationWriter, "_take_notice_down", die)
        with pytest.raises(Crash):
            surgeon.apply(indexed.survey().propose(path))
    notice = indexed.home / "mail" / ".Maildir.quarantine" / "UNFINISHED"
    assert notice.exists()
    with indexed.surgeon() as surgeon:
        assert surgeon.recover() is None
    assert not notice.parent.exists()


def test_what_a_purge_has_not_come_to_is_still_there_and_known(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [indexed.mail(b"cur/130000000%d.M1.host:2," % n, content=text(n)) for n in (1, 2)]
    indexed.apply(indexed.survey().propose(*paths, remedy="quarantine"))
    purge = Purge.do
    deleted: list[bytes] = []

    def once(step: Purge, *where: Any) -> None:
        if deleted:
            raise Crash
        purge(step, *where)
        deleted.append(os.path.basename(step.source))

    with monkeypatch.context() as patch, indexed.surgeon() as surgeon:
        patch.setattr(Purge, "do", once)
        with pytest.raises(Crash):
            surgeon.purge(surgeon.plan_purge(surgeon.quarantined_before(0)))
    with indexed.surgeon() as surgeon:
        surgeon.recover()
        assert [row.state for row in surgeon.steps(2)] == ["done", "refused"]
        (item,) = surgeon.quarantined()
        assert os.path.basename(item.original) not in deleted
        surgeon.apply(surgeon.plan_undo(1))
    (name,) = os.listdir(indexed.path(b"cur"))
    assert os.fsencode(name) == os.path.basename(item.original)
