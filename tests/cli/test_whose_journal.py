"""At the command line: journals in doubt, journals lost, and a home that is the spool."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mailsurgeon.host import own_places
from tests.support.protects import protects

from .conftest import Run, Tree

BAD = "cur/1700000001.M1P1.host,S=999:2,S"


@pytest.fixture
def put_away(run: Run, clean: Tree) -> str:
    """A message in the quarantine; its path in the spool."""
    path = os.fsdecode(clean.add("cur/1700000001.M1P1.host:2,S"))
    assert run("quarantine", "add", clean, path, "--yes").code == 0
    return path


def test_without_the_journal_the_quarantine_is_listed_and_restored(
    run: Run, clean: Tree, put_away: str, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "state")
    listed = run("quarantine", "list", clean)
    assert put_away in listed.out and "not in this journal" in listed.out
    found = run("quarantine", "list", clean, "--format", "json").json
    assert [item["in_journal"] for item in found["items"]] == [False]
    assert found["totals"]["not_in_journal"] == 1

    undo = run("undo", clean, "--yes")
    assert undo.code == 1 and "1 item lies in" in undo.complaint

    shown = run("quarantine", "restore", clean, put_away)
    assert shown.code == 1 and put_away in shown.out
    assert run("quarantine", "restore", clean, put_away, "--yes").code == 0
    assert (clean.root / put_away).exists()
    assert run("undo", clean, "--yes").code == 0
    assert not (clean.root / put_away).exists()


def test_a_copy_is_told_how_to_use_the_journal(
    run: Run, clean: Tree, put_away: str, tmp_path: Path
) -> None:
    journal = next((tmp_path / "state").rglob("journal.sqlite"))
    quarantine = clean.root.parent / f".{clean.root.name}.quarantine"
    copy = tmp_path / "copy" / clean.root.name
    shutil.copytree(clean.root, copy)
    shutil.copytree(quarantine, copy.parent / quarantine.name)
    undo = run("undo", copy, "--yes")
    assert undo.code == 1
    assert f"--journal {journal}" in undo.err
    assert run("undo", copy, "--dry-run", "--journal", journal).code == 1
    assert run("undo", clean, "--yes").code == 0
    assert (clean.root / put_away).exists() and not (copy / put_away).exists()


@pytest.mark.parametrize(("answers", "code"), [("y\ny\n", 0), ("n\n", 1)])
def test_on_a_terminal_the_operator_is_asked(
    run: Run, clean: Tree, tmp_path: Path, answers: str, code: int
) -> None:
    clean.add(BAD)
    assert run("fix", clean, "--only", "size-mismatch", "--yes").code == 0
    fixed = clean.picture()
    backup = tmp_path / "backup"
    shutil.copytree(clean.root, backup)
    clean.root.rename(tmp_path / "broken")
    shutil.copytree(backup, clean.root, copy_function=shutil.copy2)
    undo = run("undo", clean, answers=answers)
    assert "Use that journal for this spool?" in undo.err
    assert undo.code == 1  # another file has taken the place of each, or there is nothing to undo
    assert ("nothing to undo" in undo.err) == (code == 1)
    assert clean.picture().keys() == fixed.keys()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a place of its own outside the home")
@protects("journal and index never lie in a spool", where="host/own_places.py")
def test_a_home_that_is_the_spool_is_repaired_and_undone(
    run: Run, clean: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(clean.root))
    monkeypatch.setattr(own_places, "SYSTEM_STATE", tmp_path / "lib" / "mailsurgeon")
    monkeypatch.setattr(own_places, "SYSTEM_CACHE", tmp_path / "var" / "mailsurgeon")
    clean.add(BAD)
    before = clean.picture()
    assert run("fix", clean, "--only", "size-mismatch", "--yes").code == 0
    assert clean.picture() != before
    assert run("undo", clean, "--yes").code == 0
    assert clean.picture() == before


def test_a_state_directory_in_the_spool_is_refused_and_scan_works(run: Run, clean: Tree) -> None:
    clean.add(BAD)
    before = clean.picture()
    inside = clean.root / "state"
    refused = run("fix", clean, "--yes", "--state-dir", inside)
    assert refused.code == 2
    assert "lies in the spool" in refused.complaint and "--state-dir" in refused.complaint
    assert run("scan", clean, "--state-dir", inside).code == 1
    assert clean.picture() == before


def test_a_cache_in_the_spool_is_not_used(
    run: Run, clean: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_places, "SYSTEM_CACHE", tmp_path / "var" / "mailsurgeon")
    monkeypatch.setenv("XDG_CACHE_HOME", str(clean.root / ".cache"))
    before = clean.picture()
    assert run("scan", clean).code in (0, 1)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert run("scan", clean).code in (0, 1)
    assert clean.picture() == before
