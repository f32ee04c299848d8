"""Renames plain files one after the other between two directories, which are looked up once."""

from __future__ import annotations

import os
from collections.abc import Callable

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.fsops.failures import failure_at
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.folder_names import Occupants
from mailsurgeon.surgery.servers.locked_folder import LockedFolders, occupants_at
from mailsurgeon.surgery.steps.base import Step
from mailsurgeon.surgery.steps.moving import move
from mailsurgeon.surgery.steps.rename import Rename


class RenameRun:
    """Does what `performing.enact` does, for renames of which nothing is unusual.

    `touched` is called with each directory before the first rename there.
    """

    def __init__(
        self, places: Places, folders: LockedFolders, touched: Callable[[bytes], None]
    ) -> None:
        self._places = places
        self._folders = folders
        self._touched = touched
        self._from: bytes | None = None
        self._to: bytes | None = None
        self._handles = 0, 0
        self._homes: tuple[Occupants | None, Occupants | None] = None, None

    def stop(self) -> None:
        """To be called before directories are opened elsewhere, which closes those of this run."""
        self._from = None

    def does(self, step: Step) -> bool:
        """Does a step with the rights and under the conditions of `enact`; returns False, and has
        done nothing, if it is no plain rename, or something is not as the step expects.

        Raises StepRefused and HardError as `enact` does.
        """
        if type(step) is not Rename or step.conditions or step.expected is None:
            return False
        if type(step.source) is not bytes or type(step.target) is not bytes:
            return False  # in a quarantine, whose directories may have to be made
        left, slash, source = step.source.rpartition(b"/")
        came, further, target = step.target.rpartition(b"/")
        if (slash and not left) or (further and not came) or step.carries_directory:
            return False
        try:
            if (left != self._from or came != self._to) and not self._aimed(left, came):
                return False
            return self._renamed(step, source, target)
        except OSError as error:
            raise failure_at(error, step.source) from error

    def _aimed(self, left: bytes, came: bytes) -> bool:
        """Looks up two directories; returns False if one is missing."""
        self._from = None
        try:
            self._handles = self._places.directory(left), self._places.directory(came)
        except (FileNotFoundError, NotADirectoryError):
            return False
        self._homes = occupants_at(self._folders, left), occupants_at(self._folders, came)
        self._touched(left)
        self._touched(came)
        self._from, self._to = left, came
        return True

    def _renamed(self, step: Rename, source: bytes, target: bytes) -> bool:
        source_dir, target_dir = self._handles
        old_home, new_home = self._homes
        expected = step.expected
        assert expected is not None
        if not _is_as(at.look(source_dir, source), expected):
            return False
        if (
            new_home is not None
            and not step.may_share
            and new_home.may_have_base(target)
            and new_home.namesake(step.target, step.source) is not None
        ):
            return False
        move(source_dir, source, target_dir, target, expected, step.target)
        if old_home is not None:
            old_home.left(self._from or b"", source)
        if new_home is not None:
            new_home.came(self._to or b"", target)
        return True


def _is_as(status: os.stat_result | None, expected: Expected) -> bool:
    """Whether `at.difference` finds none, mostly without asking it."""
    return (
        status is not None
        and status.st_ino == expected.inode
        and status.st_size == expected.size
        and status.st_mtime_ns == expected.mtime_ns
        and status.st_dev == expected.device
    ) or not at.difference(status, expected)
