"""mbsync, offlineimap and syncmaildir: are they at work on this spool, or were they cut off?

A message renamed under a running sync is seen as deleted and new, or not at all. Processes are
known by their names (isync 1.4, offlineimap 7 and 3, syncmaildir 1.3), as far as /proc shows them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from mailsurgeon.host.host import Host
from mailsurgeon.maildir import server_files
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.resolve import Places


def running_tool(host: Host, root: bytes, owner: int) -> str:
    """A sync tool that may be at work on the spool at `root`, in words; empty when none is seen.

    One is taken for that when it runs as the spool's owner, or has something below it open.
    """
    tool = host.processes.at_work(server_files.TABLE.sync_programs, root, owner)
    return f"{os.fsdecode(tool.name)} (process {tool.number}) is running" if tool else ""


def cut_off_sync(places: Places, folders: Iterable[bytes]) -> str:
    """Why folders must not be touched: a sync's state that is under way; empty when they may."""
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
