"""Python's search for garbage, kept away from what is known to be in use."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def known_in_use() -> Generator[None]:
    """What is in memory now is not searched for garbage for a while, and the rest only by `sweep`.

    A plan of thousands of steps is alive as a whole, and so is a batch until it is settled; each
    search through them finds nothing.
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
    """Frees what has come up since the last time and is in use no more; a batch's end is a good
    time for it."""
    gc.collect(0)
