"""`keywords`: adds names for keyword letters to a folder, or carries a message's keywords along.

Dovecot keeps the names of its letters in `dovecot-keywords`, in the control directory, under the
lock of its uidlist. Courier keeps keywords by base name; when a message comes from another folder,
we write its keywords in an update file of their own, as Courier itself would.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar

from mailsurgeon.maildir.filename import parse_info
from mailsurgeon.maildir.lists import courier_keywords, keywords
from mailsurgeon.maildir.server_files import COURIER_KEYWORDS, DOVECOT_KEYWORDS, DOVECOT_UIDLIST
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import StepRefused, os_errors_at
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers import files
from mailsurgeon.surgery.servers.dotlock import DRAFT_SUFFIX, remove_own
from mailsurgeon.surgery.servers.files import Manner, ServerFile
from mailsurgeon.surgery.servers.locked_folder import LockedFolders, control_directory
from mailsurgeon.surgery.servers.uid_changes import bytes_of
from mailsurgeon.surgery.steps.base import Step, Where, link_data, present
from mailsurgeon.surgery.steps.shell_words import ShellWords, printed, quoted
from mailsurgeon.text import visible


@dataclass(frozen=True, slots=True)
class ChangeKeywords(Step):
    """A step of this kind: names for Dovecot in a folder, or a message's keywords for Courier."""

    action: ClassVar[str] = "keywords"

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Step:
        """Makes a step of one kind or the other from its row."""
        return (
            CarriedKeywords.read(where, data) if "carry" in data else NameLetters.read(where, data)
        )


@dataclass(frozen=True, slots=True)
class NameLetters(ChangeKeywords):
    """Adds names to Dovecot's list of letters in `folder` (`add`: with their numbers), or removes
    them again (`remove`). `made`: whether the list did not exist. Changes already made are kept.
    """

    _: KW_ONLY
    add: tuple[keywords.Numbered, ...] | None = None
    remove: tuple[keywords.Numbered, ...] | None = None
    made: bool | None = None

    def do(self, places: Places, folders: LockedFolders) -> None:
        """Adds the names, or removes those no message uses."""
        with letters_file(places, self.folder) as file:
            new = self._without(file, folders) if self._takes_away else self._with(file)
            if new == file.data:
                return
            if self._takes_away and not new and self.made:
                file.remove()
            else:
                file.replace(
                    new, letters_manner(places, file.directory), DOVECOT_KEYWORDS + DRAFT_SUFFIX
                )

    def recover(self, places: Places, folders: LockedFolders) -> bool:
        """Whether there is nothing left to do; removes the draft of a killed run."""
        with letters_file(places, self.folder) as file:
            remove_own(file.directory, DOVECOT_KEYWORDS + DRAFT_SUFFIX)
            new = self._without(file, folders) if self._takes_away else self._with(file)
            return new == file.data

    def inverse(self) -> NameLetters:
        """Removes the names, or adds them again."""
        return replace(self, add=self.remove, remove=self.add)

    @property
    def values(self) -> Sequence[tuple[str, str]]:
        """Each letter that gets a name, or loses it."""
        named = [("", keywords.letter_and_name(*one)) for one in self.add or ()]
        return [*named, *((keywords.letter_and_name(*one), "") for one in self.remove or ())]

    def facts(self) -> dict[str, Any]:
        """As text; bytes that are not UTF-8 become surrogate escapes."""
        return present(
            add=_names_as_text(self.add),
            made=self.made,
            **self.link_facts(),
            remove=_names_as_text(self.remove),
        )

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> NameLetters:
        """Makes a step from its row."""
        return cls(
            *where,
            add=_names_from_text(data.get("add")),
            remove=_names_from_text(data.get("remove")),
            made=data.get("made"),
            **link_data(data),
        )

    def shell(self, words: ShellWords) -> Iterator[str]:
        """Adds the lines, or removes them, last first, as far as no message needs them."""
        place = words.place(self.folder or b"", DOVECOT_KEYWORDS)
        if self.add:
            yield "{"
            yield from (printed(b"%d %s" % one) for one in self.add)
            yield f"}} | {words.call('name_letters', place)}"
        for number, name in reversed(self.remove or ()):
            letter = chr(keywords.FIRST_LETTER + number)
            folder = words.path(self.folder or b"")
            call = words.call("forget_letter", place, folder, letter, *["made"] * bool(self.made))
            yield f"{printed(b'%d %s' % (number, name))} | {call}"

    @property
    def is_sign(self) -> bool:
        """Only when adding: if nothing is left to remove, the names may just be in use."""
        return not self._takes_away

    @property
    def _takes_away(self) -> bool:
        return self.remove is not None

    def _with(self, file: ServerFile) -> bytes:
        try:
            return keywords.add_names(file.data, list(self.add or ()))
        except keywords.KeywordsError as error:
            raise StepRefused(f"{visible(file.shown)}: {error}") from error

    def _without(self, file: ServerFile, folders: LockedFolders) -> bytes:
        """The list without the step's names that no message uses.

        Removes none if Dovecot has changed its uidlist since they were added: a session may have
        them in memory, and would hand out a letter without writing its name down again.
        """
        uidlist = at.look(file.directory, DOVECOT_UIDLIST)
        if uidlist and file.status and uidlist.st_ctime_ns >= file.status.st_ctime_ns:
            return file.data
        return keywords.remove_names(file.data, self._unused(folders))

    def _unused(self, folders: LockedFolders) -> list[keywords.Numbered]:
        """The names to be removed whose letter no message of the folder has."""
        assert self.folder is not None
        occupants = folders[self.folder].occupants

        def is_borne(letter: int) -> bool:
            return occupants.bears(lambda filename: letter in parse_info(filename).flags)

        return [one for one in self.remove or () if not is_borne(keywords.FIRST_LETTER + one[0])]


@dataclass(frozen=True, slots=True)
class CarriedKeywords(ChangeKeywords):
    """Carries a message's Courier keywords from `folder` to `target_folder` (None: nowhere).

    `old`, `new`: its base names in them. `names`: the keywords. `made`: whether the target's
    directory for keywords did not exist. `back`: this step undoes another; the keywords are then
    mostly still in the target, and the update file that the other step wrote is removed.
    """

    _: KW_ONLY
    old: bytes
    new: bytes
    names: tuple[bytes, ...]
    made: bool | None = None
    back: bool | None = None

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Gives the message its keywords, under its base name in the target folder."""
        if self.target_folder is not None and not (self.back and self._has_them(places)):
            self._write_update(places)
        if self.back and self.folder is not None:
            self._take_update_away(places)

    def recover(self, places: Places, _folders: LockedFolders) -> bool:
        """Whether the keywords are there; removes the drafts of a killed run."""
        self._tidy(places)
        if self.target_folder is not None and not self._has_them(places):
            return False
        if self.folder is None or not self.back:
            return True
        return self._written(places) is None

    def inverse(self) -> CarriedKeywords:
        """Carries them back."""
        return replace(
            self, folder=self.target_folder, target_folder=self.folder,
            old=self.new, new=self.old, back=not self.back,
        )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """As text; bytes that are not UTF-8 become surrogate escapes."""
        way: dict[str, Any] = {"from": os.fsdecode(self.old), "to": os.fsdecode(self.new)}
        way["names"] = [os.fsdecode(name) for name in self.names]
        return present(carry=way | present(made=self.made, back=self.back), **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> CarriedKeywords:
        """Makes a step from its row."""
        way = data["carry"]
        return cls(
            *where,
            old=bytes_of(way["from"]),
            new=bytes_of(way["to"]),
            names=tuple(map(bytes_of, way["names"])),
            made=way.get("made"),
            back=way.get("back"),
            **link_data(data),
        )

    def shell(self, words: ShellWords) -> Iterator[str]:
        """Writes the update file; on the way back, removes the one that the other step wrote."""
        content = [printed(name) for name in self.names]
        made = ["made"] * bool(self.made)
        calls: list[str] = []
        if self.target_folder is not None:
            place = words.place(self.target_folder, COURIER_KEYWORDS)
            kept = ["kept"] * bool(self.back)
            calls.append(words.call("write_keywords", place, quoted(self.new), *kept))
        if self.back and self.folder is not None:
            place = words.place(self.folder, COURIER_KEYWORDS)
            calls.append(words.call("unwrite_keywords", place, quoted(self.old), *made))
        for call in calls:
            yield from ("{", *content, f"}} | {call}")

    @property
    def is_sign(self) -> bool:
        """Only on the way there: on the way back, keywords may stay because Courier uses them."""
        return not self.back

    @property
    def keeps_for_return(self) -> bool:
        """Without a target folder the keywords are only kept in the journal, for the return."""
        return self.target_folder is None

    def for_base(self, base: bytes) -> CarriedKeywords:
        """A copy with this new base name, which is known once the rename's target is."""
        return replace(self, new=base)

    def _write_update(self, places: Places) -> None:
        content = self._content
        with _courier(places, self.target_folder, make=True) as there:
            assert there is not None
            found = files.read_file(there, self.new, _shown(self.target_folder, self.new))
            if found.data == content:
                return
            if found.status is not None:
                raise StepRefused(f"{visible(found.shown)}: other keywords are there already")
            home = os.fstat(there)
            manner = Manner(home.st_uid, home.st_gid, stat.S_IMODE(home.st_mode) & 0o666)
            found.replace(content, manner, DRAFT_SUFFIX)

    def _has_them(self, places: Places) -> bool:
        """Whether Courier finds these keywords for the message in the target folder."""
        found = courier_keywords_of(places, self.target_folder or b"", self.new)
        return set(found) == set(self.names)

    def _take_update_away(self, places: Places) -> None:
        found = self._written(places)
        if found is None:
            return
        with _courier(places, self.folder) as here:
            assert here is not None
            replace(found, directory=here).remove()
        self._remove_made(places, self.folder)

    def _written(self, places: Places) -> ServerFile | None:
        """The update file that the first step wrote; None if it is gone or has changed."""
        with _courier(places, self.folder) as here:
            if here is None:
                return None
            found = files.read_file(here, self.old, _shown(self.folder, self.old))
        return found if found.status is not None and found.data == self._content else None

    def _remove_made(self, places: Places, folder: bytes | None) -> None:
        """Removes the directory that this step made, or was going to make, if it is empty."""
        if self.made:
            path = _shown(folder, b"")
            with os_errors_at(path):
                _remove_if_empty(*places.locate(path))

    def _tidy(self, places: Places) -> None:
        for folder in (self.folder, self.target_folder):
            if folder is not None:
                with _courier(places, folder) as home:
                    if home is not None:
                        remove_own(home, DRAFT_SUFFIX)
        made_in = self.folder if self.back else self.target_folder
        if made_in is not None:
            self._remove_made(places, made_in)

    @property
    def _content(self) -> bytes:
        return courier_keywords.update_content(self.names)


def _names_as_text(names: Iterable[keywords.Numbered] | None) -> list[list[int | str]] | None:
    return None if names is None else [[number, os.fsdecode(name)] for number, name in names]


def _names_from_text(pairs: Iterable[Any] | None) -> tuple[keywords.Numbered, ...] | None:
    if pairs is None:
        return None
    return tuple((int(number), bytes_of(name)) for number, name in pairs)


# Dovecot's letters


@contextmanager
def letters_file(places: Places, folder: bytes | None) -> Generator[ServerFile]:
    """A folder's `dovecot-keywords`. Raises StepRefused if it must not be touched."""
    assert folder is not None
    with os_errors_at(folder or b"INBOX"):
        control, shown = control_directory(places, folder)
    if control is None:
        raise StepRefused(f"{visible(shown)}: Dovecot's directory for the folder is missing")
    try:
        path = os.path.join(shown, DOVECOT_KEYWORDS)
        yield files.read_file(control, DOVECOT_KEYWORDS, path, places.owner[0])
    finally:
        os.close(control)


def letters_manner(places: Places, directory: int) -> Manner:
    """Owner and mode of a new file: those of the uidlist beside it, else from the directory."""
    like = at.look(directory, DOVECOT_UIDLIST)
    if like and stat.S_ISREG(like.st_mode) and like.st_uid == places.owner[0]:
        return Manner(like.st_uid, like.st_gid, stat.S_IMODE(like.st_mode))
    home = os.fstat(directory)
    return Manner(places.owner[0], home.st_gid, stat.S_IMODE(home.st_mode) & 0o666)


# Courier's keywords


def courier_keywords_of(places: Places, folder: bytes, base: bytes) -> tuple[bytes, ...]:
    """The keywords Courier finds for a message. Raises StepRefused and HardError."""
    with _courier(places, folder) as home:
        if home is None:
            return ()
        with os_errors_at(_shown(folder, b"")):
            names = [os.fsencode(name) for name in os.listdir(home)]
        updates = {
            name: files.read_file(home, name, _shown(folder, name)).data
            for name in names
            if courier_keywords.update_base(name) == base
        }
        name = courier_keywords.LIST
        listed = files.read_file(
            home, name, _shown(folder, name), limit=courier_keywords.LARGEST_COURIER_LIST
        )
        return courier_keywords.effective(listed.data, updates, base)


def _remove_if_empty(parent: int, name: bytes) -> None:
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            return  # gone, or Courier has put something there
        raise
    at.sync(parent)


@contextmanager
def _courier(places: Places, folder: bytes | None, *, make: bool = False) -> Generator[int | None]:
    """Opens a folder's directory of keywords; yields None if missing. `make`: makes it then."""
    path = _shown(folder, b"")
    with os_errors_at(path):
        directory = _open_courier(*places.locate(path), make=make)
    try:
        yield directory
    finally:
        if directory is not None:
            os.close(directory)


def _open_courier(parent: int, name: bytes, *, make: bool) -> int | None:
    if at.look(parent, name) is None:
        if not make:
            return None
        home = os.fstat(parent)
        mode = stat.S_IMODE(home.st_mode) & 0o777
        at.make_directory(parent, name, mode, (home.st_uid, home.st_gid))
        at.sync(parent)
    return at.open_directory(name, parent)


def _shown(folder: bytes | None, name: bytes) -> bytes:
    return os.path.join(folder or b"", COURIER_KEYWORDS, name).rstrip(b"/")
