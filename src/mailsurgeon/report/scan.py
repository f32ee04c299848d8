"""Writes what a survey found, as JSON, JSON lines, CSV or a table; each is streamed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TextIO

from rich.style import Style
from rich.table import Table

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.evidence import evidence
from mailsurgeon.report.not_examined import unseen_as_dicts
from mailsurgeon.report.output import as_json, console_for, counted, path_json, print_table
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import FolderRow, NotExamined, ProblemRow
from mailsurgeon.survey.run import SurveyResult
from mailsurgeon.text import path_shown, visible

SCAN_FORMATS = ("table", "json", "jsonl", "csv")
SCAN_COLUMNS = ("code", "severity", "folder", "path", "remedy", "detail")
_FOLDER_WIDTH = 24  # columns at most, in the lines of the table
STYLES = {
    Severity.CRITICAL: Style(color="red", bold=True),
    Severity.ERROR: Style(color="red"),
    Severity.WARNING: Style(color="yellow"),
    Severity.INFO: Style(dim=True),
}


@dataclass(frozen=True)
class ScanFindings:
    """What a survey found in a spool, limited to some codes and to some folders (by id).

    None stands for no limit.
    """

    spool: Spool
    index: Index
    survey: SurveyResult
    codes: Collection[str] | None = None
    limit: Collection[int] | None = None

    @cached_property
    def folders(self) -> list[FolderRow]:
        """The folders within the limit, their problem counts limited to `codes`."""
        return [
            row._replace(problems=self._of_codes(row.problems))
            for row in self.index.folders()
            if self.limit is None or row.id in self.limit
        ]

    @property
    def messages(self) -> int:
        """How many messages these folders hold; without a limit, also those outside any folder."""
        if self.limit is None:
            return self.survey.messages
        return sum(row.messages for row in self.folders)

    @property
    def bytes(self) -> int:
        """The size of these messages in bytes."""
        if self.limit is None:
            return self.survey.bytes
        return sum(row.bytes for row in self.folders)

    @cached_property
    def not_examined(self) -> list[NotExamined]:
        """What could not be examined anywhere in the spool: a copy of any message may be there."""
        return self.index.not_examined()

    def problems(self) -> Iterator[ProblemRow]:
        """The problems within the limits, sorted by path."""
        return self.index.problems(codes=self.codes, folders=self.limit)

    @cached_property
    def counts(self) -> dict[str, int]:
        """The problems by code, worst kind first, including those of the spool as a whole."""
        order = self._of_codes(self.index.problem_counts())
        if self.limit is None:
            return order
        found: Counter[str] = Counter()
        for row in self.folders:
            found.update(row.problems)
        return {code: found[code] for code in order if found[code]}

    @property
    def clean(self) -> bool:
        """Whether nothing is worse than `info` and everything was examined."""
        return not self.not_examined and not any(
            row.severity > Severity.INFO for row in self.problems()
        )

    @cached_property
    def folder_names(self) -> dict[int, str]:
        """The decoded name of each folder, by id."""
        return {row.id: row.name for row in self.index.folders()}

    def _of_codes(self, counts: Any) -> dict[str, int]:
        return {c: n for c, n in counts.items() if self.codes is None or c in self.codes}


def write_scan(findings: ScanFindings, format: str, stream: TextIO, *, brief: bool = False) -> None:
    """Writes the findings to `stream` in one of SCAN_FORMATS; a `brief` table has no line for each
    problem, only counts."""
    if format == "json":
        for part in _json(findings):
            stream.write(part)
    elif format == "jsonl":
        for problem in findings.problems():
            stream.write(as_json(_problem(findings, problem)) + "\n")
    elif format == "csv":
        _write_csv(findings, stream)
    else:
        _write_table(findings, stream, brief)


def _problem(findings: ScanFindings, row: ProblemRow) -> dict[str, Any]:
    return {
        "code": row.code,
        "severity": Severity(row.severity).word,
        "folder": _folder_name(findings, row),
        "path": path_json(row.path),
        "detail": dict(row.detail),
        "remedy": row.remedy,
    }


def _folder_name(findings: ScanFindings, row: ProblemRow) -> str | None:
    return None if row.folder is None else findings.folder_names.get(row.folder)


def _folder(row: FolderRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "path": path_json(row.path),
        "messages": row.messages,
        "bytes": row.bytes,
        "problems": dict(row.problems),
    }


def _json(findings: ScanFindings) -> Iterator[str]:
    head = {
        "schema": 1,
        "spool": findings.spool.shown,
        "layout": findings.spool.layout,
        "layout_because": findings.spool.layout_because,
        "notes": findings.index.notes(),
        "depth": findings.survey.depth,
        "seconds": round(findings.survey.seconds, 3),
    }
    totals = {
        "folders": len(findings.folders),
        "messages": findings.messages,
        "bytes": findings.bytes,
        "problems": findings.counts,
    }
    yield as_json(head)[:-1]
    yield ',\n "folders": ['
    yield from _items(_folder(row) for row in findings.folders)
    yield '],\n "problems": ['
    yield from _items(_problem(findings, row) for row in findings.problems())
    yield f'],\n "totals": {as_json(totals)},\n "not_examined": ['
    yield from _items(iter(unseen_as_dicts(findings.not_examined)))
    yield "]}\n"


def _items(values: Iterator[dict[str, Any]]) -> Iterator[str]:
    for number, value in enumerate(values):
        yield (",\n  " if number else "\n  ") + as_json(value)


def _write_csv(findings: ScanFindings, stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(SCAN_COLUMNS)
    for row in findings.problems():
        values = _problem(findings, row) | {"detail": as_json(dict(row.detail))}
        writer.writerow([_cell(values[column]) for column in SCAN_COLUMNS])


def _cell(value: str | None) -> str:
    """The text itself if it is safe to show, else escaped as in JSON, without the quotes."""
    if value is None:
        return ""
    return value if visible(value) == value else as_json(value)[1:-1].replace('\\"', '"')


def _write_table(findings: ScanFindings, stream: TextIO, brief: bool) -> None:
    console = console_for(stream)
    if not brief:
        _write_lines(findings, stream, colours=console.color_system is not None)
    if findings.counts:
        print_table(console, _summary(findings))
    for note in findings.index.notes():
        stream.write(f"note  {visible(note)}\n")
    for row in findings.not_examined:
        stream.write(f"not examined  {path_shown(row.path)}: {visible(row.reason)}\n")
    stream.write(_totals_line(findings) + "\n")


def _write_lines(findings: ScanFindings, stream: TextIO, *, colours: bool) -> None:
    """Writes a line for each problem. A rich table of 12,000 rows would take seconds."""
    words = {
        level: style.render(f"{level.word:<8}") if colours else f"{level.word:<8}"
        for level, style in STYLES.items()
    }
    codes = max((len(code) for code in findings.counts), default=0)
    names = {number: visible(name) for number, name in findings.folder_names.items()}
    widest = max((len(names[row.folder]) for row in findings.problems() if row.folder), default=1)
    width = min(widest, _FOLDER_WIDTH)
    for row in findings.problems():
        folder = "-" if row.folder is None else names[row.folder]
        found = evidence(row)
        stream.write(
            f"{words[Severity(row.severity)]}  {row.code:<{codes}}  {folder:<{width}}  "
            f"{path_shown(row.path)}{f'  ({found})' if found else ''}"
            f"{f'  -> {row.remedy}' if row.remedy else ''}\n"
        )
    if findings.counts:
        stream.write("\n")


def _summary(findings: ScanFindings) -> Table:
    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column("problem", no_wrap=True)
    table.add_column("number", no_wrap=True, justify="right")
    table.add_column("code", no_wrap=True)
    for code, number in findings.counts.items():
        kind = CATALOGUE[code]
        table.add_row(kind.badge, kind.title, f"{number:,}", code)
    return table


def _totals_line(findings: ScanFindings) -> str:
    parts = [
        counted(len(findings.folders), "folder"),
        counted(findings.messages, "message"),
        counted(findings.bytes, "byte"),
        counted(sum(findings.counts.values()), "problem"),
        f"{len(findings.not_examined):,} not examined",
    ]
    note = " (quick: no content was opened)" if findings.survey.depth == "quick" else ""
    return (
        f"{visible(findings.spool.root)}: {', '.join(parts)}; {findings.survey.seconds:.1f} s{note}"
    )
