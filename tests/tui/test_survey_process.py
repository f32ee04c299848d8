"""The screen over a survey in a process of its own, as the program has it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from textual.pilot import Pilot

from mailsurgeon.survey.process.client import Apart
from mailsurgeon.tui.widgets.folder_tree import Target
from tests.support.protects import protects
from tests.survey.processes import below, ending, stopped, workers_below
from tests.tui.conftest import ScreenMaildir, keys, listed, main, settled, status
from tests.tui.terminal import PATIENCE, Terminal

pytestmark = [
    pytest.mark.process,
    protects(
        "a survey beside the screen is the same survey, ends with the program and is "
        "replaced when it dies",
        where="survey/process/client.py, survey/process/server.py",
    ),
]

SIZE = (80, 24)
DIED = "A process that looked at the spool has died; R looks again."


@pytest.fixture
def apart() -> Iterator[Apart]:
    made = Apart(1)
    yield made
    made.close()


def process_of(apart: Apart) -> int:
    assert apart._process is not None
    return apart._process.pid


def kinds(pilot: Pilot[Any]) -> list[str]:
    return [kind.code for kind in main(pilot).survey.snapshot.kinds]


class AtReading:
    """The survey of a process apart; `act` is called each time when all has been listed."""

    def __init__(self, apart: Apart, act: Callable[[], object] = bool) -> None:
        self.apart, self.act = apart, act

    def __call__(self, *arguments: Any, on_progress: Any, **options: Any) -> Any:
        def tell(progress: Any) -> None:
            on_progress(progress)
            if (progress.stage, progress.done) == ("reading", 0) and not progress.waiting:
                self.act()

        return self.apart.survey(*arguments, on_progress=tell, **options)


async def test_the_screen_shows_what_was_found_there(maildir: ScreenMaildir, apart: Apart) -> None:
    async with maildir.app(survey=apart.survey).run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert "surveyed 12 in" in status(pilot)
        assert "misfiled" in kinds(pilot)
        main(pilot).lists.tree.go_to_target(Target("code", code="misfiled"))
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter", "Y")
        assert maildir.names(".Archives.2012") == ["cur", "new", "tmp"]
        assert "misfiled" not in kinds(pilot)


async def test_when_it_is_killed_the_screen_says_so_and_lives_on(
    maildir: ScreenMaildir, apart: Apart
) -> None:
    survey = AtReading(apart, lambda: os.kill(process_of(apart), signal.SIGKILL))
    async with maildir.app(survey=survey).run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert DIED in status(pilot)
        await keys(pilot, "question_mark", "escape")
        survey.act = bool
        await keys(pilot, "R")
        assert "surveyed 12 in" in status(pilot)
        assert len(listed(pilot)) > 0


@pytest.fixture
def held_up(maildir: ScreenMaildir) -> Iterator[tuple[Terminal, int, list[int]]]:
    """The program in a terminal in the middle of a survey, which its workers hold up; the process
    that surveys, and the workers."""
    terminal = Terminal(maildir, jobs=2)
    try:
        terminal.read_until(b"surveyed 12 in")
        below_it = below(terminal.process.pid)
        (itself,) = (each for each, words in below_it.items() if "process.server" in words)
        workers = workers_below(itself, 2)
        with stopped(*workers):
            terminal.send(b"R")
            terminal.read_until(b"gives up on it")
            yield terminal, itself, workers
    finally:
        terminal.close()


def test_escape_gives_up_on_what_does_not_answer(
    held_up: tuple[Terminal, int, list[int]],
) -> None:
    terminal, _itself, _workers = held_up
    seen = b""
    while b"surveyed" not in seen:
        terminal.send(b"\x1b")
        seen = terminal.read_until(b"gives up on it", b"surveyed")
    terminal.rest()  # Esc and a letter in one moment are another key
    terminal.send(b"q")
    assert terminal.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("way", ["q", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_nothing_is_left_when_the_program_ends_in_the_middle(
    held_up: tuple[Terminal, int, list[int]], way: str
) -> None:
    terminal, itself, workers = held_up
    with ending(*workers):
        with ending(itself):
            if way == "q":
                terminal.send(b"q")
            else:
                terminal.process.send_signal(signal.Signals[way])
            terminal.process.wait(PATIENCE)
        for worker in workers:  # a signal waits, too, for one that waits for its file system
            with suppress(ProcessLookupError):  # it may be gone already
                os.kill(worker, signal.SIGCONT)
