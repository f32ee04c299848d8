"""What a controller may ask of the main screen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from mailsurgeon.tui.screens.base import Result

Cancelled = Callable[[], bool]
"""Says whether the worker that asks is to end."""
Work = Callable[[Cancelled], None]
"""What a worker does; it posts messages and touches nothing of the screen."""
SurveyedFolders = tuple[bytes, ...] | None
"""Paths of folders to survey; None stands for the whole spool."""


class MainFacade(Protocol):
    """The main screen as its controllers know it.

    Its methods belong to the screen's own thread; `post_message` alone may be called from any.
    """

    message: str
    """The sentence on the status line."""

    def post_message(self, message: Message, /) -> bool: ...

    def tell(self, text: str, /) -> None:
        """Says a sentence on the status line, also on that of the screen in front."""
        ...

    def show_status(self) -> None:
        """Shows the status line as things stand."""
        ...

    def refresh_keys(self) -> None:
        """Shows the keys of the focused pane."""
        ...

    def copy(self, text: str, /) -> None:
        """Copies a text to the terminal's clipboard."""
        ...

    def is_in_front(self) -> bool:
        """Whether no other screen is over this one."""
        ...

    def open_screen(
        self, screen: Screen[Result], follow: Callable[[Result | None], None] | None = None, /
    ) -> None:
        """Opens another screen over this one; `follow` gets what it ends with."""
        ...

    def begin_survey(self, folders: SurveyedFolders, *, recover: bool = False) -> None:
        """Surveys these folders as soon as no folder is being looked at; `recover`: first undoes
        or finishes what an interrupted run left."""
        ...

    def in_thread(self, work: Work, group: str, *, exclusive: bool = True) -> None:
        """Runs `work` in a thread; `exclusive` cancels the others of its group."""
        ...

    def in_one_update(self) -> AbstractContextManager[None]:
        """Draws what is changed inside in one frame."""
        ...

    def call_later(self, callback: Callable[[], object], /) -> bool: ...

    def call_after_refresh(self, callback: Callable[[], object], /) -> bool: ...

    def set_timer(self, delay: float, callback: Callable[[], object], /) -> Timer: ...
