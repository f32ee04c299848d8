"""The lock that makes a run the one writer of its spool."""

from __future__ import annotations

import fcntl
import os

from mailsurgeon.errors import SpoolBusy
from mailsurgeon.host.host import Host
from mailsurgeon.text import visible


def hold_as_writer(root: int, shown: bytes, host: Host) -> None:
    """Locks the spool's root directory against other writers, as long as `root` is open.

    Raises SpoolBusy that names the holder.
    """
    try:
        fcntl.flock(root, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = host.processes.flock_holder(os.fstat(root))
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
