"""The base class of all kinds of step.

A kind is one class. It must implement how its steps are done, recovered after a crash, undone and
written to the journal; all other methods have defaults that suit most kinds.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypedDict

from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.fsops.paths import numbered, spelled
from mailsurgeon.surgery.steps.conditions import StepCondition, conditions_from
from mailsurgeon.text import path_shown

if TYPE_CHECKING:
    from mailsurgeon.maildir.lists.uidlist import Change
    from mailsurgeon.surgery.fsops.resolve import Places
    from mailsurgeon.surgery.servers.folder_names import Occupants
    from mailsurgeon.surgery.servers.locked_folder import LockedFolders
    from mailsurgeon.surgery.steps.scene import Scene
    from mailsurgeon.surgery.steps.shell_words import ShellWords

LINKS = ("inverts", "repeats")

OccupantsAt = Callable[[bytes], "Occupants | None"]
"""Gives the messages of the folder with this cur or new; None for any other directory."""


class Alters(Enum):
    """What a step changes that clients may notice."""

    NOTHING = "nothing"
    NAME = "name"  # of a message or a folder, and where it lies
    RECORD = "record"  # a message's sizes in a server's list
    DATE = "date"
    DIRECTORY = "directory"  # a missing one is made
    RIGHTS = "rights"


class Where(NamedTuple):
    """The columns of the journal that every kind of step fills."""

    source: bytes | None = None
    target: bytes | None = None
    expected: Expected | None = None
    folder: bytes | None = None
    target_folder: bytes | None = None


class Linked(TypedDict):
    """Data that a step of any kind may have in addition to its own."""

    inverts: int | None
    repeats: int | None
    keys: tuple[str, ...]
    conditions: tuple[StepCondition, ...]


class UidEdit(NamedTuple):
    """The edit a step needs in servers' lists: base names to rename, or exact changes."""

    renames: list[tuple[bytes, bytes]]
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Step(ABC):
    """One change. `source` and `target` are relative to the spool, or of type QuarantinePath.

    `folder` and `target_folder` are the folders (paths relative to the spool, b"" is INBOX) whose
    server lock is held while the step runs; None if the step touches no folder on that side.
    A target in the quarantine has no number before the operation has one; `prepared` adds it.

    `conditions`: what must be true just before the step runs, besides what it expects of `source`.
    `inverts`, `repeats`: id of the earlier step in the journal that this one undoes or repeats.
    `keys`: the names of its data in the row it was read from, whose order is kept when the step is
    written again.
    """

    action: ClassVar[str]
    """The kind's name in the journal."""
    locks: ClassVar[bool] = True
    """Whether the step needs the locks of its folders."""
    in_lists: ClassVar[bool] = False
    """Whether the step only changes servers' lists, which is done once for a whole batch."""
    alters: ClassVar[Alters] = Alters.NOTHING
    needs_root: ClassVar[bool] = False

    source: bytes | None
    target: bytes | None
    expected: Expected | None = None
    folder: bytes | None = None
    target_folder: bytes | None = None
    _: KW_ONLY
    conditions: tuple[StepCondition, ...] = ()
    inverts: int | None = None
    repeats: int | None = None
    keys: tuple[str, ...] = field(default=(), repr=False, compare=False)

    # Methods that every kind must implement

    @abstractmethod
    def do(self, places: Places, folders: LockedFolders, /) -> None:
        """Does the step, with the caller's rights; the caller holds the locks of its folders.

        Raises StepRefused when it cannot be done and nothing has changed; HardError, OSError,
        and NotDurable.
        """

    @abstractmethod
    def recover(self, places: Places, folders: LockedFolders, /) -> bool:
        """Returns whether the step was done before a crash; completes one that was half done.

        FileNotFoundError and NotADirectoryError mean that it was not done. Raises StepRefused,
        HardError and OSError.
        """

    def clear_away(self, _places: Places, /) -> None:
        """Removes what a killed run has left at the step's target as an aid, before recovery locks
        any folder: a lock in it would keep it there. Raises OSError."""
        return

    @abstractmethod
    def inverse(self) -> Step:
        """The step that undoes this one. Raises StepRefused if there is none."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """The step's own data and `link_facts`, as the journal's JSON."""

    @classmethod
    @abstractmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Step:
        """Makes a step from its row: the columns, and the JSON that `facts` wrote.

        Raises KeyError, TypeError and ValueError for data that do not fit this kind.
        """

    # The journal

    @property
    def data(self) -> dict[str, Any]:
        """Its data as the journal's JSON; keys of the row it was read from come first, in order."""
        return in_row_order(self.facts(), self.keys)

    @property
    def text(self) -> str:
        """`data` as text."""
        return step_json(self.data)

    def link_facts(self) -> dict[str, Any]:
        """The part of the data that any kind may have: the earlier step that this one undoes or
        repeats, and its conditions."""
        conditions = [one.written() for one in self.conditions]
        return {
            "inverts": self.inverts, "repeats": self.repeats, "conditions": conditions or None,
        }  # fmt: skip

    @property
    def is_linked(self) -> bool:
        """Whether this step undoes or repeats another."""
        return self.inverts is not None or self.repeats is not None

    def undoing(self, number: int) -> Step:
        """The step that undoes this one, whose id is `number`. Raises StepRefused."""
        return self.inverse().linked(inverts=number)

    def linked(self, *, inverts: int | None = None, repeats: int | None = None) -> Self:
        """A copy marked as undoing or repeating a step of the journal, by its id."""
        keys = keys_without(self.keys, LINKS)
        conditions = self.conditions if inverts is None else ()  # taking back needs none of them
        return replace(self, inverts=inverts, repeats=repeats, keys=keys, conditions=conditions)

    def prepared(self, scene: Scene) -> Step:
        """The step as it is journaled before it runs; its quarantine path gets its number."""
        target = numbered(self.target, scene.operation)
        return self if target is self.target else replace(self, target=target)

    # Locks and batches

    @property
    def folders(self) -> tuple[bytes | None, ...]:
        """Its source's folder, its target's, and those that its conditions speak of."""
        if not self.conditions:
            return self.folder, self.target_folder
        others = (folder for one in self.conditions for folder in one.folders)
        return self.folder, self.target_folder, *others

    def found(self, _places: Places, _occupants: OccupantsAt, /) -> Step:
        """The step for its file's present name, if a client has renamed it since the step that this
        one undoes or repeats. Raises StepRefused and OSError."""
        return self

    @property
    def may_join(self) -> bool:
        """Whether it may share its locks with others, because it changes only one message or its
        record."""
        return False

    @property
    def carries_directory(self) -> bool:
        """Whether it moves a directory with all its contents."""
        return False

    def taking_back(self) -> Step:
        """The step that undoes this one when its act fails halfway. Raises StepRefused."""
        return self.inverse()

    @property
    def is_sign(self) -> bool:
        """Whether finding this step done proves that the steps before it in its act were done."""
        return True

    # Lists of UIDs, keywords, quota

    @property
    def edits_uids(self) -> bool:
        """Whether servers' lists of UIDs must be changed along with it."""
        return False

    @property
    def keeps_uid(self) -> bool:
        """Whether it changes a base name within a folder, so that the record must follow."""
        return False

    @property
    def stays_in_folder(self) -> bool:
        """Whether it renames a served message within its folder."""
        return False

    def uid_edit(self) -> UidEdit | None:
        """The edit that the lists of its folder need; None if they need none."""
        return None

    def bases_given_up(self) -> Sequence[bytes]:
        """The base names in its folder whose records it changes."""
        return ()

    def bases_led_to(self) -> Sequence[bytes]:
        """The base names that these records have afterwards."""
        return ()

    def noting(self, _changes: Sequence[Change], /) -> Step:
        """The step with its changes of records filled in, for the journal."""
        return self

    def coming_back(self) -> Step:
        """The step if the list has the new base name already, so that no record must follow."""
        return self

    @property
    def record_after(self) -> tuple[bytes, bytes] | None:
        """For a step that undoes a rename: the folder and base name where its record is now."""
        return None

    def carrying(self, _changes: Sequence[Change], /) -> Step:
        """The step with these changes of records added, for a step with `record_after`."""
        return self

    @property
    def quota_change(self) -> tuple[int, int]:
        """The bytes and messages it adds to the sum in `maildirsize`."""
        return 0, 0

    def uncounted(self) -> Step:
        """A copy that adds nothing to that sum."""
        return self

    @property
    def counted_acts(self) -> Sequence[int]:
        """The acts whose bytes and messages this step adds to `maildirsize`."""
        return ()

    # Plans

    @property
    def came_from(self) -> bytes | None:
        """The earlier path of what is now at `target`; None if it had none."""
        return None

    @property
    def puts_away(self) -> bool:
        """Whether it moves something into the quarantine."""
        return False

    @property
    def spoils_list(self) -> str:
        """The name of the list of UIDs that gets back lines a server rejects; empty without one."""
        return ""

    @property
    def keeps_for_return(self) -> bool:
        """Whether it saves data that a message quarantined by the same act needs on its return."""
        return False

    @property
    def purges(self) -> int | None:
        """The id of the step whose quarantined file this one deletes."""
        return None

    def for_base(self, _base: bytes, /) -> Step:
        """A copy for a message that gets this base name."""
        return self

    # Words

    @property
    def about(self) -> bytes:
        """The path it changes; for a change to a folder's list, the folder."""
        path = self.target if self.source is None else self.source
        return path if path is not None else self.folder or b""

    @property
    def values(self) -> Sequence[tuple[str, str]]:
        """What it changes, the old value and the new one of each, safe to show; nothing if its
        paths say it all. An empty value: there was or will be none."""
        return ()

    def tell(self, shown: Callable[[bytes], str] = path_shown) -> str:
        """Describes the step: `rename cur/a -> cur/b`. Safe to show; `shown` formats a path."""
        moves = self.source is not None and self.target is not None
        to = f" -> {shown(spelled(self.target))}" if moves and self.target is not None else ""
        return f"{self.action} {shown(spelled(self.about))}{to}"

    def shell(self, words: ShellWords) -> Iterator[str]:
        """Lines of POSIX shell that do the same."""
        yield words.by_hand(self.action, self.target or self.source or self.folder or b"")


def link_data(data: Mapping[str, Any]) -> Linked:
    """The part of a row's data that all kinds share."""
    return Linked(
        inverts=data.get("inverts"), repeats=data.get("repeats"), keys=tuple(data),
        conditions=conditions_from(data.get("conditions", ())),
    )  # fmt: skip


@lru_cache(maxsize=256)
def keys_without(keys: tuple[str, ...], dropped: tuple[str, ...]) -> tuple[str, ...]:
    """`keys` without those that are computed anew, which the journal writes last."""
    return tuple(key for key in keys if key not in dropped)


def in_row_order(facts: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The facts, those named by `keys` first and in that order."""
    return {key: facts[key] for key in keys if key in facts} | facts if keys else facts


_texts: dict[str, str] = {}


def step_json(data: Mapping[str, Any]) -> str:
    """The data of a step as JSON; most steps of an operation have the same."""
    known = repr(data)
    text = _texts.get(known)
    if text is None:
        text = json.dumps(data)
        if len(_texts) >= 256:
            _texts.clear()
        _texts[known] = text
    return text


def present(**facts: Any) -> dict[str, Any]:
    """The facts that are not None, as JSON."""
    return {key: value for key, value in facts.items() if value is not None}
