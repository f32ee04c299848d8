"""Looks up names in an open directory, as its current directory where a process may change that.

A process has one current directory for all its threads, so only one that answers a single call at
a time may do so. The kernel then takes a name as it is, and Python makes the call from C.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial

_home: int | None = None  # the directory to return to; None: it must not be left

StatusOf = Callable[[bytes], os.stat_result]
"""The status of the file with a name, of a symlink itself. Raises OSError."""


def answer_alone() -> None:
    """Says that this process does nothing but answer calls, one after another, in one thread."""
    global _home
    with suppress(OSError):  # a current directory that is gone, or that we may not search
        _home = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def answers_alone() -> bool:
    """Whether this process has said so."""
    return _home is not None


@contextmanager
def statuses_in(directory: int) -> Generator[StatusOf]:
    """Yields what gives the status of a name in the open directory. The names must have no
    slash."""
    if _home is None or not _enter(directory):
        yield partial(os.stat, dir_fd=directory, follow_symlinks=False)
        return
    try:
        yield os.lstat
    finally:
        _enter(_home)


def _enter(directory: int) -> bool:
    try:
        os.fchdir(directory)
    except OSError:
        return False
    return True
