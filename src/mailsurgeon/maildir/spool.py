"""The spool: the mail root that an operation or a survey works on."""

from __future__ import annotations

import os
from dataclasses import dataclass

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.server_entry import Home


@dataclass(frozen=True, slots=True)
class Spool:
    """A mail root, resolved once and identified by device and inode.

    `root` is an absolute path in bytes. All other paths in the program are relative to it (bytes,
    no leading slash; `b""` is the root itself).
    """

    root: bytes
    device: int
    inode: int
    layout: str  # "maildir++" or "fs"
    control: bytes | None = None  # Dovecot's CONTROL= directory, if the uidlists are there
    index: bytes | None = None  # Dovecot's INDEX= directory
    found_by: str = ""  # the source of these two; empty: the operator gave them
    layout_because: str = ""  # in words, what decided the layout
    layout_note: str = ""  # a sentence about Maildirs of the other layout; empty: none
    opened_for: bytes = b""  # the directory given, if this spool was found in it; else empty
    utf8: bool = False  # Dovecot is configured to keep names of folders in UTF-8
    dovecots: bool | None = None  # Dovecot's mail root is here, is elsewhere, or is unknown

    def absolute(self, path: bytes) -> bytes:
        """The absolute path of `path`, which is relative to the spool."""
        return os.path.join(self.root, path) if path else self.root

    def control_of(self, folder: bytes) -> bytes:
        """The absolute directory of a folder's list files: the folder itself, or one below
        CONTROL=.

        There, INBOX is `.INBOX`, or `INBOX` in the fs layout.
        """
        if self.control is None or folder == self._control_of_inbox:
            return self.absolute(folder)  # in CONTROL= that name is the root's
        return os.path.join(self.control, self.control_name(folder))

    def control_name(self, folder: bytes) -> bytes:
        """The same directory, relative to the CONTROL= directory, or to the spool without one."""
        if folder or self.control is None:
            return folder
        return self._control_of_inbox

    @property
    def _control_of_inbox(self) -> bytes:
        return b".INBOX" if self.layout == "maildir++" else b"INBOX"

    @property
    def own_directories(self) -> frozenset[bytes]:
        """The directories of CONTROL= and INDEX= that lie in the spool, relative to it."""
        inside = self.root.rstrip(b"/") + b"/"
        configured = (self.control, self.index)
        return frozenset(
            os.path.normpath(path)[len(inside) :]
            for path in configured
            if path and os.path.normpath(path).startswith(inside)
        )

    @property
    def quota_home(self) -> bytes:
        """The absolute directory of `maildirsize`: Dovecot 2.3 keeps it with its control files."""
        return self.root if self.control is None else self.control

    @property
    def shown(self) -> str:
        """The root as text; not made safe to show."""
        return os.fsdecode(self.root)


def list_path(spool: Spool, folder: bytes, name: bytes) -> bytes:
    """The absolute path of a folder's list file of this name, by its entry in the table."""
    file = server_files.TABLE.file(name)
    moved = file is not None and file.home is Home.CONTROL
    return os.path.join(spool.control_of(folder) if moved else spool.absolute(folder), name)


def join(directory: bytes, name: bytes) -> bytes:
    """The path of `name` in `directory`, both relative to the spool; `b""` is the spool itself."""
    return directory + b"/" + name if directory else name
