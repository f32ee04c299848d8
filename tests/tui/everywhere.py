"""A walk through every screen and every question, for what must hold on each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from textual.pilot import Pilot

from tests.tui.conftest import keys, settled


class Stop(NamedTuple):
    """A place on the walk, and the keys that lead to it from the one before."""

    name: str
    keys: tuple[str, ...]


WALK = (
    Stop("tree", ()),
    Stop("list", ("enter",)),
    Stop("marked", ("space", "v", "down")),
    Stop("inspector", ("escape", "escape", "3")),
    Stop("headers", ("right_square_bracket",)),
    Stop("raw", ("right_square_bracket",)),
    Stop("history", ("right_square_bracket",)),
    Stop("folder", ("right_square_bracket", "1", "end")),
    Stop("large pane", ("2", "plus", "plus")),
    Stop("question for a folder", ("underscore", "underscore", "m")),
    Stop("question for flags", ("escape", "f")),
    Stop("question for badges", ("escape", "b")),
    Stop("question for a file", ("escape", "e")),
    Stop("who has it open", ("escape", "exclamation_mark")),
    Stop("help", ("escape", "question_mark")),
    Stop("palette", ("escape", "ctrl+p")),
    Stop("nothing put away", ("escape", "Q")),
    Stop("nothing done", ("escape", "J")),
    Stop("plan", ("escape", "0", "enter", "A", "enter")),
    Stop("other kind dropped", ("space",)),
    Stop("applied", ("space", "Y")),
    Stop("plan with a brake", ("F",)),
    Stop("quarantining", ("escape", "0", "enter", "d")),
    Stop("put away", ("Y", "Q")),
    Stop("plan to bring back", ("r",)),
    Stop("journal", ("escape", "escape", "J")),
    Stop("steps", ("enter",)),
    Stop("plan to undo", ("escape", "u")),
)  # fmt: skip


async def walk(pilot: Pilot[Any]) -> AsyncIterator[str]:
    """Goes from place to place; gives the name of each when all is drawn there."""
    await settled(pilot)
    for stop in WALK:
        await keys(pilot, *stop.keys)
        yield stop.name
