"""What workers report to the screen; nothing else crosses from their threads to the screen's.

Each message is named in the past tense and carries values that nobody changes afterwards.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.message import Message

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.host.processes import Users
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.survey.index.rows import FolderRow

if TYPE_CHECKING:
    from mailsurgeon.procedures.survey_many import SpoolRow
    from mailsurgeon.tui.session import SpoolSession

PROGRESS_SECONDS = 0.25  # seconds between two messages of progress


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


@dataclass(frozen=True, slots=True)
class Renewed:
    """The open list after some folders were surveyed again: the same rows in the same order.

    A message that has another id now has it in `view` (`renamed`: the new id by the old one; the
    new id of a message that is gone is the negative of its own). `new` and `gone` are how many
    messages another reading of the list would show more and less; `changed` are ids. `ticket` is
    that of the list it was made for.
    """

    ticket: int
    view: array[int]
    renamed: dict[int, int]
    new: int
    gone: int
    changed: frozenset[int]


class FromWorker(Message):
    """Posted by a worker of the main screen, whose controllers answer it."""


class WorkFailed(FromWorker):
    """A worker ended with an error that changes nothing but the status line; `reason` is one
    line."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class SurveyProgressed(FromWorker):
    """The survey has come so far. `waiting`: the directory that does not answer."""

    def __init__(self, stage: str, done: int, total: int, waiting: bytes | None = None) -> None:
        super().__init__()
        self.stage, self.done, self.total, self.waiting = stage, done, total, waiting

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SurveyProgressed)


class SurveyFinished(FromWorker):
    """The survey ended: with its summary, or with an error in one line."""

    def __init__(self, summary: str, error: str = "", whole: bool = True) -> None:
        super().__init__()
        self.summary, self.error, self.whole = summary, error, whole


class IndexRead(FromWorker):
    """The folders and kinds of problems were read from the index."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot


class ViewRead(FromWorker):
    """The ids a list shows were read from the index."""

    def __init__(self, ticket: int, ids: array[int], cursor: int | None) -> None:
        super().__init__()
        self.ticket, self.ids, self.cursor = ticket, ids, cursor


class ListFailed(FromWorker):
    """A list, or what is alike in it, could not be read; `reason` is one line."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class AlikeFound(FromWorker):
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


class InterruptionHandled(FromWorker):
    """What was found of an operation that broke off in an earlier run, and done about it.

    `effects` are what clients will notice of that.
    """

    def __init__(self, text: str, effects: Sequence[str] = ()) -> None:
        super().__init__()
        self.text, self.effects = text, effects


class JournalUnusable(FromWorker):
    """The journal cannot be read or written, and without one nothing may be changed."""

    def __init__(self, error: MailsurgeonError) -> None:
        super().__init__()
        self.error = error


@dataclass(frozen=True, slots=True)
class Subject:
    """What the inspector shows: an "entry" or a "folder" of the index, by its id."""

    what: str
    id: int


class Inspected(FromWorker):
    """The text of one tab of the inspector was made."""

    def __init__(self, subject: Subject, tab: str, lines: list[Text]) -> None:
        super().__init__()
        self.subject, self.tab, self.lines = subject, tab, lines


class UsersSeen(FromWorker):
    """The processes that have the spool open were looked for."""

    def __init__(self, users: Users, asked: bool) -> None:
        super().__init__()
        self.users, self.asked = users, asked


class SpoolChanged(FromWorker):
    """The watcher has news: changed folders, a lost spool, or a note."""

    def __init__(self, folders: frozenset[bytes], lost: bool = False, note: str = "") -> None:
        super().__init__()
        self.folders, self.lost, self.note = folders, lost, note


class ChangesSurveyed(FromWorker):
    """The folders that had changed were surveyed again, which took so many seconds.

    `snapshot` and `renewed` are None when nothing has changed; `error` is one line.
    """

    def __init__(
        self,
        seconds: float,
        snapshot: Snapshot | None = None,
        renewed: Renewed | None = None,
        error: str = "",
    ) -> None:
        super().__init__()
        self.seconds, self.snapshot, self.renewed, self.error = seconds, snapshot, renewed, error


class SpoolsFound(Message):
    """Spools were found; `ended` when there are no more, `error` when it went wrong."""

    def __init__(self, paths: tuple[bytes, ...], ended: bool = False, error: str = "") -> None:
        super().__init__()
        self.paths, self.ended, self.error = paths, ended, error


class SpoolSurveyed(Message):
    """The survey of a spool has begun, gone on, or ended with a row. `path` None: no spool waits
    for its survey any more."""

    def __init__(
        self,
        path: bytes | None,
        progress: str = "",
        row: SpoolRow | None = None,
        waiting: bytes | None = None,
    ) -> None:
        super().__init__()
        self.path, self.progress, self.row, self.waiting = path, progress, row, waiting


class SpoolOpened(Message):
    """A spool was opened, or could not be."""

    def __init__(self, path: bytes, session: SpoolSession | None, error: str = "") -> None:
        super().__init__()
        self.path, self.session, self.error = path, session, error
