"""Journals of earlier versions: loaded, shown, recovered, taken back and done again, to the byte.

Everything here goes through the command line and the rows themselves, so that it holds whatever
becomes of the modules in between.
"""

from __future__ import annotations

import html
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.journals.commands import Command, run, without_home
from tests.journals.lines import Record
from tests.journals.recordings import (
    FORMATS,
    SUMS,
    VERSIONS,
    Recording,
    Site,
    built,
    changed_to,
    key_of_path,
    key_of_row,
    loaded,
    portable_rows,
    recordings,
    same_rows,
    sums_of,
)
from tests.journals.rows import Rows, masked, portable, read_rows, read_schema
from tests.journals.sums import SUMMED, checksum
from tests.journals.trees import Picture, look, picture

RECORDINGS = recordings()
STEPS = {
    "rename", "mkdir", "rmdir", "chmod", "chown", "utime", "uidlist", "uidlist-lines", "keywords",
    "keywords-text", "maildirsize", "purge",
}  # fmt: skip
OPERATIONS = {
    "fix", "fix-size", "fix-flags", "file", "quarantine", "rename", "make-subdirs", "fix-date",
    "fix-permissions", "fix-uidlist", "lift-folder", "undo", "redo", "restore", "purge", "recover",
}  # fmt: skip
PAST_PURGED = {("v1-quarantine", "undo SPOOL --all --yes")}
"""Commands that ended with 1 because something was purged, which an undo now goes past."""
DRAFT = ".mailsurgeon"
LISTED = re.compile("dovecot-|courierimap|maildirsize")
every_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda one: one.id)


def _skip_without_rights(recording: Recording) -> None:
    if recording.by_root and os.geteuid() != 0:
        pytest.skip(f"{recording.name}: only root can give files to others")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_no_recorded_file_was_changed(version: Path) -> None:
    assert sums_of(version) == (version / SUMS).read_text().splitlines()


@every_recording
def test_rows_have_the_checksum_of_their_time(recording: Recording) -> None:
    for row in recording.rows():
        if row["table"] in SUMMED:
            assert row["sum"] == checksum(row["table"], row), key_of_row(row)


@every_recording
def test_the_log_says_what_it_said(recording: Recording, home: Path) -> None:
    """JSON word for word; the forms for people, whose look may change, every operation, and every
    step with its paths and its state, in the same order."""
    loaded(home, recording)
    code, shown = run(home, Command("log SPOOL --format json"))
    assert (code, without_home(shown, home)) == (0, _recorded(recording, "json"))
    said = list(_said(_recorded(recording, "md")))
    assert said
    for form in FORMATS[1:]:
        code, shown = run(home, Command(f"log SPOOL --format {form}"))
        words = _plain(without_home(shown, home))
        at = 0
        for word in said:
            at = words.find(word, at)
            assert code == 0 and at >= 0, word


def _recorded(recording: Recording, form: str) -> str:
    return (recording.directory / f"log.{form}").read_bytes().decode("utf-8", "surrogateescape")


def _said(log: str) -> Iterator[str]:
    """What a log in Markdown says: the heads of operations, states, paths."""
    for line in log.splitlines():
        if line.startswith("## "):
            yield _plain(line.removeprefix("## ").partition(":")[0])
        elif step := re.match(r"- (\w+): (`+) ?\w+ (.*?) ?\2( \(.*\))?$", line):
            yield step[1]
            yield from _plain(step[3]).split(" -> ")


def _plain(text: str) -> str:
    """The text without the marks of Markdown or HTML, in small letters."""
    return html.unescape(re.sub(r"<[^>]*>|[\\*]", "", text)).lower()


@every_recording
def test_what_came_after_comes_to_the_same(recording: Recording, home: Path) -> None:
    """Recovery, undo, redo and restore: the same tree, and the same rows, after each."""
    _skip_without_rights(recording)
    tree = recording.tree()
    site = loaded(home, recording)
    now = site.place()
    rows = portable(recording.rows(), recording.place(tree))
    assert portable_rows(site, now.inodes) == rows
    for number, command in enumerate(recording.then, start=1):
        code = 0 if (recording.id, command.line) in PAST_PURGED else command.code
        assert run(home, command)[0] == code, command
        tree = changed_to(tree, recording.lines(f"{number}.tree"), key_of_path)
        assert picture(look(site.mail)) == picture(tree), command
        rows = changed_to(rows, recording.lines(f"{number}.rows"), key_of_row)
        assert same_rows(portable_rows(site, now.inodes)) == same_rows(rows), command


@pytest.mark.parametrize(
    "recording",
    [one for one in RECORDINGS if one.version == VERSIONS[-1] and not one.by_hand],
    ids=lambda one: one.id,
)
def test_the_same_session_writes_the_same_rows(recording: Recording, home: Path) -> None:
    """Byte for byte, but for what differs from run to run; every row with its checksum."""
    _skip_without_rights(recording)
    before = recording.before()
    site = built(home, before)
    names = site.place().inodes
    for command in recording.script:
        assert run(home, command)[0] == command.code, command
    assert lasting(masked(look(site.mail))) == lasting(masked(recording.tree()))
    recorded = masked(portable(recording.rows(), recording.place(before)))
    _compare_rows(recording, site, recorded, names)
    assert read_schema(site.journal) == (recording.version / "schema.sql").read_text()


def lasting(tree: list[Record]) -> Picture:
    """The picture without drafts of lists: how many there are when a run is killed is its own
    business, since recovery removes them."""
    return {path: one for path, one in picture(tree).items() if not path.endswith(DRAFT)}


def _compare_rows(
    recording: Recording, site: Site, recorded: Rows, names: Mapping[int, str]
) -> None:
    for row in read_rows(site.journal):
        if row["table"] in SUMMED:
            assert row["sum"] == checksum(row["table"], row), key_of_row(row)
    written = masked(portable_rows(site, names))
    assert same_rows(written) == same_rows(recorded), recording.name
    assert [list(row) for row in written] == [list(row) for row in recorded]


def test_every_kind_of_step_and_operation_is_recorded() -> None:
    rows = [row for recording in RECORDINGS for row in recording.rows()]
    steps = [row for row in rows if row["table"] == "steps"]
    operations = [row for row in rows if row["table"] == "operations"]
    assert {row["action"] for row in steps} == STEPS
    assert {row["state"] for row in steps} == {"planned", "done", "refused", "undone"}
    assert {row["kind"] for row in operations} == OPERATIONS
    states = {(row["state"], row["open"]) for row in operations}
    closed = {"applied", "undone", "partial", "failed", "interrupted"}
    assert states == {(state, 0) for state in closed} | {("interrupted", 1)}


@every_recording
def test_what_was_taken_back_is_as_before(recording: Recording) -> None:
    """Of the recorded trees: undo of everything leads back to every name, byte and time."""
    tree = recording.tree()
    before = recording.before()
    if any(command.line.startswith("quarantine purge") for command in recording.script):
        return  # something is gone for good
    for number, command in enumerate(recording.then, start=1):
        tree = changed_to(tree, recording.lines(f"{number}.tree"), key_of_path)
        if "--all" in command.line and command.code == 0:
            assert _of_mail(tree) == _of_mail(before)
            return
    assert recording.name == "dovecot"  # a client had deleted something


def _of_mail(tree: list[Record]) -> Picture:
    """The picture without the servers' lists, which keep a trace: lines added to a sum, say."""
    shown = picture(tree)
    return {name: what for name, what in shown.items() if not LISTED.search(name)}


def test_a_row_that_is_not_as_it_was_written_is_refused(home: Path) -> None:
    site = loaded(home, RECORDINGS[0])
    with closing(sqlite3.connect(site.journal)) as db, db:
        db.execute("UPDATE steps SET data = replace(data, ' ', '') WHERE id = 1")
    assert run(home, Command("log SPOOL"))[0] == 2
