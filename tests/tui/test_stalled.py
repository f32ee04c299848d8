"""A file system that does not answer: the screen stays usable, names the file, and can give up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from rich.text import Text

from mailsurgeon.tui.app import MailsurgeonApp
from mailsurgeon.tui.screens.main import inspector_controller
from mailsurgeon.tui.screens.main.inspector_controller import READINGS, WAITING
from mailsurgeon.tui.stalled import Waits
from mailsurgeon.tui.widgets.folder_tree import ALL
from tests.support.protects import protects
from tests.tui.conftest import ScreenMaildir, front, keys, listed, main, settled, status

pytestmark = [
    protects(
        "a file system that does not answer is named and can be left out",
        where="survey/read/hang_guard.py, tui/stalled.py",
    )
]


SIZE = (80, 24)
PATIENCE = 60  # seconds after which a test has failed
SILENT = b".lists\n/cur"


class Stalled:
    """A survey like the real one, but for one directory that answers only when `answer` is set."""

    def __init__(self, survey: Callable[..., Any]) -> None:
        self._survey = survey
        self.heard = threading.Event()  # what is waited for was told
        self.answer = threading.Event()
        self.left_out: list[bytes] = []

    def __call__(self, *arguments: Any, on_progress: Any, given_up: Any, **options: Any) -> Any:
        on_progress(SimpleNamespace(stage="listing", done=0, total=0, waiting=SILENT))
        self.heard.set()
        assert self.answer.wait(PATIENCE)
        if given_up(SILENT):
            self.left_out.append(SILENT)
        on_progress(SimpleNamespace(stage="reading", done=1, total=12, waiting=None))
        return self._survey(*arguments, on_progress=on_progress, given_up=given_up, **options)


@pytest.fixture
def stalled(maildir: ScreenMaildir) -> Iterator[tuple[MailsurgeonApp, Stalled]]:
    session = maildir.session()
    session.survey = survey = Stalled(session.survey)
    yield MailsurgeonApp(session), survey
    survey.answer.set()


async def until_heard(pilot: Any, survey: Stalled) -> None:
    while not survey.heard.is_set():
        await pilot.pause()
    await pilot.pause()


async def test_the_folder_that_is_waited_for_is_named_and_the_keys_work(
    stalled: tuple[MailsurgeonApp, Stalled],
) -> None:
    app, survey = stalled
    async with app.run_test(size=SIZE) as pilot:
        await until_heard(pilot, survey)
        assert r"waiting for .lists\x0a/cur (2 s)  Esc gives up on it" in status(pilot)
        await pilot.press("question_mark")
        assert front(pilot) is not main(pilot)
        await pilot.press("escape")
        assert not survey.left_out
        survey.answer.set()
        await settled(pilot)
        assert "waiting" not in status(pilot)
        assert "gave up" not in status(pilot)
        assert survey.left_out == []


async def test_escape_gives_up_on_it_before_anything_else(
    stalled: tuple[MailsurgeonApp, Stalled],
) -> None:
    app, survey = stalled
    async with app.run_test(size=SIZE) as pilot:
        await until_heard(pilot, survey)
        main(pilot).lists.text_filter = "Report"
        await pilot.press("escape")
        assert r"Gave up on .lists\x0a/cur" in status(pilot)
        assert main(pilot).lists.text_filter == "Report"
        survey.answer.set()
        await settled(pilot)
        assert survey.left_out == [SILENT]
        assert r"gave up on .lists\x0a/cur" in status(pilot)
        await keys(pilot, "escape")
        assert main(pilot).lists.text_filter == ""


async def test_the_next_survey_gives_it_another_chance(
    stalled: tuple[MailsurgeonApp, Stalled],
) -> None:
    app, survey = stalled
    async with app.run_test(size=SIZE) as pilot:
        await until_heard(pilot, survey)
        await pilot.press("escape")
        survey.answer.set()
        await settled(pilot)
        await keys(pilot, "R")
        assert survey.left_out == [SILENT]


async def test_leaving_does_not_wait_for_what_hangs(
    stalled: tuple[MailsurgeonApp, Stalled],
) -> None:
    app, survey = stalled
    async with app.run_test(size=SIZE) as pilot:
        await until_heard(pilot, survey)
        await pilot.press("q")
    assert app.return_code == 0
    assert not survey.answer.is_set()


async def test_a_message_that_cannot_be_read_holds_neither_list_nor_proposals(
    maildir: ScreenMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, asked = threading.Event(), list[int]()

    def inspect(_bench: Any, _index: Any, entry: Any, _tab: str) -> list[Text]:
        asked.append(entry.id)
        assert answer.wait(PATIENCE)
        return [Text(f"this is {entry.id}")]

    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        monkeypatch.setattr(inspector_controller, "inspect", inspect)
        monkeypatch.setattr(inspector_controller, "SILENT_AFTER", 0.01)
        screen = main(pilot)
        screen.lists.tree.go_to_target(ALL)
        await pilot.press("enter")
        while len(listed(pilot)) < 10:
            await pilot.pause()
        for _ in range(2 * READINGS):
            await pilot.press("down")
            await pilot.pause()
        while screen.inspection.pane.text.replace("\n", " ") != WAITING:
            await pilot.pause()
        assert len(asked) == READINGS
        assert screen.lists.list.line() == 2 * READINGS
        await pilot.press("home")
        assert screen.lists.list.line() == 0
        answer.set()
        await settled(pilot)
        assert screen.inspection.pane.text == f"this is {screen.lists.list.entry_id}"
        await keys(pilot, "z")
        assert "its sizes are right" in status(pilot)


def test_the_seconds_are_counted_for_each_directory() -> None:
    clock = [100.0]
    waits = Waits(lambda: clock[0])
    assert waits.text == ""
    waits.heard(b"cur")
    clock[0] = 110.9
    waits.heard(b"cur")
    assert waits.text == "waiting for cur (12 s)  Esc gives up on it"
    waits.heard(b"new")
    assert waits.text == "waiting for new (2 s)  Esc gives up on it"
    assert waits.give_up() == b"new"
    assert waits.given_up(b"new")
    assert not waits.given_up(b"cur")
    assert waits.text == ""
    assert waits.give_up() is None
    waits.heard(b"a/" + b"b" * 200)
    assert len(waits.text) < 75
    waits.give_up()
    assert waits.left_out_text == "gave up on new and 1 more"
