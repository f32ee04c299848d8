"""No repair makes a problem: planted spools are repaired in random order and looked at again."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from random import Random

import pytest

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.fix import plan_fix
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.rows import ProblemRow
from mailsurgeon.survey.open_spool import open_spool
from tests.support.protects import protects

from .combine import build_spool
from .looking import Look, looking
from .test_truth import SEEDS

EVERYDAY = 2
ROUNDS = 6
"""Operations on one spool, one after the other."""

HIDDEN_IN_TMP = ("bad-permissions", "duplicate-id")
"""A file in tmp bears in-tmp and nothing else, so filing it may show what it had before: also that
it is the living copy of a message marked deleted."""

Found = dict[tuple[str, object], ProblemRow]
"""Problems above info by code and by what bears them, which a rename does not change."""


def found_in(spool: Spool, rows: list[ProblemRow]) -> Found:
    return {(row.code, bearer(spool, row.path)): row for row in rows if row.severity > 0}


def bearer(spool: Spool, path: bytes) -> object:
    """A message or folder by its inode; a server's file, which is written anew, by its path."""
    try:
        status = os.lstat(spool.absolute(path))
    except FileNotFoundError:
        return path
    is_message = os.path.basename(os.path.dirname(path)) in (b"cur", b"new")
    named = os.path.basename(path)[:1].isdigit()
    return status.st_ino if is_message or named or stat.S_ISDIR(status.st_mode) else path


def copies(spool: Spool, row: ProblemRow) -> set[object]:
    """What else is identical to a message and in its folder."""
    twins = row.detail.get("identical_here", [])
    return {bearer(spool, os.fsencode(path)) for path in twins}


def some_repair(look: Look, spool: Spool, random: Random) -> tuple[Plan, list[ProblemRow]]:
    """A plan for some of the problems: of a few kinds, or at a few paths."""
    rows = [row for row in look.index.problems() if row.remedy is not None]
    if not rows or random.random() < 0.2:
        return plan_fix(spool, look.index), []
    if random.random() < 0.5:
        codes = sorted({row.code for row in rows})
        some = random.sample(codes, random.randint(1, len(codes)))
        return plan_fix(spool, look.index, only=some), [row for row in rows if row.code in some]
    picked = random.sample(rows, random.randint(1, min(8, len(rows))))
    return plan_fix(spool, look.index, paths=[row.path for row in picked]), picked


@pytest.mark.parametrize(
    "seed",
    [
        seed if seed < EVERYDAY else pytest.param(seed, marks=pytest.mark.soak)
        for seed in range(SEEDS // 6)
    ],
)
@protects(
    "no repair makes a problem",
    where="surgery/plan/",
    seen="planted spools, repaired in random order and in part, then surveyed again",
)
def test_no_repair_makes_a_problem(seed: int, tmp_path: Path) -> None:
    random = Random(f"repairs {seed}")
    build_spool(os.fsencode(tmp_path / "spool"), seed)
    with looking(tmp_path / "spool") as look:
        look.survey()
        spool = open_spool(look.root, look.options)
        for _ in range(ROUNDS):
            before = found_in(spool, list(look.index.problems()))
            plan, wanted = some_repair(look, spool, random)
            if not plan.acts:
                continue
            inodes = {row.path: bearer(spool, row.path) for row in wanted}
            with Surgeon(spool, state_dir=tmp_path / "state", force=True) as surgeon:
                report = surgeon.apply(plan)
            assert all("Permission denied" in one.reason for one in report.refused), report.refused
            after = found_in(spool, look.survey())
            leftovers = {found for code, found in before if code == "in-tmp"}
            made = {
                key: row
                for key, row in after.items()
                if key not in before
                and not (key[0] in HIDDEN_IN_TMP and leftovers & {key[1], *copies(spool, row)})
            }
            assert not made, f"{report.summary} made {list(made.values())} by {acts(plan, made)}"
            refused = {one.path for one in report.refused}
            mended = {
                (code, inodes.get(act.path))
                for act in plan.acts
                if act.path not in refused
                for code in act.codes
            }
            left = [row for key, row in after.items() if key in mended and row.remedy is not None]
            assert not left, f"{report.summary} left {left}"


def acts(plan: Plan, made: Found) -> list[str]:
    """The steps that had to do with these problems."""
    names = {os.path.basename(row.path) for row in made.values()}
    return [
        step.tell()
        for act in plan.acts
        for step in act.steps
        if names & {os.path.basename(step.target or b""), os.path.basename(act.path)}
    ]
