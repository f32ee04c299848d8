"""The mouse on the main screen: tabs, heads of columns, titles."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from mailsurgeon.survey.index.rows import SORTS
from mailsurgeon.tui.text.message import TABS
from mailsurgeon.tui.views import SORT_CYCLE, next_order, order_by
from mailsurgeon.tui.widgets.bars import Bar
from tests.tui.conftest import (
    ScreenMaildir,
    each_size,
    keys,
    listed,
    main,
    settled,
    status,
    tree_lines,
)


async def click(pilot: Pilot[Any], bar: str, word: str) -> None:
    """Clicks on a word of a bar, where it is drawn."""
    widget = main(pilot).query_one(bar, Bar)
    text, frame = widget.render().plain, widget.content_region.x - widget.region.x
    assert word in text
    await pilot.click(bar, offset=(frame + text.index(word) + 1, 0))
    await settled(pilot)


@each_size
async def test_a_click_on_a_tab_turns_the_inspector(
    maildir: ScreenMaildir, size: tuple[int, int]
) -> None:
    async with maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        await keys(pilot, "enter")
        for tab in (*TABS[1:], TABS[0]):
            await click(pilot, "#inspector-title", tab)
            assert main(pilot).inspection.pane.tab == tab
            assert main(pilot).place() == "inspector"
        assert "Misfiled:" in main(pilot).inspection.pane.text


@each_size
async def test_a_click_on_a_head_sorts_and_another_one_reverses(
    maildir: ScreenMaildir, size: tuple[int, int]
) -> None:
    async with maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        main(pilot).lists.show_problems()
        await keys(pilot, *["down"] * 4)  # all mail
        heads = {"from": "sender", "subject": "subject", "size": "size", "when": "date"}
        for head, sort in heads.items():
            await click(pilot, "#list-head", head)
            first = listed(pilot)
            order = main(pilot).lists.order
            assert order.sort == sort
            await click(pilot, "#list-head", head)
            assert main(pilot).lists.order.sort == sort
            assert main(pilot).lists.order.descending is not order.descending
            assert listed(pilot) != first
        assert main(pilot).place() == "list"


async def test_what_sorts_is_said_and_shown_in_the_head(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await click(pilot, "#list-head", "size")
        assert "Sorted by size, largest first." in status(pilot)
        assert "size▾" in main(pilot).query_one("#list-head", Bar).text
        await click(pilot, "#list-head", "size")
        assert "Sorted by size, smallest first." in status(pilot)
        assert "size▴" in main(pilot).query_one("#list-head", Bar).text
        await keys(pilot, "s")
        assert main(pilot).lists.order == SORT_CYCLE[0]


def test_every_column_sorts_both_ways() -> None:
    for sort in SORTS:
        first = order_by(sort, SORT_CYCLE[1 if sort != "date" else 2])
        second = order_by(sort, first)
        assert first.sort == second.sort == sort
        assert first.descending is not second.descending
        assert order_by(sort, second) == first
        assert first.name != second.name


def test_the_key_goes_through_all_orders_and_begins_again() -> None:
    seen, order = [], SORT_CYCLE[0]
    for _ in SORT_CYCLE:
        seen.append(order)
        order = next_order(order)
    assert tuple(seen) == SORT_CYCLE and order == SORT_CYCLE[0]


@each_size
async def test_a_click_on_a_title_focuses_its_pane(
    maildir: ScreenMaildir, size: tuple[int, int]
) -> None:
    async with maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        for bar, pane in (
            ("#list-title", "list"), ("#tree-title", "tree"), ("#inspector-title", "inspector"),
            ("#list-place", "list"),
        ):  # fmt: skip
            edge = main(pilot).query_one(bar).size.width - 1
            await pilot.click(bar, offset=(edge, 0))
            await settled(pilot)
            assert main(pilot).place() == pane, bar


async def test_a_click_on_a_line_of_the_tree_lists_it(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert tree_lines(pilot)[2].split() == ["!", "SIZE", "Wrong", "size", "2"]
        await pilot.click("#tree", offset=(5, 2))
        await settled(pilot)
        assert main(pilot).lists.shown.code == "size-mismatch"


async def test_the_lower_edge_of_a_frame_is_no_line(empty_maildir: ScreenMaildir) -> None:
    for _ in range(60):
        empty_maildir.mail("{n}:2,S")
    async with empty_maildir.app().run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        found = main(pilot).lists.list
        await pilot.click("#list", offset=(5, found.size.height - 1))
        await settled(pilot)
        last = found.line()
        assert last == found.size.height - 1
        await pilot.click("#list", offset=(5, found.size.height))
        await settled(pilot)
        assert (found.line(), found.top()) == (last, 0)
