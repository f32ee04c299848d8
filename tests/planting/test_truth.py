"""Surveys of spools full of planted damage find exactly what was planted, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from tests.support.protects import protects

from .combine import EVERY, build_spool
from .looking import looking
from .plants import PLANTS

SEEDS = int(os.environ.get("MAILSURGEON_SEEDS", "200"))
"""So many spools in all."""
EVERYDAY = (*range(EVERY), 13, 17, 28)
"""Spools that hold every plant: the first ones offer each, the others have the layout that three
of them need."""


@pytest.mark.parametrize(
    "seed",
    [
        seed if seed in EVERYDAY else pytest.param(seed, marks=pytest.mark.soak)
        for seed in range(SEEDS)
    ],
)
@protects(
    "the survey finds what is planted, and nothing else",
    where="diagnosis/, survey/",
    seen="a generator and a second reading of messages, written from the definitions "
    "alone, on seeded spools",
)
def test_a_survey_finds_exactly_what_was_planted(seed: int, tmp_path: Path) -> None:
    truth = build_spool(os.fsencode(tmp_path / "spool"), seed)
    with looking(tmp_path / "spool") as look:
        wrong = look.wrong(truth)
        found = sum(1 for _ in look.index.problems())
    assert not wrong, f"seed {seed}, {len(wrong)} differences:\n" + "\n".join(wrong)
    assert found == len(truth.problems)


def test_the_everyday_spools_hold_every_plant_and_every_code_but_one(tmp_path: Path) -> None:
    """`unreadable` has a test of its own: root can read everything."""
    truths = [build_spool(os.fsencode(tmp_path / str(seed)), seed) for seed in EVERYDAY]
    assert {name for truth in truths for name in truth.plants} == set(PLANTS)
    planted = {problem.code for truth in truths for problem in truth.problems}
    assert planted == set(CATALOGUE) - {"unreadable"}
