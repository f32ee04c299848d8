"""The help: found on every screen, filtered by words, and its lines run what they say."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from mailsurgeon.tui.screens.dialogs import BadgeFilter, FlagsEditor
from mailsurgeon.tui.screens.help import HelpScreen
from mailsurgeon.tui.screens.journal import JournalScreen
from mailsurgeon.tui.screens.plan import PlanScreen
from mailsurgeon.tui.screens.quarantine import QuarantineScreen
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.widgets.bars import Bar
from mailsurgeon.tui.widgets.help_rows import HelpRows
from tests.support.protects import protects
from tests.tui.conftest import ScreenMaildir, front, keys, main, settled, status

SIZES = [
    pytest.param((60, 15), id="60x15"),
    pytest.param((80, 24), id="80x24", marks=pytest.mark.process),
    pytest.param((200, 50), id="200x50", marks=pytest.mark.process),
]


def rows(pilot: Pilot[Any]) -> HelpRows:
    screen = front(pilot)
    assert isinstance(screen, HelpScreen), screen
    return screen.query_one(HelpRows)


def text(pilot: Pilot[Any]) -> str:
    return "\n".join(row.plain for row in rows(pilot).rows)


def action(pilot: Pilot[Any]) -> str:
    """The id of the action under the cursor; empty if the line has none."""
    line = rows(pilot).help_line
    return line.action.id if line is not None and line.action is not None else ""


async def find(pilot: Pilot[Any], words: str) -> None:
    """Filters by words, typed key by key, and goes to the lines."""
    await keys(pilot, "slash")
    assert isinstance(front(pilot).focused, Input)
    await pilot.press(*(" " if char == " " else char for char in words))
    await keys(pilot, "enter")


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_page_has_the_promise_and_the_keys_to_begin_with(
    maildir: ScreenMaildir, size: tuple[int, int]
) -> None:
    async with maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "?")
        found = rows(pilot)
        drawn = "\n".join(found.render_line(y).text for y in range(found.size.height))
        assert "only Y there applies it" in " ".join(drawn.split())
        assert "Enter        Proposes the remedy" in drawn
        assert action(pilot) == "propose"
        assert "▾" in front(pilot).query_one("#help-title", Bar).text
        await keys(pilot, "G")
        assert "▾" not in front(pilot).query_one("#help-title", Bar).text
        await keys(pilot, "g")
        assert found.top() == 0
        assert "First of all" in found.render_line(0).text


OPENED = {
    "plan": (("enter", "A", "enter"), PlanScreen, "Drops the kind under the cursor"),
    "journal": (("J",), JournalScreen, "Filters the operations"),
    "quarantine": (("Q",), QuarantineScreen, "all that the same operation put away"),
    "text": (("!",), ReadingScreen, "Half a page up"),
    "badges": (("b",), BadgeFilter, "Chooses the line"),
    "flags": (("enter", "f"), FlagsEditor, "Takes what is entered or chosen"),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", OPENED)
async def test_every_screen_and_question_has_its_help(
    maildir: ScreenMaildir, name: str, size: tuple[int, int]
) -> None:
    opened, screen, line = OPENED[name]
    async with maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        await keys(pilot, *opened)
        about = front(pilot)
        assert isinstance(about, screen)
        for way_back in ("escape", "q", "?"):
            await keys(pilot, "?")
            assert line in " ".join(text(pilot).split())
            await keys(pilot, way_back)
            assert front(pilot) is about


async def test_words_are_found_as_they_are_typed_and_escape_shows_all_again(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "?")
        whole = text(pilot)
        await keys(pilot, "slash", "q", "u", "a")
        assert "quarantine" in text(pilot) and "Half a page" not in text(pilot)
        await keys(pilot, "down")
        assert action(pilot) == "propose-quarantine"
        await keys(pilot, "enter")
        assert rows(pilot).has_focus
        assert "Enter runs it: quarantine." in status(pilot)
        assert "“qua”" in front(pilot).query_one("#help-title", Bar).text
        await keys(pilot, "escape")
        assert text(pilot) == whole
        assert action(pilot) == "propose-quarantine", "the cursor stays on its line"
        await keys(pilot, "escape")
        assert front(pilot) is main(pilot)


async def test_where_no_line_has_the_words_that_is_said(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "?")
        await find(pilot, "xyz")
        assert text(pilot) == ""
        await keys(pilot, "down", "up", "enter")
        assert "No line has “xyz”: Esc shows all." in status(pilot)


async def test_enter_runs_the_line_on_the_screen_below(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "?")
        await find(pilot, "order folders")
        await keys(pilot, "enter")
        assert front(pilot) is main(pilot)
        assert main(pilot).lists.tree.by_problems
        await keys(pilot, "2", "?")
        await find(pilot, "one line down")
        await keys(pilot, "enter")
        assert main(pilot).lists.list.line() == 1, "also what moves a pane's cursor"
        await keys(pilot, "?")
        await find(pilot, "all with that problem")
        await keys(pilot, "enter")
        assert "3 marked" in status(pilot)
        await keys(pilot, "?", "enter")
        assert isinstance(front(pilot), PlanScreen)


async def test_a_line_is_run_on_the_plan_and_in_a_question(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter", "?")
        await find(pilot, "drops kind under")
        await keys(pilot, "enter")
        assert front(pilot).dropped
        await keys(pilot, "?")
        await find(pilot, "one line down")
        await keys(pilot, "enter")
        assert isinstance(front(pilot), PlanScreen)
        await keys(pilot, "q", "b", "down", "?")
        await find(pilot, "chooses the line")
        await keys(pilot, "enter")
        assert isinstance(front(pilot), BadgeFilter)
        await keys(pilot, "enter")
        assert "badge: SIZE" in status(pilot)


@protects("only Y applies", where="tui/screens/help.py")
async def test_the_help_applies_no_plan(maildir: ScreenMaildir) -> None:
    before = maildir.picture()
    async with maildir.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter", "?")
        await find(pilot, "applies the plan")
        assert action(pilot) == "apply"
        await keys(pilot, "enter")
        assert "apply: press Y on the plan itself" in status(pilot)
        assert isinstance(front(pilot), HelpScreen)
    assert maildir.picture() == before


async def test_what_is_impossible_says_why_and_what_only_explains_says_so(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "?")  # in the tree, where nothing is chosen
        await find(pilot, "correct the size")
        assert "Not now:" in text(pilot)
        await keys(pilot, "enter")
        assert isinstance(front(pilot), HelpScreen)
        assert "size: nothing is under the cursor and nothing is marked" in status(pilot)
        await keys(pilot, "escape")
        await find(pilot, "misfiled outside")
        await keys(pilot, "enter")
        assert isinstance(front(pilot), HelpScreen)
        assert "This line only explains" in status(pilot)


async def test_what_has_become_possible_meanwhile_is_run(maildir: ScreenMaildir) -> None:
    app = maildir.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app.surveying = True
        await keys_now(pilot, "?")
        assert "Not now: proposal when the survey is done" in " ".join(text(pilot).split())
        app.surveying = False
        await find(pilot, "what `fix` does")
        await keys(pilot, "enter")
        assert isinstance(front(pilot), PlanScreen)


async def keys_now(pilot: Pilot[Any], *pressed: str) -> None:
    """Presses keys without waiting for a survey to end."""
    await pilot.press(*pressed)
    await pilot.pause()


@pytest.mark.parametrize("width", [60, 80])
async def test_the_cursor_goes_from_line_to_line_and_covers_all_rows_of_one(
    maildir: ScreenMaildir, width: int
) -> None:
    async with maildir.app().run_test(size=(width, 15)) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "?", "home")
        found, page = rows(pilot), rows(pilot).page_shown
        wanted = [row for row in range(len(page.rows)) if page.begins(row)]
        seen = [found.cursor]
        for _ in wanted[1:]:
            found.action_cursor_down()
            seen.append(found.cursor)
            top, bottom = found.top(), found.top() + found.size.height
            assert all(top <= row < bottom for row in page.rows_of(found.cursor))
        assert seen == wanted
        for _ in wanted[1:]:
            found.action_cursor_up()
            seen.pop()
            assert found.cursor == seen[-1]
        assert found.top() == 0
        await keys(pilot, *["pagedown"] * 30)
        assert found.cursor == wanted[-1]
        await keys(pilot, *["pageup"] * 30)
        assert found.cursor == wanted[0]


async def test_the_help_is_folded_anew_when_the_terminal_changes(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "?", "down", "down")
        here = action(pilot)
        await pilot.resize_terminal(60, 15)
        await settled(pilot)
        assert action(pilot) == here
        assert all(row.cell_len <= 60 for row in rows(pilot).rows)
        await pilot.resize_terminal(40, 10)  # too small to show anything
        await pilot.resize_terminal(100, 30)
        await settled(pilot)
        await keys(pilot, "up")
        assert action(pilot) != here


async def test_remapped_keys_stand_in_the_help(maildir: ScreenMaildir) -> None:
    async with maildir.app(keymap={"journal": "f7"}).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "?")
        assert "  f7           Shows the journal" in text(pilot)
