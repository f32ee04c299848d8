"""The palette: every command and every theme by its name."""

from __future__ import annotations

from tests.tui.conftest import ScreenMaildir, keys, main, settled


async def test_a_theme_is_chosen_by_its_name(maildir: ScreenMaildir) -> None:
    app = maildir.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        before = app.theme
        for name in ("textual-light", before):
            await keys(pilot, "ctrl+p")
            await pilot.press(*f"theme {name}")
            await settled(pilot)
            while app.screen is not main(pilot):  # the first one chooses, the second one runs
                await keys(pilot, "enter")
            assert app.theme == name
        assert app.screen is main(pilot)
