"""The three panes of the main screen: moves the focus between them, and resizes them."""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget

from mailsurgeon.tui.keys.actions import PANES

SIZES = ("", "-half", "-full")
"""CSS classes of the screen, by the size of the pane with the focus."""


class Panes:
    """Moves the focus between the panes of a screen, by the names in PANES, which are their ids."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._size = 0
        screen.add_class("-at-tree")

    def place(self) -> str:
        """The pane that has the focus; the list if none has it."""
        focused = self._screen.focused
        return focused.id if focused is not None and focused.id in PANES else "list"

    def go_to(self, name: str) -> None:
        """Focuses a pane."""
        for pane in PANES:
            self._screen.set_class(pane == name, f"-at-{pane}")
        pane = self._pane(name)
        if pane.size:  # at once: the next key, which is for that pane, may have arrived already
            self._screen.set_focus(pane)
        else:
            self._screen.call_after_refresh(pane.focus)

    def go_on(self, step: int) -> None:
        """Focuses the next pane (`step` 1) or the previous one (-1)."""
        self.go_to(PANES[(PANES.index(self.place()) + step) % len(PANES)])

    def resize(self, step: int) -> bool:
        """Makes the pane with the focus larger (1) or smaller (-1); False if its size stays."""
        before, self._size = self._size, max(0, min(self._size + step, len(SIZES) - 1))
        for number, name in enumerate(SIZES):
            if name:
                self._screen.set_class(number == self._size, name)
        return self._size != before

    def show_focus(self) -> None:
        """Highlights the title of the pane that has the focus."""
        place = self.place()
        for name in PANES:
            self._screen.set_class(name == place, f"-at-{name}")
            self._title(name).set_class(self._pane(name).has_focus, "-focused")
        for other in ("#list-place", "#list-head"):
            self._screen.query_one(other).set_class(self._pane("list").has_focus, "-focused")

    def _pane(self, name: str) -> Widget:
        return self._screen.query_one(f"#{name}")

    def _title(self, name: str) -> Widget:
        return self._screen.query_one(f"#{name}-title")
