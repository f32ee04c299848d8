"""Gives one file or directory another path, and makes sure that it was the right one."""

from __future__ import annotations

import errno
import os

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.folder_names import Occupants
from mailsurgeon.text import visible


def locate_source(places: Places, path: bytes, expected: Expected | None) -> tuple[int, bytes]:
    """The directory and name of what is moved. Raises StepRefused if it is not as expected, and
    OSError."""
    try:
        directory, name = places.locate(path)
    except (FileNotFoundError, NotADirectoryError):
        raise StepRefused("it is gone") from None
    status = at.look(directory, name)
    reason = at.difference(status, expected) if expected else ""
    if status is None or reason:
        raise StepRefused(reason or "it is gone")
    return directory, name


def locate_target(places: Places, path: bytes) -> tuple[int, bytes]:
    """The directory and name it gets; makes directories in a quarantine. Raises StepRefused and
    OSError."""
    try:
        return places.locate(path, make_parents=True)
    except (FileNotFoundError, NotADirectoryError):
        where = visible(os.path.dirname(path))
        raise StepRefused(f"the directory {where} is missing") from None


def check_base_is_free(occupants: Occupants, path: bytes, besides: bytes) -> None:
    """Refuses a second file with one base name in a folder: servers would overwrite one of them."""
    other = occupants.namesake(path, besides)
    if other is not None:
        raise StepRefused(f"its base name is taken by {visible(other)}")


def move(
    source_dir: int,
    source: bytes,
    target_dir: int,
    target: bytes,
    expected: Expected | None,
    path: bytes,
) -> None:
    """Renames, then checks that the right file was renamed; if not, renames it back.

    `path`: the target's, to be shown. Raises StepRefused and OSError; nothing has changed then.
    """
    try:
        at.rename_no_replace(source_dir, source, target_dir, target)
    except FileExistsError:
        if at.look(source_dir, source) is None:  # a client gave it this very name (Linux 6.18)
            raise StepRefused("it is gone") from None
        raise StepRefused(f"{visible(path)} is there already") from None
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise StepRefused("it is gone") from None
        raise
    if expected and not at.same_inode(at.look(target_dir, target), expected):
        at.rename_no_replace(target_dir, target, source_dir, source)
        raise StepRefused("another file has taken its place")
