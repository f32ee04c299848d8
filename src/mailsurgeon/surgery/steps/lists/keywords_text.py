"""`keywords-text`: writes a damaged list of the names of Dovecot's keyword letters again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Self

from mailsurgeon.maildir.server_files import DOVECOT_KEYWORDS
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.dotlock import DRAFT_SUFFIX, remove_own
from mailsurgeon.surgery.servers.files import ServerFile
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.servers.uid_changes import bytes_of
from mailsurgeon.surgery.steps.base import Step, Where, link_data, present
from mailsurgeon.surgery.steps.lists.keywords import letters_file, letters_manner
from mailsurgeon.surgery.steps.shell_words import ShellWords, printed
from mailsurgeon.text import visible


@dataclass(frozen=True, slots=True)
class RewriteKeywords(Step):
    """Puts `after` in the place of `before` in the list of `folder`. Lines that the server has
    added at the end since stay."""

    action: ClassVar[str] = "keywords-text"

    _: KW_ONLY
    before: bytes
    after: bytes

    def do(self, places: Places, _folders: LockedFolders) -> None:
        """Writes the list; refused if it has changed otherwise."""
        with letters_file(places, self.folder) as file:
            new = self.after + self._added(file)
            manner = letters_manner(places, file.directory)
            file.replace(new, manner, DOVECOT_KEYWORDS + DRAFT_SUFFIX)

    def recover(self, places: Places, _folders: LockedFolders) -> bool:
        """Whether the list begins as it is to begin; removes the draft of a killed run."""
        with letters_file(places, self.folder) as file:
            remove_own(file.directory, DOVECOT_KEYWORDS + DRAFT_SUFFIX)
            return file.data != self.before and file.data.startswith(self.after)

    def _added(self, file: ServerFile) -> bytes:
        """The lines after those that were there before."""
        added = file.data[len(self.before) :]
        whole = all(text.endswith(b"\n") for text in (self.before, self.after) if text)
        if file.status is None or file.data != self.before + added or (added and not whole):
            raise StepRefused(f"{visible(file.shown)} has changed since")
        return added

    def inverse(self) -> RewriteKeywords:
        """Puts the old text back."""
        return replace(self, before=self.after, after=self.before)

    @property
    def values(self) -> Sequence[tuple[str, str]]:
        """The lines that differ."""
        before, after = self.before.splitlines(), self.after.splitlines()
        gone = [(visible(line), "") for line in before if line not in after]
        return [*gone, *(("", visible(line)) for line in after if line not in before)]

    def facts(self) -> dict[str, Any]:
        """As text; bytes that are not UTF-8 become surrogate escapes."""
        before, after = os.fsdecode(self.before), os.fsdecode(self.after)
        return present(before=before, after=after, **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """Makes a step from its row."""
        before, after = bytes_of(data["before"]), bytes_of(data["after"])
        return cls(*where, before=before, after=after, **link_data(data))

    def shell(self, words: ShellWords) -> Iterator[str]:
        """Writes the new text over the old one."""
        place = words.place(self.folder or b"", DOVECOT_KEYWORDS)
        text = printed(self.after, newline=False) if self.after else ":"
        yield f"{text} | {words.call('write_list', place, str(len(self.before)))}"
