"""The directory a survey waits for because it does not answer, until the operator gives it up."""

from __future__ import annotations

import time
from collections.abc import Callable

from mailsurgeon.text import path_shown
from mailsurgeon.tui.text.fields import fit_end

_PATH_CELLS = 34  # for a path, so that 80 columns also show the key


class Waits:
    """The directories that one survey waits for. The screen calls `heard` and shows `text`; the
    survey's thread calls `given_up`. `now` returns seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._place: bytes | None = None
        self._since = 0.0
        self.left_out: dict[bytes, None] = {}

    def heard(self, place: bytes | None) -> None:
        """Notes the directory that the survey waits for; None if it goes on."""
        if place != self._place:
            self._place, self._since = place, self._now()

    def given_up(self, place: bytes) -> bool:
        """Whether the operator has given up on this directory. Any thread may call this."""
        return place in self.left_out

    def give_up(self) -> bytes | None:
        """Gives up on the directory that the survey waits for; returns it, or None."""
        place, self._place = self._place, None
        if place is not None:
            self.left_out[place] = None
        return place

    @property
    def text(self) -> str:
        """`waiting for .lists/cur (12 s)  Esc gives up on it`; empty if all answer."""
        if self._place is None:
            return ""
        seconds = int(self._now() - self._since) + SILENT
        return f"waiting for {short(self._place)} ({seconds} s)  Esc gives up on it"

    @property
    def left_out_text(self) -> str:
        """`gave up on .lists/cur`, for the summary of the survey; empty if all answered."""
        if not self.left_out:
            return ""
        first, more = next(iter(self.left_out)), len(self.left_out) - 1
        return f"gave up on {short(first)}" + (f" and {more:,} more" if more else "")


SILENT = 2
"""Seconds without an answer after which a survey first reports a directory."""


def short(path: bytes) -> str:
    """A path, safe to show; a long one loses its beginning."""
    text = path_shown(path)
    return text if len(text) <= _PATH_CELLS else fit_end(text, _PATH_CELLS).rstrip()
