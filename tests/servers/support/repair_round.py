"""One damaged spool on its way through repair, undo, redo and undo, under a server's eyes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.servers.support.damages import Expected
from tests.servers.support.operator import Operator
from tests.servers.support.served import Change, Served, alike, compare, count_of
from tests.servers.support.stock import Stock, tree

SERVERS_OWN = ("dovecot", "courier", "maildirfolder")


@dataclass
class RepairRound:
    """One damaged spool on its way through repair, undo, redo and undo."""

    stock: Stock
    expected: Expected
    operator: Operator
    healthy: Served
    looks: int = 0

    def command(self, verb: str, *words: str) -> dict[str, Any]:
        wanted = (*words, "--yes", "--max", "9999", "--format", "json")
        return self.operator.must(verb, self.stock.server.spool, *wanted).json

    def repair(self) -> None:
        verb, *words = self.expected.words
        report = self.command(verb, *words)
        assert report["done"] == self.expected.done
        lost = [line for line in report["effects"] if "cannot be kept" in line or "anew" in line]
        assert not lost, lost

    def again(self, verb: str) -> None:
        report = self.command(verb)
        assert sum(report["done"].values()) == sum(self.expected.done.values())

    def view(self, *, damaged: bool = False) -> Served:
        if self.expected.seen != "never":
            reading = self.expected.reading if damaged else "strict"
            return self.stock.look(reading, old_dates=self.expected.old_dates)
        if damaged:
            return self.healthy
        self.looks += 1
        return self.stock.look_aside(f"look-{self.looks}")

    def change(self, before: Served) -> Change:
        brings = {name: self.healthy[old] for name, old in self.expected.brings.items()}
        takes = {name: before[name] for name in self.expected.takes}
        return replace(self.expected.change, boxes_new=brings, boxes_gone=takes)

    def files(self) -> dict[str, tuple[object, ...]]:
        """All files but those a server itself writes whenever it looks."""
        found = tree(self.stock.server)
        if self.expected.seen == "never":
            return found
        return {
            path: facts
            for path, facts in found.items()
            if not any(part.startswith(SERVERS_OWN) for part in path.split("/"))
        }

    def measure(self) -> str:
        """Repair, undo, redo and undo, each seen by the server and compared; gives the figures."""
        before = self.view(damaged=True)
        if self.expected.seen == "same":
            assert alike(before, self.healthy)
        change = self.change(before)
        files = self.files()
        self.repair()
        repaired = self.view()
        figures, views = [compare(before, repaired, change)], [repaired]
        for verb in ("undo", "redo", "undo"):
            self.again(verb)
            old, now = repaired, self.view(damaged=verb == "undo")
            wanted = change.back() if verb == "undo" else change
            given = figures[-1].highest if self.expected.seen != "never" else {}
            figures.append(compare(old, now, wanted, given))
            if verb == "undo":
                assert self.files() == files
            repaired = now
            views.append(now)
        assert all(
            figure.total == count_of(seen) for figure, seen in zip(figures, views, strict=True)
        )
        told = ("repaired", "undone", "redone", "undone")
        return "; ".join(f"{word}: {figure}" for word, figure in zip(told, figures, strict=True))
