"""Many spools for the start page: surveys them in turn, opens those that the operator enters."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mailsurgeon.host.own_places import temporary_home
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.survey_many import SpoolRow, look_at
from mailsurgeon.procedures.survey_spool import SurveyRequest
from mailsurgeon.survey.find_spools import FoundSpool, find_spools
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.survey.open_spool import Options, index_path, open_spool
from mailsurgeon.survey.progress import Progress, SurveyResult
from mailsurgeon.tui.session import SessionTimes, SpoolSession, SurveyCall
from mailsurgeon.tui.themes import Depth

if TYPE_CHECKING:
    from mailsurgeon.surgery.surgeon import Surgeon
    from mailsurgeon.survey.watch.watcher import Watcher

_POLL = 0.1  # seconds between two attempts to take a turn


@dataclass
class SpoolSessions:
    """The spools below `directory`. `request` describes the survey of each; its `survey` must not
    be None. `surgeon` opens the surgeon of a spool; the other fields are those of a SpoolSession,
    with more of them in `settings`.

    A spool, once opened, stays open until `close`. Only one survey at a time writes its index.
    """

    directory: bytes
    request: SurveyRequest
    surgeon: Callable[[Spool], Surgeon]
    watch: Callable[..., Watcher] | None = None
    read_only: bool = False
    ascii: bool = False
    theme: str = ""
    depth: Depth = "true"
    keymap: Mapping[str, str] = field(default_factory=dict[str, str])
    listen: Callable[[Callable[[str], object]], object] = bool
    settings: SessionTimes = field(default_factory=SessionTimes)

    def __post_init__(self) -> None:
        self._kept = ExitStack()
        self._sessions: dict[bytes, SpoolSession] = {}
        self._turns: dict[bytes, threading.Lock] = {}

    def find(self, not_searched: list[NotExamined]) -> Iterator[FoundSpool]:
        """Yields each spool when it is found. Raises SpoolError if the directory cannot be read."""
        options = self.request.options
        return find_spools(
            self.directory,
            exclude=options.exclude,
            layout=options.layout,
            not_searched=not_searched,
            host=options.host,
        )

    def look(
        self,
        path: bytes,
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        given_up: Callable[[bytes], bool],
    ) -> SpoolRow | None:
        """Surveys a spool; None if cancelled."""
        request = replace(
            self.request, on_progress=on_progress, cancelled=cancelled, given_up=given_up
        )
        with self._turn(path, cancelled) as mine:
            return look_at(path, request) if mine else None

    def enter(self, path: bytes) -> SpoolSession:
        """The session of a spool. Raises MailsurgeonError, OSError, sqlite3.Error."""
        known = self._sessions.get(path)
        if known is not None:
            return known
        spool = open_spool(path, self.request.options)
        index = self._index(spool)
        surgeon = self.surgeon(spool)
        if self.request.survey is None:
            raise ValueError("a session needs a survey of its own")
        session = SpoolSession(
            spool, index, self.request.options, surgeon, self._in_turn(path, self.request.survey),
            watch=self.watch, read_only=self.read_only, ascii=self.ascii, theme=self.theme,
            depth=self.depth, keymap=self.keymap, **self.settings,
        )  # fmt: skip
        self._sessions[path] = session
        return session

    def keep(self, closing: Callable[[], object]) -> None:
        """Registers a function that `close` calls."""
        self._kept.callback(closing)

    def close(self) -> None:
        """Closes everything that was opened."""
        self._kept.close()

    def _index(self, spool: Spool) -> Index:
        """The stored index of this spool, or a temporary one if it cannot be stored."""
        try:
            index = Index.open(index_path(spool))
        except (OSError, sqlite3.Error):
            home = temporary_home(spool.root)
            place = tempfile.TemporaryDirectory(prefix="mailsurgeon-", dir=home)
            self.keep(place.cleanup)
            index = Index.open(Path(place.name) / "index.sqlite3")
        self.keep(index.close)
        return index

    def _in_turn(self, path: bytes, survey: SurveyCall) -> SurveyCall:
        def survey_in_turn(
            spool: Spool,
            index: Index,
            options: Options | None = None,
            *,
            folders: Iterable[bytes] | None = None,
            on_progress: Callable[[Progress], None] | None = None,
            cancelled: Callable[[], bool] | None = None,
            given_up: Callable[[bytes], bool] | None = None,
        ) -> SurveyResult:
            with self._turn(path, cancelled or bool):  # if cancelled, the survey ends by itself
                return survey(
                    spool, index, options, folders=folders, on_progress=on_progress,
                    cancelled=cancelled, given_up=given_up,
                )  # fmt: skip

        return survey_in_turn

    @contextmanager
    def _turn(self, path: bytes, cancelled: Callable[[], bool]) -> Iterator[bool]:
        """Waits until no other survey of this spool runs; yields False if cancelled before."""
        lock = self._turns.setdefault(path, threading.Lock())
        mine = lock.acquire(timeout=_POLL)
        while not mine and not cancelled():
            mine = lock.acquire(timeout=_POLL)
        try:
            yield mine
        finally:
            if mine:
                lock.release()
