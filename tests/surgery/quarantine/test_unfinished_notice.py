"""Another's unfinished operation: told with user and host, never taken away, with a way on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailsurgeon.errors import SpoolBusy
from mailsurgeon.surgery.journal.journal import Journal
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

ONE, TWO = b"1300000001.M1P1.host:2,S", b"1300000002.M2P1.host:2,"


class Crash(BaseException):
    pass


def cut_off(maildir: Maildir, monkeypatch: pytest.MonkeyPatch, **options: object) -> Path:
    """An operation stopped before its results were written; returns its journal."""

    def die(*_values: object, **_named: object) -> None:
        raise Crash

    maildir.mail(ONE)
    with monkeypatch.context() as patch, maildir.surgeon(**options) as surgeon:
        patch.setattr(Journal, "settle", die)
        patch.setattr(Journal, "finish", die)
        with pytest.raises(Crash):
            surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
        return surgeon.journal_path


@pytest.fixture
def notice(maildir: Maildir) -> Path:
    return maildir.home / "mail" / ".Maildir.quarantine" / "UNFINISHED"


@protects(
    "nobody takes away another's unfinished operation",
    where="surgery/quarantine/unfinished_notice.py",
)
def test_another_host_with_its_journal_at_the_same_path_is_told(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch, notice: Path
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "first.example.org")
    cut_off(maildir, monkeypatch)
    (maildir.home / "state").rename(maildir.home / "state of the first host")
    maildir.mail(TWO, 2)
    acts = plan(maildir.rename(TWO, b"cur/" + TWO))
    before = notice.read_bytes()
    with maildir.surgeon() as surgeon:
        assert surgeon.recover() is None
        assert len(surgeon.foreign_unfinished()) == 1
        with pytest.raises(SpoolBusy, match=r"operation 1 of .* is unfinished") as caught:
            surgeon.apply(acts)
        assert "--leave-unfinished" in str(caught.value)
        assert str(notice) in str(caught.value)
    assert notice.read_bytes() == before
    assert json.loads(before)["host"] in str(caught.value)


@protects(
    "nobody takes away another's unfinished operation",
    where="surgery/quarantine/unfinished_notice.py",
)
def test_work_beside_it_leaves_it_to_be_finished_later(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch, notice: Path
) -> None:
    journal = cut_off(maildir, monkeypatch, state_dir=maildir.home / "another")
    maildir.mail(TWO, 2)
    before = notice.read_bytes()
    with maildir.surgeon(leave_unfinished=True) as surgeon:
        assert surgeon.apply(plan(maildir.rename(TWO, b"cur/" + TWO))).state == "applied"
        assert notice.read_bytes() == before
    with maildir.surgeon() as surgeon, pytest.raises(SpoolBusy):
        surgeon.apply(plan(maildir.rename(b"cur/" + TWO, TWO)))
    with maildir.surgeon(journal=journal) as surgeon:
        report = surgeon.recover()
        assert report is not None and report.done == {"recovered": 1}
    assert not notice.parent.exists()
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(plan(maildir.rename(b"cur/" + TWO, TWO))).state == "applied"


def test_both_notices_stand_while_both_are_unfinished(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch, notice: Path
) -> None:
    first = cut_off(maildir, monkeypatch, state_dir=maildir.home / "first")
    maildir.path(b"cur/" + ONE).rename(maildir.path(ONE))
    second = cut_off(maildir, monkeypatch, leave_unfinished=True)
    names = sorted(path.name for path in notice.parent.iterdir())
    assert len(names) == 2 and all(name.startswith("UNFINISHED") for name in names)
    with maildir.surgeon(journal=first) as surgeon, pytest.raises(SpoolBusy, match=str(second)):
        surgeon.recover()
    with maildir.surgeon(journal=second, leave_unfinished=True) as surgeon:
        assert surgeon.recover() is not None
    assert [path.name for path in notice.parent.iterdir()] == ["UNFINISHED"]
    with maildir.surgeon(journal=first) as surgeon:
        assert surgeon.recover() is not None
    assert not notice.parent.exists()


def test_the_notice_of_an_earlier_version_is_known_by_the_path_of_its_journal(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch, notice: Path
) -> None:
    journal = cut_off(maildir, monkeypatch)
    notice.write_text(json.dumps({"operation": 1, "journal": str(journal), "user": "ann"}))
    act = maildir.rename(b"cur/" + ONE, ONE)
    with (
        maildir.surgeon(state_dir=maildir.home / "another") as surgeon,
        pytest.raises(SpoolBusy, match="of ann is unfinished"),
    ):
        surgeon.apply(plan(act))
    with maildir.surgeon() as surgeon:
        assert surgeon.recover() is not None
    assert not notice.exists()


@pytest.mark.parametrize("text", [b"", b"[]", b"[" * 4_000, b"\xff", b'{"operation": 1}'])
def test_what_is_no_notice_is_replaced(maildir: Maildir, notice: Path, text: bytes) -> None:
    maildir.mail(ONE)
    notice.parent.mkdir(mode=0o700)
    notice.write_bytes(text)
    with maildir.surgeon() as surgeon:
        assert surgeon.recover() is None
        assert surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE))).state == "applied"
    assert not notice.exists()
