"""Looks at the times of a spool's directories, where inotify reports nothing or cannot be used.

A file rewritten in place leaves its directory's time as it is: it is not seen.
"""

from __future__ import annotations

import os
import threading
import time
from typing import NamedTuple

from mailsurgeon.survey.walk.walk import Listing
from mailsurgeon.survey.walk.watched import (
    DirectoryKind,
    Watched,
    concerns_folders,
    concerns_mail,
    watched_places,
)

POLL_SECONDS = 2.0  # seconds between two looks
POLL_SHARE = 0.05  # of the time, at most, that is spent looking
_UNSURE = -1  # instead of a time that another change may bear as well


class Sight(NamedTuple):
    """What was seen of one directory: its time, its inode, and what matters of its names."""

    mtime_ns: int
    inode: int
    mail: int = 0
    folders: int = 0


class Polling:
    """Watches by looking again every `interval` seconds, more seldom where a look takes long.

    Raises OSError when the root cannot be read.
    """

    name = "polling"
    quiet = 0.0

    def __init__(
        self, root: bytes, exclude: tuple[str, ...], since: float, interval: float
    ) -> None:
        self._root, self._exclude, self._interval = root, exclude, interval
        self._woken = threading.Event()
        self._cost = 0.0
        self._places: dict[bytes, Watched] = {}
        self._sights: dict[bytes, Sight] = {}
        self._see_all()
        self._missed = {
            self._places[path].folder for path, sight in self._sights.items()
            if sight.mtime_ns >= since * 1e9 or sight.mtime_ns == _UNSURE
        }  # fmt: skip

    def wait(self) -> None:
        """Returns when it is time to look again, or after `wake`."""
        if not self._missed:
            self._woken.wait(max(self._interval, self._cost / POLL_SHARE))

    def wake(self) -> None:
        """Ends a wait, now or to come."""
        self._woken.set()

    def close(self) -> None:
        """Nothing is held."""

    def changed(self) -> set[bytes]:
        """The folders whose directories are not as they were, those that came and went included."""
        started = time.monotonic()
        found, self._missed = self._missed, set[bytes]()
        rearm = False
        for path, before in list(self._sights.items()):
            place = self._places[path]
            status = self._status(path)
            if status is None:
                rearm = True
                continue
            if (status.st_mtime_ns, status.st_ino) == before[:2]:
                continue
            now = self._sights[path] = self._sight(path, place.kind, status)
            rearm = rearm or now.folders != before.folders
            if place.kind is not DirectoryKind.OUTER or now.mail != before.mail:
                found.add(place.folder)
        if rearm:
            found |= self._see_all()
        self._cost = time.monotonic() - started
        return found

    def _see_all(self) -> set[bytes]:
        """Looks at the directories there are now; returns the folders that came, went or have
        other directories than before."""
        sights = dict(self._sights)
        while True:
            places = watched_places(self._root, self._exclude)
            fresh = {path: status for path in places.keys() - sights.keys()
                     if (status := self._status(path)) is not None}  # fmt: skip
            for path, status in fresh.items():
                sights[path] = self._sight(path, places[path].kind, status)
            if not fresh:
                break  # in a new one, one may have been made before it was looked at
        sights = {path: sight for path, sight in sights.items() if path in places}
        before = {(path, self._places[path]) for path in self._sights}
        after = {(path, places[path]) for path in sights}
        self._places, self._sights = places, sights
        return {place.folder for _path, place in before ^ after}

    def _status(self, path: bytes) -> os.stat_result | None:
        try:
            return os.stat(os.path.join(self._root, path), follow_symlinks=False)
        except OSError:
            return None

    def _sight(self, path: bytes, kind: DirectoryKind, status: os.stat_result) -> Sight:
        # Another change may bear the same time: some file systems keep whole seconds, the others
        # a tick of the kernel's clock.
        tick = 0.05 if status.st_mtime_ns % 1_000_000_000 else 1.05
        unsure = abs(time.time() - status.st_mtime) < tick
        mtime_ns = _UNSURE if unsure else status.st_mtime_ns
        if kind is not DirectoryKind.OUTER:
            return Sight(mtime_ns, status.st_ino)
        try:
            listing = Listing(os.path.join(self._root, path))
        except OSError:
            return Sight(mtime_ns, status.st_ino)
        mail = frozenset(name for name in listing.files if concerns_mail(kind, name))
        inner = frozenset(name for name in listing.directories if concerns_folders(kind, name))
        return Sight(mtime_ns, status.st_ino, hash(mail), hash(inner))
