"""Writes what a survey found, as JSON, JSON lines, CSV or a table; each is streamed."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.evidence import evidence
from mailsurgeon.report.follow_up.command_line import BRIEF, CommandStyle
from mailsurgeon.report.not_examined import unseen_as_dicts
from mailsurgeon.report.output import as_json, console_for, counted, path_json, print_table
from mailsurgeon.report.scan_page import (
    next_command,
    print_kinds,
    print_lines,
    print_problems,
)
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import FolderRow, NotExamined, ProblemRow, ProblemText
from mailsurgeon.survey.progress import SurveyResult
from mailsurgeon.text import path_shown, visible

if TYPE_CHECKING:
    from rich.table import Table

SCAN_FORMATS = ("table", "json", "jsonl", "csv")
SCAN_COLUMNS = ("code", "severity", "folder", "path", "remedy", "detail")
_FOLDER_WIDTH = 24  # columns at most, in the lines of the table
_quoted = json.JSONEncoder().encode


@dataclass(frozen=True)
class ScanFindings:
    """What a survey found in a spool, limited to some codes and to some folders (by id).

    None stands for no limit. `style`: how the commands that follow are spelled.
    """

    spool: Spool
    index: Index
    survey: SurveyResult
    codes: Collection[str] | None = None
    limit: Collection[int] | None = None
    style: CommandStyle = BRIEF

    @cached_property
    def all_folders(self) -> list[FolderRow]:
        """The folders of the spool."""
        return self.index.folders()

    @cached_property
    def folders(self) -> list[FolderRow]:
        """The folders within the limit, their problem counts limited to `codes`."""
        return [
            row._replace(problems=self._of_codes(row.problems))
            for row in self.all_folders
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

    def problem_texts(self) -> Iterator[ProblemText]:
        """The same, not decoded."""
        return self.index.problem_texts(self.codes, self.limit)

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
        return not (self.not_examined or self.index.any_trouble(self.codes, self.limit))

    @cached_property
    def folder_names(self) -> dict[int, str]:
        """The decoded name of each folder, by id."""
        return {row.id: row.name for row in self.all_folders}

    def _of_codes(self, counts: Any) -> dict[str, int]:
        return {c: n for c, n in counts.items() if self.codes is None or c in self.codes}


def write_scan(
    findings: ScanFindings,
    format: str,
    stream: TextIO,
    *,
    brief: bool = False,
    whole: bool = False,
) -> None:
    """Writes the findings to `stream` in one of SCAN_FORMATS; a `brief` table has no line for each
    problem, only counts. On a terminal a table lists some of each kind, or the `whole` of them."""
    if format == "json":
        stream.writelines(_json(findings))
    elif format == "jsonl":
        stream.writelines(problem + "\n" for problem in _problems(findings))
    elif format == "csv":
        _write_csv(findings, stream)
    elif stream.isatty():
        _write_page(findings, stream, brief, whole)
    else:
        _write_table(findings, stream, brief)


def _problems(findings: ScanFindings) -> Iterator[str]:
    """Each problem as a JSON object. There may be hundreds of thousands, and most differ in little
    but their path, so that each is put together from texts."""
    starts: dict[tuple[str, int, int | None], str] = {}
    for folder, code, severity, path, detail, remedy in findings.problem_texts():
        start = starts.get((code, severity, folder))
        if start is None:
            kind = {"code": code, "severity": Severity(severity).word}
            whole = as_json(kind | {"folder": _folder_name(findings, folder)})
            start = starts[code, severity, folder] = whole[:-1] + ', "path": '
        repair = "null" if remedy is None else _quoted(remedy)
        yield f'{start}{_quoted(path_json(path))}, "detail": {detail}, "remedy": {repair}}}'


def _folder_name(findings: ScanFindings, folder: int | None) -> str | None:
    return None if folder is None else findings.folder_names.get(folder)


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
    yield from _items(as_json(_folder(row)) for row in findings.folders)
    yield '],\n "problems": ['
    yield from _items(_problems(findings))
    yield f'],\n "totals": {as_json(totals)},\n "not_examined": ['
    yield from _items(map(as_json, unseen_as_dicts(findings.not_examined)))
    yield "]}\n"


def _items(texts: Iterator[str]) -> Iterator[str]:
    before = "\n  "
    for text in texts:
        yield before + text
        before = ",\n  "


def _write_csv(findings: ScanFindings, stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(SCAN_COLUMNS)
    for folder, code, severity, path, detail, remedy in findings.problem_texts():
        name = _folder_name(findings, folder)
        values = (code, Severity(severity).word, name, path_json(path), remedy, detail)
        writer.writerow([_cell(value) for value in values])


def _cell(value: str | None) -> str:
    """The text itself if it is safe to show, else escaped as in JSON, without the quotes."""
    if value is None:
        return ""
    return value if visible(value) == value else as_json(value)[1:-1].replace('\\"', '"')


def _write_page(findings: ScanFindings, stream: TextIO, brief: bool, whole: bool) -> None:
    console = console_for(stream)
    print_kinds(findings, console)
    if not brief:
        print_problems(findings, console, whole=whole)
    print_lines(_end(findings), console)
    if following := next_command(findings):
        stream.write(f"next: {following}\n")


def _write_table(findings: ScanFindings, stream: TextIO, brief: bool) -> None:
    if not brief:
        _write_lines(findings, stream)
    if findings.counts:
        print_table(console_for(stream), _summary(findings))
    stream.writelines(f"{line}\n" for line in _end(findings))


def _end(findings: ScanFindings) -> Iterator[str]:
    """What was not examined, and the totals."""
    for note in findings.index.notes():
        yield f"note  {visible(note)}"
    for row in findings.not_examined:
        yield f"not examined  {path_shown(row.path)}: {visible(row.reason)}"
    yield _totals_line(findings)


def _write_lines(findings: ScanFindings, stream: TextIO) -> None:
    """Writes a line for each problem. A rich table of 12,000 rows would take seconds."""
    words = {level: f"{level.word:<8}" for level in Severity}
    codes = max((len(code) for code in findings.counts), default=0)
    names = {number: visible(name) for number, name in findings.folder_names.items()}
    widest = max((len(names[row.id]) for row in findings.folders if row.problems), default=1)
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
    from rich.table import Table

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
