"""The journal: private, durable, refused in one line when it cannot be trusted."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.errors import JournalError
from mailsurgeon.surgery.journal import journal as journal_module
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import StepRecord
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

ONE = b"1300000001.M1P1.host:2,S"


def used(maildir: Maildir) -> Path:
    """A journal with an operation in it; returns its file."""
    maildir.mail(ONE)
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
        return surgeon.journal_path


def change(statement: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        db = sqlite3.connect(path)
        db.execute(statement)
        db.commit()
        db.close()

    return spoil


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def scribble(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(path.with_name("moved"))


def another_owner(path: Path) -> None:
    os.chown(path, 12345, 12345)


SPOILS: list[tuple[Callable[[Path], None], str]] = [
    (cut, "cannot be used|damaged"),
    (scribble, "cannot be used|damaged"),
    (directory, "not a plain file"),
    (link, "not a plain file"),
    (change("PRAGMA user_version = 99"), "a newer version"),
    (change("PRAGMA application_id = 7"), "not a journal of this program"),
    (change("UPDATE meta SET value = '1:2' WHERE key = 'spool'"), "another spool"),
    (change("UPDATE steps SET source = CAST('cur/other' AS BLOB)"), "damaged"),
    (change("UPDATE steps SET target = CAST('../../etc/x' AS BLOB)"), "damaged"),
    (change("UPDATE steps SET state = 'dqne'"), "damaged"),
    (change("UPDATE steps SET data = '{}'"), "damaged"),
    (change("UPDATE operations SET kind = 'undo'"), "damaged"),
    (change("UPDATE operations SET state = 'apqlied'"), "damaged"),
]


@pytest.mark.parametrize(("spoil", "said"), SPOILS)
@protects(
    "a damaged, newer or foreign journal is refused",
    where="surgery/journal/journal.py",
    seen="flipped at every 64th byte",
)
def test_a_journal_that_cannot_be_trusted_is_refused_in_one_line(
    maildir: Maildir, spoil: Callable[[Path], None], said: str
) -> None:
    path = used(maildir)
    spoil(path)
    before = maildir.picture()
    with maildir.surgeon() as surgeon, pytest.raises(JournalError, match=said) as caught:
        surgeon.apply(surgeon.plan_undo(1))
    assert "\n" not in str(caught.value)
    assert "--state-dir" in str(caught.value)
    assert maildir.picture() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file away")
@protects("a damaged, newer or foreign journal is refused", where="surgery/journal/journal.py")
def test_somebody_elses_journal_is_refused(maildir: Maildir) -> None:
    another_owner(used(maildir))
    with maildir.surgeon() as surgeon, pytest.raises(JournalError, match="of your own"):
        surgeon.operations()


@pytest.mark.soak
@protects("a damaged, newer or foreign journal is refused", where="surgery/journal/journal.py")
def test_every_64th_byte_flipped_never_makes_a_wrong_act(maildir: Maildir) -> None:
    path = used(maildir)
    whole = path.read_bytes()
    done = maildir.picture()
    refused = tried = 0
    for place in range(0, len(whole), 64):
        tried += 1
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        try:
            with maildir.surgeon() as surgeon:
                surgeon.plan_undo(1)
                assert next(surgeon.steps(1)).target == b"cur/" + ONE
        except JournalError:
            refused += 1
        except Exception as error:
            assert type(error).__name__ == "Refused", error
        assert maildir.picture() == done
    print(f"{refused} of {tried} flipped journals refused, none believed")
    assert tried > 100


def test_others_may_not_write_to_the_state_directory(maildir: Maildir) -> None:
    maildir.mail(ONE)
    state = maildir.home / "state"
    state.mkdir()
    state.chmod(0o777)
    with maildir.surgeon() as surgeon, pytest.raises(JournalError, match="others may write"):
        surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    assert maildir.path(ONE).exists()


def test_the_journal_is_private_and_made_only_when_something_is_done(maildir: Maildir) -> None:
    maildir.mail(ONE)
    with maildir.surgeon() as surgeon:
        assert surgeon.operations() == []
        assert surgeon.unfinished() is None
        assert surgeon.recover() is None
        assert not (maildir.home / "state").exists()
        surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
        path = surgeon.journal_path
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700


def test_a_disk_that_fills_up_under_the_journal_changes_nothing(maildir: Maildir) -> None:
    names = [maildir.mail(b"%d.M1P1.host" % number, number) for number in range(1, 400)]
    before = maildir.picture()
    acts = plan(*(maildir.rename(name, b"cur/" + name + b":2,") for name in names))
    with maildir.surgeon() as surgeon:
        begin = Journal.begin

        def full_after(journal: Journal, *values: object, **named: object) -> int:
            number = begin(journal, *values, **named)  # type: ignore[arg-type]
            db = journal._file.db
            assert db is not None
            pages = db.execute("PRAGMA page_count").fetchone()[0]
            db.execute(f"PRAGMA max_page_count = {pages + 1}")
            return number

        Journal.begin = full_after  # type: ignore[method-assign]
        try:
            with pytest.raises(JournalError, match="full"):
                surgeon.apply(acts)
        finally:
            Journal.begin = begin  # type: ignore[method-assign]
    with maildir.surgeon() as surgeon:
        report = surgeon.recover()
        assert report is not None and report.state == "applied"
        assert surgeon.undoable() == []
    assert maildir.picture() == before


@protects(
    "intents are on the disk before the act",
    where="surgery/journal/journal.py, surgery/apply/batches.py",
)
def test_intents_are_durable_before_anything_is_renamed(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailsurgeon.surgery.fsops import at

    maildir.mail(ONE)
    rename = at.rename_no_replace
    known: list[list[tuple[bytes, bytes, str]]] = []

    def watched(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
        if source == ONE:
            path = next((maildir.home / "state").rglob("journal.sqlite"))
            db = sqlite3.connect(path)
            known.append(db.execute("SELECT source, target, state FROM steps").fetchall())
            db.close()
        rename(source_dir, source, target_dir, target)

    monkeypatch.setattr(at, "rename_no_replace", watched)
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    assert known == [[(ONE, b"cur/" + ONE, "planned")]]


def test_synchronous_is_full(maildir: Maildir, surgeon: Surgeon) -> None:
    maildir.mail(ONE)
    surgeon.apply(plan(maildir.rename(ONE, b"cur/" + ONE)))
    db = surgeon._journal._file.db
    assert db is not None
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)


# Reading many steps


def many(maildir: Maildir, number: int) -> Plan:
    names = [b"13000000%02d.M1P1.host:2,S" % one for one in range(number)]
    for name in names:
        maildir.mail(name)
    return plan(*(maildir.rename(name, b"cur/" + name) for name in names))


def test_steps_are_read_a_few_at_a_time(maildir: Maildir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_AT_ONCE", 3)
    with maildir.surgeon() as surgeon:
        surgeon.apply(many(maildir, 7))
        surgeon.apply(surgeon.plan_undo())
        journal = surgeon._journal
        asked = list[int]()
        read = journal._steps

        def counting(*args: Any, **options: Any) -> list[StepRecord]:
            found = read(*args, **options)
            asked.append(len(found))
            return found

        monkeypatch.setattr(journal, "_steps", counting)
        for operation, sizes in ((1, [3, 3, 1, 0]), (2, [3, 3, 1, 0]), (3, [])):
            asked.clear()
            steps = list(surgeon.steps(operation))
            assert asked == sizes
            assert steps == journal.steps_of(operation)


def test_changes_are_counted_by_operation_verdict_and_state(maildir: Maildir) -> None:
    done = many(maildir, 3)
    with maildir.surgeon() as surgeon:
        assert surgeon.change_counts() == []
        assert surgeon.sessions() == []
        maildir.path(done.acts[1].path).unlink()
        surgeon.apply(done)
        surgeon.apply(surgeon.plan_undo())
        assert surgeon.change_counts() == [
            (1, "file", "undone", 2),
            (1, "file", "refused", 1),
            (2, "undo file", "done", 2),
        ]
        (session,) = surgeon.sessions()
        assert session == surgeon.this_session
