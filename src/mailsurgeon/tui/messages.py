"""What the workers tell the screen: past tense, frozen, nothing else crosses the thread border."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.message import Message

from mailsurgeon.host.processes import Users

if TYPE_CHECKING:
    from mailsurgeon.surgery.model import Plan, Report
    from mailsurgeon.survey.index.rows import FolderRow


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of problem as the tree shows it."""

    code: str
    count: int
    trouble: bool  # above info


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the index said of the whole spool at one moment."""

    folders: tuple[FolderRow, ...] = ()
    kinds: tuple[KindRow, ...] = ()
    not_examined: int = 0
    depth: str = ""
    order: int = 0  # readings begun later have the higher number

    @property
    def messages(self) -> int:
        """Messages of the whole spool."""
        return sum(folder.messages for folder in self.folders)


class SurveyProgressed(Message):
    """The survey has come so far. `waiting`: the directory that does not answer."""

    def __init__(self, stage: str, done: int, total: int, waiting: bytes | None = None) -> None:
        super().__init__()
        self.stage, self.done, self.total, self.waiting = stage, done, total, waiting

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SurveyProgressed)


class SurveyFinished(Message):
    """The survey ended: with its summary, or with an error in one line."""

    def __init__(self, summary: str, error: str = "", whole: bool = True) -> None:
        super().__init__()
        self.summary, self.error, self.whole = summary, error, whole


class IndexRead(Message):
    """The folders and kinds of problems were read from the index."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot


class ViewRead(Message):
    """The ids a list shows were read from the index."""

    def __init__(self, ticket: int, ids: array[int], cursor: int | None) -> None:
        super().__init__()
        self.ticket, self.ids, self.cursor = ticket, ids, cursor


class ListFailed(Message):
    """A list, or what is alike in it, could not be read; `reason` is one line."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class AlikeFound(Message):
    """The entries with one problem (and one remedy) in the current list were found."""

    def __init__(self, ids: frozenset[int], title: str) -> None:
        super().__init__()
        self.ids, self.title = ids, title


class Proposed(Message):
    """A plan was made, or could not be. `dropped`: the verdicts it was made without."""

    def __init__(
        self,
        plan: Plan | None,
        number: int | None,
        error: str = "",
        dropped: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__()
        self.plan, self.number, self.error, self.dropped = plan, number, error, dropped


class OperationProgressed(Message):
    """So many acts of the plan are done."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__()
        self.done, self.total = done, total

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, OperationProgressed)


class OperationFinished(Message):
    """The operation ended: with its report, or with an error in one line."""

    def __init__(self, report: Report | None, error: str = "") -> None:
        super().__init__()
        self.report, self.error = report, error


class Recovered(Message):
    """What was found of an operation that broke off in an earlier run."""

    def __init__(self, text: str, effects: Sequence[str] = ()) -> None:
        super().__init__()
        self.text, self.effects = text, effects


@dataclass(frozen=True, slots=True)
class Subject:
    """What the inspector tells of: an "entry" or a "folder" of the index, by its id."""

    what: str
    id: int


class Inspected(Message):
    """The text of one tab of the inspector was made."""

    def __init__(self, subject: Subject, tab: str, lines: list[Text]) -> None:
        super().__init__()
        self.subject, self.tab, self.lines = subject, tab, lines


class UsersSeen(Message):
    """The processes that have the spool open were looked for."""

    def __init__(self, users: Users, asked: bool) -> None:
        super().__init__()
        self.users, self.asked = users, asked
