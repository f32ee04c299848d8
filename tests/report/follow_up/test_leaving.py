"""What is said when the screen is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailsurgeon.report.follow_up.leaving import leaving_text
from mailsurgeon.surgery.journal.records import Operation

SPOOL, OPTIONS = "/srv/mail/o'neil", ("--state-dir", "/var/lib/x")
UNDO = """mailsurgeon undo '/srv/mail/o'"'"'neil' {} --state-dir /var/lib/x"""


def test_nothing_is_said_when_nothing_was_done() -> None:
    assert leaving_text([], SPOOL, OPTIONS) == ""


def test_the_way_back_can_be_pasted(operation: Operation) -> None:
    assert leaving_text([operation], SPOOL, OPTIONS) == (
        f"1 operation in this session; {UNDO.format(1)} takes it back."
    )


@pytest.mark.parametrize("kind", ["undo", "recover", "purge"])
def test_no_way_back_is_told_of_what_has_none(operation: Operation, kind: str) -> None:
    assert (
        leaving_text([replace(operation, kind=kind)], SPOOL, OPTIONS)
        == "1 operation in this session."
    )


def test_the_last_that_still_stands_is_taken_back(operation: Operation) -> None:
    taken_back = replace(operation, id=3, state="undone")
    undo = replace(operation, id=4, kind="undo", of=3)
    done = [operation, replace(operation, id=2), taken_back, undo]
    assert leaving_text(done, SPOOL, OPTIONS) == (
        f"4 operations in this session; {UNDO.format(2)} takes the last one back."
    )


def test_nothing_is_to_be_taken_back_when_all_was_undone(operation: Operation) -> None:
    done = [replace(operation, state="undone"), replace(operation, id=2, state="failed")]
    assert leaving_text(done, SPOOL, OPTIONS) == "2 operations in this session."


@pytest.fixture
def operation() -> Operation:
    when = "2026-01-31T12:00:00Z"
    return Operation(
        1, "s", when, "fix", None, "file 3", "applied", {"done": 3}, False, 3, None, 1, "h", None
    )
