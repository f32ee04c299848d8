"""Very much damaged mail through both readers, and through the native one under sanitizers."""

from __future__ import annotations

import os
import random
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.native import BUILT, ROOT, compiled
from tests.survey.native.both import Both
from tests.survey.native.test_agreement import cur, damage, planted  # noqa: F401

pytestmark = pytest.mark.soak

FULL = os.environ.get("MAILSURGEON_CRASH") == "full"
BATCHES = 100 if FULL else 10  # of 1000 messages
SEEDS = 40 if FULL else 8
SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.mark.parametrize("seed", range(2, BATCHES + 2))
def test_of_much_damaged_mail_both_say_the_same(
    both: Both,
    cur: Path,  # noqa: F811
    seed: int,
) -> None:
    damage(both, cur, random.Random(seed), 1000)


@pytest.mark.parametrize("seed", range(2, SEEDS + 2))
def test_of_more_planted_damage_both_say_the_same(both: Both, tmp_path: Path, seed: int) -> None:
    planted(both, tmp_path / "spool", seed)


def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    """All tests of the native reader, with one that ends at the first wrong access."""
    if os.environ.get(BUILT):
        pytest.skip("these are they")
    path = compiled(tmp_path / "reader.so", SANITIZERS)
    if path is None:
        pytest.skip("no C compiler")
    compiler = shlex.split(os.environ.get("CC") or "cc")[0]
    runtime = subprocess.run(
        [compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not os.path.isabs(runtime):
        pytest.skip("no sanitizers")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0",
         f"--basetemp={tmp_path / 'inner'}", ROOT / "tests" / "survey" / "native", "-x"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=1200,
        env={
            **os.environ, BUILT: path, "LD_PRELOAD": runtime, "MAILSURGEON_CRASH": "",
            "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc",
        },
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
