"""The brake: large operations ask for their number to be typed."""

from __future__ import annotations

from collections.abc import Mapping

from mailsurgeon.surgery.model import Act, Plan

BRAKE_MESSAGES = 1_000
"""Messages; an operation over it asks."""
SMALL_FOLDER = 50
"""Messages; the rule of the half is for folders of at least that many."""


def brake(plan: Plan, sizes: Mapping[bytes, int]) -> int | None:
    """The number the operator must type before the plan may run; None when it may.

    `sizes` are the messages of each folder, by path. A plan of more than
    BRAKE_MESSAGES acts, or over half of a folder of SMALL_FOLDER messages and more, asks for the
    number of its acts.
    """
    if plan.brake_exempt or not plan.acts:
        return None
    if len(plan.acts) > BRAKE_MESSAGES or over_half(plan, sizes):
        return len(plan.acts)
    return None


def over_half(plan: Plan, sizes: Mapping[bytes, int]) -> bool:
    """Whether the plan touches over half of a folder of SMALL_FOLDER messages and more."""
    touched: dict[bytes, int] = {}
    for act in plan.acts:
        folder = _folder_of(act)
        if folder is not None:
            touched[folder] = touched.get(folder, 0) + _messages(act, folder, sizes)
    return any(
        sizes.get(folder, 0) >= SMALL_FOLDER and number * 2 > sizes[folder]
        for folder, number in touched.items()
    )


def _folder_of(act: Act) -> bytes | None:
    return next((step.folder for step in act.steps if step.folder is not None), None)


def _messages(act: Act, folder: bytes, sizes: Mapping[bytes, int]) -> int:
    """A folder put away or moved whole counts with all its messages."""
    return sizes.get(folder, 1) if act.path == folder else 1
