"""The registry of actions: complete, unambiguous, and the source of all that names a key."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from textual.widget import Widget

from mailsurgeon.tui.app import MailsurgeonApp
from mailsurgeon.tui.keys.actions import ACTIONS, BY_ID, CHAINS, State, footer, keys_of
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.screens.dialogs import BadgeFilter, QuitQuestion
from mailsurgeon.tui.screens.help import HelpScreen
from mailsurgeon.tui.screens.journal import JournalScreen
from mailsurgeon.tui.screens.main.screen import MainScreen
from mailsurgeon.tui.screens.plan import PlanScreen
from mailsurgeon.tui.screens.quarantine import QuarantineScreen
from mailsurgeon.tui.screens.spools import SpoolsScreen
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.text.help import help_sections
from mailsurgeon.tui.widgets.folder_tree import FolderTree
from mailsurgeon.tui.widgets.inspector import Inspector
from mailsurgeon.tui.widgets.message_list import MessageList
from mailsurgeon.tui.widgets.pager import Pager
from mailsurgeon.tui.widgets.rows import Rows

OWNERS: dict[str, type] = {
    "tree": FolderTree, "list": MessageList, "inspector": Inspector, "pager": Pager, "rows": Rows,
    "main": MainScreen, "plan": PlanScreen, "journal": JournalScreen, "text": ReadingScreen,
    "quarantine": QuarantineScreen, "spools": SpoolsScreen, "dialog": BadgeFilter,
    "quit": QuitQuestion, "help": HelpScreen, "app": MailsurgeonApp,
}  # fmt: skip
DESIGNED = {
    "up", "down", "left", "right", "h", "j", "k", "l", "g", "G", "pageup", "pagedown", "ctrl+u",
    "ctrl+d", "0", "1", "2", "3", "tab", "+", "_", "n", "N", "/", "b", "s", "space", "v", "A",
    "enter", "m", "f", "z", "r", "d", "u", "ctrl+r", "J", "e", "escape", "R", "y", "!", "?",
    "ctrl+p", "q", "[", "]", "o", "H", "F", "Q",
}  # fmt: skip


def test_every_id_is_its_own_and_every_action_is_explained() -> None:
    assert [name for name, n in Counter(action.id for action in ACTIONS).items() if n > 1] == []
    for action in ACTIONS:
        assert action.keys and action.title and action.scopes, action.id
        assert action.help.endswith("."), action.id


@pytest.mark.parametrize("place", CHAINS)
def test_no_key_means_two_things_at_one_place(place: str) -> None:
    keys = Counter(
        key for action in ACTIONS if set(action.scopes) & set(CHAINS[place]) for key in action.keys
    )
    assert [key for key, n in keys.items() if n > 1] == []


def test_all_keys_of_the_design_work_on_the_main_screen() -> None:
    scopes = {scope for place in ("tree", "list", "inspector") for scope in CHAINS[place]}
    bound = {key for a in ACTIONS if set(a.scopes) & scopes for key in a.keys}
    assert bound >= DESIGNED


def test_every_command_is_a_method_of_what_owns_its_keys() -> None:
    for action in ACTIONS:
        name = action.command.split("(")[0]
        for scope in action.scopes:
            owner = MailsurgeonApp if name.startswith("app.") else OWNERS[scope]
            if name.startswith("screen.") or (action.conditions and issubclass(owner, Widget)):
                owner = MainScreen if scope in ("list", "tree", "inspector") else owner
            method = f"action_{name.removeprefix('screen.').removeprefix('app.')}"
            assert hasattr(owner, method), (action.id, owner)


def test_every_key_can_be_given_to_another() -> None:
    for scope in OWNERS:
        assert all(binding.id in BY_ID for binding in bindings(scope))
    assert keys_of(BY_ID["help"], {"help": "f1,h"}) == ("f1", "h")


@pytest.mark.parametrize("place", CHAINS)
def test_the_line_of_keys_is_short_and_the_help_complete(place: str) -> None:
    assert len(footer(place)) <= 8
    lines = [line for part in help_sections(place, {}, State()) for line in part.lines]
    shown = Counter(line.action.id for line in lines if line.action is not None)
    there = {one.id: 1 for one in ACTIONS if set(one.scopes) & set(CHAINS[place])}
    assert shown == there, "each once"
    assert all(line.action.help in line.text for line in lines if line.action is not None)


def test_only_apply_applies() -> None:
    reason = BY_ID["apply"].disabled_reason(State(read_only=True))
    assert "--read-only" in reason
    assert [a.id for a in ACTIONS if a.command == "apply"] == ["apply"]
    assert BY_ID["apply"].keys == ("Y",)


def test_a_proposal_says_why_it_cannot_be_made() -> None:
    propose = BY_ID["propose"]
    assert propose.disabled_reason(State(chosen=1)) == ""
    assert "nothing is under the cursor" in propose.disabled_reason(State())
    assert "survey" in propose.disabled_reason(State(chosen=1, surveying=True))
    assert "operation runs" in propose.disabled_reason(State(chosen=1, operating=True))


def test_the_table_is_read_without_textual() -> None:
    program = "import sys, mailsurgeon.tui.keys.actions; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n"
