"""Surveys of spools full of planted damage find exactly what was planted, and nothing else."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from .combine import EVERY, build_spool
from .looking import looking
from .plants import PLANTS
from .spool import STYLES

SEEDS = int(os.environ.get("MAILSURGEON_SEEDS", EVERY))
_FIGURES: Counter[str] = Counter()
_CODES: Counter[str] = Counter()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_survey_finds_exactly_what_was_planted(seed: int, tmp_path: Path) -> None:
    truth = build_spool(os.fsencode(tmp_path / "spool"), seed)
    with looking(tmp_path / "spool") as look:
        wrong = look.wrong(truth)
        found = sum(1 for _ in look.index.problems())
    _FIGURES.update(spools=1, plants=len(truth.plants), planted=len(truth.problems), found=found)
    _FIGURES["differences"] += len(wrong)
    _CODES.update(problem.code for problem in truth.problems)
    assert not wrong, f"seed {seed}, {len(wrong)} differences:\n" + "\n".join(wrong)


def test_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """What the surveys above were put to; every code but `unreadable`, which has its own test."""
    with capsys.disabled():
        print(f"\nplanted damage: {len(PLANTS)} kinds of plants in {len(STYLES)} styles of spools;")
        print("  " + ", ".join(f"{number:,} {what}" for what, number in _FIGURES.items()))
        print("  " + ", ".join(f"{code} {number:,}" for code, number in sorted(_CODES.items())))
    assert _FIGURES["planted"] == _FIGURES["found"]
