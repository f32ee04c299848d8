"""`uidlist-lines`: removes lines that a server rejects from its list of UIDs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Self

from mailsurgeon.maildir.lists.uidlist import UidlistError, parse_uidlist
from mailsurgeon.maildir.lists.uidlist_edit import drop_lines, restore_lines
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.steps.base import Step, Where, link_data, present
from mailsurgeon.surgery.steps.shell_words import ShellWords, printed
from mailsurgeon.text import visible

NumberedLines = tuple[tuple[int, bytes], ...]
"""Lines with their line numbers in the file, counted from 1."""


@dataclass(frozen=True, slots=True)
class DropLines(Step):
    """`name`: the list's file name. `drop`: the lines to remove; an undo has `restore` instead.
    `torn`: whether the last line has no newline.
    """

    action: ClassVar[str] = "uidlist-lines"

    _: KW_ONLY
    name: bytes
    drop: NumberedLines | None = None
    restore: NumberedLines | None = None
    torn: bool | None = None

    def do(self, _places: Places, folders: LockedFolders) -> None:
        """Removes the lines, or restores them; keeps everything the server wrote since."""
        assert self.folder is not None
        one = folders[self.folder].uidlist(self.name)
        try:
            new = drop_lines(one.data, list(self.drop or ()))
            bad = {(line.number, line.line) for line in parse_uidlist(one.data).bad}
        except UidlistError as error:
            raise StepRefused(str(error)) from error
        if not bad.issuperset(self.drop or ()):  # a duplicate's other line is gone, say
            raise StepRefused("a server accepts its lines now: the list has changed")
        one.rewrite(restore_lines(new, list(self.restore or ()), torn=bool(self.torn)))

    def recover(self, _places: Places, folders: LockedFolders) -> bool:
        """Whether the lines are gone from their places, or, for an undo, are back in them."""
        assert self.folder is not None
        with suppress(StepRefused):
            one = folders[self.folder].uidlist(self.name)
            try:
                drop_lines(one.data, list(self.drop or self.restore or ()))
            except UidlistError:
                return bool(self.drop)
            return not self.drop
        return False

    def inverse(self) -> DropLines:
        """Restores the lines, or removes them again."""
        return replace(self, drop=self.restore or (), restore=self.drop or ())

    @property
    def values(self) -> Sequence[tuple[str, str]]:
        """Each line that goes or comes back."""
        gone = [(visible(line), "") for _, line in self.drop or ()]
        return [*gone, *(("", visible(line)) for _, line in self.restore or ())]

    def facts(self) -> dict[str, Any]:
        """As text; bytes that are not UTF-8 become surrogate escapes."""
        return present(
            name=os.fsdecode(self.name),
            drop=_text(self.drop),
            torn=self.torn,
            **self.link_facts(),
            restore=_text(self.restore),
        )

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """Makes a step from its row."""
        return cls(
            *where,
            name=os.fsencode(data["name"]),
            drop=_lines(data.get("drop")),
            restore=_lines(data.get("restore")),
            torn=data.get("torn"),
            **link_data(data),
        )

    @property
    def spoils_list(self) -> str:
        """The list, if lines come back."""
        return os.fsdecode(self.name) if self.restore else ""

    def shell(self, words: ShellWords) -> Iterator[str]:
        """Removes the lines by their numbers, or writes them again at their places."""
        place = words.place(self.folder or b"", self.name)
        if self.drop:
            yield words.call("drop_lines", place, *(str(number) for number, _ in self.drop))
        wanted = sorted(self.restore or ())
        for number, line in wanted:
            torn = bool(self.torn) and number == wanted[-1][0]
            call = words.call("restore_line", place, str(number), *["torn"] * torn)
            yield f"{printed(line, newline=not torn)} | {call}"


def _text(lines: NumberedLines | None) -> list[list[int | str]] | None:
    return None if lines is None else [[number, os.fsdecode(line)] for number, line in lines]


def _lines(text: Sequence[Sequence[Any]] | None) -> NumberedLines | None:
    if text is None:
        return None
    return tuple((int(number), os.fsencode(line)) for number, line in text)
