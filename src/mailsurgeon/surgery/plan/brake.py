"""The brake: before a large operation the operator must type the number of its acts."""

from __future__ import annotations

from collections.abc import Mapping

from mailsurgeon.surgery.model import Act, Plan

BRAKE_MESSAGES = 1_000
"""Messages; the brake applies to larger operations."""
SMALL_FOLDER = 50
"""Messages; the brake at half a folder applies to folders of this size and larger."""


def brake(plan: Plan, sizes: Mapping[bytes, int]) -> int | None:
    """The number the operator must type before the plan may run; None if it may run at once.

    `sizes`: messages per folder, by path. A plan of more than BRAKE_MESSAGES acts, or for more than
    half of a folder with at least SMALL_FOLDER messages, needs the number of its acts.
    """
    if plan.brake_exempt or not plan.acts:
        return None
    if len(plan.acts) > BRAKE_MESSAGES or over_half(plan, sizes):
        return len(plan.acts)
    return None


def over_half(plan: Plan, sizes: Mapping[bytes, int]) -> bool:
    """Whether the plan touches more than half of a folder with at least SMALL_FOLDER messages."""
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
    """The messages an act touches: all of the folder if it is quarantined or moved whole."""
    return sizes.get(folder, 1) if act.path == folder else 1
