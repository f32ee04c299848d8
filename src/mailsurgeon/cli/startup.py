"""What the screen needs only after its first frame: it opens without, and they come a moment later.

Each is made once, by whoever needs it first; the others wait for it.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mailsurgeon.cli.options import Common
from mailsurgeon.maildir.spool import Spool

if TYPE_CHECKING:
    from mailsurgeon.surgery.surgeon import Surgeon

_MOMENT = 1.0  # seconds that a thread is waited for when the program ends


class LateSurgeon:
    """Imports and opens the surgeon on first use, to keep start-up fast."""

    def __init__(self, spool: Spool, common: Common) -> None:
        self._spool, self._common = spool, common
        self._guard = threading.Lock()
        self._surgeon: Surgeon | None = None

    def open(self) -> Surgeon:
        """The surgeon itself. May be called from any thread."""
        with self._guard:
            if self._surgeon is None:
                from mailsurgeon.surgery.surgeon import Surgeon

                self._surgeon = Surgeon(
                    self._spool,
                    state_dir=self._common.state_dir,
                    quarantine=self._common.quarantine_dir,
                )
            return self._surgeon

    def __getattr__(self, name: str) -> Any:
        return getattr(self.open(), name)

    def close(self) -> None:
        """Ends the connection to the journal, if it was ever made."""
        with self._guard:
            if self._surgeon is not None:
                self._surgeon.close()


@contextmanager
def unheld() -> Iterator[None]:
    """What was begun inside, and still waits for a file system that does not answer when all else
    is closed, does not keep the process: that then ends at once, with the code 0."""
    gc.disable()  # until the first frame stands
    before = set(threading.enumerate())
    try:
        yield
    finally:
        gc.enable()
    _leave(set(threading.enumerate()) - before)


def _leave(threads: Iterable[threading.Thread]) -> None:
    until = time.monotonic() + _MOMENT
    waiting = [thread for thread in threads if not thread.daemon]
    for thread in waiting:
        thread.join(max(0.0, until - time.monotonic()))
    if any(thread.is_alive() for thread in waiting):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
