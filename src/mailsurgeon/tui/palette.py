"""The command palette: every command that works where the operator is."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from mailsurgeon.tui.keys.actions import Action, keys_of, reachable
from mailsurgeon.tui.screens.base import BaseScreen


class Commands(Provider):
    """The actions, with their keys, and with the reason if one is impossible now."""

    def _actions(self) -> list[Action]:
        if not isinstance(self.screen, BaseScreen):
            return []
        return [action for action in reachable(self.screen.place()) if action.palette]

    def _title(self, action: Action) -> str:
        screen = self.screen
        assert isinstance(screen, BaseScreen)
        key = keys_of(action, screen.program.settings.keymap)[0]
        return f"{action.id.replace('-', ' ')}  ({key})"

    def _help(self, action: Action) -> str:
        screen = self.screen
        assert isinstance(screen, BaseScreen)
        reason = action.disabled_reason(screen.state())
        return f"Not now: {reason}." if reason else action.help

    def _run(self, action: Action) -> None:
        screen = self.screen
        assert isinstance(screen, BaseScreen)
        screen.run_worker(screen.action_press(action.id))

    async def discover(self) -> Hits:
        for action in self._actions():
            yield DiscoveryHit(
                self._title(action), partial(self._run, action), help=self._help(action)
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._actions():
            title = self._title(action)
            score = max(matcher.match(title), matcher.match(action.help) * 0.7)
            if score > 0:
                yield Hit(
                    score, matcher.highlight(title), partial(self._run, action),
                    help=self._help(action),
                )  # fmt: skip
