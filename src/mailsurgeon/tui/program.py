"""What every screen needs of the running program; the app in app.py is the one that has it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.tui.keys.actions import State
from mailsurgeon.tui.session import SpoolSession

if TYPE_CHECKING:
    from mailsurgeon.tui.spool_sessions import SpoolSessions


class Program(Protocol):
    """The running program. Its methods belong to the thread of the screens; the two events may be
    asked from any thread."""

    session: SpoolSession
    """That of the spool opened last."""
    settings: SpoolSession | SpoolSessions
    """How the program was started: read-only, keymap."""
    surveying: bool
    """Whether a survey of the open spool runs that the operator waits for."""
    operating: bool
    """Whether a plan is being applied."""
    watched_how: Callable[[], str]
    """Says how changes on disk are found, for the help; empty where nothing is watched."""
    stop: threading.Event
    """Set when the run ends: every worker stops at its next step."""
    at_rest: threading.Event
    """Set while no operation runs."""

    def state(self) -> State:
        """What decides whether an action is possible, as far as the program knows."""
        ...

    def open_spool(self, session: SpoolSession, follow: Callable[[object], None]) -> None:
        """Goes from the start page into a spool; `follow` is called on the way back."""
        ...

    def leave_spool(self) -> bool:
        """Goes back to the start page; False where there is none."""
        ...

    def fail(self, error: MailsurgeonError) -> None:
        """Goes back to the start page; where there is none ends the run, which raises `error`."""
        ...

    def operation_over(self) -> None:
        """An operation has ended; if the run was to end with it, it does."""
        ...
