"""The report of a survey, from an index filled by hand."""

from __future__ import annotations

import csv
import io
import json
import os

import pytest

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.report.scan import SCAN_FORMATS, ScanFindings, write_scan
from mailsurgeon.survey.run import SurveyResult

from .conftest import SPOOL, Filling

FULL = SurveyResult("full", 1.9, 2, 15, 31111, 0, False)
QUICK = SurveyResult("quick", 0.0, 0, 0, 0, 0, False)
HOSTILE = b"cur/a\x1b[2J\x07\x7f\xc2\x9b\xe2\x80\xae\xff:2,S"


def text(findings: ScanFindings, format: str, **how: bool) -> str:
    stream = io.StringIO()
    write_scan(findings, format, stream, **how)
    return stream.getvalue()


@pytest.fixture
def findings(filling: Filling) -> ScanFindings:
    inbox = filling.folder(b"", "INBOX", 12, 30211)
    drafts = filling.folder(b".Entw&APw-rfe", "Entwürfe", 3, 900)
    filling.problem(
        inbox, b"cur/1.M1P1.host,S=2588:2,S", "size-mismatch", remedy="fix-size", S=[2588, 2482]
    )
    filling.problem(drafts, b".Entw&APw-rfe/cur/2.M1P1.host:2,", "no-message-id", Severity.INFO)
    filling.problem(None, b"old-scripts", "stray-directory", Severity.INFO, "quarantine")
    return ScanFindings(SPOOL, filling.index, FULL)


def test_json_is_exactly_the_contract(findings: ScanFindings) -> None:
    size = {
        "code": "size-mismatch",
        "severity": "error",
        "folder": "INBOX",
        "path": "cur/1.M1P1.host,S=2588:2,S",
        "detail": {"S": [2588, 2482]},
        "remedy": "fix-size",
    }
    assert json.loads(text(findings, "json")) == {
        "schema": 1,
        "spool": "/srv/mail/ann",
        "layout": "maildir++",
        "layout_because": "",
        "notes": [],
        "depth": "full",
        "seconds": 1.9,
        "folders": [
            {"name": "INBOX", "path": ".", "messages": 12, "bytes": 30211,
             "problems": {"size-mismatch": 1}},
            {"name": "Entwürfe", "path": ".Entw&APw-rfe", "messages": 3, "bytes": 900,
             "problems": {"no-message-id": 1}},
        ],
        "problems": [
            {"code": "stray-directory", "severity": "info", "folder": None,
             "path": "old-scripts", "detail": {}, "remedy": "quarantine"},
            {"code": "no-message-id", "severity": "info", "folder": "Entwürfe",
             "path": ".Entw&APw-rfe/cur/2.M1P1.host:2,", "detail": {}, "remedy": None},
            size,
        ],
        "totals": {
            "folders": 2,
            "messages": 15,
            "bytes": 31111,
            "problems": {"size-mismatch": 1, "no-message-id": 1, "stray-directory": 1},
        },
        "not_examined": [],
    }  # fmt: skip


def test_problems_are_written_as_the_library_writes_them(filling: Filling) -> None:
    """They are put together from texts."""
    inbox = filling.folder(b"", 'a "b"\\\u20ac\udcff', 1, 1)
    detail = {"text": 'Grüße "\x7f\\\U0001f600', "n": [1, -2.5, None, True], "in": {"": {}}}
    filling.problem(inbox, HOSTILE, "not-mail", remedy="quarantine", **detail)
    filling.problem(None, b"old", "stray-directory", Severity.INFO)
    findings = ScanFindings(SPOOL, filling.index, FULL)
    expected = [
        {
            "code": row.code,
            "severity": Severity(row.severity).word,
            "folder": None if row.folder is None else findings.folder_names[row.folder],
            "path": os.fsdecode(row.path),
            "detail": row.detail,
            "remedy": row.remedy,
        }
        for row in findings.problems()
    ]
    lines = [json.dumps(one) for one in expected]
    assert text(findings, "jsonl").splitlines() == lines
    whole = ",\n  ".join(lines)
    assert f'"problems": [\n  {whole}],\n "totals"' in text(findings, "json")


def test_a_spool_of_nothing_is_still_json(filling: Filling) -> None:
    found = json.loads(text(ScanFindings(SPOOL, filling.index, QUICK), "json"))
    assert (found["folders"], found["problems"], found["not_examined"]) == ([], [], [])
    assert found["totals"] == {"folders": 0, "messages": 0, "bytes": 0, "problems": {}}


def test_jsonl_has_one_problem_a_line(findings: ScanFindings) -> None:
    lines = text(findings, "jsonl").splitlines()
    assert [json.loads(line)["code"] for line in lines] == [
        "stray-directory", "no-message-id", "size-mismatch",
    ]  # fmt: skip


def test_csv_has_these_columns(findings: ScanFindings) -> None:
    first, *rows = csv.reader(io.StringIO(text(findings, "csv")))
    assert first == ["code", "severity", "folder", "path", "remedy", "detail"]
    assert rows[0] == ["stray-directory", "info", "", "old-scripts", "quarantine", "{}"]
    assert rows[1][2] == "Entwürfe"
    assert json.loads(rows[2][5]) == {"S": [2588, 2482]}


def test_limits_of_codes_and_folders(findings: ScanFindings) -> None:
    drafts = findings.folders[1].id
    only = ScanFindings(SPOOL, findings.index, FULL, limit={drafts})
    assert only.counts == {"no-message-id": 1}
    assert [row.code for row in only.problems()] == ["no-message-id"]
    none = ScanFindings(SPOOL, findings.index, FULL, codes={"size-mismatch"}, limit={drafts})
    assert (none.counts, list(none.problems())) == ({}, [])
    assert json.loads(text(none, "json"))["totals"]["messages"] == 3


def test_what_counts_as_clean(findings: ScanFindings, filling: Filling) -> None:
    assert not findings.clean
    harmless = ScanFindings(SPOOL, filling.index, FULL, codes={"no-message-id"})
    assert harmless.clean
    filling.not_examined(b"Drafts", "Permission denied")
    assert not ScanFindings(SPOOL, filling.index, FULL, codes={"no-message-id"}).clean


def test_the_table_is_plain_and_ends_with_the_totals(
    findings: ScanFindings, filling: Filling
) -> None:
    filling.not_examined(b"notes.txt", "not mail")
    lines = text(findings, "table").splitlines()
    assert lines[2].split() == [
        "error", "size-mismatch", "INBOX", "cur/1.M1P1.host,S=2588:2,S",
        "(S=2,588", "is", "2,482)", "->", "fix-size",
    ]  # fmt: skip
    assert lines[-2] == "not examined  notes.txt: not mail"
    assert lines[-1] == (
        "/srv/mail/ann: 2 folders, 15 messages, 31,111 bytes, 3 problems, 1 not examined; 1.9 s"
    )
    assert not any(line != line.rstrip() for line in lines)


def test_a_quick_survey_says_so(filling: Filling) -> None:
    assert "quick: no content was opened" in text(
        ScanFindings(SPOOL, filling.index, QUICK), "table"
    )


@pytest.mark.parametrize("format", SCAN_FORMATS)
def test_nothing_from_a_file_reaches_the_terminal_raw(filling: Filling, format: str) -> None:
    inbox = filling.folder(b".x\xff", "x\udcff\x1b[1m\u202e", 1, 1)
    filling.problem(inbox, HOSTILE, "not-mail", looks_like="\x1b]0;title\x07")
    filling.not_examined(HOSTILE, "because \x1b[31m")
    out = text(ScanFindings(SPOOL, filling.index, FULL), format)
    assert all(char == "\n" or char.isprintable() for char in out)
    assert "\u202e" not in out
    out.encode("utf-8")  # no lone surrogate either


def test_json_keeps_every_byte_of_a_name(filling: Filling) -> None:
    filling.problem(filling.folder(b"", "INBOX"), HOSTILE, "not-mail")
    out = text(ScanFindings(SPOOL, filling.index, FULL), "jsonl")
    assert out.isascii()
    assert json.loads(out)["path"].encode("utf-8", "surrogateescape") == HOSTILE
    assert "\\udcff" in out
