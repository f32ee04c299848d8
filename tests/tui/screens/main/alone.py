"""A controller by itself: over a real spool, with a screen and a program that only take notes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from textual.message import Message

from mailsurgeon.tui.messages import IndexRead, ViewRead
from mailsurgeon.tui.screens.main.list_controller import ListController
from mailsurgeon.tui.screens.main.survey_controller import SurveyController
from mailsurgeon.tui.session import SpoolSession


@dataclass
class NotedScreen:
    """What MainScreen is to a controller. Workers run at once, in this thread; what they post is
    in `posted`, for the test to hand on."""

    message: str = ""
    said: list[str] = field(default_factory=list)
    posted: list[Message] = field(default_factory=list)
    opened: list[tuple[Any, Any]] = field(default_factory=list)
    surveys: list[Any] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    later: list[Callable[[], object]] = field(default_factory=list)
    front: bool = True

    def post_message(self, message: Message) -> bool:
        self.posted.append(message)
        return True

    def tell(self, text: str) -> None:
        self.message = text
        self.said.append(text)

    def show_status(self) -> None: ...
    def refresh_keys(self) -> None: ...

    def copy(self, text: str) -> None:
        self.copied.append(text)

    def is_in_front(self) -> bool:
        return self.front

    def open_screen(self, screen: Any, follow: Any = None) -> None:
        self.opened.append((screen, follow))

    def begin_survey(self, folders: Any, *, recover: bool = False) -> None:
        del recover
        self.surveys.append(folders)

    def in_thread(self, work: Any, group: str, *, exclusive: bool = True) -> None:
        del group, exclusive
        work(lambda: False)

    @contextlib.contextmanager
    def in_one_update(self) -> Iterator[None]:
        yield

    def call_later(self, callback: Callable[[], object]) -> bool:
        self.later.append(callback)
        return True

    def call_after_refresh(self, callback: Callable[[], object]) -> bool:
        self.later.append(callback)
        return True

    def set_timer(self, delay: float, callback: Callable[[], object]) -> Any:
        del delay, callback
        return SimpleNamespace(stop=lambda: None)

    def taken(self, kind: type[Message]) -> Any:
        """The message of this kind that was posted, which must be one; none is left."""
        (found,) = (one for one in self.posted if isinstance(one, kind))
        self.posted.clear()
        return found


class NotedProgram:
    """What the app is to a controller."""

    def __init__(self) -> None:
        self.surveying = self.operating = False
        self.stop, self.at_rest = threading.Event(), threading.Event()
        self.watched_how: Callable[[], str] = str
        self.failures: list[Exception] = []

    def fail(self, error: Exception) -> None:
        self.failures.append(error)


class NotedPanes:
    """Which pane has the focus."""

    def __init__(self) -> None:
        self.focused = "list"

    def place(self) -> str:
        return self.focused

    def go_to(self, name: str) -> None:
        self.focused = name


class Alone:
    """The controllers of survey and list over a session, and what they are handed."""

    def __init__(self, session: SpoolSession) -> None:
        self.session = session
        self.screen, self.program, self.panes = NotedScreen(), NotedProgram(), NotedPanes()
        self.before: list[Any] = []
        screen: Any = self.screen
        program: Any = self.program
        panes: Any = self.panes
        self.survey = SurveyController(session, program, screen, self.before.append)
        self.lists = ListController(session, program, screen, panes, self.survey)

    def surveyed(self) -> Alone:
        """The survey done, and what it found shown."""
        self.survey.begin()
        found = self.screen.taken(IndexRead)
        self.program.surveying = False
        self.lists.index_read(found)
        return self.read()

    def read(self) -> Alone:
        """The list that was asked for last is shown."""
        for event in [one for one in self.screen.posted if isinstance(one, ViewRead)]:
            self.lists.view_read(event)
        self.screen.posted.clear()
        return self
