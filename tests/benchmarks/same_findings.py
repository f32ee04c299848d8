"""Compares what two builds of the program find: `python -m tests.benchmarks.same_findings PROGRAM`.

PROGRAM is the `mailsurgeon` of another checkout. Both survey spools with planted damage, the sample
spool and the spools named with `--spool`: fully, again, after a quick survey, quickly, and after
changes; their JSON must be the same word for word, but for times. The plans of `fix --dry-run` must
be the same too.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.planting.combine import build_spool

_UNSTEADY = {"seconds", "age_seconds", "open_by", "surveyed"}
_WAYS = (
    ("quick", ("scan", "--quick")),
    ("full after quick", ("scan",)),
    ("again", ("scan",)),
    ("quick after full", ("scan", "--quick")),
    ("plan", ("fix", "--dry-run")),
)


def main() -> None:
    """Compare on all spools; exit 1 if anything differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("program", type=Path, help="mailsurgeon of another checkout")
    own = Path(sys.executable).with_name("mailsurgeon")
    parser.add_argument("--own", type=Path, default=own, help="the program of this checkout")
    parser.add_argument("--seeds", type=int, default=20, help="how many planted spools")
    parser.add_argument("--spool", type=Path, action="append", default=[], help="another spool")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    differ = 0
    with tempfile.TemporaryDirectory(prefix="mailsurgeon-same-") as home:
        for name, spool, changes in _spools(Path(home), given.seeds, given.spool):
            for way, lines in _compare(
                Path(home), spool, (given.program, given.own), given.jobs, changes
            ):
                print(f"{name}, {way}:", *lines[:40], sep="\n  ", flush=True)
                differ += 1
            print(f"{name}: done", flush=True)
    sys.exit(1 if differ else 0)


def _spools(home: Path, seeds: int, more: list[Path]) -> Iterator[tuple[str, Path, bool]]:
    for seed in range(seeds):
        spool = home / f"planted{seed}"
        build_spool(os.fsencode(spool), seed)
        yield f"planted {seed}", spool, True
        shutil.rmtree(spool, ignore_errors=True)
    yield from ((str(spool), spool, False) for spool in more)


def _compare(
    home: Path, spool: Path, programs: tuple[Path, Path], jobs: int, changes: bool
) -> Iterator[tuple[str, list[str]]]:
    """What differs, by the way in which the spool was looked at."""
    caches = [home / "other", home / "own"]
    for cache in caches:
        shutil.rmtree(cache, ignore_errors=True)
    for turn in range(2 if changes else 1):
        for way, words in _WAYS:
            found = [
                _told(program, cache, spool, words, jobs)
                for program, cache in zip(programs, caches, strict=True)
            ]
            if found[0] != found[1]:
                yield (
                    f"{way}, turn {turn}",
                    list(difflib.unified_diff(*found, "other", "own", lineterm="", n=2)),
                )
        if changes:
            _change(spool, turn)


def _told(program: Path, cache: Path, spool: Path, words: tuple[str, ...], jobs: int) -> list[str]:
    command, *options = words
    wanted = [program, command, spool, *options, "--format", "json", "--jobs", str(jobs)]
    places = {"XDG_CACHE_HOME": str(cache), "XDG_STATE_HOME": str(cache / "state")}
    done = subprocess.run(wanted, env={**os.environ, **places}, capture_output=True, check=False)
    try:
        told = _steady(json.loads(done.stdout))
    except ValueError:
        told = [done.stdout.decode(), done.stderr.decode()]
    text = json.dumps([done.returncode, told], indent=1, sort_keys=True)
    return text.replace(str(cache), "CACHE").splitlines()


def _steady(value: Any) -> Any:
    """The value without what differs from one moment to the next, or with the ids in the index: the
    order of what a plan leaves."""
    if isinstance(value, dict):
        return {
            key: sorted(map(_steady, each), key=str) if key == "left" else _steady(each)
            for key, each in value.items()
            if key not in _UNSTEADY
        }
    return [_steady(each) for each in value] if isinstance(value, list) else value


def _change(spool: Path, seed: int) -> None:
    """Renames, rewrites, copies and removes some files."""
    chance = random.Random(seed)
    files = sorted(path for path in spool.rglob("*") if path.is_file() and not path.is_symlink())
    for path in files:
        what = chance.random()
        if path.parent.name not in ("cur", "new", "tmp") or what > 0.3:
            continue
        data = path.read_bytes()
        if what < 0.05:
            path.unlink()
        elif what < 0.1:
            path.write_bytes(data + b"more\n")
        elif what < 0.15:
            status = path.stat()
            path.write_bytes(data.replace(b"e", b"a"))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        elif what < 0.2:
            path.with_name(path.name + "x").write_bytes(data)
        elif what < 0.25:
            path.rename(path.with_name("1" + path.name))
        else:
            path.chmod(chance.choice((0o600, 0o644, 0o666)))


if __name__ == "__main__":
    main()
