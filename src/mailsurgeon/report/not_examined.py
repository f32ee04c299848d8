"""Lists what a survey could not examine; every report on a spool includes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mailsurgeon.report.output import path_json
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.text import path_shown, visible

if TYPE_CHECKING:
    from rich.console import Console

_FIRST = 5


def unseen_as_dicts(unseen: Sequence[NotExamined]) -> list[dict[str, Any]]:
    """The paths with their reasons, ready for JSON."""
    return [{"path": path_json(item.path), "reason": item.reason} for item in unseen]


def print_unseen(console: Console, unseen: Sequence[NotExamined], *, whole: bool = False) -> None:
    """Prints `3 not examined` and the first few (`whole`: all) with reasons; nothing if none."""
    if not unseen:
        return
    console.print(f"{len(unseen):,} not examined; nothing was done about them:", soft_wrap=True)
    shown = unseen if whole else unseen[:_FIRST]
    for item in shown:
        console.print(f"          {path_shown(item.path)}: {visible(item.reason)}", soft_wrap=True)
    if len(shown) < len(unseen):
        console.print(f"          and {len(unseen) - len(shown):,} more; scan names them")
