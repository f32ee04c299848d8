"""The command palette: every command that works where the operator is, and every theme."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from mailsurgeon.tui.keys.actions import Action, keys_of, reachable
from mailsurgeon.tui.screens.base import BaseScreen


@dataclass(frozen=True, slots=True)
class PaletteLine:
    """A line of the palette. `words` are searched besides the title."""

    title: str
    help: str
    words: str
    run: Callable[[], object]


class Commands(Provider):
    """The actions, with their keys, and with the reason if one is impossible now; the themes."""

    def _lines(self) -> Iterator[PaletteLine]:
        if isinstance(self.screen, BaseScreen):
            for action in reachable(self.screen.place()):
                if action.palette:
                    yield _action_line(self.screen, action)
        for name in sorted(self.app.available_themes):
            yield self._theme_line(name)

    def _theme_line(self, name: str) -> PaletteLine:
        help = "The theme in use." if name == self.app.theme else f"Draws everything in {name}."
        return PaletteLine(f"theme {name}", help, "", partial(self._use_theme, name))

    def _use_theme(self, name: str) -> None:
        self.app.theme = name

    async def discover(self) -> Hits:
        for line in self._lines():
            yield DiscoveryHit(line.title, line.run, help=line.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for line in self._lines():
            score = max(matcher.match(line.title), matcher.match(line.words) * 0.7)
            if score > 0:
                yield Hit(score, matcher.highlight(line.title), line.run, help=line.help)


def _action_line(screen: BaseScreen[object], action: Action) -> PaletteLine:
    key = keys_of(action, screen.program.settings.keymap)[0]
    reason = action.disabled_reason(screen.state())
    help = f"Not now: {reason}." if reason else action.help

    def run() -> None:
        screen.run_worker(screen.action_press(action.id))

    return PaletteLine(f"{action.id.replace('-', ' ')}  ({key})", help, action.help, run)
