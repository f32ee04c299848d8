"""Reads small files of servers without being led astray: a spool's owner may have put a symlink, a
FIFO or a device in their place, and opening these follows, waits, or has effects.
"""

from __future__ import annotations

import os
import stat

LARGEST_SURVEYED_LIST = 512 * 1024 * 1024
"""Bytes of a server's list above which a survey leaves it unread; it is read whole."""


def read_small(path: bytes, limit: int) -> bytes | None:
    """The bytes of the regular file at `path`; None when it is missing, cannot be read, is larger
    than `limit` bytes, or is anything else (a symlink among them). Raises nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
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
