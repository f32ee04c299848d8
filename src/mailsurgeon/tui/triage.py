"""The order in which the operator goes through problems: the worst kind first."""

from __future__ import annotations

from collections.abc import Sequence

from mailsurgeon.tui.messages import KindRow


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
