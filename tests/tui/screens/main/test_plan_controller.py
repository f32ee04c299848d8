"""The controller of the plans by itself."""

from __future__ import annotations

from typing import Any

import pytest

from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.tui.messages import SurveyFinished
from mailsurgeon.tui.screens.dialogs import AskFolder, FlagsEditor
from mailsurgeon.tui.screens.journal import JournalScreen
from mailsurgeon.tui.screens.main.plan_controller import PlanController
from mailsurgeon.tui.screens.plan import PlanOutcome, PlanScreen
from mailsurgeon.tui.views import own_index
from tests.tui.screens.main.alone import Alone


@pytest.fixture
def waited() -> list[str]:
    return []


@pytest.fixture
def plans(alone: Alone, waited: list[str]) -> PlanController:
    screen: Any = alone.screen
    return PlanController(
        alone.session, screen, alone.survey, alone.lists, lambda: waited.append("plan")
    )


def made(alone: Alone) -> tuple[Plan, Any]:
    """The plan of the screen opened last, made as its worker makes it, and what follows it."""
    screen, follow = alone.screen.opened[-1]
    assert isinstance(screen, PlanScreen)
    with own_index(alone.session.index) as index:
        return screen._make(index), follow


def applied(state: str = "applied") -> PlanOutcome:
    report = Report(1, "file", state, "file 3", {"file": 3}, folders=(b".Archives.2012",))
    return PlanOutcome(None, report)


def test_a_plan_is_made_for_what_is_meant_when_no_folder_is_surveyed(
    alone: Alone, plans: PlanController, waited: list[str]
) -> None:
    plans.propose("")
    assert waited == []  # the worker waits, not the screen
    plan, _follow = made(alone)
    assert waited == ["plan"]
    entry = alone.lists.list.entry
    assert entry is not None and [act.path for act in plan.acts] == [entry.path]


def test_a_remedy_asks_for_what_it_needs_first(alone: Alone, plans: PlanController) -> None:
    plans.propose("fix-flags")
    screen, follow = alone.screen.opened.pop()
    assert isinstance(screen, FlagsEditor)
    follow(None)
    assert not alone.screen.opened
    follow("FS")
    assert isinstance(alone.screen.opened.pop()[0], PlanScreen)
    plans.propose("file")
    assert isinstance(alone.screen.opened.pop()[0], AskFolder)


def test_in_the_tree_nothing_is_meant(alone: Alone, plans: PlanController) -> None:
    alone.panes.focused = "tree"
    plans.propose("")
    assert not alone.screen.opened
    assert alone.screen.said == ["Messages are chosen in the list."]


def test_what_was_changed_is_surveyed_and_loses_its_marks(
    alone: Alone, plans: PlanController
) -> None:
    alone.lists.marks.add(alone.lists.list.view)
    plans.propose("")
    alone.screen.opened[-1][1](applied())
    assert alone.screen.surveys == [(b".Archives.2012",)]
    assert not alone.lists.marks
    assert alone.screen.said == ["3 filed.  u: undo"]


@pytest.mark.parametrize(("state", "next_kind"), [("applied", "size-mismatch"), ("partial", "")])
def test_a_kind_that_is_finished_is_followed_by_the_next(
    alone: Alone, plans: PlanController, state: str, next_kind: str
) -> None:
    alone.lists.marks.add(alone.lists.list.view)
    plans.propose("")
    alone.screen.opened[-1][1](applied(state))
    plans.survey_finished(SurveyFinished("", whole=False))
    assert alone.lists.shown.code == (next_kind or "misfiled")
    alone.read()
    plans.survey_finished(SurveyFinished("", whole=False))  # once
    assert alone.lists.shown.code == (next_kind or "misfiled")


def test_a_plan_left_changes_nothing(alone: Alone, plans: PlanController) -> None:
    plans.propose("")
    alone.screen.opened[-1][1](None)
    alone.screen.opened[-1][1](PlanOutcome(None, None, "the disk is full"))
    assert alone.screen.surveys == []
    assert alone.screen.said == ["the disk is full"]


def test_the_journal_opens_the_plans_of_its_operations(alone: Alone, plans: PlanController) -> None:
    plans.propose("")
    plan, _follow = made(alone)
    done = alone.session.surgeon.apply(plan)
    plans.open_journal()
    journal, _follow = alone.screen.opened[-1]
    assert isinstance(journal, JournalScreen)
    journal._undo(done.operation)
    undo, _follow = made(alone)
    assert (undo.kind, undo.of) == ("undo", done.operation)
