"""The limit of open files of this process (RLIMIT_NOFILE), and what is left of it."""

from __future__ import annotations

import errno
import os
import resource
from contextlib import suppress

LIMITS = frozenset({errno.EMFILE, errno.ENFILE})
"""Errors that say nothing about a file: with fewer files open, the same call succeeds."""
LEAST = 24
"""Descriptors without which a survey or an operation could not even begin."""
_ENOUGH = 65_536
"""Descriptors beyond which more are of no use to us; some systems allow a thousand million."""


def raise_open_file_limit() -> None:
    """Raises the soft limit of open files to the hard one, as far as that is useful.

    The soft limit is kept low for programs that use select(2) (systemd, "File Descriptor Limits");
    this program and those that it starts do not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def open_file_limit() -> int:
    """How many files this process may have open at once."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _ENOUGH if soft == resource.RLIM_INFINITY else soft


def descriptors_left() -> int:
    """How many more files this process may open; at least 0."""
    limit = open_file_limit()
    try:
        opened = len(os.listdir("/dev/fd")) - 1  # the listing has a descriptor of its own
    except OSError:
        opened = _counted(min(limit, 4096))
    return max(0, limit - opened)


def _counted(limit: int) -> int:
    """The descriptors below `limit` that are open, one by one: there is no list of them."""
    opened = 0
    for number in range(limit):
        with suppress(OSError):
            os.fstat(number)
            opened += 1
    return opened


def no_more_files(error: OSError) -> bool:
    """Whether an error came from a limit of open files: nobody may report it of the file."""
    return error.errno in LIMITS


def limit_line(error: OSError) -> str:
    """One line for such an error, with what the operator can do."""
    return f"{os.strerror(error.errno or 0)}; raise the limit (ulimit -n) and try again"
