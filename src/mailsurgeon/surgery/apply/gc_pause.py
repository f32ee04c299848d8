"""Pauses Python's garbage collector while large plans and batches are in memory."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def known_in_use() -> Generator[None]:
    """Freezes the objects that exist now; until the block ends, only `sweep` collects the rest.

    All of a plan's thousands of steps stay in use, and so does a batch until it is settled, so that
    searching them for garbage costs time and finds nothing.
    """
    searching = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if searching:
            gc.enable()


def sweep() -> None:
    """Frees unused objects made since the last call; call it at the end of a batch."""
    gc.collect(0)
