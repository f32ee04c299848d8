"""Where the paths of steps are: in the spool, in a quarantine, in the control directory."""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from collections.abc import Callable

from mailsurgeon.errors import SpoolError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.expected import QUARANTINE
from mailsurgeon.text import visible

_OPEN_AT_MOST = 64
_NO_NAMES = frozenset((b"", b".", b".."))


def open_root(spool: Spool) -> int:
    """A descriptor of the spool's root. Raises SpoolError when it is no longer that directory."""
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
    """Descriptors of the directories below one root, a bounded number of them kept open."""

    def __init__(self, root: int) -> None:
        self.root = root
        self._open: OrderedDict[bytes, int] = OrderedDict()

    def open(self, path: bytes) -> int:
        """The directory's descriptor, good until 63 others have been asked for."""
        known = self._open.get(path)
        if known is not None:
            self._open.move_to_end(path)
            return known
        if not path:
            return self.root
        found = self._open[path] = at.open_beneath(self.root, path)
        if len(self._open) > _OPEN_AT_MOST:
            _, oldest = self._open.popitem(last=False)
            os.close(oldest)
        return found

    def forget(self) -> None:
        """Closes all but the root; the next look opens each anew."""
        while self._open:
            os.close(self._open.popitem()[1])

    def close(self) -> None:
        """Closes everything."""
        self.forget()
        os.close(self.root)


class Places:
    """Finds the directory and name that the path of a step means.

    `quarantine_of` opens the directory that holds what an operation put away, and makes it when
    asked to; FileNotFoundError when it is missing. `uidl_is_name`: whether Dovecot makes POP3 UIDLs
    of file names; set before a server's lock is taken, since Dovecot may take seconds to answer.
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

        `make_parents`: in a quarantine the directories above are made when missing.
        Raises OSError; FileNotFoundError when a directory on the way is missing.
        """
        directories = self.directories
        if inside := path.startswith(QUARANTINE):
            directories, path = self._quarantined(path, make=make_parents)
        parent, slash, name = path.rpartition(b"/")
        if name in _NO_NAMES or (slash and not parent):
            raise OSError(errno.EINVAL, "not a plain path")
        if make_parents and inside:
            os.close(at.make_beneath(directories.root, parent, 0o700, self.owner))
        return directories.open(parent), name

    def directory(self, path: bytes) -> int:
        """The descriptor of the directory `path`."""
        if path.startswith(QUARANTINE):
            directories, relative = self._quarantined(path)
            return directories.open(relative)
        return self.directories.open(path)

    def _quarantined(self, path: bytes, *, make: bool = False) -> tuple[Directories, bytes]:
        number, _, relative = path[len(QUARANTINE) :].partition(b"/")
        if not number.isdigit():
            raise OSError(errno.EINVAL, "not a path in the quarantine")
        operation = int(number)
        if operation not in self._quarantines:
            self._quarantines[operation] = Directories(self._quarantine_of(operation, make))
        return self._quarantines[operation], relative

    def forget(self) -> None:
        """Closes what is open, so that the next look is a fresh one."""
        self.directories.forget()
        for directories in self._quarantines.values():
            directories.forget()

    def close(self) -> None:
        """Closes everything."""
        self.directories.close()
        for directories in self._quarantines.values():
            directories.close()
        self._quarantines.clear()
