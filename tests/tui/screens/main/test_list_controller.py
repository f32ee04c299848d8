"""The controller of tree and list by itself."""

from __future__ import annotations

from mailsurgeon.tui.messages import AlikeFound, ListFailed, ViewRead
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.widgets.folder_tree import ALL, UNSEEN, Target
from tests.tui.conftest import ScreenMaildir
from tests.tui.screens.main.alone import Alone

MISFILED = Target("code", code="misfiled")


def test_the_worst_kind_is_listed_until_the_operator_moves(alone: Alone) -> None:
    assert alone.lists.shown == MISFILED
    assert alone.lists.list.count() == 3
    alone.lists.wandered = True
    alone.lists.open_target(ALL)
    alone.read()
    alone.lists.take_in(alone.survey.snapshot)
    assert alone.lists.shown == ALL


def test_only_the_list_asked_for_last_is_shown(alone: Alone) -> None:
    alone.lists.open_target(ALL)
    alone.lists.open_target(Target("code", code="empty"))
    first, last = (one for one in alone.screen.posted if isinstance(one, ViewRead))
    assert alone.lists.is_coming()
    alone.lists.view_read(first)
    assert alone.lists.is_coming() and alone.lists.list.count() == 3
    alone.lists.view_read(last)
    assert not alone.lists.is_coming() and alone.lists.list.count() == 1


def test_a_list_that_failed_is_coming_no_longer(alone: Alone) -> None:
    alone.lists.refresh()
    alone.lists.list_failed(ListFailed("the disk is full"))
    assert not alone.lists.is_coming()
    assert alone.screen.said == ["the disk is full"]


def test_what_is_meant_is_marked_or_under_the_cursor(alone: Alone) -> None:
    first, second, _third = alone.lists.list.view
    assert alone.lists.chosen() == [first]
    alone.lists.marks.add([second])
    assert alone.lists.chosen() == [second]
    alone.lists.forget_marks([second])
    alone.panes.focused = "tree"
    assert alone.lists.chosen() == []
    assert alone.lists.chosen_folder() is None
    alone.lists.tree.go_to_target(Target("folder", folder=alone.survey.snapshot.folders[0].id))
    assert alone.lists.chosen_folder() == alone.survey.snapshot.folders[0].id


def test_all_of_a_kind_are_its_whole_list(alone: Alone) -> None:
    view = list(alone.lists.list.view)
    assert alone.lists.holds_no_other(view)
    assert not alone.lists.holds_no_other(view[1:])


def test_alike_is_coming_until_it_is_marked(alone: Alone) -> None:
    alone.lists.mark_alike()
    assert alone.lists.is_coming()
    alone.lists.alike_found(alone.screen.taken(AlikeFound))
    assert not alone.lists.is_coming()
    assert set(alone.lists.marks) == set(alone.lists.list.view)
    assert alone.screen.said == ["3 marked: Misfiled, file."]


def test_letting_go_leaves_a_range_then_the_marks(alone: Alone) -> None:
    alone.lists.marks.add(alone.lists.list.view)
    alone.lists.list.action_mark_range()
    assert alone.lists.let_go() and not alone.lists.list.ranging and alone.lists.marks
    assert alone.lists.let_go() and not alone.lists.marks
    assert not alone.lists.let_go()


def test_filters_are_in_the_query_until_cleared(alone: Alone) -> None:
    alone.lists.filter_by_text("paul")
    alone.read()
    assert alone.lists.list.count() == 1
    assert alone.lists.filtered and "filter: paul" in alone.lists.state("")
    alone.lists.clear_filters()
    alone.read()
    assert alone.lists.list.count() == 3 and not alone.lists.filtered


def test_what_was_not_examined_opens_as_a_screen(alone: Alone, maildir: ScreenMaildir) -> None:
    (maildir.root / "notes.txt").write_text("No mail.\n")
    alone.surveyed()
    alone.lists.tree.go_to_target(UNSEEN)
    alone.lists.open_line()
    ((screen, _follow),) = alone.screen.opened
    assert isinstance(screen, ReadingScreen)
    assert alone.lists.shown == MISFILED
