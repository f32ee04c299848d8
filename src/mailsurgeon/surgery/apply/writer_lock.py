"""The lock that allows one run at a time to change a spool."""

from __future__ import annotations

import fcntl
import os

from mailsurgeon.errors import SpoolBusy
from mailsurgeon.host.host import Host
from mailsurgeon.text import visible


def hold_as_writer(root: int, shown: bytes, host: Host) -> None:
    """Locks the spool's root directory against other writers while `root` is open.

    Raises SpoolBusy, naming the holder.
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
    """Whether another run is changing the spool now."""
    try:
        fcntl.flock(root, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(root, fcntl.LOCK_UN)
    return False
