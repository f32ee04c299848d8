"""Polls the times of a spool's directories, where inotify sees nothing or is not available.

It misses a file that is rewritten in place, since that does not change the directory's time.
"""

from __future__ import annotations

import os
import threading
import time
from typing import NamedTuple

from mailsurgeon.survey.walk.listing import Listing
from mailsurgeon.survey.walk.watched import (
    DirectoryKind,
    Watched,
    concerns_folders,
    concerns_mail,
    watched_places,
)

POLL_SECONDS = 2.0  # seconds between two polls
POLL_SHARE = 0.05  # the largest part of the time that polling may take
_UNSURE = -1  # stands for a time so recent that a later change could have the same


class Sight(NamedTuple):
    """One directory as last seen: its time, its inode, and hashes of the names that matter."""

    mtime_ns: int
    inode: int
    mail: int = 0
    folders: int = 0


class Polling:
    """Watches by polling every `interval` seconds, less often if polling takes long.

    Raises OSError if the root cannot be read.
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
        """Returns when it is time to poll again, or after `wake`."""
        if not self._missed:
            self._woken.wait(max(self._interval, self._cost / POLL_SHARE))

    def wake(self) -> None:
        """Ends the current wait, and all later ones."""
        self._woken.set()

    def close(self) -> None:
        """Does nothing: polling holds no resources."""

    def changed(self) -> set[bytes]:
        """The folders whose directories changed, appeared or disappeared since the last call."""
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
        """Reads the directories that exist now; returns the folders that appeared, disappeared or
        have other directories than before."""
        sights = dict(self._sights)
        while True:
            places = watched_places(self._root, self._exclude)
            fresh = {path: status for path in places.keys() - sights.keys()
                     if (status := self._status(path)) is not None}  # fmt: skip
            for path, status in fresh.items():
                sights[path] = self._sight(path, places[path].kind, status)
            if not fresh:
                break  # otherwise look again: a new directory may have got another before its poll
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
        # A later change may get the same time: some file systems store whole seconds, others ticks
        # of the kernel's clock.
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
