"""Holds back keys that were typed before the list they act on was there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mailsurgeon.tui.keys.actions import GO_BY_THE_LIST


class TypedAhead:
    """Holds actions back while a new list is coming: a key pressed right after another must not act
    on what the first was about to change.

    `perform` runs an action, `is_coming` returns whether the list or its marks are about to change,
    `call_later` calls a function once all messages so far are handled.
    """

    def __init__(
        self,
        perform: Callable[[str], Awaitable[None]],
        is_coming: Callable[[], bool],
        call_later: Callable[[Callable[[], Awaitable[None]]], object],
    ) -> None:
        self._perform, self._is_coming, self._call_later = perform, is_coming, call_later
        self._waiting: list[str] = []

    async def perform(self, name: str) -> None:
        """Runs an action now, or once the list it depends on is there."""
        if name in GO_BY_THE_LIST and self._is_coming():
            self._waiting.append(name)
        else:
            await self._perform(name)

    def list_came(self, _event: object = None) -> None:
        """Runs the waiting actions soon, while no other list is coming."""
        self._call_later(self._catch_up)

    async def _catch_up(self) -> None:
        while self._waiting and not self._is_coming():
            await self._perform(self._waiting.pop(0))

    def list_failed(self, _event: object = None) -> None:
        """Drops the waiting actions."""
        self._waiting.clear()
