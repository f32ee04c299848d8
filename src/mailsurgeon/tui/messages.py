"""The messages of workers to the screen; nothing else crosses from their threads to the screen's.

Each message is named in the past tense and carries values that do not change afterwards.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.message import Message

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.host.processes import Users
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.survey.index.rows import FolderRow
from mailsurgeon.survey.progress import Progress

if TYPE_CHECKING:
    from mailsurgeon.procedures.survey_many import SpoolRow
    from mailsurgeon.tui.session import SpoolSession

PROGRESS_SECONDS = 0.25  # seconds between two messages of progress


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of problem as the tree shows it."""

    code: str
    count: int
    severity: Severity  # of the worst that was found

    @property
    def trouble(self) -> bool:
        """Whether any of them is more than a remark."""
        return self.severity > Severity.INFO


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole spool as the index had it at one moment."""

    folders: tuple[FolderRow, ...] = ()
    kinds: tuple[KindRow, ...] = ()
    not_examined: int = 0
    depth: str = ""
    order: int = 0  # a reading that began later has a higher number

    @property
    def messages(self) -> int:
        """Messages of the whole spool."""
        return sum(folder.messages for folder in self.folders)


@dataclass(frozen=True, slots=True)
class Renewed:
    """The open list after some folders were surveyed again: the same rows in the same order.

    `view` has the new id of each message whose id has changed; `renamed` maps old ids to new ones.
    For a message that is gone, the new id is the negative old one. A fresh reading of the list
    would have `new` messages more and lack `gone` of these; `changed` holds the ids of messages
    that changed. `ticket` is that of the list it was made for.
    """

    ticket: int
    view: array[int]
    renamed: dict[int, int]
    new: int
    gone: int
    changed: frozenset[int]


class FromWorker(Message):
    """A message from a worker of the main screen to the controllers."""


class WorkFailed(FromWorker):
    """A worker failed, which only the status line shows; `reason` is one line."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class SurveyProgressed(FromWorker):
    """How far the survey is. `waiting`: the directory that does not answer."""

    def __init__(self, stage: str, done: int, total: int, waiting: bytes | None = None) -> None:
        super().__init__()
        self.stage, self.done, self.total, self.waiting = stage, done, total, waiting

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SurveyProgressed)


class SurveyFinished(FromWorker):
    """The survey ended, with a summary or with an error in one line."""

    def __init__(self, summary: str, error: str = "", whole: bool = True) -> None:
        super().__init__()
        self.summary, self.error, self.whole = summary, error, whole


class IndexRead(FromWorker):
    """The folders and kinds of problems were read from the index."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot


class ViewRead(FromWorker):
    """The ids of a list were read from the index."""

    def __init__(self, ticket: int, ids: array[int], cursor: int | None) -> None:
        super().__init__()
        self.ticket, self.ids, self.cursor = ticket, ids, cursor


class ListFailed(FromWorker):
    """A list, or the search for similar messages in it, failed; `reason` is one line."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class AlikeFound(FromWorker):
    """The entries with one problem (and one remedy) in the current list were found."""

    def __init__(self, ids: frozenset[int], title: str) -> None:
        super().__init__()
        self.ids, self.title = ids, title


class NextFound(FromWorker):
    """The line of the next problem was found in the list with this ticket; None: there is none in
    the direction `step`."""

    def __init__(self, ticket: int, line: int | None, step: int) -> None:
        super().__init__()
        self.ticket, self.line, self.step = ticket, line, step


class Proposed(Message):
    """A plan was made, or failed. `dropped`: the verdicts that it leaves out."""

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
    """How many acts of the plan are done."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__()
        self.done, self.total = done, total

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, OperationProgressed)


class OperationFinished(Message):
    """The operation ended, with a report or with an error in one line."""

    def __init__(self, report: Report | None, error: str = "") -> None:
        super().__init__()
        self.report, self.error = report, error


class InterruptionHandled(FromWorker):
    """An operation that an earlier run left unfinished was recovered, or left as it is.

    `effects`: what clients will notice.
    """

    def __init__(self, text: str, effects: Sequence[str] = ()) -> None:
        super().__init__()
        self.text, self.effects = text, effects


class JournalUnusable(FromWorker):
    """The journal cannot be read or written, so nothing may be changed."""

    def __init__(self, error: MailsurgeonError) -> None:
        super().__init__()
        self.error = error


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of the inspector: an "entry" or a "folder" of the index, by its id."""

    what: str
    id: int


class Inspected(FromWorker):
    """The text of one tab of the inspector was made."""

    def __init__(self, subject: Subject, tab: str, lines: list[Text]) -> None:
        super().__init__()
        self.subject, self.tab, self.lines = subject, tab, lines


class UsersSeen(FromWorker):
    """The search for processes that have the spool open has ended."""

    def __init__(self, users: Users, asked: bool) -> None:
        super().__init__()
        self.users, self.asked = users, asked


class SpoolChanged(FromWorker):
    """The watcher has news: changed folders, a lost spool, or a note."""

    def __init__(self, folders: frozenset[bytes], lost: bool = False, note: str = "") -> None:
        super().__init__()
        self.folders, self.lost, self.note = folders, lost, note


class ChangesSurveyed(FromWorker):
    """The folders that had changed were surveyed again, in `seconds`.

    `snapshot` and `renewed` are None if nothing has changed; `error` is one line.
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
    """Spools were found; `ended`: there are no more; `error`: why the search failed."""

    def __init__(self, paths: tuple[bytes, ...], ended: bool = False, error: str = "") -> None:
        super().__init__()
        self.paths, self.ended, self.error = paths, ended, error


class SpoolSurveyed(Message):
    """The survey of a spool has begun, advanced, or ended with a row. `path` None: no spool is
    left to survey."""

    def __init__(
        self,
        path: bytes | None,
        progress: Progress | None = None,
        row: SpoolRow | None = None,
    ) -> None:
        super().__init__()
        self.path, self.progress, self.row = path, progress, row


class SpoolOpened(Message):
    """A spool was opened, or could not be opened."""

    def __init__(self, path: bytes, session: SpoolSession | None, error: str = "") -> None:
        super().__init__()
        self.path, self.session, self.error = path, session, error
