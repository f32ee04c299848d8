"""Journals of earlier versions: loaded, shown, recovered, taken back and done again, to the byte.

Everything here goes through the command line and the rows themselves, so that it holds whatever
becomes of the modules in between.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.journals.cases import (
    FORMATS,
    Case,
    Ward,
    built,
    cases,
    changed_to,
    key_of_path,
    key_of_row,
    loaded,
    portable_rows,
    same_rows,
)
from tests.journals.commands import Command, run, without_home
from tests.journals.lines import Record
from tests.journals.rows import Rows, masked, portable, read_rows, read_schema
from tests.journals.sums import SUMMED, checksum
from tests.journals.trees import Picture, look, picture

CASES = cases()
STEPS = {
    "rename", "mkdir", "rmdir", "chmod", "chown", "utime", "uidlist", "uidlist-lines", "keywords",
    "maildirsize", "purge",
}  # fmt: skip
OPERATIONS = {
    "fix", "fix-size", "fix-flags", "file", "quarantine", "rename", "make-subdirs", "fix-date",
    "fix-permissions", "fix-uidlist", "lift-folder", "undo", "redo", "restore", "purge", "recover",
}  # fmt: skip
LISTED = re.compile("dovecot-|courierimap|maildirsize")
every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def _skip_without_rights(case: Case) -> None:
    if case.by_root and os.geteuid() != 0:
        pytest.skip(f"{case.name}: only root can give files to others")


@every_case
def test_rows_have_the_checksum_of_their_time(case: Case) -> None:
    for row in case.rows():
        if row["table"] in SUMMED:
            assert row["sum"] == checksum(row["table"], row), key_of_row(row)


@every_case
def test_the_log_shows_what_it_showed(case: Case, home: Path) -> None:
    loaded(home, case)
    forms = [form for form in FORMATS if (case.directory / f"log.{form}").exists()]
    assert set(forms) >= {"json", "md"}
    for form in forms:
        code, shown = run(home, Command(f"log SPOOL --format {form}"))
        with (case.directory / f"log.{form}").open(errors="surrogateescape", newline="") as file:
            recorded = file.read()
        assert (code, without_home(shown, home)) == (0, recorded)


@every_case
def test_what_came_after_comes_to_the_same(case: Case, home: Path) -> None:
    """Recovery, undo, redo and restore: the same tree, and the same rows, after each."""
    _skip_without_rights(case)
    tree = case.tree()
    ward = loaded(home, case)
    now = ward.place()
    rows = portable(case.rows(), case.place(tree))
    assert portable_rows(ward, now.inodes) == rows
    for number, command in enumerate(case.then, start=1):
        assert run(home, command)[0] == command.code, command
        tree = changed_to(tree, case.lines(f"{number}.tree"), key_of_path)
        assert picture(look(ward.mail)) == picture(tree), command
        rows = changed_to(rows, case.lines(f"{number}.rows"), key_of_row)
        assert same_rows(portable_rows(ward, now.inodes)) == same_rows(rows), command


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.by_hand], ids=lambda case: case.name
)
def test_the_same_session_writes_the_same_rows(case: Case, home: Path) -> None:
    """Byte for byte, but for what differs from run to run; every row with its checksum."""
    _skip_without_rights(case)
    before = case.before()
    ward = built(home, before)
    names = ward.place().inodes
    for command in case.script:
        assert run(home, command)[0] == command.code, command
    assert picture(masked(look(ward.mail))) == picture(masked(case.tree()))
    recorded = masked(portable(case.rows(), case.place(before)))
    _compare_rows(case, ward, recorded, names)
    assert read_schema(ward.journal) == (case.version / "schema.sql").read_text()


def _compare_rows(case: Case, ward: Ward, recorded: Rows, names: dict[int, str]) -> None:
    for row in read_rows(ward.journal):
        if row["table"] in SUMMED:
            assert row["sum"] == checksum(row["table"], row), key_of_row(row)
    written = masked(portable_rows(ward, names))
    assert same_rows(written) == same_rows(recorded), case.name
    assert [list(row) for row in written] == [list(row) for row in recorded]


def test_every_kind_of_step_and_operation_is_recorded() -> None:
    rows = [row for case in CASES for row in case.rows()]
    steps = [row for row in rows if row["table"] == "steps"]
    operations = [row for row in rows if row["table"] == "operations"]
    assert {row["action"] for row in steps} == STEPS
    assert {row["state"] for row in steps} == {"planned", "done", "refused", "undone"}
    assert {row["kind"] for row in operations} == OPERATIONS
    states = {(row["state"], row["open"]) for row in operations}
    closed = {"applied", "undone", "partial", "failed", "interrupted"}
    assert states == {(state, 0) for state in closed} | {("interrupted", 1)}


@every_case
def test_what_was_taken_back_is_as_before(case: Case) -> None:
    """Of the recorded trees: undo of everything leads back to every name, byte and time."""
    tree = case.tree()
    before = case.before()
    for number, command in enumerate(case.then, start=1):
        tree = changed_to(tree, case.lines(f"{number}.tree"), key_of_path)
        if "--all" in command.line and command.code == 0:
            assert _of_mail(tree) == _of_mail(before)
            return
    assert case.name in ("dovecot", "quarantine", "purged")  # something was gone for good


def _of_mail(tree: list[Record]) -> Picture:
    """The picture without the servers' lists, which keep a trace: lines added to a sum, say."""
    shown = picture(tree)
    return {name: what for name, what in shown.items() if not LISTED.search(name)}


def test_a_row_that_is_not_as_it_was_written_is_refused(home: Path) -> None:
    ward = loaded(home, CASES[0])
    with closing(sqlite3.connect(ward.journal)) as db, db:
        db.execute("UPDATE steps SET data = replace(data, ' ', '') WHERE id = 1")
    assert run(home, Command("log SPOOL"))[0] == 2
