"""The help: the keys, signs and badges of a screen; Enter runs a key's action there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Input

from mailsurgeon.text import visible
from mailsurgeon.tui.keys.actions import BY_ID, Action, State, keys_of
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.text.help import HelpPage, HelpSection, help_page, help_sections, matching
from mailsurgeon.tui.widgets.bars import Bar, TitleBar, more_below
from mailsurgeon.tui.widgets.help_rows import HelpRows

_TITLES = {
    "tree": "the tree", "list": "the list", "inspector": "the inspector", "plan": "the plan",
    "journal": "the journal", "quarantine": "what was put away", "spools": "the list of spools",
    "text": "a text", "dialog": "a question", "quit": "a question",
}  # fmt: skip


class Helped(Protocol):
    """A screen or a question that has help."""

    def place(self) -> str:
        """Where the operator is, a key of actions.CHAINS."""
        ...

    def state(self) -> State:
        """The facts that decide whether an action is possible."""
        ...

    def found_codes(self) -> Collection[str]:
        """The kinds of problems whose badges it shows, the worst first."""
        ...


class HelpScreen(BaseScreen[str]):
    """The help of `about`. Its result is the id of the action to run there, or None."""

    PLACE = "help"
    HOME = HelpRows
    BINDINGS = bindings("help")

    def __init__(self, about: Helped) -> None:
        super().__init__()
        self._about = about
        self._sections: list[HelpSection] = []
        self._words = ""

    def parts(self) -> ComposeResult:
        yield TitleBar(id="help-title", classes="title -focused")
        yield HelpRows(self._page, id="help-rows")
        yield Input(id="help-filter", compact=True, placeholder="words of a key's line")

    def on_mount(self) -> None:
        about, program = self._about, self.program
        self._sections = help_sections(
            about.place(), program.settings.keymap, about.state(), about.found_codes(),
            program.watched_how(),
        )  # fmt: skip
        self.query_one("#help-filter", Input).cursor_blink = False
        rows = self.query_one(HelpRows)
        rows.followed = self._show_title
        rows.focus()
        rows.fold()

    def _page(self, width: int) -> HelpPage:
        return help_page(matching(self._sections, self._words), width)

    def _show_title(self) -> None:
        name = f" Help for {_TITLES[self._about.place()]}"
        if self._words:
            name += f": lines with “{visible(self._words, 30)}”"
        self.query_one("#help-title", Bar).show(name, more_below(self.query_one(HelpRows)))

    # Keys

    def action_run_line(self) -> None:
        """Closes the help and runs the action under the cursor; stays if that is impossible."""
        rows = self.query_one(HelpRows)
        line = rows.help_line
        if line is None:
            self.say(f"No line has “{visible(self._words, 30)}”: Esc shows all.")
        elif line.action is None:
            self.say("This line only explains: no key is on it.")
        elif why := self._objection(line.action):
            self.say(f"{line.action.title}: {why}")
        else:
            self.dismiss(line.action.id)

    def _objection(self, action: Action) -> str:
        if action.id == "apply":
            return f"press {keys_of(action, self.program.settings.keymap)[0]} on the plan itself"
        return action.disabled_reason(self._about.state())

    def action_filter(self) -> None:
        """Opens the field for words."""
        self.add_class("-filtering")
        self.call_after_refresh(self.query_one("#help-filter", Input).focus)

    @on(Input.Changed, "#help-filter")
    def _words_typed(self, event: Input.Changed) -> None:
        self._words = event.value.strip()
        self.query_one(HelpRows).fold()
        self._show_title()

    @on(Input.Submitted, "#help-filter")
    def _words_done(self) -> None:
        self.remove_class("-filtering")
        rows = self.query_one(HelpRows)
        rows.focus()
        if self._words and (line := rows.help_line) is not None and line.action is not None:
            key = keys_of(BY_ID["run-line"], self.program.settings.keymap)[0]
            self.say(f"{key} runs it: {line.action.title}.")

    def on_key(self, event: events.Key) -> None:
        """While words are typed, the arrows move the cursor of the lines."""
        step = {"up": -1, "down": 1}.get(event.key)
        if step is not None and self.has_class("-filtering"):
            event.stop()
            rows = self.query_one(HelpRows)
            rows.go_to(rows.cursor + step)

    def action_clear(self) -> None:
        """Clears the filter, else goes back."""
        if self.has_class("-filtering") or self._words:
            self.query_one("#help-filter", Input).value = ""
            self._words_done()
        else:
            self.dismiss(None)

    def action_leave(self) -> None:
        self.dismiss(None)
