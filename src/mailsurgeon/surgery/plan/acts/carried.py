"""What goes along with a directory that is moved as a whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from mailsurgeon.surgery.model import Act, Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.steps.conditions import NoMailBelow, SameMessages, StepCondition
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.survey.index.questions import holds_files, messages_below


@dataclass(frozen=True, slots=True)
class Carrying:
    """What the plan does before a directory is moved.

    `gone`: the directories that acts before have moved, among them some that lay inside. `busy`:
    the plan changes messages in it before, so the survey no longer tells what it holds.
    """

    gone: Collection[bytes]
    busy: bool


def directories_moved(act: Act) -> Iterator[bytes]:
    """The directories that an act moves to where they do not lie inside their own parent."""
    for step in act.steps:
        if isinstance(step, Rename) and step.carries_directory:
            parent = step.source.rpartition(b"/")[0] + b"/"
            if step.puts_away or not step.target.startswith(parent):
                yield step.source


def with_contents(step: Step, context: SpoolContext, carrying: Carrying) -> Step:
    """The step, if it moves a directory, with its quota change and the condition that the directory
    holds what the survey found."""
    if not isinstance(step, Rename):
        return step
    quota = context.quota.of_folder(step.source, step.target)
    gone = _topmost_inside(step.source, carrying.gone)
    conditions = () if carrying.busy else _conditions(step.source, context, gone)
    return replace(step, quota=quota, conditions=step.conditions + conditions)


def _conditions(
    path: bytes, context: SpoolContext, gone: Iterable[bytes]
) -> tuple[StepCondition, ...]:
    if path in context.by_path:
        held = SameMessages.of(path, messages_below(context.index, path))
        for inner in gone:
            held = _without(held, SameMessages.of(inner, messages_below(context.index, inner)))
        return (held,)
    return () if holds_files(context.index, path) else (NoMailBelow(path),)


def _without(held: SameMessages, inner: SameMessages) -> SameMessages:
    """The condition for a directory when an inner one has been moved away."""
    total = (int(held.total, 16) - int(inner.total, 16)) % (1 << 128)
    return SameMessages(held.path, held.messages - inner.messages, f"{total:032x}")


def _topmost_inside(path: bytes, gone: Collection[bytes]) -> Iterator[bytes]:
    """Those of the moved directories that lay inside this one, without those inside each other."""
    inside = sorted(one for one in gone if one.startswith(path + b"/"))
    last = None
    for one in sorted(inside, key=lambda one: one.split(b"/")):
        if last is None or not one.startswith(last + b"/"):
            last = one
            yield one
