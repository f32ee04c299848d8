"""Textual's key bindings, made from the table of actions."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from mailsurgeon.tui.keys.actions import ACTIONS, GO_BY_THE_LIST, Action


def bindings(*scopes: str) -> list[BindingType]:
    """Textual's bindings of these scopes."""
    return [
        Binding(",".join(action.keys), _command(action), action.title, id=action.id, show=False)
        for action in ACTIONS
        if set(action.scopes) & set(scopes)
    ]


def _command(action: Action) -> str:
    # What can be impossible goes through the screen, which then shows the reason; what depends on a
    # list that is coming waits there.
    by_screen = bool(action.conditions) or action.id in GO_BY_THE_LIST
    return f"screen.perform({action.id!r})" if by_screen else action.command
