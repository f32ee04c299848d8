"""The quarantine: a private directory on the spool's file system that things are moved to.

`.NAME.quarantine` beside the spool NAME, or the directory the operator gives. Each operation has
a directory of its own in it, named by its number, with the original relative paths inside.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from mailsurgeon.errors import Refused
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.text import visible


@dataclass(frozen=True, slots=True)
class QuarantineItem:
    """One thing put away. `path` begins with `quarantine:`; `original` is relative to the spool.

    `kind` is "file", "directory" or "other"; `size` is in bytes (a directory's own is 0).
    `step` is the journal's, None for what another user's journal knows.
    """

    operation: int
    path: bytes
    original: bytes
    time: str
    kind: str
    size: int
    verdict: str
    step: int | None


def default_directory(spool: Spool) -> bytes:
    """`.NAME.quarantine` beside the spool NAME."""
    parent, name = os.path.split(spool.root)
    return os.path.join(parent, b"." + name + b".quarantine")


def _above(directory: bytes, spool: Spool, root: int, *, make: bool) -> int:
    if directory == default_directory(spool):
        return above_default(root)
    above = os.path.realpath(os.path.dirname(directory))
    place = os.path.join(above, os.path.basename(directory), b"")
    if make and place.startswith(os.path.join(spool.root, b"")):
        # Servers, and the next survey, would take what lies there for mail.
        raise Refused(f"{visible(directory)}: lies in the spool; name a directory beside it")
    return at.open_directory(above)


def above_default(root: int) -> int:
    """A descriptor of the directory that the spool open as `root` lies in, wherever that is by now.

    Its path may lead elsewhere: who owns a directory on the way can put a symlink in its place.
    """
    return at.open_directory(b"..", root)


def open_quarantine(
    directory: bytes, spool: Spool, owner: tuple[int, int], root: int, *, make: bool
) -> int:
    """A descriptor of the quarantine of the spool open as `root`. With `make` it is made when
    missing, private.

    Raises FileNotFoundError without `make`, Refused when it cannot be had or is not safe.
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
            trusted = {owner[0]}  # one of root's may have been put there by who owns the place
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


def highest_operation(directory: bytes) -> int:
    """The highest number an operation's directory has there; other journals count too."""
    with suppress(OSError):
        names = os.listdir(directory)
        return max((int(name) for name in names if name.isdigit() and len(name) < 10), default=0)
    return 0


def prune(root: int, path: bytes) -> None:
    """Removes the directories above `path` that are empty now; they were made to hold it.

    A run that was killed may not have made them all.
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
    """All that is no directory at and below `path`, with what it is; unreadable parts left out."""
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
