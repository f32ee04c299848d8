"""The methods of the main screen that its controllers may call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from mailsurgeon.tui.screens.base import Result

Cancelled = Callable[[], bool]
"""Returns whether the calling worker should end."""
Work = Callable[[Cancelled], None]
"""The function that a worker runs; it posts messages and does not touch the screen."""
SurveyedFolders = tuple[bytes, ...] | None
"""The paths of the folders to survey; None: the whole spool."""


class MainFacade(Protocol):
    """The main screen as its controllers see it.

    Only the screen's own thread may call these methods, except `post_message`.
    """

    message: str
    """The sentence on the status line."""

    def post_message(self, message: Message, /) -> bool: ...

    def tell(self, text: str, /) -> None:
        """Shows a sentence on the status line, and on that of the screen in front."""
        ...

    def show_status(self) -> None:
        """Updates the status line."""
        ...

    def refresh_keys(self) -> None:
        """Shows the keys of the focused pane."""
        ...

    def copy(self, text: str, /) -> None:
        """Copies a text to the terminal's clipboard."""
        ...

    def is_in_front(self) -> bool:
        """Whether this screen is on top."""
        ...

    def open_screen(
        self, screen: Screen[Result], follow: Callable[[Result | None], None] | None = None, /
    ) -> None:
        """Opens another screen on top; `follow` gets its result, None if it was cancelled."""
        ...

    def begin_survey(self, folders: SurveyedFolders, *, recover: bool = False) -> None:
        """Surveys these folders once no other survey runs; `recover`: first recovers the
        operation that an interrupted run left."""
        ...

    def in_thread(self, work: Work, group: str, *, exclusive: bool = True) -> None:
        """Runs `work` in a thread; `exclusive` cancels the other workers of its group."""
        ...

    def in_one_update(self) -> AbstractContextManager[None]:
        """Draws all changes made inside the block in one frame."""
        ...

    def call_later(self, callback: Callable[[], object], /) -> bool: ...

    def call_after_refresh(self, callback: Callable[[], object], /) -> bool: ...

    def set_timer(self, delay: float, callback: Callable[[], object], /) -> Timer: ...
