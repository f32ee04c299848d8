"""The quarantine: a private directory on the spool's file system for files taken out of the spool.

It is `.NAME.quarantine` beside the spool NAME, or a directory given by the operator. Each operation
has its own directory in it, named by its number, with the original relative paths inside.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from mailsurgeon.errors import Refused
from mailsurgeon.host.own_places import maildir_around
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.quarantine.spool_id import read_spool_id
from mailsurgeon.text import visible


@dataclass(frozen=True, slots=True)
class QuarantineItem:
    """One quarantined file or directory.

    `path` begins with `quarantine:`; `original` is relative to the spool.
    `time` (UTC) is when the operation that put it there last began, and `since` (seconds since
    1970) when it came in. `kind` is "file", "directory" or "other"; `size` is in bytes (0 for a
    directory). `note` says that it is partly purged, else it is empty. `present`: its path below
    the operation's directory now, if a redo took along flags that a client has changed.
    `step` is the id in the journal. It is None for what was only found on the disk: another journal
    has it, or none has any more; `time` is then when the file was last renamed, and `expected`
    what it is.
    """

    operation: int
    path: bytes
    original: bytes
    time: str
    kind: str
    size: int
    verdict: str
    step: int | None
    expected: Expected | None = None
    since: float = 0.0
    note: str = ""
    present: bytes = b""


def default_directory(spool: Spool) -> bytes:
    """`.NAME.quarantine` beside the spool NAME."""
    return _beside(spool.root)


def _beside(root: bytes) -> bytes:
    parent, name = os.path.split(root)
    return os.path.join(parent, b"." + name + b".quarantine")


def relocated(
    recorded: bytes | None,
    operation: int,
    spool: Spool,
    earlier: Iterable[bytes],
    given: bytes,
    journal: str,
) -> bytes:
    """The directory that holds what an operation of the journal of this name quarantined.

    It is where the journal says (`recorded`), unless a directory above the spool was renamed: then
    it lies in the same direction from the spool as it did from one of the spool's `earlier` paths,
    and where it was another spool's may be by now. Or it is the directory `given` for this run.
    """
    if recorded is None:
        return given
    holder = b"%d" % operation
    places: list[bytes] = []
    for root in earlier:
        aside = os.path.relpath(recorded, root)
        if recorded == _beside(root):
            aside = os.path.relpath(default_directory(spool), spool.root)
        places.append(os.path.normpath(os.path.join(spool.root, aside)))
    for place in (*places, recorded, given):
        if not os.path.isdir(os.path.join(place, holder)):
            continue
        if not places or _is_known_to(journal, place):
            return place
    # Nothing is there: what is to be made again is made beside the spool, wherever that is now.
    above = (place for place in places if os.path.isdir(os.path.dirname(place)))
    return next(above, recorded)


def _is_known_to(journal: str, quarantine: bytes) -> bool:
    """Whether the journal of this name may have put things there: the id, if any, names it."""
    known = read_spool_id(quarantine)
    return known is None or any(one.name == journal for one in known.journals)


def _above(directory: bytes, spool: Spool, root: int, *, make: bool) -> int:
    if directory == default_directory(spool):
        return above_default(root)
    above = os.path.realpath(os.path.dirname(directory))
    place = os.path.join(above, os.path.basename(directory))
    around = maildir_around(place, spool.root) if make else None
    if around is not None:
        # Servers, and the next survey, would take the files in it for mail.
        which = "the spool" if around == spool.root else f"the Maildir {visible(around)}"
        raise Refused(f"{visible(directory)}: lies in {which}; name a directory beside it")
    return at.open_directory(above)


def above_default(root: int) -> int:
    """Opens the directory that contains the spool open as `root`.

    It goes by `..`, not by path: whoever owns a directory on the way can replace it by a symlink.
    """
    return at.open_directory(b"..", root)


def open_quarantine(
    directory: bytes, spool: Spool, owner: tuple[int, int], root: int, *, make: bool
) -> int:
    """Opens the quarantine of the spool open as `root`; `make`: makes it, private, if missing.

    Raises FileNotFoundError if it is missing (without `make`), Refused if it cannot be opened or
    is not safe.
    """
    advice = "; name a directory on the spool's file system with --quarantine"
    name = os.path.basename(directory)
    try:
        parent = _above(directory, spool, root, make=make)
        try:
            above_owner = os.fstat(parent).st_uid
            if make and at.look(parent, name) is None:
                if os.fstat(parent).st_dev != spool.device:
                    raise Refused(f"{visible(directory)}: not on the spool's file system{advice}")
                with at.as_its_owner(parent, owner):
                    at.make_directory(parent, name, 0o700, owner)
                at.sync(parent)
            found = at.open_directory(name, parent)
        finally:
            os.close(parent)
    except FileNotFoundError:
        if not make:
            raise
        raise Refused(f"{visible(directory)}: its parent is missing{advice}") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise Refused(f"{visible(directory)}: no quarantine there ({reason}){advice}") from error
    try:
        trusted = {owner[0], os.geteuid()}
        if os.geteuid() == 0 and above_owner != 0:
            trusted = {owner[0]}  # whoever owns the parent could have moved a root-owned one there
        _check(found, directory, spool, trusted, advice)
    except BaseException:
        os.close(found)
        raise
    return found


def _check(found: int, directory: bytes, spool: Spool, trusted: set[int], advice: str) -> None:
    status = os.fstat(found)
    if status.st_dev != spool.device:
        raise Refused(f"{visible(directory)}: not on the spool's file system{advice}")
    if status.st_uid not in trusted:
        raise Refused(f"{visible(directory)}: belongs to somebody else{advice}")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise Refused(f"{visible(directory)}: others may look into it; chmod it to 700")


def status_of(place: bytes, expected: Expected | None) -> tuple[bytes, os.stat_result]:
    """The name and status of what was put at this absolute path, or of that same file under another
    name beside it: a redo takes along the flags that a client has changed. Raises OSError."""
    try:
        return os.path.basename(place), os.lstat(place)
    except FileNotFoundError:
        if expected is None:
            raise
        with os.scandir(os.path.dirname(place)) as entries:
            for entry in entries:
                if entry.inode() == expected.inode:
                    return entry.name, entry.stat(follow_symlinks=False)
        raise


def highest_operation(directory: bytes) -> int:
    """The highest number of an operation's directory there, from any journal; 0 without one."""
    with suppress(OSError):
        names = os.listdir(directory)
        return max((int(name) for name in names if name.isdigit() and len(name) < 10), default=0)
    return 0


def prune(root: int, path: bytes) -> None:
    """Removes the directories above `path` that are now empty; they were made to hold it.

    Some may not exist, if a run was killed before it made them.
    """
    components = path.split(b"/")[:-1]
    while components:
        name = components.pop()
        try:
            directory = at.open_beneath(root, b"/".join(components))
        except FileNotFoundError:
            continue
        except OSError:
            return
        try:
            os.rmdir(name, dir_fd=directory)
        except FileNotFoundError:
            continue
        except OSError:
            return
        finally:
            os.close(directory)


def files_below(root: int, path: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
    """All files at and below `path` with their status; skips what cannot be read."""
    with suppress(OSError):
        here = at.open_beneath(root, path)
        try:
            for name in sorted(os.fsencode(name) for name in os.listdir(here)):
                status = at.look(here, name)
                below = os.path.join(path, name)
                if status is not None and stat.S_ISDIR(status.st_mode):
                    yield from files_below(root, below)
                elif status is not None:
                    yield below, status
        finally:
            os.close(here)
