"""The controller of the inspector by itself."""

from __future__ import annotations

from typing import Any

import pytest
from rich.text import Text

from mailsurgeon.tui.messages import Inspected, Subject
from mailsurgeon.tui.screens.main.inspector_controller import READINGS, InspectorController
from mailsurgeon.tui.widgets.folder_tree import Target
from tests.tui.screens.main.alone import Alone


@pytest.fixture
def inspection(alone: Alone) -> InspectorController:
    screen: Any = alone.screen
    return InspectorController(alone.session, screen, alone.survey, alone.lists)


def test_it_follows_the_list_and_the_tree_only_on_a_folder(
    alone: Alone, inspection: InspectorController
) -> None:
    message = Subject("entry", alone.lists.list.view[0])
    folder = alone.survey.snapshot.folders[0]
    assert inspection.subject() == message
    inspection.focus_moved("tree")
    assert inspection.subject() == message
    alone.lists.tree.go_to_target(Target("folder", folder=folder.id))
    assert inspection.subject() == Subject("folder", folder.id)
    inspection.focus_moved("inspector")
    assert inspection.subject() == Subject("folder", folder.id)
    inspection.focus_moved("list")
    assert inspection.subject() == message


def test_what_is_read_is_that_of_the_subject_and_the_tab(
    alone: Alone, inspection: InspectorController
) -> None:
    inspection.inspect()
    event = alone.screen.taken(Inspected)
    assert event.subject == inspection.subject() and event.tab == "problem"
    assert event.lines[0].plain.startswith("Misfiled: ")


def test_no_more_are_read_at_once_than_threads_can_be_spared(
    alone: Alone, inspection: InspectorController
) -> None:
    for _ in range(READINGS + 3):
        inspection.inspect()
    assert len(alone.screen.posted) == READINGS
    elsewhere = Inspected(Subject("entry", -1), "problem", [Text("too late")])
    inspection.inspected(elsewhere)  # one has ended: the one that is wanted now begins
    assert len(alone.screen.posted) == READINGS + 1
    inspection.inspected(elsewhere)
    assert len(alone.screen.posted) == READINGS + 1


def test_a_copy_is_the_path_then_the_message_id(
    alone: Alone, inspection: InspectorController
) -> None:
    entry = alone.lists.list.entry
    assert entry is not None
    inspection.copy()
    inspection.copy()
    path, message_id = alone.screen.copied
    assert path.encode().endswith(entry.path.rsplit(b"/", 1)[-1])
    assert message_id == entry.message_id
    assert alone.screen.said == ["Copied the path.  y again: the Message-ID.",
                                 "Copied the Message-ID."]  # fmt: skip
