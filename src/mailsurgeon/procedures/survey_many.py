"""Surveys many spools one after another, and sums each up in one row."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.survey_spool import SurveyRequest, looked_at
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.questions import problem_counts_by_severity
from mailsurgeon.survey.open_spool import open_spool
from mailsurgeon.survey.run import SurveyResult
from mailsurgeon.text import visible


@dataclass(frozen=True, slots=True)
class SpoolRow:
    """One spool of many. `path` is absolute; `problems` counts by code, the worst kind first;
    `levels` has the worst severity of each code.

    `error` is one line, safe to show, if the spool could not be surveyed; the rest is then empty.
    """

    path: bytes
    layout: str | None = None
    depth: str | None = None
    messages: int = 0
    bytes: int = 0
    folders: int = 0
    problems: Mapping[str, int] = field(default_factory=dict[str, int])
    levels: Mapping[str, Severity] = field(default_factory=dict[str, Severity])
    worst: Severity | None = None
    at_worst: int = 0  # problems of that severity
    not_examined: int = 0
    seconds: float = 0.0
    error: str | None = None

    @property
    def clean(self) -> bool:
        """Nothing is above `info`, and everything was examined."""
        above = self.worst is not None and self.worst > Severity.INFO
        return not (above or self.not_examined or self.error)

    @property
    def total(self) -> int:
        """The number of all problems."""
        return sum(self.problems.values())


def look_at(
    path: bytes,
    order: SurveyRequest,
    codes: Collection[str] | None = None,
    on_open: Callable[[Spool], None] | None = None,
) -> SpoolRow | None:
    """Surveys the spool at `path`; None if cancelled. Errors are in the row; it raises none.

    `codes`: counts only problems of these. `on_open` gets the spool before the survey.
    """
    try:
        spool = open_spool(path, order.options)
        if on_open:
            on_open(spool)
        with looked_at(spool, order) as (index, result):
            return None if result.cancelled else spool_row(spool, index, result, codes)
    except (MailsurgeonError, OSError, sqlite3.Error, BrokenExecutor) as error:
        return SpoolRow(path, error=_one_line(error, path))
    except Exception as error:  # one bad spool must not stop the rest
        fault = f"a fault of mailsurgeon: {type(error).__name__}: {error}"
        return SpoolRow(path, error=visible(" ".join(fault.split())))


def spool_row(
    spool: Spool, index: Index, result: SurveyResult, codes: Collection[str] | None = None
) -> SpoolRow:
    """Sums up a survey that has just ended."""
    problems: dict[str, int] = {}
    levels: dict[str, Severity] = {}
    numbers: dict[Severity, int] = {}
    for code, severity, number in problem_counts_by_severity(index):
        if codes is None or code in codes:
            level = Severity(severity)
            problems[code] = problems.get(code, 0) + number
            numbers[level] = numbers.get(level, 0) + number
            levels[code] = max(level, levels.get(code, level))
    worst = max(numbers, default=None)
    return SpoolRow(
        spool.root,
        spool.layout,
        result.depth,
        result.messages,
        result.bytes,
        result.folders,
        {c: problems[c] for c in sorted(problems, key=lambda c: (-levels[c], -problems[c], c))},
        levels,
        worst,
        0 if worst is None else numbers[worst],
        result.not_examined,
        result.seconds,
    )


def worst_first(row: SpoolRow) -> tuple[int, int, int, bytes]:
    """A sort key: spools with errors first, then by severity, then by number of problems."""
    level = -int(row.worst) if row.worst is not None else 1
    return (-1000 if row.error else level, -row.at_worst, -row.total, row.path)


def _one_line(error: Exception, path: bytes) -> str:
    """The error as one line, without the path if that only repeats the row's."""
    if isinstance(error, OSError):
        text = error.strerror or str(error)
        if error.filename and os.fsencode(error.filename) != path:
            text = f"{os.fsdecode(error.filename)}: {text}"
    elif isinstance(error, BrokenExecutor):
        text = "a process that read messages has died; look again"
    else:
        text = str(error)
    return visible(" ".join(text.split())).removeprefix(f"{visible(path)}: ")
