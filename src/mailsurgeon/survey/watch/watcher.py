"""Watches a spool while a screen shows it, and reports which folders changed on disk.

It uses inotify. Where other hosts may change the file system, which inotify does not see, or where
no watches are left, it polls the times of the directories.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from mailsurgeon.host.host import Host
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.watch.polling import POLL_SECONDS, Polling

TOLD_AFTER = 3.0  # seconds after which changes are reported although more arrive
RETRY = 2.0  # seconds between two checks whether a missing spool is back
CLOSE_SECONDS = 1.0  # how long `stop` waits for a thread stuck in a file system

_LIMIT = "the limit {} is reached"
_NOT_TO_BE_HAD = {
    errno.ENOSPC: _LIMIT.format("fs.inotify.max_user_watches"),
    errno.EMFILE: _LIMIT.format("fs.inotify.max_user_instances"),
    errno.ENFILE: "too many files are open",
    errno.ENOMEM: "the kernel has no memory for inotify",
    errno.ENOSYS: "the system has no inotify",
}


@dataclass(frozen=True, slots=True)
class News:
    """What a watcher reports: the folders (paths relative to the spool) that changed, appeared or
    disappeared. `lost`: the spool is gone. `note`: a sentence for the operator, or empty.
    """

    folders: frozenset[bytes] = frozenset()
    lost: bool = False
    note: str = ""


class Means(Protocol):
    """How a watcher learns of changes; see `Inotify` and `Polling`."""

    name: str
    quiet: float

    def wait(self) -> None: ...
    def wake(self) -> None: ...
    def changed(self) -> set[bytes]: ...
    def close(self) -> None: ...


class Watcher:
    """Watches from `start` to `stop` in a thread of its own, and calls `tell` in that thread.

    It reports every change since the watcher was made, even from before the first watch. It
    collects changes until none has come for half a second, or for three seconds. `polling`: does
    not use inotify, but polls every `interval` seconds. `host`: the computer the spool is watched
    on; this one when None.
    """

    def __init__(
        self,
        spool: Spool,
        tell: Callable[[News], None],
        *,
        exclude: tuple[str, ...] = (),
        polling: bool = False,
        interval: float = POLL_SECONDS,
        host: Host | None = None,
    ) -> None:
        self._spool, self._tell, self._exclude = spool, tell, exclude
        self._polling, self._interval = polling, interval
        self._host = host or Host.this()
        self._since = time.time() - 0.05  # the times of files may lag by a tick of the clock
        self._lock = threading.Lock()  # guards the means and the changes it found
        self._means: Means | None = None
        self._changed: set[bytes] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._broken = False
        self.how = "not yet"

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; after this returns, nothing more is reported."""
        self._stopped.set()
        with self._lock:
            if self._means is not None:
                self._means.wake()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def forget(self, folders: Iterable[bytes] | None = None) -> None:
        """Drops the changes so far in these folders (or in all): the caller is about to survey them
        anyway."""
        with self._lock:
            if self._means is None:
                return
            self._gather(self._means)
            if folders is None:
                self._changed.clear()
            else:
                self._changed.difference_update(folders)

    # The thread

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._watch()
            except OSError:
                self._stopped.wait(RETRY)  # the root cannot be listed, or is being removed
            finally:
                self._end()
            self._since = 0.0  # after a restart, report every folder
            if not self._stopped.is_set() and not self._there():
                self._tell(News(lost=True))
                while not self._stopped.wait(RETRY) and not self._there():
                    pass

    def _watch(self) -> None:
        means, note = self._choose()
        with self._lock:
            self._means, self._broken = means, False
        if note:
            self._tell(News(note=note))
        while not self._stopped.is_set() and not self._broken and self._there():
            self._wait(means)
            self._tell_changes()

    def _end(self) -> None:
        with self._lock:
            means, self._means = self._means, None
            self._changed.clear()
            if means is not None:
                means.close()

    def _there(self) -> bool:
        try:
            status = os.stat(self._spool.root)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == (self._spool.device, self._spool.inode)

    def _choose(self) -> tuple[Means, str]:
        """The means, and a note about it for the operator. Raises OSError if the root is gone."""
        place = self._spool.root, self._exclude, self._since
        looking = f"by looking every {self._interval:g} s"
        if shared := self._host.shared_file_system(self._spool.root):
            self.how = f"{looking} ({shared}: others may change it)"
            return Polling(*place, self._interval), ""
        if self._polling or not sys.platform.startswith("linux"):
            self.how = looking
            return Polling(*place, self._interval), ""
        from mailsurgeon.survey.watch.inotify import Inotify  # imported late: commands never watch

        try:
            means = Inotify(*place)
        except OSError as error:
            if error.errno not in _NOT_TO_BE_HAD:
                raise
            why = _NOT_TO_BE_HAD[error.errno]
            self.how = f"{looking} ({why})"
            return Polling(*place, self._interval), f"Watching {self.how}."
        self.how = "by inotify"
        return means, ""

    def _wait(self, means: Means) -> None:
        """Returns after a change and a pause without further ones, or when the watcher stops."""
        means.wait()
        started = time.monotonic()
        while not self._stopped.is_set():
            with self._lock:
                found = self._gather(means)
            if not means.quiet or not found or time.monotonic() - started >= TOLD_AFTER:
                return
            self._stopped.wait(means.quiet)

    def _gather(self, means: Means) -> bool:
        """Collects the changes that the means found; returns whether there were any."""
        try:
            found = means.changed()
        except OSError:  # the root is gone, or no watch is left for a new folder
            self._broken = True
            means.wake()
            return False
        self._changed |= found
        return bool(found)

    def _tell_changes(self) -> None:
        with self._lock:
            changed, self._changed = frozenset(self._changed), set[bytes]()
        if changed and not self._stopped.is_set():
            self._tell(News(changed))
