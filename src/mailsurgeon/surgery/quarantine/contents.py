"""Lists all that lies at and below something in the quarantine, bounded, without leaving it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from mailsurgeon.errors import Refused
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.text import visible

MOST_LEVELS = 256
"""Directories below each other; one who makes more does not want to be listed."""


@dataclass(frozen=True, slots=True)
class Found:
    """One file or directory: its path below the root of the listing, and what it is now."""

    path: bytes
    expected: Expected


def contents_of(root: int, path: bytes) -> list[Found]:
    """What lies at `path` below the directory `root`, and all below it; what holds comes last.

    Raises Refused for what is not listed to its end (another file system mounted there, too many
    levels), and OSError.
    """
    parent, _, name = path.rpartition(b"/")
    directory = at.open_beneath(root, parent)
    try:
        status = at.look(directory, name)
        if status is None:
            return []
        if stat.S_ISDIR(status.st_mode):
            _refuse_mount(directory, name, path)
    finally:
        os.close(directory)
    found = [Found(path, at.expectation(status))]
    open_ends = [(path, 1)] if stat.S_ISDIR(status.st_mode) else []
    while open_ends:
        here, level = open_ends.pop()
        if level > MOST_LEVELS:
            raise Refused(f"{visible(path)}: more than {MOST_LEVELS} levels of directories")
        below = _children(root, here)
        found += below
        open_ends += [(one.path, level + 1) for one in below if is_directory(one)]
    return found[::-1]


def is_directory(found: Found) -> bool:
    """Whether it is a directory, which is expected without a size."""
    return found.expected.size == -1


def _children(root: int, path: bytes) -> list[Found]:
    directory = at.open_beneath(root, path)
    try:
        found: list[Found] = []
        for name in sorted(os.fsencode(name) for name in os.listdir(directory)):
            status = at.look(directory, name)
            if status is None:
                continue
            below = path + b"/" + name
            if stat.S_ISDIR(status.st_mode):
                _refuse_mount(directory, name, below)
            found.append(Found(below, at.expectation(status)))
        return found
    finally:
        os.close(directory)


def _refuse_mount(parent: int, name: bytes, path: bytes) -> None:
    if at.is_mount_point(parent, name):
        raise Refused(f"{visible(path)}: another file system is mounted there")
