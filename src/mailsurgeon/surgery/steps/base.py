"""What every kind of step is, does and answers.

A kind is one class. It must say how a step of it is done, looked for after a crash, taken back and
kept in the journal; every other question has an answer here that suits most kinds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypedDict

from mailsurgeon.surgery.fsops.expected import QUARANTINE, UNNUMBERED, Expected
from mailsurgeon.text import path_shown

if TYPE_CHECKING:
    from mailsurgeon.maildir.lists.uidlist import Change
    from mailsurgeon.surgery.fsops.resolve import Places
    from mailsurgeon.surgery.servers.locked_folder import LockedFolders
    from mailsurgeon.surgery.steps.scene import Scene
    from mailsurgeon.surgery.steps.shell_words import ShellWords

LINKS = ("inverts", "repeats")


class Alters(Enum):
    """What clients may notice a step by."""

    NOTHING = "nothing"
    NAME = "name"  # of a message or a folder, and where it lies
    RECORD = "record"  # a message's sizes in a server's list
    DATE = "date"
    DIRECTORY = "directory"  # one is there that was missing
    RIGHTS = "rights"


class Where(NamedTuple):
    """The columns of the journal that every kind of step has."""

    source: bytes | None = None
    target: bytes | None = None
    expected: Expected | None = None
    folder: bytes | None = None
    target_folder: bytes | None = None


class Linked(TypedDict):
    """What data of every kind may hold besides their own."""

    inverts: int | None
    repeats: int | None
    keys: tuple[str, ...]


class UidEdit(NamedTuple):
    """What a step needs done to servers' lists: base names renamed, or these very changes."""

    renames: list[tuple[bytes, bytes]]
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Step(ABC):
    """One act. `source` and `target` are relative to the spool, or begin with `quarantine:`.

    `folder` and `target_folder` are the folders (paths relative to the spool, b"" is INBOX) whose
    server lock is held while the step runs; None where no folder is touched on that side.
    A `quarantine:` target made before the operation has its number is written
    `quarantine:@/PATH`; `prepared` puts the number in the place of `@`.

    `inverts`, `repeats`: the earlier step of the journal that this one takes back or does again.
    `keys`: the names of its data in the row it was read from, which keep their order when it is
    written again.
    """

    action: ClassVar[str]
    """The kind, as the journal has it."""
    locks: ClassVar[bool] = True
    """Whether the locks of its folders are needed."""
    in_lists: ClassVar[bool] = False
    """Whether it is done in servers' lists alone, for all acts of a batch at once."""
    alters: ClassVar[Alters] = Alters.NOTHING
    needs_root: ClassVar[bool] = False

    source: bytes | None
    target: bytes | None
    expected: Expected | None = None
    folder: bytes | None = None
    target_folder: bytes | None = None
    _: KW_ONLY
    inverts: int | None = None
    repeats: int | None = None
    keys: tuple[str, ...] = field(default=(), repr=False, compare=False)

    # What a kind must say

    @abstractmethod
    def do(self, places: Places, folders: LockedFolders, /) -> None:
        """Does it, with the rights the caller has, its folders being locked.

        Raises StepRefused when it cannot be done, nothing having changed; HardError, OSError,
        and NotDurable.
        """

    @abstractmethod
    def recover(self, places: Places, folders: LockedFolders, /) -> bool:
        """Whether it was done before a crash; completes one that was half done.

        FileNotFoundError and NotADirectoryError mean that it was not. Raises StepRefused,
        HardError and OSError.
        """

    @abstractmethod
    def inverse(self) -> Step:
        """The step that takes this one back. Raises StepRefused when nothing can."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Its own data as the journal's JSON, `link_facts` among them."""

    @classmethod
    @abstractmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Step:
        """A step from its row: the columns, and the JSON that `facts` wrote.

        Raises KeyError, TypeError and ValueError for data that are not of this kind.
        """

    # The journal

    @property
    def data(self) -> dict[str, Any]:
        """Its data as the journal's JSON: first what its row had, in that order."""
        facts = self.facts()
        if not self.keys:
            return facts
        return {key: facts[key] for key in self.keys if key in facts} | facts

    def link_facts(self) -> dict[str, int | None]:
        """The part of the data that says which earlier step this one is about."""
        return {"inverts": self.inverts, "repeats": self.repeats}

    @property
    def is_linked(self) -> bool:
        """Whether it takes back or repeats another."""
        return self.inverts is not None or self.repeats is not None

    def undoing(self, number: int) -> Step:
        """What takes it back, where the journal has it under this id. Raises StepRefused."""
        return self.inverse().linked(inverts=number)

    def linked(self, *, inverts: int | None = None, repeats: int | None = None) -> Self:
        """The same, said to take back or repeat a step of the journal."""
        keys = keys_without(self.keys, LINKS)
        return replace(self, inverts=inverts, repeats=repeats, keys=keys)

    def prepared(self, scene: Scene) -> Step:
        """The step as the journal must know it before it runs; its quarantine has its number."""
        target = numbered(self.target, scene.operation)
        return self if target is self.target else replace(self, target=target)

    # Locks and batches

    @property
    def folders(self) -> tuple[bytes | None, bytes | None]:
        """The folders it touches."""
        return self.folder, self.target_folder

    @property
    def may_join(self) -> bool:
        """Whether it may share its locks with others: it is done to one message or its record."""
        return False

    @property
    def carries_directory(self) -> bool:
        """Whether it takes a directory elsewhere, and all that is in it."""
        return False

    def taking_back(self) -> Step:
        """What takes it back at once, in the middle of its act. Raises StepRefused."""
        return self.inverse()

    @property
    def is_sign(self) -> bool:
        """Whether, once it is found done, the steps before it in its act surely were."""
        return True

    # Lists of UIDs, keywords, quota

    @property
    def edits_uids(self) -> bool:
        """Whether records in servers' lists of UIDs follow it."""
        return False

    @property
    def keeps_uid(self) -> bool:
        """Whether it changes a base name in one folder, and the record must follow."""
        return False

    @property
    def stays_in_folder(self) -> bool:
        """Whether it renames a served message inside its folder."""
        return False

    def uid_edit(self) -> UidEdit | None:
        """What the lists of its folder must follow; None when there is nothing."""
        return None

    def bases_given_up(self) -> Sequence[bytes]:
        """The base names in its folder whose records it needs."""
        return ()

    def bases_led_to(self) -> Sequence[bytes]:
        """The base names that records in its folder have once they follow."""
        return ()

    def noting(self, _changes: Sequence[Change], /) -> Step:
        """The step as the journal keeps it, once its changes of records are known."""
        return self

    @property
    def record_after(self) -> tuple[bytes, bytes] | None:
        """For a step that takes a rename back: the folder and base name its record is under."""
        return None

    def carrying(self, _changes: Sequence[Change], /) -> Step:
        """The step that also makes these very changes of records, where `record_after` is."""
        return self

    @property
    def quota_change(self) -> tuple[int, int]:
        """The bytes and messages that it adds to the sum of `maildirsize`."""
        return 0, 0

    def uncounted(self) -> Step:
        """The same, adding nothing to that sum."""
        return self

    @property
    def counted_acts(self) -> Sequence[int]:
        """The acts whose bytes and messages it adds to `maildirsize`."""
        return ()

    # Plans

    @property
    def came_from(self) -> bytes | None:
        """The path that what is at `target` now had before; None when it had none."""
        return None

    @property
    def puts_away(self) -> bool:
        """Whether it puts something into the quarantine."""
        return False

    @property
    def keeps_for_return(self) -> bool:
        """Whether it saves what a message put away in the same act needs when it comes back."""
        return False

    @property
    def purges(self) -> int | None:
        """The step whose thing in the quarantine it deletes."""
        return None

    def for_base(self, _base: bytes, /) -> Step:
        """The same for a message that gets this base name."""
        return self

    # Words

    @property
    def about(self) -> bytes:
        """The path it changes; the folder, where it changes a list of one."""
        path = self.target if self.source is None else self.source
        return path if path is not None else self.folder or b""

    def tell(self, shown: Callable[[bytes], str] = path_shown) -> str:
        """`rename cur/a -> cur/b`; safe to show. `shown`: how a path is written."""
        to = "" if self.source is None or self.target is None else f" -> {shown(self.target)}"
        return f"{self.action} {shown(self.about)}{to}"

    def shell(self, words: ShellWords) -> Iterator[str]:
        """Lines of POSIX shell that do the same by hand."""
        yield words.by_hand(self.action, self.target or self.source or self.folder or b"")


def link_data(data: Mapping[str, Any]) -> Linked:
    """What a row's data say besides those of the kind."""
    return Linked(inverts=data.get("inverts"), repeats=data.get("repeats"), keys=tuple(data))


@lru_cache(maxsize=256)
def keys_without(keys: tuple[str, ...], dropped: tuple[str, ...]) -> tuple[str, ...]:
    """The names of data but for those that come anew, and so last."""
    return tuple(key for key in keys if key not in dropped)


def present(**facts: Any) -> dict[str, Any]:
    """The data that are known: JSON without what is None."""
    return {key: value for key, value in facts.items() if value is not None}


def numbered(path: bytes | None, operation: int) -> bytes | None:
    """The path with the number of its operation, where it has none yet."""
    if path is None or not path.startswith(UNNUMBERED):
        return path
    return b"%s%d/%s" % (QUARANTINE, operation, path[len(UNNUMBERED) :])
