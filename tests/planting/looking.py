"""Runs a survey in a test and gives back what it found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import ProblemRow
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.run import run_survey

from .truth import Truth, differences


@dataclass
class Look:
    """A spool, its index, and the survey that fills it."""

    root: Path
    index: Index
    options: Options

    def survey(self, **how: Any) -> list[ProblemRow]:
        """Surveys the spool (again) and gives all problems the index then has."""
        run_survey(open_spool(self.root, self.options), self.index, self.options, **how)
        return list(self.index.problems())

    def wrong(self, truth: Truth, **how: Any) -> list[str]:
        """Surveys the spool and tells how what it found differs from the truth."""
        lines = differences(truth.problems, self.survey(**how))
        told = {row.path for row in self.index.not_examined()}
        return lines + [f"not told as not examined: {path!r}" for path in truth.unexamined - told]


@contextmanager
def looking(root: Path | bytes, options: Options | None = None) -> Iterator[Look]:
    """A spool to be surveyed; its index lies beside it."""
    place = Path(os.fsdecode(root))
    index = Index.open(place.with_name("index.db"))
    try:
        yield Look(place, index, options or Options())
    finally:
        index.close()
