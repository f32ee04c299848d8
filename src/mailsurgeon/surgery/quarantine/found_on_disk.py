"""Finds what lies in a quarantine without being in the journal, and how it would come back.

That is everything if the journal was lost. An operation's directory holds the original paths, so
that is enough to put a file back. Of a directory that the spool no longer has, nobody can tell
whether it was put away as a whole: it counts as one item, which comes back by one rename.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager, suppress

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.quarantine.directory import QuarantineItem

NOT_IN_JOURNAL = "not in the journal"
_DEPTH = 60  # each level holds two directories open; what lies deeper is one item


def found_on_disk(
    quarantine: int, root: int, known: Collection[bytes], skipped: Collection[int]
) -> Iterator[QuarantineItem]:
    """The items in the quarantine open as `quarantine` that are none of `known`, by number.

    `root`: the spool's root, open. `known`: quarantine paths that the journal has, as
    `NUMBER/PATH`. `skipped`: operations whose directories are left out. Skips what cannot be read.
    """
    names = (os.fsencode(name) for name in os.listdir(quarantine))
    numbers = sorted(int(name) for name in names if name.isdigit() and len(name) < 10)
    above = {path[:end] for path in known for end in _slashes(path)}
    for number in numbers:
        if number not in skipped:
            holder = b"%d" % number
            yield from _below(quarantine, root, holder, b"", known, above)


def _slashes(path: bytes) -> Iterator[int]:
    """Where each directory above `path` ends."""
    end = path.rfind(b"/")
    while end > 0:
        yield end
        end = path.rfind(b"/", 0, end)


def _below(
    parent: int,
    beside: int | None,
    holder: bytes,
    relative: bytes,
    known: Collection[bytes],
    above: Collection[bytes],
) -> Iterator[QuarantineItem]:
    """The items below the directory `relative` of an operation.

    `parent` holds its name, open, or that of the operation itself. `beside`: the same directory of
    the spool, open; None if the spool has none.
    """
    name = os.path.basename(relative) or holder
    with suppress(OSError), _opened(parent, name) as here:
        for each in sorted(map(os.fsencode, os.listdir(here))):
            path = os.path.join(relative, each)
            whole = os.path.join(holder, path)
            status = at.look(here, each)
            if status is None or whole in known:
                continue
            if not stat.S_ISDIR(status.st_mode) or path.count(b"/") >= _DEPTH:
                yield _item(holder, path, status)
                continue
            with _maybe_opened(beside, each) as there:
                if there is None and whole not in above:
                    yield _item(holder, path, status)
                else:
                    yield from _below(here, there, holder, path, known, above)


@contextmanager
def _opened(parent: int, name: bytes) -> Generator[int]:
    handle = at.open_directory(name, parent)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _maybe_opened(parent: int | None, name: bytes) -> Generator[int | None]:
    """Like `_opened`, but yields None if there is no such directory."""
    try:
        handle = None if parent is None else at.open_directory(name, parent)
    except OSError:
        handle = None
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)


def _item(holder: bytes, path: bytes, status: os.stat_result) -> QuarantineItem:
    kind = "file" if stat.S_ISREG(status.st_mode) else "other"
    if stat.S_ISDIR(status.st_mode):
        kind = "directory"
    moved = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(status.st_ctime))
    return QuarantineItem(
        int(holder), QuarantinePath.of(int(holder), path), path, moved, kind,
        status.st_size if kind == "file" else 0, NOT_IN_JOURNAL, None, at.expectation(status),
    )  # fmt: skip
