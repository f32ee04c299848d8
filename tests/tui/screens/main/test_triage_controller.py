"""Triage by itself: from problem to problem, those that can be repaired first."""

from __future__ import annotations

from typing import Any

import pytest

from mailsurgeon.surgery.model import Plan
from mailsurgeon.tui.messages import ListFailed, NextFound, ViewRead
from mailsurgeon.tui.screens.main.triage_controller import TriageController
from mailsurgeon.tui.widgets.folder_tree import ALL
from tests.support.protects import protects
from tests.tui.screens.main.alone import Alone


@pytest.fixture
def triage(alone: Alone) -> TriageController:
    screen: Any = alone.screen
    program: Any = alone.program
    panes: Any = alone.panes
    return TriageController(alone.session, program, screen, panes, alone.survey, alone.lists)


def settle(alone: Alone, triage: TriageController) -> None:
    """Hands on what the workers have posted, until nothing more comes."""
    while alone.screen.posted:
        posted, alone.screen.posted = alone.screen.posted, []
        for event in posted:
            if isinstance(event, ViewRead):
                alone.lists.view_read(event)
                triage.view_read(event)
            elif isinstance(event, NextFound):
                triage.next_found(event)


def place(alone: Alone) -> tuple[str, int]:
    return alone.lists.shown.code, alone.lists.list.line()


def go(alone: Alone, triage: TriageController, step: int = 1) -> tuple[str, int]:
    triage.go(step)
    settle(alone, triage)
    return place(alone)


def test_from_the_tree_the_first_problem_is_the_first(
    alone: Alone, triage: TriageController
) -> None:
    alone.panes.focused = "tree"
    assert go(alone, triage) == ("misfiled", 0)
    assert alone.panes.focused == "list"
    assert go(alone, triage) == ("misfiled", 1)


def test_it_goes_from_kind_to_kind_and_ends(alone: Alone, triage: TriageController) -> None:
    kinds = [kind.code for kind in alone.survey.snapshot.kinds]
    seen = [place(alone)]
    while not alone.screen.said:
        seen.append(go(alone, triage))
    assert list(dict.fromkeys(code for code, _line in seen)) == kinds
    assert alone.screen.said == ["That was the last problem."]
    while alone.screen.message != "This is the first problem.":
        go(alone, triage, -1)
    assert place(alone) == ("misfiled", 0)
    assert alone.screen.said[1] == "", "what was said of the end is not true any more"


def test_a_filter_is_named_where_it_hides_the_others(
    alone: Alone, triage: TriageController
) -> None:
    alone.lists.filter_by_text("Paul Kern")
    settle(alone, triage)
    while not alone.screen.said:
        go(alone, triage)
    assert alone.lists.shown.code == "misfiled"
    assert alone.screen.said == ["No more that the filter lets through; Esc clears it."]


@protects("n leads to what can be repaired", where="tui/triage.py")
def test_a_message_that_a_repair_leaves_as_it_is_is_passed_over(
    alone: Alone, triage: TriageController, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = alone.lists.list.view[1]
    preview = alone.session.tools.preview

    def one_is_kept(index: Any, entry: int) -> Plan:
        return Plan("fix", ()) if entry == kept else preview(index, entry)

    monkeypatch.setattr(type(alone.session.tools), "preview", lambda _self, *a: one_is_kept(*a))
    assert go(alone, triage) == ("misfiled", 2)
    assert go(alone, triage, -1) == ("misfiled", 0)


def test_from_all_mail_it_begins_with_the_problem_under_the_cursor(
    alone: Alone, triage: TriageController
) -> None:
    alone.lists.open_target(ALL)
    settle(alone, triage)
    code, _ = go(alone, triage)
    assert code in {kind.code for kind in alone.survey.snapshot.kinds}


def test_keys_wait_while_it_searches(alone: Alone, triage: TriageController) -> None:
    triage.go(1)
    assert triage.is_searching
    settle(alone, triage)
    assert not triage.is_searching


def test_what_was_found_in_another_list_moves_nothing(
    alone: Alone, triage: TriageController
) -> None:
    triage.go(1)
    found = alone.screen.taken(NextFound)
    alone.lists.refresh()
    triage.next_found(found)
    assert place(alone) == ("misfiled", 0)


def test_a_search_that_failed_is_over(triage: TriageController) -> None:
    triage.go(1)
    triage.list_failed(ListFailed("the disk is full"))
    assert not triage.is_searching
