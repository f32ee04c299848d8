"""The field below the panes for the list's filter."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Input


class FilterLine:
    """Shows the field only while the operator types in it."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self.field = Input(
            id="filter", compact=True, placeholder="sender, subject, path or Message-ID"
        )
        self.field.cursor_blink = False

    @property
    def is_open(self) -> bool:
        """Whether the field is shown."""
        return self._screen.has_class("-filtering")

    def open(self, text: str) -> None:
        """Shows the field with this text, and focuses it."""
        self._screen.add_class("-filtering")
        self.field.value = text
        self._screen.call_after_refresh(self.field.focus)

    def close(self) -> None:
        """Hides the field."""
        self._screen.remove_class("-filtering")
