"""Who is in a folder: its messages by base name.

Two files of one base name in a folder are one message to a server, so whoever renames looks first.
A folder is listed for every look; what was known of it is only brought up to date.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from functools import lru_cache

from mailsurgeon.maildir.uidlist import base_name
from mailsurgeon.surgery.places import Places


@lru_cache(maxsize=1024)
def served_in(folder: bytes) -> tuple[bytes, bytes]:
    """The directories of a folder that servers look for mail in: cur and new."""
    return (folder + b"/cur", folder + b"/new") if folder else (b"cur", b"new")


@lru_cache(maxsize=1024)
def folder_around(directory: bytes) -> bytes | None:
    """The folder that a directory is the cur or new of; None when it is neither."""
    if directory in (b"cur", b"new"):
        return b""
    return directory[:-4] if directory.endswith((b"/cur", b"/new")) else None


class Occupants:
    """The messages in a folder's cur and new by base name; listed when first asked for."""

    def __init__(self, places: Places, folder: bytes) -> None:
        self._places = places
        self._names: dict[bytes, set[str]] = {directory: set() for directory in served_in(folder)}
        self._bases: dict[bytes, tuple[bytes, ...]] = {}  # paths by base name
        self._fresh = False

    def look_again(self) -> None:
        """What is asked next is answered by a new look at the disk."""
        self._fresh = False

    def namesake(self, path: bytes, besides: bytes) -> bytes | None:
        """Another file here with the base name of `path`, other than `besides`."""
        directory, _, name = path.rpartition(b"/")
        if directory not in self._names:
            return None
        for other in self._listed().get(base_name(name), ()):
            if other not in (path, besides):
                return other
        return None

    def bears(self, wanted: Callable[[bytes], bool]) -> bool:
        """Whether the filename of any message here is as `wanted` tells."""
        return any(
            wanted(path.rpartition(b"/")[2]) for paths in self._listed().values() for path in paths
        )

    def left(self, directory: bytes, name: bytes) -> None:
        """Notes that a file has gone from cur or new."""
        if self._fresh:
            self._names[directory].discard(os.fsdecode(name))
            self._gone(directory + b"/" + name, name)

    def came(self, directory: bytes, name: bytes) -> None:
        """Notes that a file has come to cur or new."""
        if self._fresh:
            self._names[directory].add(os.fsdecode(name))
            self._come(directory + b"/" + name, name)

    def _come(self, path: bytes, name: bytes) -> None:
        base = base_name(name)
        others = self._bases.get(base)
        if others is None:
            self._bases[base] = (path,)
        elif path not in others:
            self._bases[base] = (*others, path)

    def _gone(self, path: bytes, name: bytes) -> None:
        base = base_name(name)
        others = tuple(other for other in self._bases.pop(base, ()) if other != path)
        if others:
            self._bases[base] = others

    def _listed(self) -> dict[bytes, tuple[bytes, ...]]:
        if not self._fresh:
            for directory, known in self._names.items():
                names = self._names_in(directory)
                if len(names) != len(known) or not known.issuperset(names):
                    self._follow(directory, set(names))
            self._fresh = True
        return self._bases

    def _follow(self, directory: bytes, names: set[str]) -> None:
        """Brings what is known in line with the names a directory has now."""
        known = self._names[directory]
        for name in map(os.fsencode, known - names):
            self._gone(directory + b"/" + name, name)
        for name in map(os.fsencode, names - known):
            self._come(directory + b"/" + name, name)
        self._names[directory] = names

    def _names_in(self, directory: bytes) -> list[str]:
        try:
            return os.listdir(self._places.directory(directory))
        except (FileNotFoundError, NotADirectoryError):
            return []


class Register:
    """The occupants of folders, kept from one look at a folder to the next."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[bytes, Occupants] = {}

    def look(self, folder: bytes) -> Occupants:
        """A folder's occupants as they are from now on."""
        found = self._known.get(folder)
        if found is None:
            found = self._known[folder] = Occupants(self._places, folder)
        found.look_again()
        return found

    def keep(self, folders: Collection[bytes]) -> None:
        """Forgets all but these."""
        for folder in self._known.keys() - folders:
            del self._known[folder]
