"""The main screen: seeing what is wrong, and getting about."""

from __future__ import annotations

from mailsurgeon.tui.widgets.bars import Bar
from tests.tui.conftest import (
    Ward,
    front,
    keys,
    listed,
    main,
    settled,
    status,
    tree_lines,
)  # fmt: skip

SIZE = (80, 24)


async def test_the_worst_kind_is_under_the_cursor_when_the_survey_is_done(ward: Ward) -> None:
    async with ward.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = tree_lines(pilot)
        assert lines[0] == "Problems"
        assert lines[1].split() == ["MISF", "3"]
        assert [line.split() for line in lines[2:4]] == [["SIZE", "2"], ["ZERO", "1"]]
        assert main(pilot).shown.code == "misfiled"
        assert len(listed(pilot)) == 3
        assert "surveyed 12" in status(pilot)


async def test_j_opens_the_journal(ward: Ward) -> None:
    async with ward.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "J")
        assert "Journal of" in front(pilot).query_one("#journal-title", Bar).text
