"""Finds the directories of a step's paths, in the spool and in the quarantines."""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from mailsurgeon.errors import SpoolError
from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.text import visible

_OPEN_AT_MOST = 64
_IN_USE = 4
"""The directories used last; a step may still work in them."""
_NO_NAMES = frozenset((b"", b".", b".."))


def open_root(spool: Spool) -> int:
    """Opens the spool's root. Raises SpoolError if another directory has replaced it."""
    try:
        root = at.open_directory(spool.root)
    except OSError as error:
        raise SpoolError(f"{visible(spool.root)}: {os.strerror(error.errno or 0)}") from error
    status = os.fstat(root)
    if (status.st_dev, status.st_ino) != (spool.device, spool.inode):
        os.close(root)
        raise SpoolError(
            f"{visible(spool.root)}: another directory has taken its place; open it again"
        )
    return root


class Directories:
    """Descriptors of the directories below one root; keeps at most 64 open, and fewer when the
    process may not open more."""

    def __init__(self, root: int) -> None:
        self.root = root
        self._open: OrderedDict[bytes, int] = OrderedDict()

    def open(self, path: bytes) -> int:
        """The directory's descriptor, valid until the caller has opened three others."""
        known = self._open.get(path)
        if known is not None:
            self._open.move_to_end(path)
            return known
        if not path:
            return self.root
        try:
            found = at.open_beneath(self.root, path)
        except OSError as error:
            if not no_more_files(error) or len(self._open) <= _IN_USE:
                raise
            while len(self._open) > _IN_USE:
                os.close(self._open.popitem(last=False)[1])
            found = at.open_beneath(self.root, path)
        self._open[path] = found
        if len(self._open) > _OPEN_AT_MOST:
            _, oldest = self._open.popitem(last=False)
            os.close(oldest)
        return found

    def forget(self) -> None:
        """Closes all but the root, so that each is opened anew when next needed."""
        while self._open:
            os.close(self._open.popitem()[1])

    def close(self) -> None:
        """Closes everything."""
        self.forget()
        os.close(self.root)


class Places:
    """Finds the directory and the name for the path of a step.

    `quarantine_of` opens the directory with what an operation quarantined; its second argument says
    whether to make it, else it raises FileNotFoundError. `uidl_is_name`: whether Dovecot makes POP3
    UIDLs of file names; set it before taking a server's lock, because doveconf may need seconds.
    """

    def __init__(self, spool: Spool, root: int, quarantine_of: Callable[[int, bool], int]) -> None:
        self.spool = spool
        self.directories = Directories(root)
        self.uidl_is_name = False
        self._quarantine_of = quarantine_of
        self._quarantines: dict[int, Directories] = {}
        status = os.fstat(root)
        self.owner = (status.st_uid, status.st_gid)

    def locate(self, path: bytes, *, make_parents: bool = False) -> tuple[int, bytes]:
        """The descriptor of the directory that holds `path`, and the name in it.

        `make_parents`: makes missing directories above `path`, in a quarantine only.
        Raises OSError; FileNotFoundError when a directory on the way is missing.
        """
        directories = self.directories
        if inside := isinstance(path, QuarantinePath):
            directories, path = self._quarantined(path, make=make_parents)
        parent, slash, name = path.rpartition(b"/")
        if name in _NO_NAMES or (slash and not parent):
            raise OSError(errno.EINVAL, "not a plain path")
        if make_parents and inside:
            os.close(at.make_beneath(directories.root, parent, 0o700, self.owner))
        return directories.open(parent), name

    def directory(self, path: bytes) -> int:
        """The descriptor of the directory `path`. Raises OSError."""
        if isinstance(path, QuarantinePath):
            directories, relative = self._quarantined(path)
            return directories.open(relative)
        return self.directories.open(path)

    def sync_made(self, path: bytes) -> None:
        """Makes a new directory durable in itself: syncing the one around it may not suffice.

        One that may not be read cannot be synced; the file system's own journal has to do then.
        Raises OSError.
        """
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            at.sync(self.directory(path))

    def _quarantined(
        self, path: QuarantinePath, *, make: bool = False
    ) -> tuple[Directories, bytes]:
        operation = path.operation
        if operation is None:
            raise OSError(errno.EINVAL, "not a path in the quarantine")
        if operation not in self._quarantines:
            self._quarantines[operation] = Directories(self._quarantine_of(operation, make))
        return self._quarantines[operation], path.relative

    def forget(self) -> None:
        """Closes all but the roots, so that each directory is opened anew when next needed."""
        self.directories.forget()
        for directories in self._quarantines.values():
            directories.forget()

    def close(self) -> None:
        """Closes everything."""
        self.directories.close()
        for directories in self._quarantines.values():
            directories.close()
        self._quarantines.clear()
