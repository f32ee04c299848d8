"""The marked messages: they survive filters and folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence


class Marks:
    """A set of entry ids, and how many of them the list in view does not show."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._in_view = 0

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, entry: object) -> bool:
        return entry in self._ids

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._ids))

    def look_at(self, view: Sequence[int]) -> None:
        """Counts again what is in view; called when the list shows others."""
        self._in_view = sum(map(self._ids.__contains__, view)) if self._ids else 0

    def toggle(self, entry: int) -> None:
        """Marks one that is in view, or takes its mark off."""
        if entry in self._ids:
            self._ids.discard(entry)
            self._in_view -= 1
        else:
            self._ids.add(entry)
            self._in_view += 1

    def add(self, entries: Iterable[int]) -> None:
        """Marks several that are in view."""
        before = len(self._ids)
        self._ids.update(entries)
        self._in_view += len(self._ids) - before

    def keep(self, entries: Iterable[int]) -> None:
        """Drops the marks of all others; `look_at` has to follow."""
        self._ids.intersection_update(entries)

    def renew(self, renamed: Mapping[int, int]) -> None:
        """Some have another id now; a negative one has no mark any more. `look_at` has to
        follow."""
        for entry in self._ids & renamed.keys():
            self._ids.discard(entry)
            if renamed[entry] > 0:
                self._ids.add(renamed[entry])

    def clear(self) -> None:
        """Takes all marks off."""
        self._ids.clear()
        self._in_view = 0

    def summary(self) -> str:
        """`no marks`, `389 marked`, `389 marked, 12 not in view`."""
        if not self._ids:
            return "no marks"
        away = len(self._ids) - self._in_view
        text = f"{len(self._ids):,} marked"
        return f"{text}, {away:,} not in view" if away else text
