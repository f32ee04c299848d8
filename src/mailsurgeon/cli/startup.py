"""Starts the screen fast and ends it promptly: late imports, and no waiting for stuck threads."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailsurgeon.cli.options import Common
from mailsurgeon.errors import MailsurgeonError

if TYPE_CHECKING:
    from mailsurgeon.maildir.spool import Spool
    from mailsurgeon.surgery.journal.records import Operation
    from mailsurgeon.surgery.surgeon import Surgeon

_MOMENT = 0.3  # seconds that the program waits for its threads when it ends


class LateSurgeon:
    """Stands in for a Surgeon and imports the real one on first use, to keep start-up fast."""

    def __init__(self, spool: Spool, common: Common) -> None:
        self._spool, self._common = spool, common
        self._guard = threading.Lock()
        self._surgeon: Surgeon | None = None

    def open(self) -> Surgeon:
        """The real surgeon, made by the first call. May be called from any thread."""
        with self._guard:
            if self._surgeon is None:
                from mailsurgeon.surgery.surgeon import Surgeon

                self._surgeon = Surgeon(
                    self._spool,
                    **self._common.journal_options(),
                    quarantine=self._common.quarantine_dir,
                    host=self._common.host,
                )
            return self._surgeon

    def done(self) -> list[Operation]:
        """The operations of this session; none if the journal cannot be read, which has been said
        by then. The real surgeon is not made for them."""
        surgeon = self._surgeon
        if surgeon is None:
            return []
        try:
            return [one for one in surgeon.operations() if one.session == surgeon.session]
        except MailsurgeonError:
            return []

    def __getattr__(self, name: str) -> object:
        return getattr(self.open(), name)

    def close(self) -> None:
        """Closes the journal if it was opened."""
        with self._guard:
            if self._surgeon is not None:
                self._surgeon.close()


@contextmanager
def exits_promptly() -> Iterator[None]:
    """Ends the process with code 0 if threads started inside still run a moment after the block.

    Such a thread waits for a file system that does not answer (NFS); nothing can interrupt it.
    """
    gc.disable()  # until the screen has drawn its first frame
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
