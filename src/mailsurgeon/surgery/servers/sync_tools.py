"""mbsync, offlineimap and syncmaildir: are they at work on this spool, or were they cut off?

A message renamed under a running sync is seen as deleted and new, or not at all. Processes are
known by their names (isync 1.4, offlineimap 7 and 3, syncmaildir 1.3), as far as /proc shows them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from mailsurgeon.maildir import server_files
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.resolve import Places


def running_tool(root: bytes, owner: int, proc: bytes = b"/proc") -> str:
    """A sync tool that may be at work on the spool at `root`, in words; empty when none is seen.

    One is taken for that when it runs as the spool's owner, or has something below it open.
    """
    try:
        numbers = [name for name in os.listdir(proc) if name.isdigit()]
    except OSError:
        return ""
    for number in numbers:
        place = os.path.join(proc, number)
        tool = _tool(place)
        if tool and (_runs_as(place, owner) or _is_inside(place, root)):
            return f"{os.fsdecode(tool)} (process {os.fsdecode(number)}) is running"
    return ""


def _tool(place: bytes) -> bytes:
    """The sync tool a process is, by what it was started as; empty for any other."""
    try:
        with open(os.path.join(place, b"cmdline"), "rb") as file:
            words = file.read(4096).split(b"\0")
    except OSError:
        return b""
    # A script's interpreter comes first, then the script.
    names = (os.path.basename(word) for word in words[:2])
    return next((name for name in names if name in server_files.TABLE.sync_programs), b"")


def _runs_as(place: bytes, owner: int) -> bool:
    try:
        return os.stat(place).st_uid == owner
    except OSError:
        return False


def _is_inside(place: bytes, root: bytes) -> bool:
    links = [os.path.join(place, b"cwd")]
    try:
        descriptors = os.path.join(place, b"fd")
        links += [os.path.join(descriptors, name) for name in os.listdir(descriptors)]
    except OSError:
        pass
    for link in links:
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target == root or target.startswith(root + b"/"):
            return True
    return False


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
