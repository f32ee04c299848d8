"""What must still be true just before a step runs, besides what it expects of its own file.

A plan is made from a survey, and clients go on working meanwhile. So a step carries the reasons why
it may be done, and they are looked at again under the locks of the folders they speak of.
"""

from __future__ import annotations

import base64
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mailsurgeon.maildir.filename import parse_info
from mailsurgeon.maildir.message import Traits
from mailsurgeon.maildir.reserved import (
    SUBDIRS,
    is_servers_directory,
    is_servers_file,
    marks_folder,
    never_a_folder,
)
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.folder_names import folder_around, path_now, served_in
from mailsurgeon.survey.index.questions import FileFacts
from mailsurgeon.survey.index.rows import indexed_time
from mailsurgeon.survey.read.message_file import open_file, read_message
from mailsurgeon.text import visible

if TYPE_CHECKING:
    from mailsurgeon.surgery.servers.locked_folder import LockedFolders
    from mailsurgeon.surgery.steps.shell_words import ShellWords

_SERVED = (b"cur", b"new")
_SHORT = 6  # bytes of a fingerprint in a list of many


class StepCondition(ABC):
    """One condition of a step. Frozen data; `kind` is its name in the journal."""

    kind: ClassVar[str]

    @abstractmethod
    def check(
        self, places: Places, folders: LockedFolders, besides: bytes | None, /
    ) -> StepCondition:
        """Looks whether it is true and returns it, with what was found; `besides` is the source of
        the step. Raises StepRefused with the reason if it is not, and OSError.
        """

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Its data, as the journal's JSON."""

    @classmethod
    @abstractmethod
    def read(cls, data: Mapping[str, Any]) -> StepCondition:
        """Makes it from what `facts` gave. Raises KeyError, TypeError and ValueError."""

    def written(self) -> dict[str, Any]:
        """Its kind and data, as the journal's JSON."""
        return {"kind": self.kind, **self.facts()}

    @property
    def folders(self) -> tuple[bytes, ...]:
        """The folders whose locks must be held while it is looked at."""
        return ()

    def shell(self, _words: ShellWords, /) -> Iterator[str]:
        """Lines of POSIX shell that end the script if it is not true; none if shell cannot tell."""
        yield from ()


@dataclass(frozen=True, slots=True)
class KeptCopy(StepCondition):
    """Another copy of the message is there: the same file, and not marked as deleted.

    `path`: where it lies. In cur and new a client may have given it other flags, so there it is
    searched for by its inode. `folder`: the folder of that cur or new, None elsewhere.
    """

    kind: ClassVar[str] = "kept-copy"

    path: bytes
    expected: Expected
    folder: bytes | None = None

    def check(self, places: Places, folders: LockedFolders, besides: bytes | None, /) -> KeptCopy:
        """Finds the copy; returns the condition with its present path."""
        path = self._present(places, folders, besides)
        status = None if path is None else at.look(*places.locate(path))
        reason = at.difference(status, self.expected)
        if path is None or reason:
            reason = reason or "it is gone"
            raise StepRefused(f"the copy to be kept, {visible(self.path)}, is not there: {reason}")
        if is_trashed(path):
            raise StepRefused(f"the copy to be kept, {visible(path)}, is marked as deleted")
        return self if path == self.path else replace(self, path=path)

    def _present(
        self, places: Places, folders: LockedFolders, besides: bytes | None
    ) -> bytes | None:
        try:
            if at.same_inode(at.look(*places.locate(self.path)), self.expected):
                return self.path
        except (FileNotFoundError, NotADirectoryError):
            pass
        around = folder_around(self.path.rpartition(b"/")[0])
        locked = folders.get(around) if around is not None else None
        if locked is None:
            return None
        return path_now(places, self.path, self.expected, locked.occupants, besides)

    def facts(self) -> dict[str, Any]:
        """Its path, what the file must be, and its folder."""
        one = self.expected
        facts: dict[str, Any] = {
            "path": os.fsdecode(self.path),
            "file": [one.device, one.inode, one.size, one.mtime_ns],
        }
        return facts if self.folder is None else {**facts, "folder": os.fsdecode(self.folder)}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Makes it from the journal's JSON."""
        folder = data.get("folder")
        return cls(
            os.fsencode(data["path"]),
            Expected(*map(int, data["file"])),
            None if folder is None else os.fsencode(folder),
        )

    @property
    def folders(self) -> tuple[bytes, ...]:
        """The folder of the copy."""
        return () if self.folder is None else (self.folder,)

    def shell(self, words: ShellWords) -> Iterator[str]:
        """Tests whether the copy is there."""
        yield f"test -f {words.path(self.path)}  # the copy that is kept"


@dataclass(frozen=True, slots=True)
class NoMailBelow(StepCondition):
    """A directory is no folder, and neither mail nor a folder lies below it, as a survey sees it:
    in files of servers and dot files it looks for none."""

    kind: ClassVar[str] = "no-mail-below"

    path: bytes

    def check(self, places: Places, _folders: LockedFolders, _besides: bytes | None, /) -> Self:
        """Walks the directory and reads the files in it."""
        waiting = [self.path]
        # Inside cur, new and tmp nothing is a folder.
        inside = any(part in SUBDIRS for part in self.path.split(b"/")[:-1])
        while waiting:
            here = waiting.pop()
            for name, mode in _entries(places, here):
                path = here + b"/" + name
                directory = stat.S_ISDIR(mode)
                if not inside and (name in _SERVED if directory else marks_folder(name)):
                    raise StepRefused(f"{visible(here)} is a folder now")
                if directory and not is_servers_directory(name):
                    waiting.append(path)
                if stat.S_ISREG(mode) and not is_servers_file(name) and _is_mail(places, path):
                    raise StepRefused(f"there is mail in it now: {visible(path)}")
        return self

    def facts(self) -> dict[str, Any]:
        """The directory."""
        return {"path": os.fsdecode(self.path)}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Makes it from the journal's JSON."""
        return cls(os.fsencode(data["path"]))


@dataclass(frozen=True, slots=True)
class NothingLeft(StepCondition):
    """Of a directory in the quarantine nothing is left but servers' own files."""

    kind: ClassVar[str] = "nothing-left"

    path: bytes

    def check(self, places: Places, _folders: LockedFolders, _besides: bytes | None, /) -> Self:
        """Looks for files of other kinds."""
        left = 0
        waiting = [self.path]
        while waiting:
            here = waiting.pop()
            filed = here.rpartition(b"/")[2] in SUBDIRS
            for name, mode in _entries(places, here):
                if not stat.S_ISDIR(mode):
                    left += filed or not is_servers_file(name)
                elif not is_servers_directory(name):
                    waiting.append(here + b"/" + name)
        if left:
            raise StepRefused(
                f"{left:,} of its files could not go back, and stay in the quarantine"
            )
        return self

    def facts(self) -> dict[str, Any]:
        """The directory."""
        return {"path": os.fsdecode(self.path)}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Makes it from the journal's JSON."""
        return cls(os.fsencode(data["path"]))


@dataclass(frozen=True, slots=True)
class SameMessages(StepCondition):
    """A directory holds exactly these messages in cur and new, its own and those of all folders
    below: the plan has told how many go along with it.

    `total`: a sum over the size and mtime of each file, in hexadecimal. Flags may change.
    """

    kind: ClassVar[str] = "same-messages"

    path: bytes
    messages: int
    total: str

    def check(self, places: Places, _folders: LockedFolders, _besides: bytes | None, /) -> Self:
        """Counts the messages, and compares them."""
        found = SameMessages.of(self.path, _messages_below(places, self.path))
        if found != self:
            count = found.messages - self.messages
            noun = "message" if abs(count) == 1 else "messages"
            what = f"{count:+,} {noun}" if count else "other messages"
            raise StepRefused(f"its content has changed since it was surveyed ({what})")
        return self

    @classmethod
    def of(cls, path: bytes, files: Iterable[FileFacts]) -> SameMessages:
        """The condition for these files below a directory."""
        number = total = 0
        for one in files:
            number += 1
            total += int.from_bytes(_digest(one._replace(inode=0), 16), "big")
        return SameMessages(path, number, f"{total % (1 << 128):032x}")

    def facts(self) -> dict[str, Any]:
        """The directory, the number of messages and their sum."""
        return {"path": os.fsdecode(self.path), "messages": self.messages, "total": self.total}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Makes it from the journal's JSON."""
        return cls(os.fsencode(data["path"]), int(data["messages"]), str(data["total"]))


@dataclass(frozen=True, slots=True)
class CopiesElsewhere(StepCondition):
    """Copies of a folder's messages are filed in these other folders, and not marked as deleted.

    `copies`: by folder, a short digest of each copy, one after the other. All of them must be
    there: the plan has told how many messages are filed nowhere else.
    """

    kind: ClassVar[str] = "copies-elsewhere"

    copies: tuple[tuple[bytes, bytes], ...]

    @classmethod
    def of(cls, copies: Mapping[bytes, Iterable[FileFacts]]) -> CopiesElsewhere:
        """The condition for these copies, by folder."""
        return CopiesElsewhere(
            tuple(
                (folder, b"".join(sorted(_digest(one, _SHORT) for one in some)))
                for folder, some in sorted(copies.items())
            )
        )

    def check(self, places: Places, _folders: LockedFolders, _besides: bytes | None, /) -> Self:
        """Looks for all copies."""
        for folder, listed in self.copies:
            wanted = {listed[at_ : at_ + _SHORT] for at_ in range(0, len(listed), _SHORT)}
            for directory in served_in(folder):
                for name, one in _files(places, directory):
                    if not is_trashed(name):
                        wanted.discard(_digest(one, _SHORT))
            if wanted:
                raise StepRefused(
                    f"{len(wanted):,} copies of its messages are no longer in"
                    f" {visible(folder or b'INBOX')}, or are marked as deleted"
                )
        return self

    @property
    def folders(self) -> tuple[bytes, ...]:
        """The folders of the copies."""
        return tuple(folder for folder, _ in self.copies)

    def facts(self) -> dict[str, Any]:
        """By folder, the digests as base64."""
        return {
            "copies": [
                [os.fsdecode(folder), base64.b64encode(listed).decode()]
                for folder, listed in self.copies
            ]
        }

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Makes it from the journal's JSON."""
        copies = data["copies"]
        return cls(tuple((os.fsencode(one), base64.b64decode(listed)) for one, listed in copies))


def _digest(file: FileFacts, length: int) -> bytes:
    """That many bytes that stand for a file."""
    return blake2b(b"%d %d %d" % file, digest_size=length).digest()


_KINDS: dict[str, type[StepCondition]] = {
    kind.kind: kind for kind in (KeptCopy, NoMailBelow, NothingLeft, SameMessages, CopiesElsewhere)
}


def conditions_from(rows: Sequence[Mapping[str, Any]]) -> tuple[StepCondition, ...]:
    """Reads the conditions of a step. Raises ValueError, KeyError or TypeError."""
    found: list[StepCondition] = []
    for data in rows:
        kind = _KINDS.get(data["kind"])
        if kind is None:
            raise ValueError(f"'{data['kind']}' is not a kind of condition known here")
        found.append(kind.read(data))
    return tuple(found)


def is_trashed(path: bytes) -> bool:
    """Whether a message is marked as deleted by its name: the next EXPUNGE removes it."""
    return b"T" in parse_info(path.rpartition(b"/")[2]).flags


def _entries(places: Places, directory: bytes) -> Iterator[tuple[bytes, int]]:
    """The names in a directory, with their modes."""
    handle = places.directory(directory)
    for text in os.listdir(handle):
        name = os.fsencode(text)
        status = at.look(places.directory(directory), name)
        if status is not None:
            yield name, status.st_mode


def _files(places: Places, directory: bytes) -> Iterator[tuple[bytes, FileFacts]]:
    """The messages in a cur or new; none if it is missing."""
    try:
        handle = places.directory(directory)
        names = os.listdir(handle)
    except (FileNotFoundError, NotADirectoryError):
        return
    for text in names:
        name = os.fsencode(text)
        status = None if name.startswith(b".") else at.look(handle, name)
        if status is not None and stat.S_ISREG(status.st_mode):
            yield name, FileFacts(status.st_ino, status.st_size, indexed_time(status.st_mtime_ns))


def _messages_below(places: Places, path: bytes) -> Iterator[FileFacts]:
    """The messages in cur and new of a directory and of every directory below."""
    waiting = [path]
    while waiting:
        here = waiting.pop()
        for name, mode in _entries(places, here):
            inside = here + b"/" + name
            if not stat.S_ISDIR(mode):
                continue
            if name in _SERVED:
                yield from (one for _, one in _files(places, inside))
            elif name != b"tmp" and not never_a_folder(name):
                waiting.append(inside)


def _is_mail(places: Places, path: bytes) -> bool:
    """Whether a file is mail, by what a survey would make of its content."""
    parent, name = places.locate(path)
    try:
        opened = open_file(parent, name)
    except FileNotFoundError:
        return False
    try:
        content = read_message(opened, os.fstat(opened).st_size).content
    finally:
        os.close(opened)
    return content is not None and bool(content.traits & Traits.MAIL)
