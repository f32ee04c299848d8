"""Reads and replaces servers' lists of UIDs on the disk. Call it only under their locks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailsurgeon.host.files import LARGEST_WHOLE_LIST
from mailsurgeon.maildir.lists.uidlist import Change, UidlistError, parse_uidlist
from mailsurgeon.maildir.lists.uidlist_edit import Editor
from mailsurgeon.maildir.server_entry import KnownFile
from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST
from mailsurgeon.surgery.fsops.failures import StepRefused, os_errors_at
from mailsurgeon.surgery.servers import files
from mailsurgeon.surgery.servers.dotlock import DRAFT_SUFFIX, remove_own
from mailsurgeon.surgery.servers.files import ServerFile
from mailsurgeon.surgery.servers.folder_place import FolderPlace
from mailsurgeon.text import visible


@dataclass(slots=True)
class ListFile:
    """One list as it was read. `uidl_is_name`: whether Dovecot makes POP3 UIDLs of file names."""

    file: ServerFile
    uidl_is_name: bool = False
    _editor: Editor | None = None
    _next: tuple[list[Change], bytes] | None = None  # changes, and the file that has a draft
    _synced: bool = False  # that draft is durable
    _written: bytes | None = None  # the new file, not durable yet

    @property
    def name(self) -> bytes:
        """The file's name."""
        return self.file.name

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return self.file.data

    def changes_for(
        self, renames: Sequence[tuple[bytes, bytes]], changes: Sequence[Change]
    ) -> list[Change]:
        """The changes that move records to new base names, or `changes` adapted to the list as it
        is now. Raises StepRefused when they cannot be made; makes none yet.
        """
        own = [change for change in changes if change.list == self.name]
        if not own and not renames:
            return []  # so that a damaged list refuses nothing that it does not concern
        try:
            if self._editor is None:
                self._editor = Editor(self.data)
            if own:
                return self._named(self._editor.preview(own))
            return self._named(self._editor.plan(renames, uidl_is_name=self.uidl_is_name))
        except UidlistError as error:
            raise self._damaged(error) from error

    def has(self, base: bytes) -> bool:
        """Whether a record has this base name; False if the list is damaged."""
        try:
            if self._editor is None:
                self._editor = Editor(self.data)
        except UidlistError:
            return False
        return base in self._editor

    def draft(self, changes: Sequence[Change]) -> None:
        """Does a part of `put` beforehand: writes the new file under another name, not durably.
        Raises StepRefused and HardError."""
        self._next = self._edited(changes)
        _, new = self._next
        if new != self.data:
            self.file.begin(new, None, self.name + DRAFT_SUFFIX)

    def sync_draft(self) -> None:
        """Makes the draft durable. Raises StepRefused and HardError."""
        if self._next is not None and self._next[1] != self.data:
            self.file.sync_draft(self.name + DRAFT_SUFFIX)
            self._synced = True

    def drop_draft(self) -> None:
        """Forgets a draft that was not put in place, and removes it as `tidy` does."""
        drafted, self._next, self._synced = self._next, None, False
        if drafted is not None:
            self.tidy()

    def write(self, changes: Sequence[Change]) -> list[Change]:
        """Makes those of the changes that belong to this list, durably, reads the file back, and
        returns the changes as made.

        Raises StepRefused or HardError while the old file is in place, and NotDurable when the new
        one may be.
        """
        made = self.put(changes)
        self.settle()
        return made

    def put(self, changes: Sequence[Change]) -> list[Change]:
        """The first half of `write`; `settle` is the other. After `draft` it gets the same
        changes."""
        self.settle()
        made, new = self._next or self._edited(changes)
        if new != self.data:
            with os_errors_at(self.file.shown):
                self._replace(new)
            self._written = new
        self._next, self._synced = None, False
        return made

    def settle(self) -> None:
        """Makes what was written durable, and reads the file back. Raises NotDurable."""
        new, self._written = self._written, None
        if new is not None:
            self.file = self.file.settled(new)
            self._editor = None

    def _edited(self, changes: Sequence[Change]) -> tuple[list[Change], bytes]:
        """The changes that belong to this list as they would be made, and the new file."""
        try:
            editor = self._editor or Editor(self.data)
            self._editor = None  # `apply` changes it, so it no longer matches the file
            made = self._named(editor.apply(c for c in changes if c.list == self.name))
        except UidlistError as error:
            raise self._damaged(error) from error
        return made, editor.data()

    def keys(self) -> set[tuple[int, bytes]]:
        """The UIDs and base names listed; empty if the list is damaged."""
        try:
            return {(record.uid, record.base) for record in parse_uidlist(self.data).records}
        except UidlistError:
            return set()

    def tidy(self) -> None:
        """Removes the draft of a new file that a killed run left."""
        with os_errors_at(self.file.shown):
            remove_own(self.file.directory, self.name + DRAFT_SUFFIX)

    def _named(self, changes: Sequence[Change]) -> list[Change]:
        if self.name == DOVECOT_UIDLIST:  # the list of a change by default
            return list(changes)
        return [change._replace(list=self.name) for change in changes]

    def rewrite(self, new: bytes) -> None:
        """Replaces the file by `new`, durably, and reads it back. Raises as `write` does."""
        with os_errors_at(self.file.shown):
            self._replace(new)
        self.file = self.file.settled(new)
        self._editor = None

    def _replace(self, new: bytes) -> None:
        draft = self.name + DRAFT_SUFFIX
        if self._synced and self._next is not None and self._next[1] is new:
            self.file.put_in_place(draft)
        else:
            self.file.write(new, None, draft)

    def _damaged(self, error: UidlistError) -> StepRefused:
        return StepRefused(
            f"{visible(self.file.shown)} is damaged ({error}), so the UID could not be kept;"
            " repair it first (fix --only uidlist-damaged)"
        )


def open_uidlist(place: FolderPlace, file: KnownFile) -> Callable[[], ListFile | None]:
    """Returns a function that reads a folder's list of UIDs."""
    places = place.places

    def read() -> ListFile | None:
        directory = place.directory(file.home)
        if directory is None:
            return None
        shown = place.shown(file.home, file.name)
        owner = places.owner[0]
        return read_list_file(directory, file.name, shown, owner, uidl_is_name=places.uidl_is_name)

    return read


def read_list_file(
    directory: int,
    name: bytes,
    shown: bytes,
    owner: int | None = None,
    *,
    uidl_is_name: bool = False,
) -> ListFile | None:
    """Reads a list; None if there is none. `uidl_is_name`: see ListFile.

    Raises StepRefused for anything but a plain, writable file of `owner`, and HardError.
    """
    file = files.read_file(directory, name, shown, owner, LARGEST_WHOLE_LIST)
    return ListFile(file, uidl_is_name) if file.status is not None else None
