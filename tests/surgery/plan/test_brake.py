"""The brake asks for a number when an operation is large, or takes over half of a folder."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.model import Act, Plan
from mailsurgeon.surgery.plan.brake import brake
from mailsurgeon.surgery.steps.rename import Rename


def acts(number: int, folder: bytes = b".A") -> tuple[Act, ...]:
    step = Rename(b"x", b"y", None, folder, folder)
    return tuple(Act("file", b".A/cur/%d" % one, (step,)) for one in range(number))


@pytest.mark.parametrize(
    ("plan", "sizes", "number"),
    [
        (acts(1000), {}, None),
        (acts(1001), {}, 1001),
        (acts(25), {b".A": 50}, None),
        (acts(26), {b".A": 50}, 26),
        (acts(49), {b".A": 49}, None),
        (acts(30) + acts(30, b".B"), {b".A": 100, b".B": 100}, None),
        (acts(30) + acts(60, b".B"), {b".A": 100, b".B": 100}, 90),
        ((), {}, None),
    ],
)
def test_when_the_number_is_asked_for(
    plan: tuple[Act, ...], sizes: dict[bytes, int], number: int | None
) -> None:
    assert brake(Plan("fix", plan), sizes) == number


def test_a_folder_put_away_whole_counts_with_all_its_messages() -> None:
    step = Rename(b".A", QuarantinePath.of(None, b".A"), None, b".A")
    whole = Plan("quarantine", (Act("quarantine folder", b".A", (step,)),))
    assert brake(whole, {b".A": 400}) == 1
    assert brake(whole, {b".A": 10}) is None


def test_undo_redo_and_restore_are_exempt() -> None:
    assert brake(replace(Plan("undo", acts(5000)), brake_exempt=True), {}) is None
