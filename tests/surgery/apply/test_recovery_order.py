"""A crash between steps that hide one another: a folder moved after its messages, a new name."""

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
from mailsurgeon.surgery.steps.purge import Purge
from tests.surgery.indexed_maildir import Clinic, clinic_in, text


class Crash(BaseException):
    """The program ends here."""


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with clinic_in(tmp_path) as one:
        yield one


def crash(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, plan: Plan, after: Path | None = None
) -> None:
    """All is done, and the program dies before it can write that down (once `after` is there)."""
    settle = Journal.settle

    def die(journal: Journal, records: Iterable[StepRecord]) -> None:
        if after is None or after.exists():
            raise Crash
        settle(journal, records)

    with monkeypatch.context() as patch, clinic.surgeon() as surgeon:
        patch.setattr(Journal, "settle", die)
        with pytest.raises(Crash):
            surgeon.apply(plan)


def recover(clinic: Clinic) -> None:
    with clinic.surgeon() as surgeon:
        report = surgeon.recover()
        assert report is not None and not report.effects


def test_a_message_repaired_in_a_folder_that_was_moved_then_is_taken_back(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (b".A", b".A/B"):
        clinic.folder(name)
    path = clinic.mail(b".A/B/cur/1300000000.M1.host,S=7:2,S", content=text(1))
    clinic.uidlist(b".A/B", b"1300000000.M1.host,S=7")
    before = clinic.picture()
    plan = clinic.survey().propose(path, b".A/B")
    assert [act.verdict for act in plan.acts] == ["fix-size", "lift-folder"]
    crash(clinic, monkeypatch, plan, clinic.path(b".A.B"))
    recover(clinic)
    (name,) = os.listdir(clinic.path(b".A.B/cur"))
    assert ",S=104" in name
    clinic.undo()
    assert clinic.picture() == before


def test_the_time_set_before_a_name_is_given_back_stays_set(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clinic.mail(b"cur/1300000000.M1.host,S=7:2,S", content=text(1))
    os.utime(clinic.path(path), (1_500_000_000, 1_500_000_000))
    before = clinic.picture()
    plan = clinic.survey().propose(path)
    assert len(plan.acts[0].steps) == 2
    clinic.apply(plan)
    with clinic.surgeon() as surgeon:
        back = surgeon.plan_undo()
    crash(clinic, monkeypatch, back)
    recover(clinic)
    assert clinic.picture() == before


def test_a_keyword_still_in_use_is_no_sign_that_an_undo_was_begun(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, names in ((b".A", b"0 Work\n"), (b".B", b"0 Zebra\n")):
        clinic.folder(folder)
        clinic.path(folder + b"/dovecot-keywords").write_bytes(names)
        os.utime(clinic.path(folder + b"/dovecot-keywords"), (1_300_000_000, 1_300_000_000))
    path = clinic.mail(b".A/cur/1300000000.M1.host:2,Sa", content=text(1))
    before = clinic.picture()
    clinic.apply(clinic.survey().propose(path, remedy="file", target="B"))
    done = clinic.picture()
    with clinic.surgeon() as surgeon:
        back = surgeon.plan_undo()

    def die(*_values: object) -> None:
        raise Crash

    with monkeypatch.context() as patch, clinic.surgeon() as surgeon:
        patch.setattr(locked_batch, "enact", die)
        with pytest.raises(Crash):
            surgeon.apply(back)
    recover(clinic)
    assert clinic.picture() == done
    clinic.undo()
    assert clinic.picture() == before


def test_a_list_that_was_being_written_leaves_nothing_behind(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.mail(b"cur/1300000000.M1.host:2,S", content=text(1))
    place = clinic.uidlist(b"", b"1300000000.M1.host")
    place.write_bytes(place.read_bytes() + b"0 :zero\n")
    before = clinic.picture()
    plan = clinic.survey().propose(b"dovecot-uidlist")
    crash(clinic, monkeypatch, plan)
    draft = clinic.path(b"dovecot-uidlist.mailsurgeon")
    draft.write_bytes(b"half a li")
    recover(clinic)
    assert not draft.exists()
    clinic.undo()
    assert clinic.picture() == before


def test_a_notice_that_outlived_its_operation_is_taken_down(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clinic.mail(b"1300000000.M1.host:2,S", content=text(1))

    def die(_writer: operation.OperationWriter) -> None:
        raise Crash

    with monkeypatch.context() as patch, clinic.surgeon() as surgeon:
        patch.setattr(operation.OperationWriter, "_take_notice_down", die)
        with pytest.raises(Crash):
            surgeon.apply(clinic.survey().propose(path))
    notice = clinic.home / "mail" / ".Maildir.quarantine" / "UNFINISHED"
    assert notice.exists()
    with clinic.surgeon() as surgeon:
        assert surgeon.recover() is None
    assert not notice.parent.exists()


def test_what_a_purge_has_not_come_to_is_still_there_and_known(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [clinic.mail(b"cur/130000000%d.M1.host:2," % n, content=text(n)) for n in (1, 2)]
    clinic.apply(clinic.survey().propose(*paths, remedy="quarantine"))
    purge = Purge.do
    deleted: list[bytes] = []

    def once(step: Purge, *where: Any) -> None:
        if deleted:
            raise Crash
        purge(step, *where)
        deleted.append(os.path.basename(step.source))

    with monkeypatch.context() as patch, clinic.surgeon() as surgeon:
        patch.setattr(Purge, "do", once)
        with pytest.raises(Crash):
            surgeon.purge(0)
    with clinic.surgeon() as surgeon:
        surgeon.recover()
        assert [row.state for row in surgeon.steps(2)] == ["done", "refused"]
        (item,) = surgeon.quarantined()
        assert os.path.basename(item.original) not in deleted
        surgeon.apply(surgeon.plan_undo(1))
    (name,) = os.listdir(clinic.path(b"cur"))
    assert os.fsencode(name) == os.path.basename(item.original)
