"""What a step may look up before it is journaled: the spool as it is when a batch begins."""

from __future__ import annotations

import os

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.folder_names import Occupants, Register, folder_around


class Scene:
    """Lookups for one batch of the operation with this number."""

    def __init__(self, places: Places, register: Register, operation: int) -> None:
        self.operation = operation
        self.places = places
        self._register = register
        self._present: dict[bytes, Occupants] = {}

    def look(self, path: bytes) -> os.stat_result | None:
        """The status of the file at a step's path; None if missing. Raises OSError, StepRefused."""
        return at.look(*self.places.locate(path))

    def occupants(self, folder: bytes) -> Occupants:
        """The messages of a folder, listed once per batch. Raises OSError and StepRefused."""
        if folder not in self._present:
            self._present[folder] = self._register.look(folder)
        return self._present[folder]

    def occupants_at(self, directory: bytes) -> Occupants | None:
        """The messages of the folder with this cur or new; None for any other directory."""
        folder = None if isinstance(directory, QuarantinePath) else folder_around(directory)
        return None if folder is None else self.occupants(folder)
