"""The spool: the mail root that one run works on."""

from __future__ import annotations

import os
from dataclasses import dataclass


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

    def absolute(self, path: bytes) -> bytes:
        """The absolute path of `path`, which is relative to the spool."""
        return os.path.join(self.root, path) if path else self.root

    @property
    def shown(self) -> str:
        """The root as text; not yet made visible."""
        return os.fsdecode(self.root)
