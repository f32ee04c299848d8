"""Reads small files of servers safely.

A spool's owner may have put a symlink, a FIFO or a device in their place. Opening one would read
another file, wait without end, or have side effects.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from mailsurgeon.host.open_files import no_more_files

LARGEST_WHOLE_LIST = 256 << 20
"""The largest list of a server, in bytes, that is read whole, enough for two million messages.
Surveys read lists in blocks."""


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


NO_FILE = "it is not a regular file"
NOT_REGULAR = (0, errno.ELOOP, errno.ENXIO)
"""The errno with which PlainFile tells that something is no regular file."""


class PlainFile:
    """A regular file opened for reading in blocks, with its `status` at that time.

    Opening raises OSError; of anything but a regular file, with the reason as its text.
    """

    def __init__(self, path: bytes) -> None:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        self._descriptor = os.open(path, flags)
        self.status = os.fstat(self._descriptor)
        if not stat.S_ISREG(self.status.st_mode):
            self.close()
            raise OSError(0, NO_FILE)

    def blocks(self, size: int) -> Iterator[bytes]:
        """The file from its start, as long as it was when it was opened. Raises OSError."""
        place = 0
        while place < self.status.st_size:
            wanted = min(size, self.status.st_size - place)
            block = os.pread(self._descriptor, wanted, place)
            if not block:
                return
            place += len(block)
            yield block

    def end(self, size: int) -> bytes:
        """The last `size` bytes, or all of a shorter file. Raises OSError."""
        return os.pread(self._descriptor, size, max(0, self.status.st_size - size))

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)

    def __enter__(self) -> PlainFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
