"""What a survey waits for: a directory that does not answer, until the operator gives up on it."""

from __future__ import annotations

import time
from collections.abc import Callable

from mailsurgeon.text import path_shown
from mailsurgeon.tui.text.fields import fit_end

_PATH_CELLS = 34  # of a path, so that 80 columns show what can be done


class Waits:
    """One survey's. The screen tells what it has heard, and shows `text`; the survey's thread asks
    `given_up`. `now` gives seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._place: bytes | None = None
        self._since = 0.0
        self.left_out: dict[bytes, None] = {}

    def heard(self, place: bytes | None) -> None:
        """The directory that is waited for; None when the survey goes on."""
        if place != self._place:
            self._place, self._since = place, self._now()

    def given_up(self, place: bytes) -> bool:
        """Whether the operator has given up on this directory. Called from any thread."""
        return place in self.left_out

    def give_up(self) -> bytes | None:
        """Gives up on what is waited for; None when nothing is."""
        place, self._place = self._place, None
        if place is not None:
            self.left_out[place] = None
        return place

    @property
    def text(self) -> str:
        """`waiting for .lists/cur (12 s)  Esc gives up on it`; empty when nothing is."""
        if self._place is None:
            return ""
        seconds = int(self._now() - self._since) + SILENT
        return f"waiting for {short(self._place)} ({seconds} s)  Esc gives up on it"

    @property
    def left_out_text(self) -> str:
        """`gave up on .lists/cur`, for the survey's last word; empty when all answered."""
        if not self.left_out:
            return ""
        first, more = next(iter(self.left_out)), len(self.left_out) - 1
        return f"gave up on {short(first)}" + (f" and {more:,} more" if more else "")


SILENT = 2
"""Seconds that a directory has been silent when a survey first tells of it."""


def short(path: bytes) -> str:
    """A path, safe to show, its beginning cut where it is long."""
    text = path_shown(path)
    return text if len(text) <= _PATH_CELLS else fit_end(text, _PATH_CELLS).rstrip()
