"""The phrase that gives the evidence of a problem."""

from __future__ import annotations

from typing import Any

import pytest

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.report.evidence import evidence
from mailsurgeon.survey.index.rows import ProblemRow

CASES: list[tuple[str, dict[str, Any], str]] = [
    ("name-clash", {"others": ["new/a", "cur/b"]}, "same base name as new/a, cur/b"),
    ("size-mismatch", {"S": [49089, 878]}, "S=49,089 is 878"),
    ("size-mismatch", {"S": [1, 2], "W": [3, 4]}, "S=1 is 2, W=3 is 4"),
    ("size-mismatch", {"S": [1, 2], "in": "uidlist"}, "S=1 in the uidlist is 2"),
    ("size-mismatch", {"S": [1, 2], "pending": True},
     "S=1 is 2, to be confirmed by a full survey"),
    ("misfiled", {"where": "nested", "target": "Sent", "copy_of": ".Sent/cur/a"},
     "belongs in Sent, identical to .Sent/cur/a"),
    ("misfiled", {"where": "nested", "target": None, "copy_of": None},
     "no folder to file it in"),
    ("in-tmp", {"age_seconds": 7200, "open_by": [12, 13], "complete": True},
     "2 hours old, open in process 12, 13"),
    ("in-tmp", {"age_seconds": 8640000, "open_by": [], "complete": False}, "100 days old, cut"),
    ("empty", {}, ""),
    ("empty", {"pending": True}, "needs a full survey"),
    ("truncated", {"reason": "the closing boundary is missing"},
     "the closing boundary is missing"),
    ("not-mail", {"looks_like": "HTML"}, "looks like HTML"),
    ("not-mail", {"looks_like": None}, ""),
    ("bad-flags", {"info": ":2,SR", "should_be": ":2,RS"}, "“:2,SR” should be “:2,RS”"),
    ("duplicate-id",
     {"message_id": "a@b", "copies": 3, "content": "same-body", "same_folder": True},
     "a@b, 3 copies, same body, in this folder"),
    ("uid-clash", {"uid": 7}, "UID 7"),
    ("bad-date", {"mtime": 1829868385, "header_date": None, "name_date": 0},
     "file 2027-12-27, name 1970-01-01"),
    ("bad-date", {"mtime": 10**40}, f"file {10**40}"),
    ("unreadable", {"errno": 13}, "Permission denied"),
    ("linked", {"kind": "fifo"}, "fifo"),
    ("missing-subdir", {"missing": ["new", "tmp"]}, "lacks new, tmp"),
    ("nested-folder", {"becomes": ".A.B"}, "becomes .A.B"),
    ("backup-folder", {"because": "name", "elsewhere": 1200},
     "name, 1,200 of its messages are filed elsewhere"),
    ("bad-permissions", {"mode": "0777", "owner": "root", "should_be": {"mode": "0700"}},
     "mode 0777, owner root; should be mode 0700"),
    ("uidlist-damaged", {"reason": "line 3: UID 0", "lines": [3]}, "line 3: UID 0"),
    ("big-uid", {"highest": 2147483648}, "highest 2,147,483,648"),
    ("stale-lock", {"pid": 99}, "process 99 is gone"),
    ("bloated-index", {"bytes": 300000}, "300,000 bytes"),
]  # fmt: skip


def row(code: str, detail: dict[str, Any]) -> ProblemRow:
    return ProblemRow(1, 1, 1, code, 1, b"cur/a", detail, None)


@pytest.mark.parametrize(("code", "detail", "said"), CASES)
def test_what_is_said(code: str, detail: dict[str, Any], said: str) -> None:
    assert evidence(row(code, detail)) == said


@pytest.mark.parametrize("code", CATALOGUE)
def test_no_kind_of_problem_needs_more_than_it_has(code: str) -> None:
    said = evidence(row(code, {}))
    assert "None" not in said
    assert "{" not in said


def test_evidence_is_safe_to_show() -> None:
    assert evidence(row("not-mail", {"looks_like": "\x1b[31m"})) == "looks like \\x1b[31m"
