"""The processes below one, and whether they are still there."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 60  # seconds after which a test has failed


def below(pid: int) -> dict[int, str]:
    """The children of a process and theirs, by number, with the words they were started with."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(name))
    found = list(parents.get(pid, ()))
    for each in found:
        found += parents.get(each, ())
    words: dict[int, str] = {}
    for each in found:
        with suppress(OSError):
            words[each] = Path("/proc", str(each), "cmdline").read_text().replace("\0", " ")
    return words


def workers_below(pid: int, count: int) -> list[int]:
    """The processes below one that read messages, when there are so many."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = [each for each, words in below(pid).items() if "spawn_main" in words]
        if len(found) >= count:
            return found
    raise AssertionError(below(pid))


@contextmanager
def ending(*pids: int) -> Iterator[None]:
    """Afterwards these processes must have ended, or end by themselves; they are ended if not."""
    seen = {pid: os.pidfd_open(pid) for pid in pids}
    left: list[int] = []
    try:
        yield
    finally:
        for pid, process in seen.items():
            if not select.select([process], [], [], 10)[0]:
                left.append(pid)
                signal.pidfd_send_signal(process, signal.SIGKILL)
            os.close(process)
    assert not left


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """These processes do nothing meanwhile, as if a file system did not answer them."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
