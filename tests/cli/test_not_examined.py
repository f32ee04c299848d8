"""Every command reports what could not be examined, and repairs only what was examined."""

from __future__ import annotations

import os

import pytest

from .conftest import Run, Tree

LINKED = ".Elsewhere"


@pytest.fixture
def partly(broken: Tree) -> Tree:
    """The broken spool with two things in it that a survey does not look at."""
    os.symlink("/", broken.root / LINKED)
    broken.add("notes.txt", b"No mail at all.\n")
    return broken


UNSEEN = {
    LINKED: "a symlink to a directory is not followed",
    "notes.txt": "not mail",
}


def told(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["path"]: row["reason"] for row in rows}


def test_scan_counts_them_in_its_last_line_and_names_each(run: Run, partly: Tree) -> None:
    for options in ((), ("-q",), ("--only", "bad-flags")):
        lines = run("scan", partly, *options).out.splitlines()
        assert "2 not examined" in lines[-1]
        for path, reason in UNSEEN.items():
            assert f"not examined  {path}: {reason}" in lines
    # Whether a file is mail is not asked where none is opened.
    quick = run("scan", partly, "--quick", "--fresh").out.splitlines()
    assert "1 not examined" in quick[-1] and f"not examined  {LINKED}: {UNSEEN[LINKED]}" in quick
    found = run("scan", partly, "--format", "json").json
    assert told(found["not_examined"]) == UNSEEN


def test_scan_says_that_nothing_was_left_out(run: Run, clean: Tree) -> None:
    outcome = run("scan", clean)
    assert outcome.code == 0
    assert "0 not examined" in outcome.out.splitlines()[-1]


@pytest.mark.parametrize("options", [("--dry-run",), ("--yes",), (), ("--yes", "-q")])
def test_fix_says_what_it_could_not_look_at(
    run: Run, partly: Tree, options: tuple[str, ...]
) -> None:
    shown = run("fix", partly, *options).out
    assert "2 not examined" in shown
    for path, reason in UNSEEN.items():
        assert f"{path}: {reason}" in shown


@pytest.mark.parametrize("options", [("--dry-run",), ("--yes",), ()])
def test_fix_lists_each_with_its_reason_in_json(
    run: Run, partly: Tree, options: tuple[str, ...]
) -> None:
    assert told(run("fix", partly, "--format", "json", *options).json["not_examined"]) == UNSEEN


def test_they_are_told_before_anyone_agrees(run: Run, partly: Tree) -> None:
    outcome = run("fix", partly, answers="n\n")
    assert outcome.code == 1
    assert "2 not examined" in outcome.err


def test_where_all_was_looked_at_fix_says_nothing_of_it(run: Run, broken: Tree) -> None:
    assert "not examined" not in run("fix", broken, "--yes").out


def test_what_is_called_done_is_so_when_it_is_looked_at(run: Run, broken: Tree) -> None:
    before = run("scan", broken, "--format", "json").json["totals"]["problems"]
    outcome = run("fix", broken, "--yes", "--format", "json").json
    after = run("scan", broken, "--format", "json", "--fresh").json["totals"]["problems"]
    gone = sum(before.values()) - sum(after.values())
    assert sum(outcome["done"].values()) == gone
    assert (outcome["refused"], outcome["state"]) == ([], "applied")
