"""The spools of the start page that wait for their survey."""

from __future__ import annotations

import threading


class SpoolQueue:
    """A queue of spools, shared by the screen and the thread that surveys.

    `inside` is the spool that is open: the screen surveys it, so it keeps its place in the queue.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[bytes, None] = {}
        self._running = False
        self.inside: bytes | None = None

    def add(self, paths: tuple[bytes, ...], *, first: bool = False) -> bool:
        """Adds spools, in front if `first`; True if the caller must start a worker."""
        with self._lock:
            new = dict.fromkeys(paths)
            self._waiting = new | self._waiting if first else self._waiting | new
            begin, self._running = not self._running, True
            return begin

    def take(self) -> bytes | None:
        """The next spool to survey; None if there is none, which ends the worker."""
        with self._lock:
            path = next((one for one in self._waiting if one != self.inside), None)
            if path is None:
                self._running = False
            else:
                del self._waiting[path]
            return path
