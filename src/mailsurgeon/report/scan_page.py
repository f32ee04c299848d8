"""A scan for a person at a terminal: the kinds of problems, some of each, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.report.evidence import evidence
from mailsurgeon.report.follow_up.command_line import command_line, option_words
from mailsurgeon.report.output import print_table
from mailsurgeon.survey.index.questions import RemedyCount, problem_counts_by_remedy
from mailsurgeon.text import path_shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from mailsurgeon.report.scan import ScanFindings

SHOWN = 20
"""Problems of a kind that are listed, unless all are wanted."""
STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "dim",
}
"""Styles of rich."""


def print_kinds(findings: ScanFindings, console: Console) -> None:
    """Prints a row for each kind of problem: how many, how bad, what, and which command repairs
    it."""
    if findings.counts:
        print_table(console, _kinds(findings))
        console.print()


def _kinds(findings: ScanFindings) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("severity", no_wrap=True, min_width=8)
    table.add_column("", no_wrap=True, min_width=4)
    table.add_column("what it is", no_wrap=True)
    table.add_column("repair", no_wrap=True)
    table.add_column("command", no_wrap=True, min_width=15)
    for code, rows in _by_code(findings).items():
        kind, severity = CATALOGUE[code], Severity(max(row.severity for row in rows))
        remedies = [row.remedy for row in rows if row.remedy is not None]
        table.add_row(
            f"{findings.counts[code]:,}",
            _styled(severity.word, severity),
            kind.badge,
            kind.title,
            ", ".join(dict.fromkeys(remedies)) or "-",
            _command(code, remedies),
        )
    return table


def _by_code(findings: ScanFindings) -> dict[str, list[RemedyCount]]:
    """The numbers by remedy of each kind, the worst kind first."""
    found: dict[str, list[RemedyCount]] = {code: [] for code in findings.counts}
    for row in problem_counts_by_remedy(findings.index, findings.codes, findings.limit):
        found[row.code].append(row)
    return found


def _command(code: str, remedies: Sequence[str]) -> str:
    if not remedies:
        return f"explain {CATALOGUE[code].badge}"
    plain = CATALOGUE[code].plain_fix
    return "fix" if all(one in plain for one in remedies) else f"fix --only {CATALOGUE[code].badge}"


def _styled(text: str, severity: Severity) -> Text:
    from rich.text import Text

    return Text(text, STYLES[severity])


def print_problems(findings: ScanFindings, console: Console, *, whole: bool) -> None:
    """Prints the problems kind by kind, the worst first, folded to the terminal's width; `whole`:
    all of them, else SHOWN of each kind."""
    from rich.text import Text

    for code, number in findings.counts.items():
        kind = CATALOGUE[code]
        console.print(Text(f"{kind.badge} {kind.title} ({number:,})", "bold"))
        rows = findings.index.problems(codes=[code], folders=findings.limit)
        for row in rows if whole else islice(rows, SHOWN):
            found = evidence(row)
            line = Text.assemble(
                (path_shown(row.path), STYLES[Severity(row.severity)]),
                f"  {found}" if found else "", f"  -> {row.remedy}" if row.remedy else "",
            )  # fmt: skip
            for place, part in enumerate(line.wrap(console, max(20, console.width - 6))):
                console.print(Text.assemble(" " * (6 if place else 2), part), soft_wrap=True)
        if not whole and number > SHOWN:
            console.print(Text(f"  and {number - SHOWN:,} more; -v lists all", "dim"))
        console.print()


def print_lines(lines: Iterable[str], console: Console) -> None:
    """Prints lines, folded to the terminal's width."""
    from rich.text import Text

    for line in lines:
        for place, part in enumerate(Text(line).wrap(console, max(20, console.width - 4))):
            console.print(Text.assemble(" " * (4 if place else 0), part), soft_wrap=True)


def next_command(findings: ScanFindings) -> str:
    """The command that repairs what the findings say and nothing else, as it is pasted into a
    shell; empty if none does."""
    words = ["mailsurgeon", "fix", findings.spool.shown]
    plain, named = _repaired(findings)
    if findings.codes is not None:
        named = plain + named
    elif plain:
        named = []
    elif named:
        named = named[:1]
    if not (plain or named):
        return ""
    for code in named:
        words += ["--only", CATALOGUE[code].badge]
    limits = list(findings.style.limits)
    for row in findings.folders if findings.limit is not None and not limits else ():
        limits += option_words("--folder", row.name)
    return command_line([*words, *limits, *findings.style.common])


def _repaired(findings: ScanFindings) -> tuple[list[str], list[str]]:
    """The kinds that a plain `fix` repairs, at least in part, and those that it must be told."""
    plain: list[str] = []
    named: list[str] = []
    for code, rows in _by_code(findings).items():
        remedies = [row.remedy for row in rows if row.remedy is not None]
        if any(one in CATALOGUE[code].plain_fix for one in remedies):
            plain.append(code)
        elif remedies:
            named.append(code)
    return plain, named
