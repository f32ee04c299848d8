"""What all screens share: the line of keys, the status line, and the reason against an action."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from mailsurgeon.tui.keys.actions import BY_ID, PANES, Action, State, footer
from mailsurgeon.tui.program import Program
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.widgets.bars import Bar, KeyLine

Result = TypeVar("Result")
TOO_SMALL = "Enlarge the terminal to 60x15, or press q."
_WIDGET_SCOPES = (*PANES, "pager", "rows")


def is_framed(size: Size) -> bool:
    """Whether a screen is large enough for frames around its panes."""
    return size.width >= 100 and size.height >= 30


class BaseScreen(Screen[Result], Generic[Result]):
    """A screen of this program: `place` names it in actions.CHAINS."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (80, "-normal"), (120, "-broad"),
                              (160, "-wide")]  # fmt: skip
    VERTICAL_BREAKPOINTS = [(0, "-low"), (15, "-tall")]
    AUTO_FOCUS = None
    PLACE = "text"
    HOME: type[Widget] | None = None
    """What gets the focus again after the terminal was too small to show anything."""

    @property
    def program(self) -> Program:
        """The app as the screens see it."""
        return cast(Program, self.app)

    @property
    def session(self) -> SpoolSession:
        """The session of the spool that is open."""
        return self.program.session

    def compose(self) -> ComposeResult:
        # Set before the first drawing, so that nothing is drawn twice.
        width, height = self.app.size
        self.set_class(is_framed(self.app.size), "-framed")
        for points, room in (
            (self.HORIZONTAL_BREAKPOINTS, width),
            (self.VERTICAL_BREAKPOINTS, height),
        ):
            self.add_class([name for least, name in points or () if room >= least][-1])
        yield from self.parts()
        yield Bar(id="status")
        yield KeyLine()
        yield Static(TOO_SMALL, id="too-small", markup=False)

    @property
    def inner_width(self) -> int:
        """How many cells of a row are within the frame, where there is one."""
        return self.size.width - (2 if is_framed(self.size) else 0)

    def parts(self) -> ComposeResult:
        """The widgets above the status line."""
        return ()

    def on_mount(self) -> None:
        self.refresh_keys()

    def on_resize(self, _event: events.Resize) -> None:
        self.set_class(is_framed(self.size), "-framed")
        if self.HOME is not None and self.focused is None:
            self.call_after_refresh(self._focus_home)

    def _focus_home(self) -> None:
        if self.HOME is not None and self.focused is None:
            self.query_one(self.HOME).focus()

    # What can be done now

    def place(self) -> str:
        """Where the operator is, a key of actions.CHAINS."""
        return self.PLACE

    def state(self) -> State:
        """The facts that decide whether an action is possible."""
        return self.program.state()

    def found_codes(self) -> Collection[str]:
        """The kinds of problems whose badges it shows, the worst first."""
        return ()

    def refresh_keys(self) -> None:
        """Shows the keys of the focused pane."""
        if self.is_mounted:
            actions = footer(self.place())
            self.query_one(KeyLine).show(actions, self.state(), self.program.settings.keymap)

    def on_descendant_focus(self, _event: events.DescendantFocus) -> None:
        self.refresh_keys()

    def say(self, text: str) -> None:
        """Shows a sentence on the status line, and nowhere else."""
        self.query_one("#status", Bar).show(f" {text}")

    async def action_perform(self, name: str) -> None:
        """Runs an action, by its id, or shows why it is impossible now."""
        action = BY_ID[name]
        if self.has_class("-tiny") or self.has_class("-low"):
            return  # nobody agrees to what is not in view
        if reason := action.disabled_reason(self.state()):
            self.say(f"{action.title}: {reason}")
        else:
            await self._run(action)

    async def action_quit_program(self) -> None:
        """Quits, as ctrl+c does."""
        await self.app.run_action("leave_program", self.app)

    async def action_press(self, name: str) -> None:
        """Does what the key of an action does (line of keys, palette)."""
        await self.action_perform(name)

    async def _run(self, action: Action) -> None:
        owner: DOMNode = self
        if "app" in action.scopes:
            owner = self.app
        elif not action.conditions and set(action.scopes) <= set(_WIDGET_SCOPES):
            owner = self.focused if self.focused is not None else self
        await self.app.run_action(action.command, owner)
