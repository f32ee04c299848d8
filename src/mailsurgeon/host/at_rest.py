"""Reads a file again that looks broken because a server is in the middle of writing it.

Dovecot appends the records of new messages to its list where it stands, in one write or several,
and whoever reads without its lock may see half a line.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

Read = TypeVar("Read")

LATELY = 1.0
"""A file that has not changed for so many seconds is at rest."""
PAUSE = 0.02
"""Seconds after which a writer that was interrupted between two writes has gone on."""
PATIENCE = 0.5
"""Seconds after which a file that keeps changing is taken as it is."""


def read_at_rest(path: bytes, read: Callable[[], Read], is_broken: Callable[[Read], bool]) -> Read:
    """What `read` makes of the file at `path`; of a file that is broken and changes, what it makes
    of it once it changes no more, or after PATIENCE. Raises what `read` raises.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        before = _state(path)
        found = read()
        if not is_broken(found) or before is None or not _changed_lately(before):
            return found
        time.sleep(PAUSE)
        if _state(path) == before or time.monotonic() > deadline:
            return found


def _state(path: bytes) -> tuple[int, int, int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ctime_ns, status.st_mtime_ns, status.st_size, status.st_ino


def _changed_lately(state: tuple[int, int, int, int]) -> bool:
    return abs(time.time_ns() - state[0]) < LATELY * 10**9
