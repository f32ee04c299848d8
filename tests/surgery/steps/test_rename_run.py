"""Many renames between two directories: the same comes of each as if it were done alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.surgery.steps import moving, rename_run
from mailsurgeon.surgery.steps.rename_run import RenameRun
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, maildir_in, plan

NAMES = [b"13000000%02d.M%dP1.host" % (number, number) for number in range(1, 13)]
FILED = [b"cur/" + name + b":2,S" for name in NAMES]


def outcomes(home: Path) -> tuple[Any, ...]:
    """What becomes of messages that were changed in every way since the plan, and of an undo."""
    home.mkdir()
    maildir = maildir_in(home)
    for number, name in enumerate(NAMES, start=1):
        maildir.mail(name, number)
    acts = [maildir.rename(name, to) for name, to in zip(NAMES, FILED, strict=True)]
    for change, name in zip(CHANGES, NAMES[1::2], strict=False):
        change(maildir, name)
    with maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(*acts))
        refused = [(one.path, one.reason) for one in report.refused]
        os.rename(maildir.path(FILED[0]), maildir.path(FILED[0] + b"T"))  # a client marks one
        maildir.mail(NAMES[2], 40)  # and something takes the place of another
        back = surgeon.apply(surgeon.plan_undo())
        rows = [
            [(one.state, one.reason, one.source, one.target, dict(one.data), one.step.folder)
             for one in surgeon.steps(number)]
            for number in (1, 2)
        ]  # fmt: skip
    names = sorted(str(path.relative_to(maildir.root)) for path in maildir.root.rglob("*"))
    contents = sorted(path.read_bytes() for path in maildir.root.rglob("*") if path.is_file())
    return refused, report.state, back.state, back.refused, rows, names, contents


def longer(maildir: Maildir, name: bytes) -> None:
    with maildir.path(name).open("ab") as file:
        file.write(b"more")


def later(maildir: Maildir, name: bytes) -> None:
    os.utime(maildir.path(name), (1, 1))


def gone(maildir: Maildir, name: bytes) -> None:
    maildir.path(name).unlink()


def another(maildir: Maildir, name: bytes) -> None:
    maildir.mail(b"other", 50)
    maildir.path(b"other").replace(maildir.path(name))


def taken(maildir: Maildir, name: bytes) -> None:
    maildir.mail(b"new/" + name, 60)


def there(maildir: Maildir, name: bytes) -> None:
    maildir.mail(b"cur/" + name + b":2,S", 70)


CHANGES = (longer, later, gone, another, taken, there)


@protects(
    "what is renamed in a run is looked at like what is renamed alone",
    where="surgery/steps/rename_run.py",
    seen="failed for each look left out",
)
def test_the_same_comes_of_each_as_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together = outcomes(tmp_path / "together")
    monkeypatch.setattr(RenameRun, "does", lambda _self, _step: False)
    alone = outcomes(tmp_path / "alone")
    assert together == alone
    assert len(together[0]) == len(CHANGES)


def test_plain_renames_are_done_in_a_run(maildir: Maildir, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[bytes] = []

    def watched(*arguments: Any) -> None:
        moving.move(*arguments)
        moved.append(arguments[1])

    monkeypatch.setattr(rename_run, "move", watched)
    acts = [maildir.rename(maildir.mail(name), to) for name, to in zip(NAMES, FILED, strict=True)]
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(plan(*acts)).state == "applied"
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
    assert moved == [*NAMES, *(os.path.basename(name) for name in reversed(FILED))]


def test_a_file_swapped_between_look_and_rename_goes_back(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = maildir.rename(maildir.mail(NAMES[0]), FILED[0])

    def swapped(*arguments: Any) -> None:
        another(maildir, NAMES[0])
        moving.move(*arguments)

    monkeypatch.setattr(rename_run, "move", swapped)
    with maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(act))
    assert [one.reason for one in report.refused] == ["another file has taken its place"]
    assert (maildir.path(NAMES[0]).exists(), maildir.path(FILED[0]).exists()) == (True, False)
