"""The lock that makes a run the one writer of its spool."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from mailsurgeon.errors import SpoolBusy
from mailsurgeon.text import visible


def hold_as_writer(root: int, shown: bytes) -> None:
    """Locks the spool's root directory against other writers, as long as `root` is open.

    Raises SpoolBusy that names the holder.
    """
    try:
        fcntl.flock(root, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _flock_holder(root)
        who = f"process {holder}" if holder else "another process"
        raise SpoolBusy(f"{visible(shown)}: {who} is changing it now; wait for it") from None
    except OSError as error:
        raise SpoolBusy(
            f"{visible(shown)}: cannot be locked ({os.strerror(error.errno or 0)});"
            " nothing was changed"
        ) from error


def writer_lives(root: int) -> bool:
    """Whether somebody else holds the spool as its writer now."""
    try:
        fcntl.flock(root, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(root, fcntl.LOCK_UN)
    return False


def _flock_holder(root: int) -> int:
    """The process that holds the flock, by the kernel's list; 0 when it cannot be told."""
    status = os.fstat(root)
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with suppress(OSError, ValueError), open("/proc/locks", encoding="ascii") as table:
        for line in table:
            words = line.split()
            if "FLOCK" in words and wanted in words:
                return max(0, int(words[words.index(wanted) - 1]))
    return 0
