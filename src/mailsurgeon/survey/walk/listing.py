"""The names in one directory, by kind."""

from __future__ import annotations

import os
import time

from mailsurgeon.maildir.reserved import SUBDIRS
from mailsurgeon.survey.index.rows import GRANULARITY


def linked_subdirs(path: bytes, listing: Listing) -> frozenset[bytes]:
    """Which of cur, new and tmp in the directory at an absolute path are symlinks to
    directories."""
    return frozenset(
        name
        for name in SUBDIRS
        if name in listing.symlinks and os.path.isdir(os.path.join(path, name))
    )


class Listing:
    """The names in one directory, by kind; `files` is sorted. Creating one raises OSError."""

    __slots__ = ("_changed", "_listed", "directories", "files", "others", "symlinks")

    def __init__(self, path: bytes) -> None:
        self._changed = os.stat(path).st_mtime_ns
        self._listed = time.time_ns()
        self.files: list[bytes] = []
        self.directories: list[bytes] = []
        self.symlinks: list[bytes] = []
        self.others: list[bytes] = []
        add = self.files.append
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    add(entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    self.directories.append(entry.name)
                elif entry.is_symlink():
                    self.symlinks.append(entry.name)
                else:
                    self.others.append(entry.name)
        self.files.sort()

    def stands(self, path: bytes) -> bool:
        """Whether the directory at `path` still has these entries. Raises OSError.

        Its time must be the same, and so much older than the listing that no later change can bear
        the same time.
        """
        changed = os.stat(path).st_mtime_ns
        return changed == self._changed and changed < self._listed - GRANULARITY
