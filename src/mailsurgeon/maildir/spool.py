"""The spool: the mail root that one run works on."""

from __future__ import annotations

import os
from dataclasses import dataclass

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.server_entry import Home


@dataclass(frozen=True, slots=True)
class Spool:
    """A mail root, resolved once and known by device and inode.

    `root` is absolute, in the file system's bytes. Everything else in the program names things by
    a path relative to it (bytes, no leading slash; `b""` is the root itself).
    """

    root: bytes
    device: int
    inode: int
    layout: str  # "maildir++" or "fs"
    control: bytes | None = None  # Dovecot's CONTROL= directory, where uidlists are if not beside
    index: bytes | None = None  # Dovecot's INDEX= directory
    found_by: str = ""  # who said where these are; empty: the operator, or nobody

    def absolute(self, path: bytes) -> bytes:
        """The absolute path of `path`, which is relative to the spool."""
        return os.path.join(self.root, path) if path else self.root

    def control_of(self, folder: bytes) -> bytes:
        """Where Dovecot keeps a folder's own list files, absolute: in the folder itself, or, with
        CONTROL= elsewhere, there; INBOX is then `.INBOX`, or `INBOX` in the fs layout."""
        if self.control is None:
            return self.absolute(folder)
        return os.path.join(self.control, self.control_name(folder))

    def control_name(self, folder: bytes) -> bytes:
        """The same, as a path below the CONTROL= directory, or below the spool without one."""
        if folder or self.control is None:
            return folder
        return b".INBOX" if self.layout == "maildir++" else b"INBOX"

    @property
    def quota_home(self) -> bytes:
        """The directory of `maildirsize`, absolute: Dovecot 2.3 keeps it with its control files."""
        return self.root if self.control is None else self.control

    @property
    def shown(self) -> str:
        """The root as text; not yet made visible."""
        return os.fsdecode(self.root)


def list_path(spool: Spool, folder: bytes, name: bytes) -> bytes:
    """Where a folder's list file of this name lies (absolute), by its entry in the table."""
    file = server_files.TABLE.file(name)
    moved = file is not None and file.home is Home.CONTROL
    return os.path.join(spool.control_of(folder) if moved else spool.absolute(folder), name)


def join(directory: bytes, name: bytes) -> bytes:
    """A path below a directory, relative to the spool; the spool itself has the empty path."""
    return directory + b"/" + name if directory else name
