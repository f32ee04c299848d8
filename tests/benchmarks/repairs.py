"""Repairs, beside what a person would do by hand, on a spool that is taken back after each."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.measuring import Failed, Measure, Sample, Samples, program, timed
from tests.benchmarks.setting import HERE, Setting
from tests.benchmarks.shape import CROWDED_FOLDER

_FOLDER = CROWDED_FOLDER.removeprefix(".")
_BY_HAND = "find -exec mv -n -t, sync"


def filing(setting: Setting) -> list[Measure]:
    """The misfiled messages of one folder moved into its cur, and back."""
    _survey(setting)
    return [
        _measure(setting, (_BY_HAND,), lambda: {_BY_HAND: [_by_hand(setting.repaired)]}),
        _measure(
            setting,
            ("filing", "undoing", "planning the filing", "planning its undo"),
            lambda: _alone(setting, ("filing", "undoing", "planning the filing",
                                     "planning its undo"), ["misfiled", _FOLDER]),
        ),
        _measure(
            setting,
            ("fix misfiled", "undo misfiled"),
            lambda: _whole(setting, ("fix misfiled", "undo misfiled"),
                           ["--only", "misfiled", "--folder", _FOLDER]),
        ),
    ]  # fmt: skip


def sizes(setting: Setting) -> list[Measure]:
    """Wrong sizes put right, and back."""
    _survey(setting)
    return [
        _measure(
            setting,
            ("rename loop", "rename loop, looking at all", "sync after the rename loop"),
            lambda: _loop(setting),
        ),
        _measure(setting, ("durable rename loop",), lambda: _durable_loop(setting)),
        _measure(
            setting,
            ("rename loop, reading all",),
            lambda: {"rename loop, reading all": [_reading_loop(setting)]},
        ),
        _measure(
            setting,
            ("sizes", "undoing sizes", "planning sizes", "planning their undo"),
            lambda: _alone(setting, ("sizes", "undoing sizes", "planning sizes",
                                     "planning their undo"), ["size-mismatch"]),
        ),
        _measure(
            setting,
            ("fix sizes", "undo sizes"),
            lambda: _whole(setting, ("fix sizes", "undo sizes"), ["--only", "size-mismatch"]),
        ),
    ]  # fmt: skip


def _measure(setting: Setting, names: tuple[str, ...], run: Callable[[], Samples]) -> Measure:
    """A measure that changes the spool and takes it back: cut short, the spool is made anew."""

    def taken_back() -> Samples:
        changed = setting.begun(setting.repaired)
        samples = run()
        changed.unlink()
        return samples

    return Measure(names, taken_back)


def _survey(setting: Setting) -> None:
    timed([*program(), "scan", str(setting.repaired), "--quiet"],
          env=setting.own("repair", fresh=True))  # fmt: skip


def _by_hand(spool: Path) -> Sample:
    """`find -exec mv`, then `sync`; the files are put back untimed."""
    root = spool / CROWDED_FOLDER
    names = [name for name in os.listdir(os.fsencode(root)) if b"." in name]
    os.sync()
    # The shell's own start is a millisecond; the two are one command line, as a person types it.
    moving = f"find '{root}' -maxdepth 1 -type f -name '*.*' -exec mv -n -t '{root}/cur' {{}} +"
    cost = timed(["sh", "-c", f"{moving} && sync"], fine=(0,))
    for name in names:
        source = os.path.join(os.fsencode(root), b"cur", name)
        os.rename(source, os.path.join(os.fsencode(root), name))
    os.sync()
    return cost


def _alone(setting: Setting, names: tuple[str, str, str, str], words: Sequence[str]) -> Samples:
    """The operation and its undo by themselves, timed inside a process of their own."""
    output = setting.output("operation")
    command = [sys.executable, "-m", "tests.benchmarks.operation", setting.repaired, *words]
    timed(command, env=_own(setting), output=output, fine=(0,))
    found = json.loads(output.read_text())
    keys = ("doing", "undoing", "planning", "planning undo")
    return {name: [Sample(*found[key])] for name, key in zip(names, keys, strict=True)}


def _whole(setting: Setting, names: tuple[str, str], words: Sequence[str]) -> Samples:
    """The commands as they are typed, survey and all; the index is there from a scan before."""
    env = _own(setting)
    consent = ["--yes", "--max", "1000000", "--quiet"]
    os.sync()
    fix = timed([*program(), "fix", setting.repaired, *words, *consent], env=env, fine=(0,))
    os.sync()
    undo = timed([*program(), "undo", setting.repaired, *consent], env=env, fine=(0,))
    return {names[0]: [fix], names[1]: [undo]}


def _loop(setting: Setting) -> Samples:
    found, _ = _size_loop(setting)
    return {
        "rename loop": [Sample(found["repairing"])],
        "rename loop, looking at all": [Sample(found["looking"] + found["repairing"])],
        "sync after the rename loop": [Sample(found["sync"])],
    }


def _durable_loop(setting: Setting) -> Samples:
    found, _ = _size_loop(setting, "--durable", str(setting.output("size-loop-journal")))
    return {"durable rename loop": [Sample(found["repairing"])]}


def _reading_loop(setting: Setting) -> Sample:
    found, cost = _size_loop(setting, "--read")
    return Sample(found["looking"] + found["repairing"], cost.cpu)


def _size_loop(setting: Setting, *more: str) -> tuple[dict[str, float], Sample]:
    output = setting.output("size-loop")
    os.sync()
    words = [sys.executable, HERE / "size_loop.py", setting.repaired, *more]
    cost = timed(words, output=output, fine=(0,))
    found = json.loads(output.read_text())
    if not found["renamed"]:
        raise Failed(f"{setting.repaired}: no wrong sizes; remove it, it will be made anew")
    return found, cost


def _own(setting: Setting) -> dict[str, str]:
    return setting.own("repair")
