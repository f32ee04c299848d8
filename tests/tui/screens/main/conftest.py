"""The controllers of the main screen, without it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.app import App

from tests.tui.conftest import ScreenMaildir
from tests.tui.screens.main.alone import Alone


@pytest.fixture
def alone(maildir: ScreenMaildir) -> Iterator[Alone]:
    """The survey done, the worst kind of problem listed. The app is there for the widgets, which
    ask it for their styles; it does not run."""
    with App[None]()._context():
        yield Alone(maildir.session()).surveyed()
