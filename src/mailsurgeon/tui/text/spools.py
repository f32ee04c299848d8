"""The list of spools: their results, their order and their lines, without widgets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import overload

from rich.style import Style
from rich.text import Text

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.procedures.survey_many import SpoolRow, worst_first
from mailsurgeon.text import visible
from mailsurgeon.tui.text.fields import FIELD_LIMIT, badge, count_text, fit, fit_end

ORDERS = ("by path", "worst first", "by most messages")


def _by_path(path: bytes, _row: SpoolRow | None) -> tuple[object, ...]:
    return (path.split(b"/"),)


def _worst(path: bytes, row: SpoolRow | None) -> tuple[object, ...]:
    return (row is None, worst_first(row) if row else (path,))


def _messages(path: bytes, row: SpoolRow | None) -> tuple[object, ...]:
    return (row is None, -row.messages if row else 0, path)


_KEYS: Mapping[str, Callable[[bytes, SpoolRow | None], tuple[object, ...]]] = dict(
    zip(ORDERS, (_by_path, _worst, _messages), strict=True)
)


class SpoolTable:
    """The spools and their results, in an order that only `sort` changes."""

    def __init__(self, top: bytes) -> None:
        self.top = top
        self.rows: dict[bytes, SpoolRow] = {}
        self.shown: list[bytes] = []
        self.order = ORDERS[0]
        self.text = ""
        self._all: list[bytes] = []
        self._fresh = True  # no result has come since the spools were sorted
        self._lines: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._all)

    def add(self, paths: Iterable[bytes]) -> None:
        """Adds spools at the end."""
        self._all += paths
        self._show()

    def know(self, row: SpoolRow) -> None:
        """Stores the result of a survey."""
        self.rows[row.path] = row
        self._fresh = False

    def line_of(self, path: bytes | None) -> int | None:
        """The line of a spool; None if it is not shown."""
        return None if path is None else self._lines.get(path)

    def sort(self) -> str:
        """Sorts by the next order, or the same one if results have come since; returns its name."""
        if self._fresh or self.order == ORDERS[0]:
            self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        key = _KEYS[self.order]
        self._all.sort(key=lambda path: key(path, self.rows.get(path)))
        self._fresh = True
        self._show()
        return self.order

    def filter(self, text: str) -> None:
        """Shows only the spools with this in their path."""
        self.text = text
        self._show()

    def name(self, path: bytes) -> str:
        """The path relative to the directory of all spools, safe to show."""
        return visible(os.path.relpath(path, self.top), FIELD_LIMIT)

    def _show(self) -> None:
        part = self.text.casefold()
        self.shown = [
            path for path in self._all
            if not part or part in os.fsdecode(os.path.relpath(path, self.top)).casefold()
        ]  # fmt: skip
        self._lines = {path: line for line, path in enumerate(self.shown)}


class SpoolLines(Sequence[Text]):
    """The lines of a table, each made when it is drawn; `more` follows them."""

    def __init__(
        self,
        table: SpoolTable,
        width: int,
        style: Callable[[Severity], Style],
        now: bytes | None,
        more: Sequence[Text] = (),
    ) -> None:
        self._table, self._style, self._now = table, style, now
        self._more = more
        longest = max((len(table.name(path)) for path in table.shown[:500]), default=8)
        self._name = min(longest, max(16, width * 45 // 100))

    def __len__(self) -> int:
        return len(self._table.shown) + len(self._more)

    @overload
    def __getitem__(self, index: int) -> Text: ...
    @overload
    def __getitem__(self, index: slice) -> list[Text]: ...
    def __getitem__(self, index: int | slice) -> Text | list[Text]:
        if isinstance(index, slice):
            return [self[line] for line in range(*index.indices(len(self)))]
        if index >= len(self._table.shown):
            return self._more[index - len(self._table.shown)]
        path = self._table.shown[index]
        row = self._table.rows.get(path)
        line = Text(f" {fit_end(self._table.name(path), self._name)}")
        if row is None or path == self._now:
            return line.append(f"  {'...' if path == self._now else '':>6}  ", "dim")
        if row.error:
            line.append(f"  {'':>6}  ").append(row.error, self._style(Severity.CRITICAL))
            return line
        line.append(f"  {fit(count_text(row.messages), 6, right=True)}  ")
        return line.append_text(self._found(row))

    def _found(self, row: SpoolRow) -> Text:
        parts = [
            Text(f"{badge(code)} {number:,}", self._style(row.levels[code]))
            for code, number in row.problems.items()
        ]
        if row.not_examined:
            parts.append(Text(f"{row.not_examined:,} not examined"))
        return Text("  ").join(parts) if parts else Text("healthy", "dim")
