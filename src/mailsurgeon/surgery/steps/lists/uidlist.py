"""`uidlist`: makes records in servers' lists follow the base names of their messages.

The engine makes all such changes of a batch at once, under the folder's lock, and journals one step
of this kind per list before it renames any file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Self

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.servers.uid_changes import as_text, base_after, bytes_of, from_text
from mailsurgeon.surgery.steps.base import Alters, Step, UidEdit, Where, link_data, present
from mailsurgeon.surgery.steps.shell_words import ShellWords
from mailsurgeon.text import visible


@dataclass(frozen=True, slots=True)
class ChangeRecords(Step):
    """`records`: base names before and after, for a step of an act; two equal names drop the sizes
    of the record. `changes`: lines before and after, once they are known.
    """

    action: ClassVar[str] = "uidlist"
    in_lists: ClassVar[bool] = True
    alters: ClassVar[Alters] = Alters.RECORD

    _: KW_ONLY
    records: tuple[tuple[bytes, bytes], ...] | None = None
    changes: tuple[Change, ...] | None = None

    def do(self, _places: Places, _folders: LockedFolders) -> None:
        """Always raises StepRefused: the engine does these steps for a whole batch."""
        raise StepRefused(f"a step of the kind '{self.action}' is done for a whole batch")

    def recover(self, _places: Places, _folders: LockedFolders) -> bool:
        """Always False: recovery looks at a list once all steps of its folder are settled."""
        return False

    def inverse(self) -> ChangeRecords:
        """The same changes the other way round."""
        back = tuple(change.back for change in self.changes or ())
        return replace(self, expected=None, records=None, changes=back)

    @property
    def values(self) -> Sequence[tuple[str, str]]:
        """The base name of each record; for an undo, its line."""
        if self.records is None:
            return [(visible(one.before), visible(one.after)) for one in self.changes or ()]
        sizes = (" with sizes", " without sizes")
        return [
            (visible(old) + sizes[0] * (old == new), visible(new) + sizes[1] * (old == new))
            for old, new in self.records
        ]

    def facts(self) -> dict[str, Any]:
        """As text; bytes that are not UTF-8 become surrogate escapes."""
        records = self.records
        return present(
            records=None if records is None else [list(map(os.fsdecode, pair)) for pair in records],
            **self.link_facts(),
            changes=None if self.changes is None else as_text(self.changes),
        )

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Self:
        """Makes a step from its row."""
        records, changes = data.get("records"), data.get("changes")
        return cls(
            *where,
            records=None
            if records is None
            else tuple((bytes_of(old), bytes_of(new)) for old, new in records),
            changes=None if changes is None else tuple(from_text(changes)),
            **link_data(data),
        )

    @property
    def may_join(self) -> bool:
        """Always: it changes records one by one."""
        return True

    @property
    def edits_uids(self) -> bool:
        """Always."""
        return True

    def uid_edit(self) -> UidEdit:
        """Its records; for an undo, its changes."""
        return UidEdit(list(self.records or ()), list(self.changes or ()))

    def bases_given_up(self) -> Sequence[bytes]:
        """The base names of its records before."""
        return [old for old, _ in self.records or ()]

    def bases_led_to(self) -> Sequence[bytes]:
        """The base names of its records and changes afterwards."""
        return [
            *(new for _, new in self.records or ()),
            *(base_after(change) for change in self.changes or ()),
        ]

    def noting(self, changes: Sequence[Change]) -> ChangeRecords:
        """A copy with these changes."""
        return replace(self, changes=tuple(changes))

    def shell(self, words: ShellWords) -> Iterator[str]:
        """Old lines exchanged for new ones, in each list that has any."""
        lists: dict[bytes, list[tuple[bytes, bytes]]] = {}
        for change in self.changes or ():
            lists.setdefault(change.list, []).append((change.before, change.after))
        for name, lines in lists.items():
            yield from words.list_edit(self.folder or b"", name, lines)
