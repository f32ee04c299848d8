"""The ways through the screens that a first session takes, at three sizes of the terminal."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from textual.pilot import Pilot

from mailsurgeon.surgery.fsops.paths import spelled
from mailsurgeon.surgery.model import Plan
from mailsurgeon.survey.progress import Progress
from mailsurgeon.tui.app import MailsurgeonApp
from mailsurgeon.tui.screens.dialogs import AskFile, AskFolder, BadgeFilter, FlagsEditor
from mailsurgeon.tui.screens.help import HelpScreen
from mailsurgeon.tui.screens.journal import JournalScreen
from mailsurgeon.tui.screens.plan import PlanScreen
from mailsurgeon.tui.screens.quarantine import QuarantineScreen
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.text.changes import shown
from mailsurgeon.tui.widgets.bars import Bar
from mailsurgeon.tui.widgets.plan_list import PlanList
from tests.tui.conftest import (
    ScreenMaildir,
    each_size,
    front,
    keys,
    listed,
    main,
    settled,
    status,
    tree_lines,
)

Size = tuple[int, int]


def drawn(pilot: Pilot[Any]) -> str:
    """The screen in front as it is drawn."""
    strips = front(pilot)._compositor.render_strips(front(pilot).size)
    return "\n".join(strip.text for strip in strips)


# A message with four problems


@each_size
async def test_of_a_message_with_four_problems_the_repair_is_in_view(
    empty_maildir: ScreenMaildir, size: Size
) -> None:
    content = (
        "From: a@example.org\nMessage-ID: <1@b.c>\nDate: Mon, 1 Jan 2001 00:00:00 +0000\n\nHi\n"
    )
    empty_maildir.mail(".lists/{n},S=9999:2,SF", content=content)
    empty_maildir.folder("lists")
    async with empty_maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        await keys(pilot, "enter")
        assert len(main(pilot).lists.list.problems) == 4
        lines = drawn(pilot).splitlines()
        repair = next(number for number, line in enumerate(lines) if "Repair" in line)
        assert "->" in "".join(lines[repair : repair + 3])
        if size == (200, 50):
            assert any("Clients" in line for line in lines)


# A plan of fifteen kinds


def of_many_kinds(plan: Plan, kinds: int) -> Plan:
    """The plan with its changes given to so many kinds."""
    acts = tuple(
        dataclasses.replace(act, verdict=f"kind {number % kinds}")
        for number, act in enumerate(plan.acts)
    )
    return dataclasses.replace(plan, acts=acts)


@each_size
async def test_every_change_of_a_plan_of_fifteen_kinds_can_be_reached(
    empty_maildir: ScreenMaildir, size: Size
) -> None:
    empty_maildir.folder("lists")
    for _ in range(30):
        empty_maildir.mail(".lists/{n}:2,S")
    session = empty_maildir.session()
    propose_all = session.tools.propose_all
    session.tools.propose_all = lambda index: of_many_kinds(propose_all(index), 15)
    async with MailsurgeonApp(session).run_test(size=size) as pilot:
        await settled(pilot)
        await keys(pilot, "F")
        plan, changes = front(pilot).plan, front(pilot).query_one(PlanList)
        assert len({act.verdict for act in plan.acts}) == 15 and len(plan.acts) == 30
        seen: list[str] = []
        for _ in range(changes.count()):
            y = changes.cursor - changes.top()
            assert 0 <= y < changes.size.height
            seen.append(changes.render_line(y).text.strip())
            await pilot.press("down")
        assert changes.below == 0
        assert not front(pilot).query_one("#plan-title", Bar).text.endswith("more")
        text = "".join("".join(seen).split())
        for act in plan.acts:
            assert "".join(act.verdict.split()) in text
            for step in act.steps:
                assert step.source is not None and step.target is not None
                assert shown(spelled(step.source)) in text
                assert shown(spelled(step.target)) in text


# The number that the brake asks for


@each_size
async def test_a_wrong_number_is_refused_and_the_right_one_then_needs_y(
    empty_maildir: ScreenMaildir, size: Size
) -> None:
    empty_maildir.folder("many")
    for _ in range(60):
        empty_maildir.mail(".many/cur/{n}:2,S")
    async with empty_maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        await keys(pilot, "G", "enter", "v", "G", "v", "d")
        assert "Type 60, then press Y: [__]" in drawn(pilot)
        await keys(pilot, "enter")
        assert "Type 60, then press Y. Esc leaves." in status(pilot)
        await keys(pilot, "6", "1", "enter")
        assert "61 is not 60." in status(pilot)
        await keys(pilot, "6", "1", "Y")
        assert "61 is not 60." in status(pilot)
        await keys(pilot, "6", "0")
        assert "[60]" in drawn(pilot)
        await keys(pilot, "enter")
        assert "Now press Y." in status(pilot)
        assert isinstance(front(pilot), PlanScreen)
        assert len(empty_maildir.names(".many/cur")) == 60
        await keys(pilot, "Y")
        assert "60 quarantined." in status(pilot)
    assert empty_maildir.names(".many/cur") == []


# q and Esc


SCREENS: dict[str, tuple[Sequence[str], type, Sequence[str]]] = {
    "help": (("?",), HelpScreen, ("q", "escape")),
    "plan": (("enter", "enter"), PlanScreen, ("q", "escape")),
    "help of the plan": (("enter", "enter", "?"), HelpScreen, ("q", "escape")),
    "journal": (("J",), JournalScreen, ("q", "escape")),
    "steps": (("J", "enter"), ReadingScreen, ("q", "escape")),
    "undo from the journal": (("J", "u"), PlanScreen, ("q", "escape")),
    "put away": (("Q",), QuarantineScreen, ("q", "escape")),
    "a thing put away": (("Q", "enter"), ReadingScreen, ("q", "escape")),
    "a thing brought back": (("Q", "r"), PlanScreen, ("q", "escape")),
    "who": (("!",), ReadingScreen, ("q", "escape")),
    "badges": (("b",), BadgeFilter, ("q", "escape")),
    "flags": (("enter", "f"), FlagsEditor, ("q", "escape")),
    "folder": (("enter", "m"), AskFolder, ("escape",)),  # where q is a letter of a name
    "file": (("e",), AskFile, ("escape",)),
}


@each_size
async def test_q_and_escape_leave_every_screen_but_the_main_one_for_the_one_before(
    maildir: ScreenMaildir, size: Size
) -> None:
    app = maildir.app()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "G", "d", "Y", "1")  # so that something is put away
        assert "1 quarantined." in status(pilot)
        before = maildir.picture()
        for name, (opened, screen, ways) in SCREENS.items():
            for way in ways:
                await keys(pilot, "1", "home", "down", *opened[:-1])
                opener = front(pilot)
                await keys(pilot, opened[-1])
                assert isinstance(front(pilot), screen), name
                await keys(pilot, way)
                assert front(pilot) is opener, (name, way)
                while front(pilot) is not main(pilot):
                    await keys(pilot, "q")
        assert maildir.picture() == before
        await keys(pilot, "escape", "escape")
        assert front(pilot) is main(pilot) and app.is_running
        assert "q quits" in status(pilot)
        await pilot.press("q")
    assert app.return_value == 0


# Keys during the survey


class HeldSurvey:
    """A survey that goes through, but comes to an end only when it is let go."""

    def __init__(self, survey: Callable[..., Any]) -> None:
        self._survey = survey
        self.may_end = threading.Event()

    def __call__(self, *arguments: Any, on_progress: Any, **options: Any) -> Any:
        result = self._survey(*arguments, on_progress=on_progress, **options)
        on_progress(Progress("comparing", 0, 0))
        assert self.may_end.wait(20)
        return result


@pytest.fixture
def held(maildir: ScreenMaildir) -> Iterator[tuple[MailsurgeonApp, HeldSurvey]]:
    session = maildir.session()
    session.survey(session.spool, session.index, session.options)  # an earlier run's
    session.survey = survey = HeldSurvey(session.survey)
    yield MailsurgeonApp(session), survey
    survey.may_end.set()


async def pressed(pilot: Pilot[Any], *given: str) -> None:
    """Presses keys while the survey runs, and waits until lists that they open are there."""
    for key in given:
        await pilot.press(key)
        for _ in range(200):
            await pilot.pause()
            if not main(pilot)._is_coming():
                break


@each_size
@pytest.mark.parametrize(
    "given",
    [("down", "enter"), ("n", "n", "n", "n"), ("end", "enter", "down"), ("down", "down", "N")],
    ids="-".join,
)
async def test_keys_during_the_survey_are_kept_and_tree_and_list_stay_together(
    held: tuple[MailsurgeonApp, HeldSurvey], size: Size, given: Sequence[str]
) -> None:
    app, survey = held
    async with app.run_test(size=size) as pilot:
        for _ in range(200):
            await pilot.pause()
            if tree_lines(pilot)[1:] and listed(pilot):
                break
        for key in given:
            await pressed(pilot, key)
            assert app.surveying
            assert main(pilot).lists.tree.target == main(pilot).lists.shown
        there = main(pilot).lists.shown, main(pilot).lists.list.entry_id, main(pilot).place()
        survey.may_end.set()
        await settled(pilot)
        assert not app.surveying
        now = main(pilot).lists.shown, main(pilot).lists.list.entry_id, main(pilot).place()
        assert now == there
        assert main(pilot).lists.tree.target == main(pilot).lists.shown


@each_size
async def test_a_repair_proposed_during_the_survey_says_why_it_waits(
    held: tuple[MailsurgeonApp, HeldSurvey], size: Size
) -> None:
    app, survey = held
    async with app.run_test(size=size) as pilot:
        for _ in range(200):
            await pilot.pause()
            if listed(pilot):
                break
        await pressed(pilot, "enter", "enter")
        assert front(pilot) is main(pilot)
        assert "repair: proposal when the survey is done" in status(pilot)
        survey.may_end.set()
        await settled(pilot)
        await keys(pilot, "enter")
        assert isinstance(front(pilot), PlanScreen)


# n with a single problem


@each_size
@pytest.mark.parametrize("begin", [(), ("end", "enter"), ("enter",)], ids=["new", "folder", "list"])
async def test_n_goes_to_the_only_problem_and_enter_repairs_it(
    empty_maildir: ScreenMaildir, size: Size, begin: Sequence[str]
) -> None:
    empty_maildir.folder("lists")
    for _ in range(3):
        empty_maildir.mail(".lists/cur/{n}:2,S")
    only = empty_maildir.mail(".lists/cur/{n},S=9999:2,S")
    async with empty_maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        await keys(pilot, *begin, "n")
        entry = main(pilot).lists.list.entry
        assert entry is not None and entry.path.endswith(only.name.encode())
        assert main(pilot).lists.shown.code == "size-mismatch"
        if begin != ("enter",):
            assert "last problem" not in status(pilot)
        await keys(pilot, "enter")
        assert len(front(pilot).plan.acts) == 1
        await keys(pilot, "Y")
        assert "1 size corrected." in status(pilot)
        assert tree_lines(pilot)[0].split() == ["Problems", "none"]


# Undo and redo


@each_size
async def test_what_was_repaired_is_taken_back_and_done_again(
    maildir: ScreenMaildir, size: Size
) -> None:
    before = maildir.picture()
    async with maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        await keys(pilot, "F", "Y")
        after = maildir.picture()
        assert after != before
        for key, wanted in itertools.islice(itertools.cycle((("u", before), ("ctrl+r", after))), 4):
            await keys(pilot, key, "Y")
            assert maildir.picture() == wanted
