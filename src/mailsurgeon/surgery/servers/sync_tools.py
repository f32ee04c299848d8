"""Detects mbsync, offlineimap and syncmaildir at work on this spool, or interrupted.

If a message is renamed while a sync runs, the tool sees it as deleted and new, or not at all.
Processes are identified by name (isync 1.4, offlineimap 7 and 3, syncmaildir 1.3), as far as /proc
shows them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from mailsurgeon.host.host import Host
from mailsurgeon.maildir import server_files
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.resolve import Places


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
