"""Learns from Linux's inotify which directories of a spool change; idle costs nothing."""

from __future__ import annotations

import os
import select

from inotify_simple import INotify, flags

from mailsurgeon.survey.walk.watched import (
    DirectoryKind,
    Watched,
    concerns_folders,
    concerns_mail,
    watched_places,
)

_MASK = (
    flags.CREATE | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO | flags.CLOSE_WRITE
    | flags.ATTRIB | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR | flags.DONT_FOLLOW
    | flags.EXCL_UNLINK
)  # fmt: skip
"""OPEN and ACCESS are left out: a survey opens and reads every message. The kernel adds the end of
a watch (UNMOUNT, IGNORED) by itself."""


class Inotify:
    """Watches the directories of a spool. One thread may `wait` while another calls `wake`; only
    one thread at a time may call the other methods.

    Raises OSError if the system has no watches (ENOSPC) or instances (EMFILE) left, or if the root
    cannot be read.
    """

    name = "inotify"
    quiet = 0.5  # seconds without further changes before the watcher reports

    def __init__(self, root: bytes, exclude: tuple[str, ...], since: float) -> None:
        self._root, self._exclude = root, exclude
        self._places: dict[bytes, Watched] = {}
        self._numbers: dict[bytes, int] = {}  # path -> watch
        self._paths: dict[int, bytes] = {}  # watch -> path
        self._inotify = INotify()
        self._wake, self._waker = os.pipe()
        self._poll = select.poll()
        self._poll.register(self._inotify.fileno(), select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        try:
            self._arm()
        except BaseException:
            self.close()
            raise
        self._missed = {self._places[path].folder for path in self._numbers
                        if self._touched(path) >= since}  # fmt: skip

    def wait(self) -> None:
        """Returns when something may have changed, or after `wake`."""
        if not self._missed:
            self._poll.poll()

    def wake(self) -> None:
        """Ends the current wait, or else the next."""
        os.write(self._waker, b"x")

    def close(self) -> None:
        """Returns the watches to the kernel."""
        self._inotify.close()
        os.close(self._wake)
        os.close(self._waker)

    def changed(self) -> set[bytes]:
        """The folders that changed, appeared or disappeared since the last call."""
        found, self._missed = self._missed, set[bytes]()
        rearm = False
        for number, mask, _cookie, text in self._inotify.read(timeout=0):
            if mask & flags.Q_OVERFLOW:  # the kernel dropped events, of any directory
                found.update(place.folder for place in self._places.values())
                rearm = True
                continue
            path = self._paths.get(number)
            if path is None:
                continue
            place, name = self._places[path], os.fsencode(text)
            if not name:  # the directory itself changed its mode or name, or is gone
                found.add(place.folder)
                rearm = True
            elif not mask & flags.ISDIR:
                if concerns_mail(place.kind, name):
                    found.add(place.folder)
            elif concerns_folders(place.kind, name):
                found.add(place.folder)
                rearm = True
            elif place.kind is DirectoryKind.MAIL:
                found.add(place.folder)
        return found | self._arm() if rearm else found

    def _arm(self) -> set[bytes]:
        """Watches the directories that exist now; returns the folders that appeared, disappeared or
        have other directories than before."""
        numbers: dict[bytes, int] = {}
        places: dict[bytes, Watched] = {}
        known = set(self._numbers)
        while True:
            places = watched_places(self._root, self._exclude)
            numbers = self._watch(places)
            if numbers.keys() <= known:
                break
            known |= numbers.keys()  # another may have been made in a new one before its watch
        paths = {number: path for path, number in numbers.items()}
        for number in self._paths.keys() - paths.keys():
            try:
                self._inotify.rm_watch(number)
            except OSError:
                continue  # the kernel removed it with its directory
        before = {(self._places[path], number) for path, number in self._numbers.items()}
        after = {(places[path], number) for path, number in numbers.items()}
        self._places, self._numbers, self._paths = places, numbers, paths
        return {place.folder for place, _number in before ^ after}

    def _watch(self, places: dict[bytes, Watched]) -> dict[bytes, int]:
        numbers: dict[bytes, int] = {}
        for path in places:
            try:
                full = os.path.join(self._root, path)
                numbers[path] = self._inotify.add_watch(full, _MASK)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                continue  # gone meanwhile, or forbidden; the survey reports it as not examined
        return numbers

    def _touched(self, path: bytes) -> float:
        try:
            return os.stat(os.path.join(self._root, path)).st_mtime
        except OSError:
            return 0.0
