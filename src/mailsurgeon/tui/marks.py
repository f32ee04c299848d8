"""The marked messages; marks stay when the filter or the folder changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence


class Marks:
    """A set of entry ids that also counts those outside the list in view."""

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
        """Recounts the marks in view; to be called when the list shows other messages."""
        self._in_view = sum(map(self._ids.__contains__, view)) if self._ids else 0

    def toggle(self, entry: int) -> None:
        """Marks or unmarks an entry that is in view."""
        if entry in self._ids:
            self._ids.discard(entry)
            self._in_view -= 1
        else:
            self._ids.add(entry)
            self._in_view += 1

    def add(self, entries: Iterable[int]) -> None:
        """Marks entries that are all in view."""
        before = len(self._ids)
        self._ids.update(entries)
        self._in_view += len(self._ids) - before

    def keep(self, entries: Iterable[int]) -> None:
        """Drops all other marks; call `look_at` afterwards."""
        self._ids.intersection_update(entries)

    def renew(self, renamed: Mapping[int, int]) -> None:
        """Replaces old ids by new ones; a negative new id drops the mark. Call `look_at`
        afterwards."""
        for entry in self._ids & renamed.keys():
            self._ids.discard(entry)
            if renamed[entry] > 0:
                self._ids.add(renamed[entry])

    def clear(self) -> None:
        """Drops all marks."""
        self._ids.clear()
        self._in_view = 0

    def away(self) -> str:
        """What is to be said before marks out of view ride along with others; else empty."""
        away = len(self._ids) - self._in_view
        if not away:
            return ""
        if len(self._ids) == 1:
            return "1 is marked that is not in view."
        return f"{len(self._ids):,} are marked, {away:,} of them not in view."

    def summary(self) -> str:
        """`no marks`, `389 marked`, `389 marked, 12 not in view`."""
        if not self._ids:
            return "no marks"
        away = len(self._ids) - self._in_view
        text = f"{len(self._ids):,} marked"
        return f"{text}, {away:,} not in view" if away else text
