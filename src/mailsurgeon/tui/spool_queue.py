"""Which spools of the start page wait to be surveyed."""

from __future__ import annotations

import threading


class SpoolQueue:
    """Spools waiting for their survey; shared by the screen and the thread that surveys.

    `inside` is the spool that is open: it has a survey of its own, and keeps its place meanwhile.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[bytes, None] = {}
        self._running = False
        self.inside: bytes | None = None

    def add(self, paths: tuple[bytes, ...], *, first: bool = False) -> bool:
        """Adds these; True when nobody takes from the queue, and a worker must begin to."""
        with self._lock:
            new = dict.fromkeys(paths)
            self._waiting = new | self._waiting if first else self._waiting | new
            begin, self._running = not self._running, True
            return begin

    def take(self) -> bytes | None:
        """The next to survey; None ends the work."""
        with self._lock:
            path = next((one for one in self._waiting if one != self.inside), None)
            if path is None:
                self._running = False
            else:
                del self._waiting[path]
            return path
