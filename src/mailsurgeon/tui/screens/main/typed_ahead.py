"""Keys that were typed before the list they are meant for had come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

_GO_BY_THE_LIST = frozenset(
    (
        "propose", "propose-file", "propose-flags", "propose-size", "propose-rename",
        "propose-quarantine", "mark", "mark-range", "mark-alike", "next-problem",
        "previous-problem",
    )
)  # fmt: skip
"""Actions for which it matters which list is shown, and what is marked in it."""


class TypedAhead:
    """Holds actions back while the list is coming: a key pressed quickly after another must not act
    on what the other was about to change.

    `perform` runs an action, `is_coming` says whether the list or its marks will be others in a
    moment, `call_later` has a function called when all messages so far are answered.
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
        """Runs an action, now or when the list that it goes by is there."""
        if name in _GO_BY_THE_LIST and self._is_coming():
            self._waiting.append(name)
        else:
            await self._perform(name)

    def list_came(self, _event: object = None) -> None:
        """Runs soon what has waited, as far as the list is there."""
        self._call_later(self._catch_up)

    async def _catch_up(self) -> None:
        while self._waiting and not self._is_coming():
            await self._perform(self._waiting.pop(0))

    def list_failed(self, _event: object = None) -> None:
        """Runs nothing of what has waited."""
        self._waiting.clear()
