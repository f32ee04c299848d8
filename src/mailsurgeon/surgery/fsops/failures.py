"""How an act on the file system fails: refused alone, hard, or no longer known."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager

from mailsurgeon.text import visible

HARD = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
"""Errors after which the next step would fail as well."""


class StepRefused(Exception):
    """One step cannot be done, and nothing of it was; the text says why."""


class HardError(Exception):
    """The file system itself fails; the text is one clear line."""


class NotDurable(Exception):
    """What was done may not survive a power cut, or is not known: nothing may be called done."""


@contextmanager
def told(path: bytes) -> Generator[None]:
    """Turns an OSError into StepRefused or HardError that names `path`."""
    try:
        yield
    except OSError as error:
        raise telling(error, path) from error


def telling(error: OSError, path: bytes) -> StepRefused | HardError:
    """What to raise for an OSError met at `path`."""
    line = f"{visible(path)}: {os.strerror(error.errno or 0)}"
    return HardError(line) if error.errno in HARD else StepRefused(line)
