"""Makes Courier's keywords in a folder follow messages to new base names.

Courier keeps them by base name, in `courierimapkeywords/:list`. Until it merges them into the list,
updates are files of their own, `BASE` and `.N.BASE` (maildirkeywords2.c of Courier's maildir
library, 2007).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailsurgeon.maildir.lists.courier_keywords import (
    LIST,
    parse_courier_list,
    rename_entries,
    update_base,
)
from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.maildir.server_entry import KnownFile
from mailsurgeon.maildir.server_files import COURIER_KEYWORDS
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import HardError, NotDurable, StepRefused, os_errors_at
from mailsurgeon.surgery.servers import uidlist_file
from mailsurgeon.surgery.servers.folder_place import FolderPlace
from mailsurgeon.text import visible


@dataclass(slots=True)
class KeywordList:
    """The keywords of one folder. The caller closes the descriptor `directory`."""

    directory: int
    shown: bytes
    listed: uidlist_file.ListFile | None
    updates: dict[bytes, list[bytes]]  # file names by base name
    name: bytes = COURIER_KEYWORDS

    def changes_for(
        self, renames: Sequence[tuple[bytes, bytes]], changes: Sequence[Change]
    ) -> list[Change]:
        """The changes for those renamed base names, or of `changes`, that have keywords here."""
        wanted = [change for change in changes if change.list == self.name] or [
            Change(old, new, self.name) for old, new in renames
        ]
        known = self.keys()
        return [change for change in wanted if (0, change.before) in known]

    def write(self, changes: Sequence[Change]) -> list[Change]:
        """Renames keywords' base names, durably; skips those already renamed. Returns the changes
        made. Raises StepRefused, HardError and NotDurable as a uidlist does.
        """
        made = self.changes_for((), changes)
        renames = [(change.before, change.after) for change in made]
        moved: list[tuple[bytes, bytes]] = []
        try:
            for old, new in renames:
                self._rename_updates(old, new, moved)
            self._rename_entries(renames)
        except (StepRefused, HardError) as error:
            self._put_back(moved, error)
            raise
        if moved:
            self._sync()
        return made

    def _rename_entries(self, renames: Sequence[tuple[bytes, bytes]]) -> None:
        if self.listed is not None:
            entries = parse_courier_list(self.listed.data)[1]
            inside = [(old, new) for old, new in renames if old in entries]
            if inside:
                self.listed.rewrite(rename_entries(self.listed.data, inside))

    def _put_back(self, moved: Sequence[tuple[bytes, bytes]], error: Exception) -> None:
        """Gives files that were renamed before one failed their old names back."""
        try:
            for name, other in reversed(moved):
                at.rename_no_replace(self.directory, other, self.directory, name)
        except OSError as second:
            reason = os.strerror(second.errno or 0)
            raise NotDurable(f"{error}; and it could not be taken back: {reason}") from error

    def keys(self) -> set[tuple[int, bytes]]:
        """The base names that have keywords, each with UID 0: there are no UIDs here."""
        entries = parse_courier_list(self.listed.data)[1] if self.listed is not None else ()
        return {(0, base) for base in (*entries, *self.updates)}

    def tidy(self) -> None:
        """Removes a killed run's draft of the list."""
        if self.listed is not None:
            self.listed.tidy()

    def _rename_updates(self, old: bytes, new: bytes, moved: list[tuple[bytes, bytes]]) -> None:
        names = self.updates.pop(old, [])
        for name in names:
            other = name[: len(name) - len(old)] + new
            with os_errors_at(os.path.join(self.shown, name)):
                try:
                    at.rename_no_replace(self.directory, name, self.directory, other)
                except FileExistsError:
                    # If link and unlink were interrupted, both names are one file; else refused.
                    at.drop_second_name(self.directory, name, self.directory, other)
                except FileNotFoundError:
                    continue  # Courier has merged it into the list
            moved.append((name, other))
            self.updates.setdefault(new, []).append(other)

    def _sync(self) -> None:
        try:
            at.sync(self.directory)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise NotDurable(f"{visible(self.shown)}: {reason}") from error


def open_keywords(place: FolderPlace, file: KnownFile) -> Callable[[], KeywordList | None]:
    """Opens a folder's directory of keywords; returns a function that reads them.

    Raises StepRefused.
    """
    directory = place.subdirectory(file.name)

    def read() -> KeywordList | None:
        if directory is None:
            return None
        shown = place.shown(file.home, file.name)
        return read_courier_keywords(directory, shown, place.places.owner[0])

    return read


def read_courier_keywords(directory: int, shown: bytes, owner: int) -> KeywordList:
    """Reads the keywords in the open `directory`. Raises StepRefused and HardError."""
    updates: dict[bytes, list[bytes]] = {}
    with os_errors_at(shown):
        for name in map(os.fsencode, os.listdir(directory)):
            base = update_base(name)
            if base is not None:
                updates.setdefault(base, []).append(name)
    listed = uidlist_file.read_list_file(directory, LIST, os.path.join(shown, LIST), owner)
    return KeywordList(directory, shown, listed, updates)
