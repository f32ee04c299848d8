"""What was put away: looked at, brought back, deleted for good."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from mailsurgeon.tui.screens.dialogs import AskWord
from mailsurgeon.tui.screens.plan import PlanScreen
from mailsurgeon.tui.screens.quarantine import QuarantineScreen
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.widgets.bars import Bar
from mailsurgeon.tui.widgets.pager import Pager
from mailsurgeon.tui.widgets.rows import Rows
from tests.support.protects import protects
from tests.tui.conftest import ScreenMaildir, front, keys, main, settled, status, typed

SIZE = (80, 24)


def put_away(pilot: Pilot[Any]) -> list[str]:
    return [row.plain for row in front(pilot).query_one("#put-away", Rows).rows]


async def two_put_away(pilot: Pilot[Any]) -> None:
    """Puts away two messages of the first kind, in one operation, and opens the list of them."""
    await settled(pilot)
    await keys(pilot, "enter", "space", "space", "d", "Y")
    assert "2 quarantined" in status(pilot)
    await keys(pilot, "Q")
    assert isinstance(front(pilot), QuarantineScreen)


async def test_nothing_put_away_is_said(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "Q")
        assert put_away(pilot) == [" Nothing is put away."]
        await keys(pilot, "enter", "r", "D", "A", "space", "q")
        assert front(pilot) is main(pilot)


async def test_a_thing_is_looked_at_and_brought_back(maildir: ScreenMaildir) -> None:
    before = maildir.picture()
    async with maildir.app().run_test(size=SIZE) as pilot:
        await two_put_away(pilot)
        assert len(put_away(pilot)) == 2
        assert "2 items" in front(pilot).query_one("#quarantine-title", Bar).text
        await keys(pilot, "enter")
        assert isinstance(front(pilot), ReadingScreen)
        assert "Subject: " in front(pilot).query_one(Pager).text
        await keys(pilot, "q", "r")
        assert isinstance(front(pilot), PlanScreen)
        await keys(pilot, "Y")
        assert isinstance(front(pilot), QuarantineScreen)
        assert len(put_away(pilot)) == 1
        await keys(pilot, "A", "r", "Y")
        assert put_away(pilot) == [" Nothing is put away."]
    assert maildir.picture() == before


async def test_all_of_an_operation_is_marked_and_the_marks_are_let_go(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await two_put_away(pilot)
        await keys(pilot, "A")
        assert [row[0] for row in put_away(pilot)] == ["*", "*"]
        assert "2 marked" in front(pilot).query_one("#quarantine-title", Bar).text
        await keys(pilot, "escape")
        assert [row[0] for row in put_away(pilot)] == [" ", " "]
        assert isinstance(front(pilot), QuarantineScreen)


@protects(
    "nothing is deleted for good on the screen without a typed word", where="tui/screens/plan.py"
)
async def test_only_the_word_deletes_for_good(maildir: ScreenMaildir) -> None:
    quarantine = maildir.root.parent / f".{maildir.root.name}.quarantine"

    def kept() -> int:
        return sum(path.is_file() and path.name[:1].isdigit() for path in quarantine.rglob("*"))

    async with maildir.app().run_test(size=SIZE) as pilot:
        await two_put_away(pilot)
        await keys(pilot, "D")
        assert "Deletes for good" in front(pilot).query_one("#brake", Bar).text
        await keys(pilot, "enter", "Y")
        assert isinstance(front(pilot), AskWord)
        await typed(pilot, "yes")
        await keys(pilot, "enter")
        assert (isinstance(front(pilot), AskWord), kept()) == (True, 2)
        await keys(pilot, "escape", "Y")
        await typed(pilot, "delete")
        await keys(pilot, "enter")
        assert isinstance(front(pilot), QuarantineScreen)
        assert (len(put_away(pilot)), kept()) == (1, 1)
        await keys(pilot, "q")
        assert "1 deleted for good." in status(pilot)
