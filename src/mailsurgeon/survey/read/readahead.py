"""Asks the kernel for files before they are read, where reading waits for the disk.

A cold file costs one wait, whatever its size; several requested at once share it. For files in
memory the requests would only cost time, so none are made.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from mailsurgeon.survey.read.message_file import open_file

THREADS = 8
"""Files asked for at once."""
_OFTEN = 0.2  # waits a file; in memory there are none


class Pace:
    """How the last slice went: did reading it wait for the disk?"""

    def __init__(self) -> None:
        self.waited = False

    @contextmanager
    def reading(self, directory: int, names: Sequence[bytes]) -> Iterator[None]:
        """While these files are read: asks for them ahead, if those before had to be waited for."""
        waits, blocks = _waits(), _blocks()
        if self.waited:
            with ThreadPoolExecutor(THREADS) as pool:
                for first in range(THREADS):
                    pool.submit(_ask_for, directory, names[first::THREADS])
                yield
        else:
            yield
        often = _waits() - waits > _OFTEN * len(names)
        # While others ask ahead the reader need not wait, however slow the disk is.
        self.waited = often or (self.waited and _blocks() > blocks)


def _waits() -> int:
    """How often this thread has waited."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def _blocks() -> int:
    """How much this process has had read from disks."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_inblock


def _ask_for(directory: int, names: Sequence[bytes]) -> None:
    for name in names:
        with suppress(OSError):
            descriptor = open_file(directory, name)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(descriptor)
