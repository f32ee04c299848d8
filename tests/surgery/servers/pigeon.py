"""A made-up server: all that has to be written for a new one.

Pigeon keeps labels of messages by base name, a line `BASE LABEL` each, in `pigeon-labels`, and its
UIDs in the names. Its lock is a file `pigeon.lock` in the folder that it makes with O_EXCL.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.maildir.server_entry import Home, KnownFile, Role, Server, ServerLock, Tells
from mailsurgeon.surgery.fsops.failures import StepRefused, os_errors_at
from mailsurgeon.surgery.servers import files
from mailsurgeon.surgery.servers.dotlock import remove_own
from mailsurgeon.surgery.servers.files import ServerFile
from mailsurgeon.surgery.servers.folder_place import FolderPlace
from mailsurgeon.surgery.servers.lock_wait import LockWait
from mailsurgeon.surgery.servers.registry import LockKind

LABELS, LOCK, OURS = b"pigeon-labels", b"pigeon.lock", b"mailsurgeon"
DRAFT = b"pigeon-labels.mailsurgeon"

PIGEON = Server(
    "Pigeon",
    files=(
        KnownFile(
            LABELS, Role.KEYWORDS, tells=Tells.FOLDER | Tells.OPENED,
            lost="the labels of all messages are lost",
        ),
        KnownFile(b"pigeon-state", Role.STATE, tells=Tells.NUMBERED),
        KnownFile(b"pigeon-loft", tells=Tells.NO_MAIL, directory=True),
    ),
    locks=(ServerLock(LOCK, Home.FOLDER, LABELS),),
    prefixes=(b"pigeon",),
    uids_in_names=True,
)  # fmt: skip


@dataclass(slots=True)
class Labels:
    """The labels of one folder."""

    file: ServerFile
    name: bytes = LABELS

    def _lines(self) -> list[tuple[bytes, bytes]]:
        lines = self.file.data.splitlines()
        return [(base, label) for base, _, label in (line.partition(b" ") for line in lines)]

    def changes_for(
        self, renames: Sequence[tuple[bytes, bytes]], changes: Sequence[Change]
    ) -> list[Change]:
        wanted = [one for one in changes if one.list == LABELS]
        wanted = wanted or [Change(old, new, LABELS) for old, new in renames]
        known = {base for base, _ in self._lines()}
        return [one for one in wanted if one.before in known]

    def write(self, changes: Sequence[Change]) -> list[Change]:
        made = self.changes_for((), changes)
        after = {one.before: one.after for one in made}
        lines = [(after.get(base, base), label) for base, label in self._lines()]
        data = b"".join(b"%s %s\n" % line for line in lines)
        if data != self.file.data:
            self.file.write(data, None, DRAFT)
            self.file = self.file.settled(data)
        return made

    def keys(self) -> set[tuple[int, bytes]]:
        return {(0, base) for base, _ in self._lines()}

    def tidy(self) -> None:
        remove_own(self.file.directory, DRAFT)


def open_labels(place: FolderPlace, file: KnownFile) -> Callable[[], Labels | None]:
    def read() -> Labels | None:
        folder = place.directory(file.home)
        if folder is None:
            return None
        found = files.read_file(folder, file.name, place.shown(file.home, file.name))
        return Labels(found) if found.status is not None else None

    return read


def take(place: FolderPlace, server: Server, lock: ServerLock, wait: LockWait) -> None:
    folder = place.directory(lock.home)
    if folder is None or not place.is_opened_by(server, lock.home):
        return
    with os_errors_at(place.shown(lock.home, lock.name)):
        try:
            handle = os.open(lock.name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, dir_fd=folder)
        except FileExistsError:
            wait.on_wait("waiting for a pigeon")
            raise StepRefused("pigeon.lock is held by Pigeon") from None
        os.write(handle, OURS)
        os.close(handle)
    place.stack.callback(os.unlink, lock.name, dir_fd=folder)


def remove_dead(directory: int, name: bytes, _process: int, _host: str) -> None:
    with suppress(FileNotFoundError):
        handle = os.open(name, os.O_RDONLY, dir_fd=directory)
        ours = os.read(handle, 64) == OURS
        os.close(handle)
        if ours:
            os.unlink(name, dir_fd=directory)


PIGEONS_LOCK = LockKind(take, remove_dead)
