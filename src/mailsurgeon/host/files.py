"""Reads small files of servers safely.

A spool's owner may have put a symlink, a FIFO or a device in their place. Opening one would read
another file, wait without end, or have side effects.
"""

from __future__ import annotations

import os
import stat

from mailsurgeon.host.open_files import no_more_files

LARGEST_SURVEYED_LIST = 512 * 1024 * 1024
"""The largest list of a server, in bytes, that a survey reads; a list is read whole."""


def read_small(path: bytes, limit: int) -> bytes | None:
    """The bytes of the regular file at `path`; None if it is missing, unreadable, larger than
    `limit` bytes, or not a regular file (a symlink, for example). Raises OSError only when too
    many files are open."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if no_more_files(error):
            raise
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return data if len(data) <= limit else None
