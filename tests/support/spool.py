"""The one builder of spools: folders, messages and servers' lists on the disk, and pictures.

The fixtures of each room stand on it and add what their tests speak of. Paths are bytes, relative
to the root of the spool; `b""` is the root, and INBOX where that is a folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailsurgeon.maildir.spool import Spool

SUBDIRECTORIES = (b"cur", b"new", b"tmp")
NS = 1_000_000_000
UIDLIST, COURIER_LIST, COURIER_KEYWORDS = (
    b"dovecot-uidlist", b"courierimapuiddb", b"courierimapkeywords",
)  # fmt: skip
GUID = b"0123456789abcdef0123456789abcdef"

Describe = Callable[["Entry"], tuple[object, ...] | None]
Picture = dict[bytes, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that lies in a spool."""

    path: bytes  # in the spool
    full: bytes
    status: os.stat_result

    @property
    def name(self) -> bytes:
        return os.path.basename(self.path)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    def content(self) -> bytes:
        with open(self.full, "rb") as file:
            return file.read()


@dataclass(frozen=True, slots=True)
class SpoolTree:
    """What lies below one root."""

    root: bytes

    def at(self, path: bytes) -> bytes:
        """The absolute path."""
        return os.path.join(self.root, path) if path else self.root

    def path(self, path: bytes) -> Path:
        """The same as a `Path`."""
        return Path(os.fsdecode(self.at(path)))

    def spool(self, layout: str = "maildir++") -> Spool:
        """The spool as the program knows it; its root must be there."""
        status = os.stat(self.root)
        return Spool(self.root, status.st_dev, status.st_ino, layout)

    # Building

    def folder(
        self, path: bytes = b"", parts: Sequence[bytes] = SUBDIRECTORIES, *, mode: int = 0o777
    ) -> bytes:
        """A folder with cur, new and tmp, or with other `parts`; what is there already stays.
        `mode` is that of new directories, less the umask."""
        for part in parts:
            self.directory(os.path.join(path, part), mode)
        return path

    def directory(self, path: bytes, mode: int = 0o777) -> None:
        """A directory and those above it, as far as they are missing."""
        missing: list[bytes] = []
        full = self.at(path)
        while not os.path.isdir(full):
            missing.append(full)
            full = os.path.dirname(full)
        for one in reversed(missing):
            os.mkdir(one, mode)

    def file(
        self, path: bytes, content: bytes, *, mtime_ns: int | None = None, mode: int | None = None,
        above: int = 0o777, new: bool = False,
    ) -> bytes:  # fmt: skip
        """A file, and the directories above it; gives its path.

        Without `mtime_ns` and `mode` it has those of any new file. `above` is the mode of
        directories that must be made. With `new` the file must not be there yet.
        """
        full = self.at(path)
        self.directory(os.path.dirname(path), above)
        with open(full, "xb" if new else "wb") as file:
            file.write(content)
        if mode is not None:
            os.chmod(full, mode)
        if mtime_ns is not None:
            os.utime(full, ns=(mtime_ns, mtime_ns))
        return path

    # Lists of servers

    def uidlist(
        self, folder: bytes, bases: Sequence[bytes], first: int = 1, keys: bytes = b""
    ) -> Path:
        """A Dovecot uidlist that gives these base names UIDs from `first` on."""
        lines = [b"3 V1300000000 N%d G%s" % (first + len(bases), GUID)]
        lines += [b"%d %s:%s" % (uid, keys, base) for uid, base in enumerate(bases, start=first)]
        return self._list(folder, UIDLIST, lines, 0o600)

    def courier_list(self, folder: bytes, bases: Sequence[bytes], first: int = 1) -> Path:
        """Courier's list of UIDs."""
        lines = [b"1 1400000000 %d" % (first + len(bases))]
        lines += [b"%d %s" % (uid, base) for uid, base in enumerate(bases, start=first)]
        return self._list(folder, COURIER_LIST, lines, 0o644)

    def courier_keywords(self, folder: bytes, listed: bytes, **updates: bytes) -> Path:
        """Courier's keywords: the `:list`, and files of their own by name."""
        place = self.path(os.path.join(folder, COURIER_KEYWORDS))
        place.mkdir()
        (place / ":list").write_bytes(listed)
        for name, content in updates.items():
            (place / name).write_bytes(content)
        return place

    def _list(self, folder: bytes, name: bytes, lines: Sequence[bytes], mode: int) -> Path:
        path = os.path.join(folder, name)
        with open(self.at(path), "wb") as file:
            file.write(b"\n".join(lines) + b"\n")
        os.chmod(self.at(path), mode)
        return self.path(path)

    # Looking

    def entries(self) -> Iterator[Entry]:
        """Everything below the root, directories before what is in them."""
        for directory, names, files in os.walk(self.root):
            for name in names + files:
                full = os.path.join(directory, name)
                yield Entry(os.path.relpath(full, self.root), full, os.lstat(full))

    def picture(self, describe: Describe) -> Picture:
        """What `describe` says of everything, by path; what it gives None for is left out."""
        described = ((entry.path, describe(entry)) for entry in self.entries())
        return {path: what for path, what in described if what is not None}
