"""Requests files from the kernel before they are read, while reading has to wait for the disk.

A file that is not in memory costs one wait, whatever its size; requests made at the same time share
it. For files in memory the requests would only cost time, so none are made.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from mailsurgeon.survey.read.message_file import open_file

THREADS = 8
"""Files requested at the same time."""
_OFTEN = 0.2  # waits per file; files in memory cause none


class ReadingPace:
    """Remembers whether reading the last slice had to wait for the disk."""

    def __init__(self) -> None:
        self.waited = False

    @contextmanager
    def reading(self, directory: int, names: Sequence[bytes]) -> Iterator[None]:
        """A context in which the caller reads these files. Requests them ahead if reading the last
        slice had to wait."""
        waits, blocks = _waits(), _blocks()
        if self.waited:
            with ThreadPoolExecutor(THREADS) as pool:
                for first in range(THREADS):
                    pool.submit(_ask_for, directory, names[first::THREADS])
                yield
        else:
            yield
        often = _waits() - waits > _OFTEN * len(names)
        # With requests made ahead the reader hardly waits, even for a slow disk; so the blocks read
        # from the disk decide whether to go on.
        self.waited = often or (self.waited and _blocks() > blocks)


def _waits() -> int:
    """How often this thread has waited (voluntary context switches)."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def _blocks() -> int:
    """How many input operations on disks this process has caused."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_inblock


def _ask_for(directory: int, names: Sequence[bytes]) -> None:
    for name in names:
        with suppress(OSError):
            descriptor = open_file(directory, name)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(descriptor)
