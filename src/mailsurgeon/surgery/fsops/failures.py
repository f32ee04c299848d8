"""How a file operation fails: one step is refused, the whole disk fails, or nobody can tell."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager

from mailsurgeon.host.open_files import limit_line, no_more_files
from mailsurgeon.text import visible

HARD = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""Errors after which the next step would fail too."""


class StepRefused(Exception):
    """One step could not be done, and changed nothing; the text says why."""


class HardError(Exception):
    """The file system itself is failing; the text is one line for the operator."""


class OutOfDescriptors(HardError):
    """The process, or the system, has no file descriptor left; nothing is wrong with the file."""


class NotDurable(Exception):
    """A change may not survive a power cut, so no step may be reported as done."""


@contextmanager
def os_errors_at(path: bytes) -> Generator[None]:
    """Turns an OSError in the block into StepRefused or HardError, and names `path`."""
    try:
        yield
    except OSError as error:
        raise failure_at(error, path) from error


def failure_at(error: OSError, path: bytes) -> StepRefused | HardError:
    """The exception to raise for an OSError at `path`: HardError for those of `HARD`,
    OutOfDescriptors when only the limit of open files stands in the way."""
    if no_more_files(error):
        return OutOfDescriptors(limit_line(error))
    if error.errno == errno.EXDEV:
        return StepRefused(
            f"{visible(path)}: {os.strerror(errno.EXDEV)} (another file system, or a directory from"
            " a lower layer of overlayfs); move it with mv while no server runs"
        )
    line = f"{visible(path)}: {error.strerror or os.strerror(error.errno or 0)}"
    return HardError(line) if error.errno in HARD else StepRefused(line)
