"""How things are measured: whole processes, interleaved, with what they cost."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAUSE = 0.05  # seconds between two looks at the memory of a process tree
_BLOCK = 512  # bytes; getrusage(2) counts input in these
_FINE = (0, 1)  # a scan that finds problems ends with 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured value, in the unit of its row; `cpu`: user and system time in seconds;
    `disk`: MB that had to be read from a disk."""

    value: float
    cpu: float | None = None
    disk: float | None = None


Samples = Mapping[str, Sequence[Sample]]


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured once in each round.

    `run` sets up what it needs, outside of the time it takes, and gives samples by name; `gives`
    are these names, none where it only prepares for those after it. `most`: rounds in which it
    takes part at most.
    """

    gives: tuple[str, ...]
    run: Callable[[], Samples]
    most: int | None = None


def interleave(
    measures: Sequence[Measure], rounds: int, tell: Callable[[str], None] = lambda _line: None
) -> dict[str, list[Sample]]:
    """All measures once, then all again, so that a slow minute of the machine slows all alike."""
    found: dict[str, list[Sample]] = {name: [] for each in measures for name in each.gives}
    for number in range(rounds):
        for measure in measures:
            if measure.most is not None and number >= measure.most:
                continue
            for name, samples in measure.run().items():
                found[name] += samples
                for sample in samples[:1]:
                    more = f" and {len(samples) - 1} more" if len(samples) > 1 else ""
                    tell(f"  round {number + 1}: {name} {sample.value:.3f}{more}")
    return found


class Failed(Exception):
    """A program that was to be measured ended with an error."""


def timed(
    words: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    output: Path | None = None,
    fine: Sequence[int] = _FINE,
) -> Sample:
    """A whole process from its start to its end: wall time, and the CPU time of it and all that
    it started. What it prints goes to `output`. Raises Failed when it ends with an error."""
    with open(output or os.devnull, "wb") as sink:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=sink,
            stderr=subprocess.PIPE, env=_environment(env),
        )  # fmt: skip
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        ended = time.perf_counter()
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
    if process.returncode not in fine:
        raise Failed(f"{words[0]} ended with {process.returncode}: {said[-2000:].decode()}")
    read = usage.ru_inblock * _BLOCK / 1e6
    return Sample(ended - started, usage.ru_utime + usage.ru_stime, read)


def peak_memory(words: Sequence[str | Path], *, env: Mapping[str, str]) -> float:
    """The highest sum of the proportional set sizes of a process and its descendants, in MiB."""
    process = subprocess.Popen(
        [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=_environment(env),
    )  # fmt: skip
    highest = 0
    ended = threading.Event()
    waiter = threading.Thread(target=lambda: (process.wait(), ended.set()))
    waiter.start()
    while not ended.wait(PAUSE):
        highest = max(highest, sum(map(_proportional, _tree(process.pid))))
    waiter.join()
    if process.returncode not in _FINE:
        raise Failed(f"{words[0]} ended with {process.returncode}")
    return highest / 1024


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, **(more or {})}


def _tree(pid: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(name))
    found = [pid]
    for each in found:
        found += parents.get(each, ())
    return found


def _proportional(pid: int) -> int:
    """The proportional set size in KiB; 0 when the process is gone."""
    with contextlib.suppress(OSError):
        for line in Path("/proc", str(pid), "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1])
    return 0


def drop_caches() -> None:
    """Makes the next reading cold. Only root may; raises PermissionError."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")


def program() -> list[str]:
    """The words that start mailsurgeon, as this interpreter has it."""
    return [sys.executable, "-m", "mailsurgeon"]
