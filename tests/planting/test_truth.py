"""Surveys of spools full of planted damage find exactly what was planted, and nothing else."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from mailsurgeon.survey.index import Index
from mailsurgeon.survey.opening import open_spool
from mailsurgeon.survey.survey import run_survey

from .combine import EVERY, build_spool
from .plants import PLANTS
from .spool import STYLES
from .truth import differences

SEEDS = int(os.environ.get("MAILSURGEON_SEEDS", EVERY))
_FIGURES: Counter[str] = Counter()
_CODES: Counter[str] = Counter()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_survey_finds_exactly_what_was_planted(seed: int, tmp_path: Path) -> None:
    truth = build_spool(os.fsencode(tmp_path / "spool"), seed)
    spool = open_spool(tmp_path / "spool")
    index = Index.open(tmp_path / "index.db")
    try:
        run_survey(spool, index)
        found = list(index.problems())
        unexamined = {row.path for row in index.not_examined()}
    finally:
        index.close()
    wrong = differences(truth.problems, found)
    wrong += [f"not told as not examined: {path!r}" for path in truth.unexamined - unexamined]
    _FIGURES.update(spools=1, plants=len(truth.plants), problems=len(truth.problems))
    _FIGURES["found as they are"] += len(found) - len(wrong)
    _CODES.update(problem.code for problem in truth.problems)
    assert not wrong, f"seed {seed}, {len(wrong)} differences:\n" + "\n".join(wrong)


def test_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """What the surveys above were put to; every code but `unreadable`, which root cannot plant."""
    with capsys.disabled():
        print(f"\nplanted damage: {len(PLANTS)} kinds of plants in {len(STYLES)} styles of spools;")
        print("  " + ", ".join(f"{number:,} {what}" for what, number in _FIGURES.items()))
        print("  " + ", ".join(f"{code} {number:,}" for code, number in sorted(_CODES.items())))
    assert _FIGURES["problems"] == _FIGURES["found as they are"]
