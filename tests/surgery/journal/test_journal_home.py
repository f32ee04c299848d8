"""Which journal a spool gets after it was moved, copied, restored, or its device renumbered."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mailsurgeon.errors import JournalError, Refused
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.surgeon import Surgeon
from tests.journals.rows import read_rows
from tests.journals.sums import checksum
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

ONE = b"cur/1300000001.M1P1.host:2,S"
TWO = b"1300000002.M2P1.host:2,"


def surgeon_at(maildir: Maildir, root: Path, **options: object) -> Surgeon:
    """A surgeon, with the state directory of the test, for the spool that is now at `root`."""
    status = root.stat()
    spool = Spool(os.fsencode(root), status.st_dev, status.st_ino, "maildir++")
    options.setdefault("state_dir", maildir.home / "state")
    return Surgeon(spool, **options)  # type: ignore[arg-type]


def put_away(maildir: Maildir) -> Path:
    """Quarantines a message and files another; returns the journal."""
    maildir.mail(ONE)
    maildir.mail(TWO, 2)
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.away(ONE), maildir.rename(TWO, b"cur/" + TWO)))
        return surgeon.journal_path


def written_on_another_device(journal: Path) -> None:
    """Makes of a journal what it was before the device got its present number."""
    with closing(sqlite3.connect(journal)) as db, db:
        for row in read_rows(journal):
            if row["table"] == "steps" and "expected" in row:
                row["expected"] = re.sub(r"\[\d+", "[123456", row["expected"])
                new = row["expected"], checksum("steps", row), row["id"]
                db.execute("UPDATE steps SET expected = ?, sum = ? WHERE id = ?", new)
        device = "'123456' || substr(value, instr(value, ':'))"
        db.execute(f"UPDATE meta SET value = {device} WHERE key = 'spool'")
    inode = journal.parent.name.partition("-")[2]
    journal.parent.rename(journal.parent.with_name(f"1e240-{inode}"))
    for pointer in journal.parent.parent.glob("at-*"):
        pointer.unlink()


def test_a_changed_device_number_leaves_everything_as_it_was(maildir: Maildir) -> None:
    before_any = put_away(maildir)
    written_on_another_device(before_any)
    with maildir.surgeon() as surgeon:
        assert surgeon.journal_path.parent.name.startswith("1e240-")
        assert len(surgeon.quarantined()) == 1
        assert surgeon.unlisted() == []
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
        assert surgeon.apply(surgeon.plan_redo()).state == "applied"
        assert surgeon.apply(surgeon.plan_undo(1)).state == "applied"
    assert maildir.path(ONE).exists() and maildir.path(TWO).exists()
    with maildir.surgeon() as surgeon:
        assert [one.kind for one in surgeon.operations()] == ["fix", "undo", "redo", "undo"]


def test_what_was_cut_off_is_finished_after_the_device_number_has_changed(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    def die(*_values: object, **_named: object) -> None:
        raise Crash

    maildir.mail(TWO)
    with maildir.surgeon() as surgeon:
        journal = surgeon.journal_path
        with monkeypatch.context() as patch:
            patch.setattr(surgeon._journal, "settle", die)
            patch.setattr(surgeon._journal, "finish", die)
            with pytest.raises(Crash):
                surgeon.apply(plan(maildir.rename(TWO, b"cur/" + TWO)))
    written_on_another_device(journal)
    with maildir.surgeon() as surgeon:
        report = surgeon.recover()
        assert report is not None and report.done == {"recovered": 1}
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert maildir.path(TWO).exists()
    assert not (maildir.home / "mail" / ".Maildir.quarantine").exists()


def test_a_renamed_directory_above_takes_journal_and_quarantine_along(maildir: Maildir) -> None:
    journal = put_away(maildir)
    moved = maildir.home / "renamed"
    (maildir.home / "mail").rename(moved)
    with surgeon_at(maildir, moved / "Maildir") as surgeon:
        assert surgeon.journal_path == journal
        assert [item.original for item in surgeon.quarantined()] == [ONE]
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
        assert surgeon.apply(surgeon.plan_redo()).state == "applied"
        items = surgeon.quarantined()
        assert surgeon.apply(surgeon.plan_restore(items)).state == "applied"
    assert (moved / "Maildir" / os.fsdecode(ONE)).exists()


@protects("each spool keeps its quarantine", where="surgery/quarantine/directory.py")
def test_two_spools_whose_names_were_swapped_keep_their_quarantines(maildir: Maildir) -> None:
    put_away(maildir)
    first, second = maildir.root.parent, maildir.home / "second"
    shutil.copytree(maildir.root, second / "Maildir")
    other = second / "Maildir" / os.fsdecode(ONE)
    other.write_bytes(b"From: another@example.org\n\n")
    with surgeon_at(maildir, second / "Maildir") as surgeon:
        there = replace(maildir, root=second / "Maildir", spool=surgeon.spool)
        surgeon.apply(plan(there.away(ONE)))
    first.rename(maildir.home / "aside")
    second.rename(first)
    (maildir.home / "aside").rename(second)
    for root, sender in ((first, b"another@"), (second, b"a@")):
        with surgeon_at(maildir, root / "Maildir") as surgeon:
            assert surgeon.apply(surgeon.plan_undo()).state == "applied"
            assert surgeon.apply(surgeon.plan_redo()).state == "applied"
            assert (root / ".Maildir.quarantine" / "1" / os.fsdecode(ONE)).exists()
            assert surgeon.apply(surgeon.plan_undo()).state == "applied"
        assert sender in (root / "Maildir" / os.fsdecode(ONE)).read_bytes()


@pytest.mark.parametrize("given", [True, False], ids=["given again", "not given"])
def test_a_quarantine_that_the_operator_named_is_found_where_it_went(
    maildir: Maildir, given: bool
) -> None:
    maildir.mail(ONE)
    away = os.fsencode(maildir.home / "mail" / "away")
    with maildir.surgeon(quarantine=away) as surgeon:
        surgeon.apply(plan(maildir.away(ONE)))
    moved = maildir.home / "renamed"
    (maildir.home / "mail").rename(moved)
    options = {"quarantine": os.fsencode(moved / "away")} if given else {}
    with surgeon_at(maildir, moved / "Maildir", **options) as surgeon:
        assert len(surgeon.quarantined()) == 1
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"


def copied(maildir: Maildir) -> Path:
    shutil.copytree(maildir.home / "mail", maildir.home / "copy", symlinks=True)
    return maildir.home / "copy" / "Maildir"


def restored(maildir: Maildir) -> Path:
    copied(maildir)
    (maildir.home / "mail").rename(maildir.home / "broken")
    (maildir.home / "copy").rename(maildir.home / "mail")
    return maildir.root


def made_anew(maildir: Maildir) -> Path:
    """The spool was deleted; another has its inode, as the file system may have it."""
    journal = next((maildir.home / "state").rglob("journal.sqlite"))
    with closing(sqlite3.connect(journal)) as db, db:
        db.execute("UPDATE meta SET value = replace(value, '\"birth\": ', '\"birth\": 1')"
                   " WHERE key = 'identity'")  # fmt: skip
    return maildir.root


@pytest.mark.parametrize("happens", [copied, restored, made_anew])
@protects(
    "no spool is changed by the journal of another",
    where="surgery/journal/identity.py, surgery/journal/journal_home.py",
)
def test_another_spool_is_told_apart_and_the_operator_may_decide(
    maildir: Maildir, happens: Callable[[Maildir], Path]
) -> None:
    journal = put_away(maildir)
    root = happens(maildir)
    with surgeon_at(maildir, root) as surgeon:
        assert surgeon.journal_path != journal
        assert [one.path for one in surgeon.doubts] == [journal]
        with pytest.raises(Refused, match="nothing to undo") as caught:
            surgeon.plan_undo()
        assert f"--journal {journal}" in str(caught.value)
        surgeon.use(surgeon.doubts[0])
        assert len(surgeon.operations()) == 1
    with surgeon_at(maildir, root, journal=journal) as surgeon:
        assert len(surgeon.plan_undo().acts) == 2


def test_a_copy_gets_a_journal_and_an_id_of_its_own(maildir: Maildir) -> None:
    journal = put_away(maildir)
    root = copied(maildir)
    there = replace(maildir, root=root, spool=surgeon_at(maildir, root).spool)
    there.mail(b"cur/third")
    with surgeon_at(maildir, root) as surgeon:
        surgeon.apply(plan(there.away(b"cur/third")))
        own = surgeon.journal_path
    ids = [(place / ".Maildir.quarantine" / "IDENTITY").read_text().splitlines()[1]
           for place in (maildir.root.parent, root.parent)]  # fmt: skip
    assert ids[0] != ids[1]
    with surgeon_at(maildir, root) as surgeon:
        assert (surgeon.journal_path, surgeon.doubts) == (own, ())
        assert [item.original for item in surgeon.unlisted()] == [ONE]
    with maildir.surgeon() as surgeon:
        assert surgeon.journal_path == journal
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"


@protects("no spool takes the journal of another", where="surgery/journal/journal_home.py")
def test_the_journal_of_a_spool_that_is_there_is_not_written_to_for_another(
    maildir: Maildir,
) -> None:
    journal = put_away(maildir)
    root = copied(maildir)
    with surgeon_at(maildir, root) as surgeon:
        assert surgeon.doubts[0].in_use
    with surgeon_at(maildir, root, journal=journal) as surgeon:
        plan = surgeon.plan_undo()
        with pytest.raises(JournalError, match="still there"):
            surgeon.apply(plan)
    with surgeon_at(maildir, root) as surgeon:
        assert surgeon.apply(surgeon.plan_restore(surgeon.unlisted())).state == "applied"
    with maildir.surgeon() as surgeon:
        assert surgeon.journal_path == journal
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"


def test_a_spool_is_told_that_its_journal_was_used_for_another(maildir: Maildir) -> None:
    maildir.mail(TWO, 2)
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(maildir.rename(TWO, b"cur/" + TWO)))
        journal = surgeon.journal_path
    root = copied(maildir)
    maildir.root.rename(maildir.home / "not mounted")
    with surgeon_at(maildir, root, journal=journal) as surgeon:
        surgeon.apply(surgeon.plan_undo())
    (maildir.home / "not mounted").rename(maildir.root)
    with maildir.surgeon() as surgeon:
        assert [(one.path, one.in_use) for one in surgeon.doubts] == [(journal, True)]
        with pytest.raises(Refused, match="it was this spool's"):
            surgeon.plan_undo()


def test_a_journal_the_operator_named_must_be_there(maildir: Maildir) -> None:
    missing = maildir.home / "none.sqlite"
    with maildir.surgeon(journal=missing) as surgeon, pytest.raises(JournalError, match="no such"):
        surgeon.operations()


def test_the_id_goes_with_the_last_thing_in_the_quarantine(maildir: Maildir) -> None:
    put_away(maildir)
    quarantine = maildir.root.parent / ".Maildir.quarantine"
    assert (quarantine / "IDENTITY").stat().st_mode & 0o777 == 0o600
    with maildir.surgeon() as surgeon:
        surgeon.apply(surgeon.plan_undo())
    assert not quarantine.exists()


def test_the_id_stays_as_long_as_another_journal_knows_it(maildir: Maildir) -> None:
    put_away(maildir)
    maildir.mail(b"cur/third", 3)
    with maildir.surgeon(state_dir=maildir.home / "other") as surgeon:
        surgeon.apply(plan(maildir.away(b"cur/third")))
        assert len(surgeon.other_journals()) == 1
        assert [item.original for item in surgeon.unlisted()] == [ONE]
        surgeon.apply(surgeon.plan_undo())
    with maildir.surgeon() as surgeon:
        surgeon.apply(surgeon.plan_undo())
    assert os.listdir(maildir.root.parent / ".Maildir.quarantine") == ["IDENTITY"]
    with maildir.surgeon() as surgeon:
        assert surgeon.doubts == ()
        assert len(surgeon.operations()) == 2


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b'{"id": 1, "journals": 3}', b"[" * 5_000, b"\0" * 70_000, b"\xff"],
)
def test_a_damaged_id_counts_as_none(maildir: Maildir, text: bytes) -> None:
    put_away(maildir)
    (maildir.root.parent / ".Maildir.quarantine" / "IDENTITY").write_bytes(text)
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
