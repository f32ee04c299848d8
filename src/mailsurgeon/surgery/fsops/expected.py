"""What a step's source must still be when the step runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expected:
    """What the source of a step must still be when the step runs (sizes in bytes, times in ns).

    A directory is identified by device and inode alone: its `size` and `mtime_ns` are -1.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
