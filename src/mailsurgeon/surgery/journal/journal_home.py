"""Finds the journal of a spool, and tells of journals that may be its own but need not be.

A journal lies in the state directory, in a directory named by the device and inode of the spool's
root. It stays there when these change. So the search also looks at directories with the same inode,
at the one used last for a spool at this path (a file `at-...` names it), and at those that
the quarantine names. Whether one belongs to the spool is judged by `identity`.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from mailsurgeon.errors import JournalError
from mailsurgeon.host import private
from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops.birth import birth_of
from mailsurgeon.surgery.journal.identity import Belongs, SpoolFacts, SpoolNotes, belongs, is_still
from mailsurgeon.surgery.journal.notes import read_notes
from mailsurgeon.text import visible

FILE = "journal.sqlite"
_DIRECTORY = re.compile(r"[0-9a-f]+-([0-9a-f]+)(-[0-9]+)?")
_UNSOUND = (OSError, sqlite3.Error, ValueError, TypeError, KeyError, AttributeError)
_USED_SINCE = "for which it has been used since it was this spool's"


@dataclass(frozen=True, slots=True)
class DoubtfulJournal:
    """A journal that is not used, because it may belong to another spool, and why.

    `in_use`: that spool is still there, and finds it.
    """

    path: Path
    why: str
    in_use: bool = False

    @property
    def line(self) -> str:
        """What the operator is told: safe to show, without a full stop."""
        given = f"--journal {visible(str(self.path))}"
        if self.in_use:
            return (
                f"there is a journal of {self.why}; that spool is still there, so {given} only"
                " shows what the journal says"
            )
        return f"there is a journal of {self.why}; it is not used unless you give {given}"


@dataclass(frozen=True, slots=True)
class FoundJournal:
    """Where the journal is, or will be; what it noted of its spool, None if it is to be made.

    `doubts`: the journals looked at before that may be the spool's.
    """

    path: Path
    notes: SpoolNotes | None = None
    doubts: tuple[DoubtfulJournal, ...] = ()


class JournalHome:
    """The place of one spool's journal, looked for when first asked.

    `state_dir`: where new journals are made; `only_there`: the operator chose it, so a journal
    elsewhere is not used. `named`: the journal the operator named. `id`, `pointers`: the id and the
    journals that the quarantine names.
    """

    def __init__(
        self,
        state_dir: Path,
        spool: Spool,
        *,
        only_there: bool = False,
        named: Path | None = None,
        id: str | None = None,
        pointers: Sequence[Path] = (),
    ) -> None:
        self.state_dir = state_dir
        self.spool = spool
        self.named = named
        self.id = id
        self._pointers = [
            path
            for path in pointers
            if path.is_absolute()
            and path.name == FILE
            and (not only_there or path.parent.parent == state_dir)
        ]

    @cached_property
    def facts(self) -> SpoolFacts:
        """The spool as it is now."""
        spool = self.spool
        return replace(_facts(spool.root, spool.device, spool.inode), id=self.id)

    @cached_property
    def found(self) -> FoundJournal:
        """The journal. Raises JournalError if the operator named one that is not there."""
        if self.named is not None:
            return self._as_named(self.named)
        doubts: list[DoubtfulJournal] = []
        for path, must_be_sound in self._candidates():
            try:
                notes = _notes_at(path)
            except _UNSOUND:
                if must_be_sound:
                    return FoundJournal(path)  # opening it tells what is wrong with it
                continue
            if notes is None:
                continue
            there = None if notes.spool.path == self.facts.path else _facts_at(notes.spool.path)
            answer, why = belongs(notes.spool, self.facts, there)
            if answer is Belongs.YES or (must_be_sound and self._was_altered(path, notes)):
                return FoundJournal(path, notes, tuple(doubts))
            if answer is Belongs.NO and self._was_ours(path, notes):
                answer, why = Belongs.DOUBTFUL, _USED_SINCE
            if answer is Belongs.DOUBTFUL:
                doubts.append(DoubtfulJournal(path, f"{visible(notes.spool.path)}, {why}"))
        return FoundJournal(self._new_path(), None, tuple(doubts))

    @property
    def doubts(self) -> tuple[DoubtfulJournal, ...]:
        """The doubts of `found`, with whether each journal is in use."""
        return tuple(
            replace(one, in_use=self._user_of(one.path) is not None) for one in self.found.doubts
        )

    def refuse_in_use(self) -> None:
        """Raises JournalError if the operator named the journal of another spool that is still
        there. Written to for this one, it would no longer be found for that one."""
        user = None if self.named is None else self._user_of(self.named)
        if user is not None:
            raise JournalError(
                f"--journal {visible(str(self.named))}: is the journal of {visible(user)}, which is"
                f" still there; do without it in {visible(self.spool.root)}: `quarantine restore`"
                " puts back by path what lies in the quarantine"
            )

    def _user_of(self, path: Path) -> bytes | None:
        """The path of another spool that is still where the journal noted it, and finds it."""
        try:
            notes = _notes_at(path)
        except _UNSOUND:
            return None
        if notes is None or notes.spool.path == self.facts.path:
            return None
        there = _facts_at(notes.spool.path)
        if there is None or not is_still(notes.spool, there):
            return None
        if (there.device, there.inode) == (self.facts.device, self.facts.inode):
            return None
        other = replace(self.spool, root=there.path, device=there.device, inode=there.inode)
        found = JournalHome(path.parent.parent, other).found.path
        return there.path if found == path else None

    def use(self, doubtful: DoubtfulJournal) -> None:
        """Uses this journal after all: the operator has said that it belongs to the spool."""
        self.named = doubtful.path
        self.__dict__.pop("found", None)

    def remember(self) -> None:
        """Writes the file that leads from the spool's path to its journal. Raises OSError."""
        home = self.found.path.parent
        pointer = self._pointer
        if home.parent != self.state_dir or _named_in(pointer) == home.name:
            return
        fresh = pointer.with_name(pointer.name + ".new")
        with suppress(FileNotFoundError):
            fresh.unlink()
        private.make_private_file(fresh)
        fresh.write_text(home.name, encoding="ascii")
        fresh.replace(pointer)

    @property
    def _pointer(self) -> Path:
        digest = blake2b(self.spool.root, digest_size=8).hexdigest()
        return self.state_dir / f"at-{digest}"

    @property
    def _usual(self) -> Path:
        return self.state_dir / f"{self.spool.device:x}-{self.spool.inode:x}" / FILE

    def _candidates(self) -> Iterator[tuple[Path, bool]]:
        """Paths of journals to look at, and whether an unsound one there stops the search."""
        tried: set[Path] = set()
        usual = self._usual
        leads_to = _named_in(self._pointer)
        first = [self.state_dir / leads_to / FILE] if leads_to else []
        for path in [*first, usual, *self._with_this_inode(), *self._pointers]:
            if path not in tried:
                tried.add(path)
                yield path, path == usual or path in first

    def _with_this_inode(self) -> Iterator[Path]:
        inode = f"{self.spool.inode:x}"
        names: list[str] = []
        with suppress(OSError):
            names = sorted(os.listdir(self.state_dir))
        for name in names:
            match = _DIRECTORY.fullmatch(name)
            if match and match[1] == inode:
                yield self.state_dir / name / FILE

    def _new_path(self) -> Path:
        path, number = self._usual, 1
        while os.path.lexists(path):
            number += 1
            name = f"{self._usual.parent.name}-{number}"
            path = self.state_dir / name / FILE
        return path

    def _was_altered(self, path: Path, notes: SpoolNotes) -> bool:
        """Whether somebody wrote another inode into the journal of this very directory."""
        spool = notes.spool
        return (
            path == self._usual
            and spool.path == self.facts.path
            and spool.inode != self.facts.inode
        )

    def _was_ours(self, path: Path, notes: SpoolNotes) -> bool:
        """Whether the journal was kept for this very directory before it was used for another."""
        match = _DIRECTORY.fullmatch(path.parent.name)
        inode = f"{self.spool.inode:x}"
        return match is not None and match[1] == inode and self.spool.root in notes.roots

    def _as_named(self, path: Path) -> FoundJournal:
        if not os.path.lexists(path):
            raise JournalError(f"--journal {visible(str(path))}: there is no such journal")
        try:
            return FoundJournal(path, _notes_at(path))
        except _UNSOUND:
            return FoundJournal(path)


def _notes_at(path: Path) -> SpoolNotes | None:
    """The notes of the journal at `path`, None if there is none.

    Raises as `read_notes`, and PermissionError for one that cannot be trusted.
    """
    if not path.parent.is_dir() or not os.path.lexists(path):
        return None
    status = path.lstat()
    ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
    if not ours or private.is_open_to_others(path.parent):
        raise PermissionError("not a plain file of the user's own")
    return read_notes(path)


def _named_in(pointer: Path) -> str:
    """The name of a journal's directory in this file; empty without a sound one."""
    name = (read_small(os.fsencode(pointer), 100) or b"").decode("ascii", "replace")
    return name if _DIRECTORY.fullmatch(name) else ""


def _facts_at(path: bytes) -> SpoolFacts | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return _facts(path, status.st_dev, status.st_ino)


def _facts(path: bytes, device: int, inode: int) -> SpoolFacts:
    return SpoolFacts(path, device, inode, birth_of(path), _file_system(path, device))


def _file_system(path: bytes, device: int) -> int | None:
    """The file system's id by statvfs(3); None if it has none, or makes it of its device number
    (XFS does)."""
    try:
        number = os.statvfs(path).f_fsid
    except OSError:
        return None
    return None if number in (0, device) else number
