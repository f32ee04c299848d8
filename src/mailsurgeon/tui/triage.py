"""The order in which the operator goes through problems: the worst kind first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from mailsurgeon.surgery.model import Plan
from mailsurgeon.survey.index.index import Index
from mailsurgeon.tui.messages import KindRow

_AT_ONCE = 50  # lines of a list whose problems are read together
_TRIES = 100
"""Plans that are made in search of a repair, at most; each takes some milliseconds."""


def neighbour(kinds: Sequence[KindRow], code: str, step: int) -> str | None:
    """The kind after (`step` 1) or before (-1) `code`; None at either end."""
    codes = [kind.code for kind in kinds]
    if code not in codes:
        return codes[0] if codes and step > 0 else None
    place = codes.index(code) + step
    return codes[place] if 0 <= place < len(codes) else None


def next_after(before: Sequence[KindRow], after: Sequence[KindRow], code: str) -> str | None:
    """The kind to go to once all that could be repaired of `code` is repaired.

    This is the first kind that followed it and is still there, else the first other kind above
    info, else None.
    """
    left = {kind.code for kind in after}
    codes = [kind.code for kind in before]
    later = codes[codes.index(code) + 1 :] if code in codes else codes
    for other in later:
        if other in left:
            return other
    return next((kind.code for kind in after if kind.trouble and kind.code != code), None)


def worst(kinds: Sequence[KindRow], codes: Sequence[str]) -> str | None:
    """The first of `kinds` that is in `codes`; None if there is none."""
    return next((kind.code for kind in kinds if kind.code in codes), None)


def next_line(
    index: Index,
    preview: Callable[[Index, int], Plan],
    view: Sequence[int],
    code: str,
    lines: Iterable[int],
) -> int | None:
    """The first of `lines` of a view that an operator must see; None if there is none.

    This is a message whose problem `code` has a repair, or one for which nothing can be proposed.
    It is not one that the repair of others leaves as it is, as the message that keeps its name.
    `preview` makes the plan for one entry.
    """
    for tries, (line, remedy) in enumerate(_remedies(index, view, code, lines)):
        if remedy is None or tries >= _TRIES or preview(index, view[line]).acts:
            return line
    return None


def _remedies(
    index: Index, view: Sequence[int], code: str, lines: Iterable[int]
) -> Iterator[tuple[int, str | None]]:
    """Each line with the remedy of its problem; None if it has none, or none yet."""
    left = iter(lines)
    while some := list(islice(left, _AT_ONCE)):
        problems = index.problems(entries=[view[line] for line in some], codes=[code])
        found = {one.entry: None if one.detail.get("pending") else one.remedy for one in problems}
        yield from ((line, found.get(view[line])) for line in some)
