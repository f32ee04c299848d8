"""The help: the keys that work where the operator is, from the table of actions, and the badges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.text import Text
from textual.app import ComposeResult

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.tui.keys.actions import ACTIONS, CHAINS, Action, State, keys_of
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.screens.text import reading_parts, show_reading

_TITLES = {
    "tree": "In the tree", "list": "In the list", "inspector": "In the inspector",
    "main": "In every pane", "plan": "In the plan", "rows": "Moving", "journal": "In the journal",
    "pager": "Moving", "text": "Here", "app": "Everywhere", "dialog": "In questions",
    "quit": "While an operation runs", "spools": "In the list of spools",
    "quarantine": "In what was put away",
}  # fmt: skip


def help_lines(
    place: str, keymap: Mapping[str, str], state: State, watched_how: str = ""
) -> Iterator[Text]:
    """The keys that work at a place, the nearest scope first, then the badges.

    `watched_how`: how changes on disk are found; empty if nothing is watched.
    """
    for scope in CHAINS[place]:
        actions = [action for action in ACTIONS if scope in action.scopes]
        if actions:
            yield Text(_TITLES[scope], "bold")
            for action in actions:
                yield _action_line(action, keymap, state)
            yield Text("")
    yield Text("Badges", "bold")
    for kind in CATALOGUE.values():
        yield Text.assemble(
            (f"  {kind.badge:<5}", "bold"), f"{kind.title}. ", (kind.sentence, "dim")
        )
    yield Text("")
    if watched_how:
        yield Text("Watching", "bold")
        yield Text(f"  Folders that change on disk are looked at again; found {watched_how}.")
        yield Text("  The list keeps its rows; the status line shows what is new.")
        yield Text("")
    yield Text("Promises", "bold")
    yield Text(
        "  No key changes anything by itself: it proposes a plan, and only Y there applies it."
    )
    yield Text("  Nothing is deleted; every change is in the journal and can be undone.")


def _action_line(action: Action, keymap: Mapping[str, str], state: State) -> Text:
    keys = " ".join(keys_of(action, keymap))
    line = Text.assemble((f"  {keys:<14} ", "bold"), action.help)
    if reason := action.disabled_reason(state):
        line.append(f" (Not now: {reason}.)", "dim")
    return line


class HelpScreen(BaseScreen[None]):
    """The keys and the badges."""

    BINDINGS = bindings("text")

    def __init__(self, place: str, state: State) -> None:
        super().__init__()
        self._place, self._state = place, state

    def parts(self) -> ComposeResult:
        return reading_parts()

    def on_mount(self) -> None:
        how = self.program.watched_how()
        keymap = self.program.settings.keymap
        lines = list(help_lines(self._place, keymap, self._state, how))
        show_reading(self, "Help", lines)

    def action_leave(self) -> None:
        self.dismiss(None)
