"""Detects mbsync, offlineimap and syncmaildir at work on this spool, or interrupted, and keeps
notmuch from work on it.

If a message is renamed while a sync runs, the tool sees it as deleted and new, or not at all.
Processes are identified by name (isync 1.4, offlineimap 7 and 3, syncmaildir 1.3), as far as /proc
shows them.

notmuch lists one folder after the other. If a message moves from one that comes later to one that
it has listed, it finds the message nowhere and drops its tags. While it changes its database it
holds a record lock on `flintlock` there (Xapian 1.4, backends/flint_lock.cc), and so do we.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack

from mailsurgeon.host.host import Host
from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.maildir import server_files
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.as_owner import files_as_owner
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers import mbsync_lock
from mailsurgeon.surgery.servers.lock_wait import LockWait

XAPIAN_LOCK = b"flintlock"


def running_tool(host: Host, root: bytes, owner: int) -> str:
    """Names a sync tool that may be at work on the spool at `root`; empty if there is none.

    A tool counts if it runs as the spool's owner, or has a file below the root open.
    """
    tool = host.processes.at_work(server_files.TABLE.sync_programs, root, owner)
    return f"{os.fsdecode(tool.name)} (process {tool.number}) is running" if tool else ""


def cut_off_sync(places: Places, folders: Iterable[bytes]) -> str:
    """Why folders must not be touched: a sync's state in one is unfinished; empty if none is."""
    for folder in sorted(folders):
        try:
            directory = places.directory(folder)
        except OSError:
            continue
        for name, server in server_files.TABLE.at_work.items():
            if at.look(directory, name) is not None:
                return (
                    f"{os.fsdecode(name)} is there: {server.name} is at work, or was cut off;"
                    " let it finish first (--force goes on)"
                )
    return ""


def keep_notmuch_out(
    databases: Iterable[bytes], owner: tuple[int, int], wait: LockWait, stack: ExitStack
) -> None:
    """Locks these databases of notmuch (absolute paths); `stack` releases them.

    Waits as `wait` says. Skips one that the owner could not lock either. Raises StepRefused when
    one stays locked.
    """
    for path in sorted(databases):
        try:
            with files_as_owner(owner):
                stack.callback(os.close, _lock_xapian(path, wait))
        except OSError as error:
            if no_more_files(error):
                raise


def _lock_xapian(path: bytes, wait: LockWait) -> int:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return mbsync_lock.hold(directory, XAPIAN_LOCK, b"notmuch's database " + path, wait)
    finally:
        os.close(directory)
