"""Remembers that a journal was found sound, and left so, so that it need not be read whole again.

SQLite's check reads the whole file, which grows with every operation. A note beside the journal
says when it was last checked, and how the file was when this program closed it. To make any later
change show, also one within the same tick of the clock, the file then gets a modification time that
no clock gives. Nobody but the user can write to the directory.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from mailsurgeon.host import private
from mailsurgeon.host.files import read_small

TRUSTED_SECONDS = 24 * 3600
"""A disk may change a file without a trace, so it is checked again after this time."""

_NOTE = "-checked"
_LOG = "-wal"
_SECOND = 10**9


def checked_at(journal: Path) -> float | None:
    """When a journal that is not open was last found sound (seconds since 1970), if nobody has
    changed it since; None if it must be checked."""
    try:
        when, *known = map(int, (read_small(os.fsencode(_note(journal)), 200) or b"").split())
        trusted = 0 <= time.time() - when < TRUSTED_SECONDS
        return when if trusted and known == _state(journal) else None
    except (OSError, ValueError):
        return None


def note_checked(journal: Path, when: float) -> None:
    """Notes that a journal that is now closed was found sound at that time, and changed by SQLite
    alone since. Notes nothing if somebody else has it open, or something fails."""
    with suppress(OSError, ValueError):
        if checked_at(journal) == int(when):
            return
        _state(journal)
        status = journal.stat()
        marked = status.st_mtime_ns // _SECOND * _SECOND + secrets.randbelow(_SECOND)
        os.utime(journal, ns=(status.st_atime_ns, marked))
        state = _state(journal)
        if marked not in state:
            return  # this file system's times are too coarse to show a change
        fresh = _note(journal).with_name(_note(journal).name + ".new")
        fresh.unlink(missing_ok=True)
        private.make_private_file(fresh)
        fresh.write_text(" ".join(map(str, (int(when), *state))), encoding="ascii")
        fresh.replace(_note(journal))


def _note(journal: Path) -> Path:
    return journal.with_name(journal.name + _NOTE)


def _state(journal: Path) -> list[int]:
    """What any change to the file changes. Raises OSError, and ValueError if changes are in a log
    beside it."""
    if os.path.lexists(journal.with_name(journal.name + _LOG)):
        raise ValueError("it was not closed")
    one = journal.stat(follow_symlinks=False)
    return [one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns]
