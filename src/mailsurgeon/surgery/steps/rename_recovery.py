"""Finds out whether a rename was done before a crash, and tidies up after one half done."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from mailsurgeon.maildir.lists.uidlist import base_name
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.fsops.resolve import Places


def give_back_name(places: Places, target: bytes, expected: Expected) -> None:
    """Removes the empty directory that reserved a name for the directory `expected`. Raises
    OSError."""
    with suppress(FileNotFoundError, NotADirectoryError):
        target_dir, name = places.locate(target)
        if not at.same_inode(at.look(target_dir, name), expected):
            at.drop_reservation(target_dir, name, places.owner[0])


def was_renamed(
    places: Places, source: bytes, target: bytes, expected: Expected, links: int | None
) -> bool:
    """Whether the file or directory `expected` got the name `target`. If link and unlink left both
    names, drops the old one; `links`: the number of names it had before, None: one. Raises OSError.
    """
    try:
        target_dir, target_name = places.locate(target)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not at.same_inode(at.look(target_dir, target_name), expected):
        return _went_on(places, source, target, expected, target_dir)
    try:
        source_dir, source_name = places.locate(source)
    except (FileNotFoundError, NotADirectoryError):
        return True
    here = at.look(source_dir, source_name)
    if here is None or not at.same_inode(here, expected):
        return True
    if stat.S_ISDIR(here.st_mode) or here.st_nlink <= (1 if links is None else links):
        return False  # the second name existed before the operation
    at.drop_second_name(source_dir, source_name, target_dir, target_name)
    return True


def _went_on(
    places: Places, source: bytes, target: bytes, expected: Expected, target_dir: int
) -> bool:
    """Whether a client renamed the file again after our rename (it was read, say)."""
    with suppress(FileNotFoundError, NotADirectoryError):
        if at.same_inode(at.look(*places.locate(source)), expected):
            return False
    base = base_name(os.path.basename(target))
    return any(
        base_name(os.fsencode(name)) == base
        and at.same_inode(at.look(target_dir, os.fsencode(name)), expected)
        for name in os.listdir(target_dir)
    )
