"""What a step changes, in lines: the old value above the new one, the part that differs marked.

A rename of a damaged message changes a few characters of a long name; an operator who is to agree
to it must see which.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from rich.cells import cell_len
from rich.text import Text

from mailsurgeon.surgery.fsops.paths import spelled
from mailsurgeon.surgery.model import Step
from mailsurgeon.text import path_shown

GONE, NEW = "part-gone", "part-new"
"""The styles of the parts that differ (themes.py)."""
ARROW = "-> "
_ALIKE = 3  # characters


def shown(path: bytes) -> str:
    """A path of a step, safe to show; a place in the quarantine has no number yet."""
    return path_shown(path).replace("quarantine:@/", "quarantine:", 1)


def old_and_new(old: str, new: str) -> tuple[Text, Text]:
    """Both texts, with the parts marked that the other one lacks."""
    before, after = Text(old), Text(new)
    for start, end, begin, stop in _differing(old, new):
        before.stylize(GONE, start, end)
        after.stylize(NEW, begin, stop)
    return before, after


def _differing(old: str, new: str) -> Iterator[tuple[int, int, int, int]]:
    """The parts that differ, by their starts and ends in both texts."""
    at = then = 0
    for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        # A few characters that are alike by chance would only scatter the marks.
        if block.size < _ALIKE and block.a and block.b and block.a < len(old):
            continue
        if block.a > at or block.b > then:
            yield at, block.a, then, block.b
        at, then = block.a + block.size, block.b + block.size


def step_lines(step: Step) -> Iterator[Text]:
    """The lines of one step: its path, and below it what is there instead."""
    target = None if step.target is None else spelled(step.target)
    if step.source is not None and target is not None:
        yield from _pair(shown(spelled(step.source)), shown(target))
    elif not step.values:
        yield Text(step.tell(shown))
    elif len(step.values) == 1:
        ((old, new),) = step.values
        before, after = old_and_new(old or "nothing", new or "nothing")
        what = f"{step.action} {shown(spelled(step.about))}  "
        yield Text.assemble(what, before, f" {ARROW}", after)
    else:
        yield Text(f"{step.action} {shown(spelled(step.about))}")
        for old, new in step.values:
            yield from _pair(old or "nothing", new or "nothing")


def _pair(old: str, new: str) -> Iterator[Text]:
    before, after = old_and_new(old, new)
    yield before
    yield Text.assemble(ARROW, after)


def wrapped(line: Text, width: int, indent: int) -> list[Text]:
    """The line in parts of at most `width` cells; all but the first are indented. It is folded at a
    space; a name, which has none, wherever the width ends."""
    parts: list[Text] = []
    room = max(width, indent + 1)
    while line.cell_len > room:
        size = _fitting(line.plain, room)
        space = line.plain.rfind(" ", room // 2, size + 1)
        end, begin = (space, space + 1) if space > indent else (size, size)
        parts.append(line[:end])
        line = Text.assemble(" " * indent, line[begin:], style=line.style)
    return [*parts, line]


def wrapped_height(text: str, width: int, indent: int) -> int:
    """How many parts `wrapped` makes of a text."""
    room = max(width, indent + 1)
    if len(text) <= room and text.isascii():
        return 1
    if not text.isascii() or " " in text[indent:]:
        return len(wrapped(Text(text), width, indent))
    return 1 - (-(len(text) - room) // (room - indent))


def _fitting(text: str, width: int) -> int:
    """How many characters of a text fit in `width` cells."""
    if text.isascii():
        return width
    used = 0
    for place, char in enumerate(text):
        used += cell_len(char)
        if used > width:
            return place
    return len(text)
