"""A scan on a terminal: the kinds first, some of each, and what to do next."""

from __future__ import annotations

import io

import pytest

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.scan import ScanFindings, write_scan
from mailsurgeon.report.scan_page import SHOWN
from mailsurgeon.survey.run import SurveyResult
from tests.report.conftest import SPOOL, Filling

FULL = SurveyResult("full", 1.9, 2, 15, 31111, 0, False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")  # no colours


@pytest.fixture
def findings(filling: Filling) -> ScanFindings:
    inbox = filling.folder(b"", "INBOX", 12, 30211)
    for number in range(SHOWN + 3):
        filling.problem(
            inbox, b"cur/%d.M1P1.host,S=9:2,S" % number, "size-mismatch", remedy="fix-size",
            S=[9, 2482],
        )  # fmt: skip
    filling.problem(inbox, b"cur/1.M2P1.host", "duplicate-id", Severity.WARNING, "quarantine")
    filling.problem(inbox, b"cur/2.M3P1.host\x1b[2J:2,", "no-message-id", Severity.INFO)
    return ScanFindings(SPOOL, filling.index, FULL)


def page(findings: ScanFindings, **how: bool) -> list[str]:
    stream = Terminal()
    write_scan(findings, "table", stream, **how)
    return stream.getvalue().splitlines()


def test_the_kinds_come_first_with_the_command_that_repairs_each(findings: ScanFindings) -> None:
    head, sizes, copies, no_ids, *_ = page(findings)
    assert head.split() == ["count", "severity", "what", "it", "is", "repair", "command"]
    assert sizes.split() == ["23", "error", "SIZE", "Wrong", "size", "fix-size", "fix"]
    assert copies.split()[-4:] == ["quarantine", "fix", "--only", "DUP"]
    assert no_ids.split()[-3:] == ["-", "explain", "NOID"]


def test_some_of_each_kind_are_listed_or_all_of_them(findings: ScanFindings) -> None:
    lines = page(findings)
    assert "SIZE Wrong size (23)" in lines
    assert sum(",S=9:2,S" in line for line in lines) == SHOWN
    assert "  and 3 more; -v lists all" in lines
    whole = page(findings, whole=True)
    assert sum(",S=9:2,S" in line for line in whole) == SHOWN + 3
    assert not any("-v lists all" in line for line in whole)


def test_brief_it_has_only_the_kinds_and_the_totals(findings: ScanFindings) -> None:
    lines = page(findings, brief=True)
    assert not any("cur/" in line for line in lines)
    assert lines[-1] == "next: mailsurgeon fix /srv/mail/ann"


def test_nothing_is_wider_than_the_terminal_and_nothing_is_raw(findings: ScanFindings) -> None:
    lines = page(findings, whole=True)
    assert max(map(len, lines)) <= 80
    assert not any("\x1b" in line for line in lines)
    assert any("\\x1b[2J" in line for line in lines)


def test_the_next_command_can_be_pasted(filling: Filling) -> None:
    inbox = filling.folder(b"", "INBOX", 1, 1)
    filling.problem(inbox, b"cur/1.M2P1.host", "duplicate-id", Severity.WARNING, "quarantine")
    spool = Spool(b"/srv/mail of ann", 7, 9, "maildir++")
    lines = page(ScanFindings(spool, filling.index, FULL))
    assert lines[-1] == "next: mailsurgeon fix '/srv/mail of ann' --only DUP"


def test_the_next_command_repairs_no_more_than_was_asked_about(findings: ScanFindings) -> None:
    some = ScanFindings(SPOOL, findings.index, FULL, codes={"size-mismatch", "duplicate-id"})
    assert page(some)[-1] == "next: mailsurgeon fix /srv/mail/ann --only SIZE --only DUP"
    inbox = frozenset(row.id for row in findings.all_folders)
    there = ScanFindings(SPOOL, findings.index, FULL, limit=inbox)
    assert page(there)[-1] == "next: mailsurgeon fix /srv/mail/ann --folder INBOX"


def test_without_a_repair_there_is_no_next_command(filling: Filling) -> None:
    inbox = filling.folder(b"", "INBOX", 1, 1)
    filling.problem(inbox, b"cur/1.M2P1.host", "no-message-id", Severity.INFO)
    assert not any(
        line.startswith("next:") for line in page(ScanFindings(SPOOL, filling.index, FULL))
    )
