"""files."""

from __future__ import annotations

import os
import stat

LARGEST_SURVEYED_LIST = 512 * 1024 * 1024


def read_small(path: bytes, limit: int) -> bytes | None:
    """A regular file of at most `limit` bytes, None when it is missing, larger or no such file."""
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
