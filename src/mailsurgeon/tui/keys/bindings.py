"""Textual's key bindings, made from the table of actions."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from mailsurgeon.tui.keys.actions import ACTIONS, Action


def bindings(*scopes: str) -> list[BindingType]:
    """Textual's bindings of these scopes."""
    return [
        Binding(",".join(action.keys), _command(action), action.title, id=action.id, show=False)
        for action in ACTIONS
        if set(action.scopes) & set(scopes)
    ]


def _command(action: Action) -> str:
    # An action that can be impossible goes through the screen, which then shows the reason.
    return f"screen.perform({action.id!r})" if action.conditions else action.command
