"""The Textual app: settings, themes, signals. The rest is in the screens.

The first screen is imported when it opens: there are two, and a run needs only one of them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Unpack

from rich.theme import Theme as RichTheme
from textual.app import App, SystemCommand
from textual.filter import LineFilter, NoColor
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.surgery.servers.lock_wait import NO_STOPS, Stops
from mailsurgeon.tui.keys.actions import State
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.palette import Commands
from mailsurgeon.tui.session import ScreenSettings, SpoolSession, SurveyCall, watch_spool
from mailsurgeon.tui.terminal.ascii_filter import AsciiOnly
from mailsurgeon.tui.terminal.control_filter import SafeOnly
from mailsurgeon.tui.terminal.hangup import EndSignals, StopSignal
from mailsurgeon.tui.themes import DARK, SHORT_NAMES, depth_of, own_themes, preferred, text_styles

if TYPE_CHECKING:
    from mailsurgeon.maildir.spool import Spool
    from mailsurgeon.procedures.survey_spool import SurveyRequest
    from mailsurgeon.surgery.surgeon import Surgeon
    from mailsurgeon.survey.index.index import Index
    from mailsurgeon.survey.open_spool import Options
    from mailsurgeon.tui.spool_sessions import SpoolSessions

_THREADS = 32
"""Workers at once; many, since a file system that does not answer blocks a worker for long."""


class _Threads(ThreadPoolExecutor):
    """The threads of the workers. The program ends without waiting for them."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        del wait
        super().shutdown(wait=False, cancel_futures=cancel_futures)


class MailsurgeonApp(App[int]):
    """One run over one spool or over many; `session` is that of the spool opened last."""

    session: SpoolSession

    TITLE = "mailsurgeon"
    CSS_PATH = [
        "styles/app.tcss", "styles/main.tcss", "styles/plan.tcss", "styles/dialogs.tcss",
        "styles/spools.tcss", "styles/help.tcss",
    ]  # fmt: skip
    BINDINGS = bindings("app")
    COMMANDS = {Commands}
    COMMAND_PALETTE_BINDING = "f12"  # the table of actions binds it, under its own id
    ALLOW_SELECT = False
    ESCAPE_TO_MINIMIZE = False

    def __init__(self, opened: SpoolSession | SpoolSessions) -> None:
        self._own_filters = [SafeOnly(), *([AsciiOnly()] if opened.ascii else [])]
        # Without this, a terminal without colours would be sent shades of grey.
        super().__init__(ansi_color=True if opened.depth in ("16", "none") else None)
        self.settings = opened
        self.spools: SpoolSessions | None = None
        if isinstance(opened, SpoolSession):
            self.session = opened
        else:
            self.spools = opened
        self.surveying = False
        self.operating = False
        self.watched_how: Callable[[], str] = str  # how it finds changes on disk, for the help
        self.stop = threading.Event()  # set when the run ends: every worker stops at its next step
        self.failure: MailsurgeonError | None = None  # why the run cannot go on
        self.at_rest = threading.Event()  # set while no operation runs, for every thread
        self.at_rest.set()
        self.stops = NO_STOPS  # until there is a thread of the screen's that could stop
        self.animation_level = "none"
        for theme in own_themes(opened.depth):
            self.register_theme(theme)
        self.theme = opened.theme or DARK
        self.watch_theme()
        self.set_keymap(dict(opened.keymap))

    def watch_theme(self) -> None:
        """Gives the texts of this program their styles in the colours of the theme."""
        self.console.push_theme(RichTheme(text_styles(self.get_css_variables())))

    def get_line_filters(self) -> Sequence[LineFilter]:
        colourless = [NoColor()] if self.settings.depth == "none" else []
        return [*super().get_line_filters(), *colourless, *self._own_filters]

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """No command of Textual: the palette has this program's own."""
        del screen
        return ()

    def get_default_screen(self) -> Screen[None]:
        """The first screen, with no screen below it: drawing that would be wasted."""
        if self.spools is not None:
            from mailsurgeon.tui.screens.spools import SpoolsScreen

            return SpoolsScreen(self.spools)
        from mailsurgeon.tui.screens.main.screen import MainScreen

        return MainScreen(self.session, self)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(_Threads(_THREADS, "work"))
        end = partial(loop.call_soon_threadsafe, self.end_soon)
        self._signals = EndSignals(end, self.stop, self.at_rest)
        self._signals.take()
        self._stop_signal = StopSignal(loop.call_soon_threadsafe, self.at_rest)
        self._stop_signal.take()
        self.stops = Stops(self._stop_signal.wanted, self._stop_signal.here)
        # Stopped by ctrl+z and continued: the shell has written where the screen was.
        self.app_resume_signal.subscribe(self, lambda _app: self.refresh(layout=True))
        self.settings.listen(lambda line: loop.call_soon_threadsafe(self._say, line))

    def _say(self, line: str) -> None:
        from mailsurgeon.tui.screens.base import BaseScreen

        if isinstance(self.screen, BaseScreen):
            self.screen.say(line)

    def open_spool(self, session: SpoolSession, follow: Callable[[object], None]) -> None:
        """Opens a spool from the start page; calls `follow` when the operator comes back."""
        from mailsurgeon.tui.screens.main.screen import MainScreen

        def come_back(result: object) -> None:
            self.surveying = False  # its workers have been cancelled
            follow(result)

        self.session = session
        self.push_screen(MainScreen(session, self), come_back)

    def leave_spool(self) -> bool:
        """Goes back to the start page; False if there is none or an operation runs."""
        if self.spools is None or self.operating:
            return False
        self.screen.dismiss(None)
        return True

    def on_unmount(self) -> None:
        self._signals.give_back()
        self._stop_signal.give_back()

    def state(self) -> State:
        """The app's part of the facts that decide whether an action is possible."""
        return State(
            read_only=self.settings.read_only, surveying=self.surveying, operating=self.operating
        )

    def end_soon(self) -> None:
        """Ends the run after the step that is running: the terminal is gone, or a person quits."""
        self.stop.set()
        if not self.operating:
            self.exit(0)

    def fail(self, error: MailsurgeonError) -> None:
        """Goes back to the start page; if there is none, the run ends and raises `error`."""
        if not self.leave_spool():
            self.failure = error
            self.end_soon()

    def operation_over(self) -> None:
        """Notes that the operation has ended; ends the run if the operator asked to quit."""
        self.operating = False
        if self.stop.is_set():
            self.exit(0)

    def action_leave_program(self) -> None:
        """Quits; asks first if an operation runs."""
        from mailsurgeon.tui.screens.dialogs import QuitQuestion

        if not self.operating:
            self.stop.set()
            self.exit(0)
        elif not isinstance(self.screen, QuitQuestion):
            self.push_screen(QuitQuestion(), lambda leave: self.end_soon() if leave else None)

    async def action_quit(self) -> None:
        self.action_leave_program()

    def action_help(self) -> None:
        """Shows the help of the screen or question in front; closes it again."""
        from mailsurgeon.tui.screens.base import BaseScreen
        from mailsurgeon.tui.screens.dialogs import Dialog
        from mailsurgeon.tui.screens.help import HelpScreen

        about = self.screen
        if isinstance(about, HelpScreen):
            about.action_leave()
        elif isinstance(about, (BaseScreen, Dialog)):

            def follow(name: str | None) -> None:
                if name is not None:
                    about.call_later(about.action_press, name)

            self.push_screen(HelpScreen(about), follow)

    def action_suspend(self) -> None:
        """Stops the process, as the shell's ctrl+z does; while an operation runs, between steps."""
        os.kill(os.getpid(), signal.SIGTSTP)


def run_app(
    spool: Spool,
    index: Index,
    options: Options,
    surgeon: Surgeon,
    *,
    survey: SurveyCall,
    prepare: Callable[[], object] = tuple,
    mouse: bool = True,
    **settings: Unpack[ScreenSettings],
) -> int:
    """Runs the screen until the operator leaves it; returns the exit code.

    `prepare` and `settings` are fields of the SpoolSession. Raises MailsurgeonError if `theme` is
    not one of Textual's, JournalError if the journal cannot be read and changes are allowed.
    """
    watch = partial(watch_spool, host=options.host)
    session = SpoolSession(spool, index, options, surgeon, survey, prepare, watch=watch, **settings)
    return _run(session, session.theme, mouse)


def run_spools(
    directory: bytes,
    request: SurveyRequest,
    surgeon: Callable[[Spool], Surgeon],
    *,
    mouse: bool = True,
    **settings: Unpack[ScreenSettings],
) -> int:
    """Like `run_app`, but for all spools below a directory; opens the list of them first.

    `request` describes the survey of each, `surgeon` opens the surgeon of a spool; `settings` are
    more fields of the SpoolSessions.
    """
    from mailsurgeon.tui.spool_sessions import SpoolSessions

    watch = partial(watch_spool, host=request.options.host)
    spools = SpoolSessions(directory, request, surgeon, watch=watch, **settings)
    try:
        return _run(spools, spools.theme, mouse)
    finally:
        spools.close()


def _run(opened: SpoolSession | SpoolSessions, theme: str, mouse: bool) -> int:
    opened.depth = depth_of(os.environ)
    opened.theme = SHORT_NAMES.get(theme, theme) or preferred(os.environ)
    known = {*BUILTIN_THEMES, *SHORT_NAMES.values()}
    if opened.theme not in known:
        names = ", ".join(sorted({*known, *SHORT_NAMES}))
        raise MailsurgeonError(f"no theme {theme!r}; there are: {names}")
    # Workers share the interpreter with the screen; with shorter turns, keys respond faster.
    sys.setswitchinterval(0.0005)
    app = MailsurgeonApp(opened)
    code = app.run(mouse=mouse) or 0
    if app.failure is not None:
        raise app.failure
    return code
