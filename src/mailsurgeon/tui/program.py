"""The running program as every screen sees it; the app in app.py provides it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.surgery.servers.lock_wait import Stops
from mailsurgeon.tui.keys.actions import State
from mailsurgeon.tui.session import SpoolSession

if TYPE_CHECKING:
    from mailsurgeon.tui.spool_sessions import SpoolSessions


class Program(Protocol):
    """The running program. Only the screens' thread may call its methods; any thread may use the
    two events."""

    session: SpoolSession
    """The session of the spool opened last."""
    settings: SpoolSession | SpoolSessions
    """The settings the program was started with, such as read-only and the keymap."""
    surveying: bool
    """Whether the operator waits for a survey of the open spool."""
    operating: bool
    """Whether a plan is being applied."""
    watched_how: Callable[[], str]
    """Returns how changes on disk are found, for the help; empty if nothing is watched."""
    stop: threading.Event
    """Set when the run ends: every worker stops at its next step."""
    at_rest: threading.Event
    """Set while no operation runs."""
    stops: Stops
    """Where an operation lets the process stop (Ctrl+Z)."""

    def state(self) -> State:
        """The program's part of the facts that decide whether an action is possible."""
        ...

    def open_spool(self, session: SpoolSession, follow: Callable[[object], None]) -> None:
        """Opens a spool from the start page; calls `follow` when the operator comes back."""
        ...

    def leave_spool(self) -> bool:
        """Goes back to the start page; False if there is none."""
        ...

    def fail(self, error: MailsurgeonError) -> None:
        """Goes back to the start page; if there is none, the run ends and raises `error`."""
        ...

    def operation_over(self) -> None:
        """Notes that the operation has ended; ends the run if the operator asked to quit."""
        ...
