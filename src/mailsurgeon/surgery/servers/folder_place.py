"""The open directories of a folder being locked, in which its servers keep their files."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress

from mailsurgeon.maildir.server_entry import Home, Server, Tells
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import os_errors_at
from mailsurgeon.surgery.fsops.resolve import Places


class FolderPlace:
    """The directories of one folder, by where a server keeps its files. `stack` closes them.
    `named`: those in which a lock got a name.

    Raises OSError, and StepRefused for a symlink in place of a directory.
    """

    def __init__(self, places: Places, path: bytes, stack: ExitStack) -> None:
        self.places = places
        self.path = path
        self.stack = stack
        with os_errors_at(path or b"INBOX"):
            self._control, self._control_shown = control_directory(places, path)
        if self._control is not None:
            stack.callback(os.close, self._control)
        self._opened: dict[Home, int | None] = {Home.CONTROL: self._control}
        self.named: set[Home] = set()

    def directory(self, home: Home) -> int | None:
        """The directory's descriptor, opened on the first call; None if missing."""
        if home not in self._opened:
            opened = self.subdirectory(b"tmp") if home is Home.TMP else self._open_folder()
            self._opened[home] = opened
        return self._opened[home]

    def shown(self, home: Home, name: bytes) -> bytes:
        """The path to show for the file `name` in that directory."""
        if home is Home.CONTROL:
            return os.path.join(self._control_shown, name)
        return os.path.join(self.path, b"tmp" if home is Home.TMP else b"", name)

    def subdirectory(self, name: bytes) -> int | None:
        """A descriptor of a directory in the folder; None if missing."""
        folder = self.directory(Home.FOLDER)
        if folder is None:
            return None
        with os_errors_at(os.path.join(self.path, name)), suppress(FileNotFoundError):
            found = at.open_directory(name, folder)
            self.stack.callback(os.close, found)
            return found
        return None

    def is_opened_by(self, server: Server, home: Home) -> bool:
        """Whether a file that the server made shows that it opens the folder.

        `home`: where its lists are. A directory below CONTROL= is proof enough: only a server that
        uses it makes one.
        """
        around = self.directory(Home.CONTROL if home is Home.CONTROL else Home.FOLDER)
        if around is None:
            return False
        if home is Home.CONTROL and self.places.spool.control is not None:
            return True
        roots = (around, self.places.directories.root) if server.opens_all else (around,)
        names = [file.name for file in server.telling(Tells.OPENED)]
        return any(at.look(root, name) for root in roots for name in names)

    def _open_folder(self) -> int | None:
        try:
            folder = os.dup(self.places.directory(self.path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        self.stack.callback(os.close, folder)
        return folder


def control_directory(places: Places, folder: bytes) -> tuple[int | None, bytes]:
    """Opens the directory of a folder's uidlist; returns a descriptor for the caller to close, and
    the path to show. None if there is no such directory.
    """
    spool = places.spool
    if spool.control is None:
        with suppress(FileNotFoundError, NotADirectoryError):
            return os.dup(places.directory(folder)), folder
        return None, folder
    path = spool.control_of(folder)
    with suppress(FileNotFoundError, NotADirectoryError):
        root = at.open_directory(os.path.realpath(spool.control))
        try:
            return at.open_beneath(root, spool.control_name(folder)), path
        finally:
            os.close(root)
    return None, path
