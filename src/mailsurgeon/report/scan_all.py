"""Writes what surveys of many spools found, as a table, JSON, JSON lines or CSV."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.procedures.survey_many import SpoolRow, worst_first
from mailsurgeon.report.output import as_json, console_for, counted, print_table
from mailsurgeon.report.scan_page import STYLES
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import visible

if TYPE_CHECKING:
    from rich.text import Text

SCAN_ALL_COLUMNS = (
    "spool", "layout", "messages", "bytes", "folders", "worst", "not_examined", "seconds", "error",
    "problems",
)  # fmt: skip
_BADGES = 4  # kinds of problems in a line of the table, without --verbose


@dataclass(frozen=True)
class ManyFindings:
    """The spools below a directory, worst first, and the directories that could not be searched.

    The paths in `not_searched` are absolute.
    """

    directory: bytes
    rows: Sequence[SpoolRow]
    not_searched: Sequence[NotExamined]
    seconds: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", sorted(self.rows, key=worst_first))

    @property
    def clean(self) -> bool:
        """Whether nothing in any spool is worse than `info` and everything was examined."""
        return not self.not_searched and all(row.clean for row in self.rows)

    @property
    def failed(self) -> bool:
        """Whether no spool at all could be surveyed."""
        return all(row.error for row in self.rows)

    @property
    def totals(self) -> dict[str, Any]:
        """The sums over all spools; problems with the worst kind first."""
        problems: Counter[str] = Counter()
        levels: dict[str, int] = {}
        for row in self.rows:
            problems.update(row.problems)
            for code, level in row.levels.items():
                levels[code] = max(level, levels.get(code, level))
        order = sorted(problems, key=lambda c: (-levels[c], -problems[c], c))
        return {
            "spools": len(self.rows),
            "errors": sum(1 for row in self.rows if row.error),
            "messages": sum(row.messages for row in self.rows),
            "bytes": sum(row.bytes for row in self.rows),
            "folders": sum(row.folders for row in self.rows),
            "problems": {code: problems[code] for code in order},
            "not_examined": sum(row.not_examined for row in self.rows),
            "seconds": round(self.seconds, 3),
        }


def write_many(found: ManyFindings, format: str, stream: TextIO, *, whole: bool = False) -> None:
    """Writes the spools to `stream` in one of SCAN_FORMATS; `whole` names every kind of problem in
    the lines of the table."""
    if format == "json":
        stream.write(_json(found))
    elif format == "jsonl":
        for row in found.rows:
            stream.write(as_json(_as_dict(row)) + "\n")
    elif format == "csv":
        _write_csv(found, stream)
    else:
        _write_table(found, stream, whole)


def _as_dict(row: SpoolRow) -> dict[str, Any]:
    return {
        "spool": os.fsdecode(row.path),
        "layout": row.layout,
        "messages": row.messages,
        "bytes": row.bytes,
        "folders": row.folders,
        "problems": dict(row.problems),
        "worst": None if row.worst is None else row.worst.word,
        "not_examined": row.not_examined,
        "seconds": round(row.seconds, 3),
        "error": row.error,
    }


def _json(found: ManyFindings) -> str:
    head = as_json({"schema": 1, "directory": os.fsdecode(found.directory)})[:-1]
    spools = ",\n  ".join(as_json(_as_dict(row)) for row in found.rows)
    unseen = [
        {"path": os.fsdecode(item.path), "reason": item.reason} for item in found.not_searched
    ]
    return (
        f'{head},\n "spools": [\n  {spools}],\n "totals": {as_json(found.totals)},'
        f'\n "not_searched": {as_json(unseen)}}}\n'
    )


def _write_csv(found: ManyFindings, stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(SCAN_ALL_COLUMNS)
    for row in found.rows:
        values = _as_dict(row)
        values["spool"] = _cell(values["spool"])
        values["problems"] = as_json(values["problems"])
        writer.writerow(["" if values[name] is None else values[name] for name in SCAN_ALL_COLUMNS])


def _cell(value: str) -> str:
    """The text itself if it is safe to show, else escaped as in JSON, without the quotes."""
    return value if visible(value) == value else as_json(value)[1:-1].replace('\\"', '"')


def _write_table(found: ManyFindings, stream: TextIO, whole: bool) -> None:
    from rich.table import Table

    console = console_for(stream)
    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    table.add_column("spool", no_wrap=True)
    table.add_column("messages", no_wrap=True, justify="right")
    table.add_column("problems", overflow="fold")
    for row in found.rows:
        table.add_row(visible(row.path), "" if row.error else f"{row.messages:,}",
                      _what(row, whole))  # fmt: skip
    print_table(console, table)
    for item in found.not_searched:
        stream.write(f"not searched  {visible(item.path)}: {visible(item.reason)}\n")
    stream.write(_totals_line(found) + "\n")


def _what(row: SpoolRow, whole: bool) -> Text:
    from rich.text import Text

    if row.error:
        return Text(row.error, STYLES[max(STYLES)])
    parts = [
        Text(f"{CATALOGUE[code].badge} {number:,}", STYLES[row.levels[code]])
        for code, number in row.problems.items()
    ]
    if not whole and len(parts) > _BADGES:
        more = sum(list(row.problems.values())[_BADGES:])
        parts = [*parts[:_BADGES], Text(f"{more:,} more", "dim")]
    if row.not_examined:
        parts.append(Text(f"{row.not_examined:,} not examined"))
    return Text("  ").join(parts) if parts else Text("none", "dim")


def _totals_line(found: ManyFindings) -> str:
    totals = found.totals
    parts = [
        counted(totals["spools"], "spool"),
        counted(totals["messages"], "message"),
        counted(totals["bytes"], "byte"),
        counted(sum(totals["problems"].values()), "problem"),
        f"{totals['not_examined']:,} not examined",
    ]
    if totals["errors"]:
        parts.append(f"{counted(totals['errors'], 'spool')} could not be looked at")
    quick = any(row.depth == "quick" for row in found.rows)
    note = " (quick: no content was opened)" if quick else ""
    return f"{visible(found.directory)}: {', '.join(parts)}; {found.seconds:.1f} s{note}"
