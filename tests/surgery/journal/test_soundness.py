"""A journal is not read whole at each opening, but always when it may have changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mailsurgeon.errors import JournalError
from mailsurgeon.surgery.journal import journal_file, soundness
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

ONE = b"1300000001.M1P1.host"


@pytest.fixture
def journal(maildir: Maildir) -> Path:
    """A journal with an operation, closed."""
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.rename(maildir.mail(ONE), b"cur/" + ONE)))
        return surgeon.journal_path


def test_it_is_not_checked_again_while_it_stays_as_it_was_left(journal: Path) -> None:
    first = soundness.checked_at(journal)
    assert first is not None
    soundness.note_checked(journal, first)
    assert soundness.checked_at(journal) == first


@protects(
    "a journal that may have changed is checked whole",
    where="surgery/journal/soundness.py",
    seen="failed without the modification time set",
)
def test_a_change_within_the_same_tick_of_the_clock_is_seen(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Within a tick a change leaves the ctime as it was, and gives the mtime that was there before.
    exactly = soundness._state
    monkeypatch.setattr(soundness, "_state", lambda path: exactly(path)[:-1])
    tick = journal.stat()
    soundness.note_checked(journal, time.time() - 1)
    journal.write_bytes(journal.read_bytes()[::-1])
    os.utime(journal, ns=(tick.st_atime_ns, tick.st_mtime_ns))
    assert soundness.checked_at(journal) is None


def test_a_journal_that_has_changed_is_refused(maildir: Maildir, journal: Path) -> None:
    whole = journal.read_bytes()
    journal.write_bytes(whole[:4096] + bytes(4096) + whole[8192:])
    assert soundness.checked_at(journal) is None
    with maildir.surgeon() as surgeon, pytest.raises(JournalError):
        surgeon.plan_undo(1)


def test_what_was_not_closed_is_checked(journal: Path) -> None:
    journal.with_name(journal.name + "-wal").write_bytes(b"")
    assert soundness.checked_at(journal) is None


def test_another_file_in_its_place_is_checked(journal: Path) -> None:
    status = journal.stat()
    copy = journal.with_name("copy")
    copy.write_bytes(journal.read_bytes())
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    copy.replace(journal)
    assert soundness.checked_at(journal) is None


def test_after_a_day_it_is_checked_again(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time() + soundness.TRUSTED_SECONDS + 1
    monkeypatch.setattr(soundness.time, "time", lambda: later)
    assert soundness.checked_at(journal) is None


@pytest.mark.parametrize("note", [b"", b"soon", b"1 2 3", b"\xff", b"9" * 300])
def test_a_note_that_says_nothing_is_no_trust(journal: Path, note: bytes) -> None:
    journal.with_name(journal.name + "-checked").write_bytes(note)
    assert soundness.checked_at(journal) is None


def test_a_session_that_met_an_error_leaves_no_trust(
    maildir: Maildir, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.with_name(journal.name + "-checked").unlink()
    with maildir.surgeon() as surgeon:
        assert surgeon.operations()

        def damaged(*_arguments: object) -> None:
            raise journal_file.DamagedRow("step 1")

        monkeypatch.setattr("mailsurgeon.surgery.journal.journal.step_from", damaged)
        with pytest.raises(JournalError, match="is damaged"):
            list(surgeon.steps(1))
    assert soundness.checked_at(journal) is None
