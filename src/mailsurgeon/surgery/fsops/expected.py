"""How a step names a thing, and what that thing must still be when the step runs."""

from __future__ import annotations

from dataclasses import dataclass

QUARANTINE = b"quarantine:"
"""Begins the path of a thing in the quarantine: `quarantine:OPERATION/PATH-IN-THE-SPOOL`."""

UNNUMBERED = QUARANTINE + b"@/"
"""Begins such a path while the operation has no number yet."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the source of a step must still be when the step runs (sizes in bytes, times in ns).

    Directories are known by device and inode alone: `size` and `mtime_ns` are then -1.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
