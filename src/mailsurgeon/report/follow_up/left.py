"""Prints what a plan leaves alone: by kind, which messages, and the command that asks for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.report.follow_up.command_line import BRIEF, CommandStyle
from mailsurgeon.report.output import counted, path_json, print_folded
from mailsurgeon.surgery.model import Left
from mailsurgeon.text import path_shown, visible

if TYPE_CHECKING:
    from rich.console import Console

MOST_PATHS = 20
"""Paths of one kind on a terminal, unless all are wanted."""
_ORDER = {code: place for place, code in enumerate(CATALOGUE)}


def left_as_dicts(left: Iterable[Left], style: CommandStyle = BRIEF) -> list[dict[str, Any]]:
    """What a plan leaves alone, ready for JSON. `refused`: the operator named it; `commands`: those
    that ask for it."""
    return [
        {
            "path": path_json(item.path),
            "codes": list(item.codes),
            "reason": item.reason,
            "hint": item.hint,
            "refused": item.refused,
            "commands": style.asked_for([item]) if item.hint else [],
        }
        for item in left
    ]


def print_left(
    console: Console,
    left: Iterable[Left],
    *,
    whole: bool = False,
    style: CommandStyle | None = None,
) -> None:
    """Prints what the plan leaves alone, by kind and reason. With a `style` it names the messages
    (on a terminal MOST_PATHS of each, unless `whole`), and the commands that ask for them."""
    most = None if whole or not console.file.isatty() else MOST_PATHS
    for group in _alike(left):
        first = group[0]
        label = "refused" if first.refused else "not done"
        number = _number(group)
        ask = f" ({visible(first.hint)})" if first.hint and not _is_command(first.hint) else ""
        print_folded(console, f"{label:<8}  {number}: {visible(first.reason)}{ask}")
        if style is not None or whole or first.refused:
            print_paths(console, [item.path for item in group], most)
        if style is not None and first.hint:
            for line in style.asked_for(group[:most]):
                console.print(f"          {line}", soft_wrap=True)
            if most is not None and len(group) > most:
                console.print(f"          (for these {most}; -v gives it for all)")


def print_paths(console: Console, paths: Sequence[bytes], most: int | None) -> None:
    """Prints each path on a line of its own, `most` of them (None: all)."""
    for path in paths[:most]:
        console.print(f"          {path_shown(path)}", soft_wrap=True)
    if most is not None and len(paths) > most:
        console.print(f"          and {len(paths) - most:,} more; -v names all", soft_wrap=True)


def _is_command(hint: str) -> bool:
    return hint.startswith(("mailsurgeon ", "mkdir "))


def _number(group: Sequence[Left]) -> str:
    codes = group[0].codes
    return f"{len(group):,} {', '.join(codes)}" if codes else counted(len(group), "path")


def _alike(left: Iterable[Left]) -> Iterator[list[Left]]:
    """What is left alone for the same reason, refusals first, then the kinds as the catalogue has
    them. Kinds that one message has for one reason stand together."""
    joined: dict[tuple[bool, bytes, str, str], Left] = {}
    for item in left:
        key = (item.refused, item.path, item.reason, item.hint)
        other = joined.get(key)
        codes = item.codes if other is None else (*other.codes, *item.codes)
        joined[key] = replace(item, codes=tuple(dict.fromkeys(codes)))

    def order(item: Left) -> tuple[Any, ...]:
        places = tuple(_ORDER.get(code, len(_ORDER)) for code in item.codes)
        return (not item.refused, places, item.reason, item.hint)

    for _, group in groupby(sorted(joined.values(), key=order), key=order):
        yield list(group)
