"""Trees of files as records: looked at, built again, and pictured to compare with.

A record's inode is only good for telling which names are one file, and what rows of the journal
speak of. Directories come first, then files in the order in which they were last changed: some of
what the program does depends on which of two lists is the newer one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.journals.lines import Record

SPOOL = b"Maildir"
FRESH = 1_750_000_000 * 10**9
"""Files of the recorded spools are older than this (ns); what a program writes later is not."""
NOT_THE_SAME = (b".lock", b".lock.mailsurgeon", b"UNFINISHED", b".mailsurgeon-unfinished")
"""Ends of names of files that tell of a process: their text is that of the moment."""
OF_A_SPOOL = b".quarantine/IDENTITY"
"""What tells one spool from another is random, and no part of a picture."""
LISTS = (b"dovecot-", b"courierimap", b":list")

Picture = dict[str, tuple[object, ...]]


def look(home: Path) -> list[Record]:
    """All that lies below `home`, as records."""
    top = os.fsencode(home)
    found = [(os.lstat(path), path) for path in _below(top)]
    found.sort(key=lambda one: (_is_file(one[0]) and one[0].st_ctime_ns, one[1]))
    return [_record(status, path, top) for status, path in found]


def _below(top: bytes) -> Iterable[bytes]:
    for directory, names, files in os.walk(top):
        for name in names + files:
            yield os.path.join(directory, name)


def _is_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


def _record(status: os.stat_result, path: bytes, top: bytes) -> Record:
    one: Record = {
        "path": os.fsencode(os.path.relpath(path, top)),
        "mode": f"{status.st_mode:o}",
        "inode": status.st_ino,
    }
    owner = [status.st_uid, status.st_gid]
    if owner != [os.geteuid(), os.getegid()]:
        one["owner"] = owner
    if _is_file(status):
        one["mtime"] = status.st_mtime_ns
        one["text"] = Path(os.fsdecode(path)).read_bytes()
    return one


def build(home: Path, records: Iterable[Record]) -> dict[int, int]:
    """Builds a tree; gives the inode of each thing by what it was.

    As root, what belonged to somebody else does so again.
    """
    inodes: dict[int, int] = {}
    made: dict[int, Path] = {}
    latest = 0
    records = list(records)
    for one in records:
        place = home / os.fsdecode(one["path"])
        if stat.S_ISDIR(int(one["mode"], 8)):
            place.mkdir(mode=0o700)
        elif one["inode"] in made:
            place.hardlink_to(made[one["inode"]])
        else:
            _write(place, one)
            if os.fsencode(place.name).startswith(LISTS):
                latest = _made_later(place, latest)
        made.setdefault(one["inode"], place)
        inodes[one["inode"]] = place.lstat().st_ino
    for one in records:
        place = home / os.fsdecode(one["path"])
        if stat.S_ISDIR(int(one["mode"], 8)):
            _own(place, one)
            place.chmod(stat.S_IMODE(int(one["mode"], 8)))
    return inodes


def _write(place: Path, one: Record) -> None:
    place.write_bytes(one["text"])
    _own(place, one)
    place.chmod(stat.S_IMODE(int(one["mode"], 8)))
    os.utime(place, ns=(one["mtime"], one["mtime"]))


def _own(place: Path, one: Record) -> None:
    if "owner" in one and os.geteuid() == 0:
        os.chown(place, *one["owner"])


def _made_later(place: Path, than: int) -> int:
    """Sees to it that the file was changed after a time (ns), by the clock of its file system."""
    while (changed := place.stat().st_ctime_ns) <= than:
        place.chmod(stat.S_IMODE(place.stat().st_mode))
    return changed


def picture(records: Iterable[Record]) -> Picture:
    """What must be the same again: every name with its mode and owner, a file's bytes, and the
    time of what the program did not write itself."""
    shown = (one for one in records if not one["path"].endswith(OF_A_SPOOL))
    return {os.fsdecode(one["path"]): _shown(one) for one in shown}


def _shown(one: Mapping[str, object]) -> tuple[object, ...]:
    what = one["mode"], one.get("owner")
    text = one.get("text")
    if text is None:
        return what
    path, mtime = one["path"], one["mtime"]
    assert isinstance(path, bytes) and isinstance(mtime, int)
    if path.endswith(NOT_THE_SAME):
        text = b""
    return (*what, text, mtime if mtime < FRESH else "now")


def names_of(records: Iterable[Record]) -> dict[int, str]:
    """What each inode is called."""
    return {one["inode"]: os.fsdecode(one["path"]) for one in records}
