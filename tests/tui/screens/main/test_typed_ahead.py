"""Keys typed before the list they are meant for has come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mailsurgeon.tui.screens.main.typed_ahead import TypedAhead


class Keys:
    """Notes which actions ran; `coming` says whether the list is still to come."""

    def __init__(self) -> None:
        self.coming = True
        self.ran: list[str] = []
        self.later: list[Callable[[], Awaitable[None]]] = []
        self.ahead = TypedAhead(self._perform, lambda: self.coming, self.later.append)

    async def _perform(self, name: str) -> None:
        self.ran.append(name)
        self.coming = name == "mark-alike"

    async def list_came(self) -> None:
        self.coming = False
        self.ahead.list_came()
        while self.later:
            await self.later.pop(0)()


async def test_only_what_goes_by_the_list_waits_for_it() -> None:
    keys = Keys()
    await keys.ahead.perform("propose")
    assert keys.ran == []
    await keys.ahead.perform("journal")
    assert keys.ran == ["journal"]


async def test_what_waits_runs_in_order_and_stops_where_another_list_is_coming() -> None:
    keys = Keys()
    await keys.ahead.perform("mark-alike")
    await keys.ahead.perform("propose")
    await keys.list_came()
    assert keys.ran == ["mark-alike"]
    await keys.list_came()
    assert keys.ran == ["mark-alike", "propose"]


async def test_a_list_that_failed_takes_what_waited_along() -> None:
    keys = Keys()
    await keys.ahead.perform("propose")
    keys.ahead.list_failed()
    await keys.list_came()
    assert keys.ran == []
