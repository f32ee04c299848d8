"""Which acts of a plan change a server's list of UIDs, and which the list's state prevents."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from mailsurgeon.maildir.filename import split
from mailsurgeon.surgery.model import Act, Left, QuarantinePath
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.selection import command


def bases_given_up(acts: Sequence[Act]) -> dict[bytes, set[bytes]]:
    """The base names whose records must follow, and those that they get, by folder."""
    found: dict[bytes, set[bytes]] = {}
    for act in acts:
        for folder, base in _records(act):
            found.setdefault(folder, set()).add(base)
        for step in act.steps:
            if step.folder is not None and step.bases_given_up():
                found.setdefault(step.folder, set()).update(step.bases_led_to())
    return found


def bases_coming(acts: Sequence[Act]) -> dict[bytes, set[bytes]]:
    """The base names of messages that come back from the quarantine, by folder."""
    found: dict[bytes, set[bytes]] = {}
    for step in (step for act in acts for step in act.steps):
        source, target, folder = step.came_from, step.target, step.target_folder
        if source is None or target is None or folder is None or step.carries_directory:
            continue
        if isinstance(source, QuarantinePath) and not isinstance(target, QuarantinePath):
            found.setdefault(folder, set()).add(split(os.path.basename(target))[0])
    return found


def _records(act: Act) -> Iterator[tuple[bytes, bytes]]:
    """The folders and base names of the records that an act changes."""
    for step in act.steps:
        if step.folder is not None:
            for base in step.bases_given_up():
                yield step.folder, base


def without_lists(acts: Sequence[Act], context: SpoolContext) -> tuple[list[Act], list[Left]]:
    """The acts that can be done, and those that must wait because a list is damaged, a symlink,
    read-only or another user's."""
    bases = bases_given_up(acts)
    stopped = {
        folder: context.lists(folder, bases[folder])
        for folder in bases
        if context.lists(folder, bases[folder]).trouble
    }
    if not stopped:
        return list(acts), []
    hint = command(context.spool, "--only uidlist-damaged")
    kept: list[Act] = []
    left: list[Left] = []
    for act in acts:
        troubles = [stopped[folder] for folder, _ in _records(act) if folder in stopped]
        if troubles:
            first = troubles[0]
            advice = hint if first.damaged else ""
            left.append(Left(act.path, first.trouble, act.codes, True, advice))
        else:
            kept.append(act)
    return kept, left
