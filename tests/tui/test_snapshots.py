"""How the screens look, at 80x24 and 200x50, with fixed mail, clock and neighbours.

After a wanted change: `pytest tests/tui/test_snapshots.py --snapshot-update`, and look at them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from mailsurgeon.host.processes import Users
from mailsurgeon.tui.app import MailsurgeonApp
from tests.support.host import FakeHost
from tests.tui.conftest import ScreenMaildir, keys, settled

SMALL, LARGE = (80, 24), (200, 50)
Compare = Callable[..., bool]


class Dated:
    """A surgeon whose operations were all done at one time, in one place."""

    def __init__(self, surgeon: Any) -> None:
        self._surgeon = surgeon

    def __getattr__(self, name: str) -> Any:
        return getattr(self._surgeon, name)

    @property
    def journal_path(self) -> Path:
        return Path("~/.local/state/mailsurgeon/journal").expanduser()

    def operations(self) -> list[Any]:
        found = self._surgeon.operations()
        return [dataclasses.replace(one, time="2012-03-07T10:15:00Z") for one in found]


@pytest.fixture
def app(maildir: ScreenMaildir) -> Callable[..., MailsurgeonApp]:
    users = Users({17: ("imap", ("cur",)), 18: ("imap", ("new",))})

    def make(**settings: Any) -> MailsurgeonApp:
        session = maildir.session(host=FakeHost(users=users), **settings)
        session.surgeon = Dated(session.surgeon)
        survey = session.survey
        session.survey = lambda *args, **options: dataclasses.replace(  # type: ignore[type-var]
            survey(*args, **options), seconds=0.4
        )
        return MailsurgeonApp(session)

    return make


def after(*pressed: str) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await keys(pilot, *pressed)

    return run


Maker = Callable[..., MailsurgeonApp]


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_main(snap_compare: Compare, app: Maker, size: tuple[int, int]) -> None:
    assert snap_compare(app(), terminal_size=size, run_before=after("enter", "A", "down"))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_plan(snap_compare: Compare, app: Maker, size: tuple[int, int]) -> None:
    assert snap_compare(app(), terminal_size=size, run_before=after("enter", "A", "enter"))


def test_folder(snap_compare: Compare, app: Maker, maildir: ScreenMaildir) -> None:
    (maildir.root / "subscriptions").write_bytes(b"Archives.2012\n")
    (maildir.root / ".lists" / "dovecot-uidlist").write_bytes(b"3 V1300000000 N3 Pabc\n")
    assert snap_compare(app(), terminal_size=SMALL, run_before=after("end"))


def test_plan_read_only(snap_compare: Compare, app: Maker) -> None:
    run = after("enter", "A", "enter", "Y")
    assert snap_compare(app(read_only=True), terminal_size=SMALL, run_before=run)


def test_after_the_operation(snap_compare: Compare, app: Maker) -> None:
    run = after("enter", "A", "enter", "Y")
    assert snap_compare(app(), terminal_size=SMALL, run_before=run)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_journal(snap_compare: Compare, app: Maker, size: tuple[int, int]) -> None:
    run = after("enter", "A", "enter", "Y", "A", "enter", "Y", "u", "Y", "J")
    assert snap_compare(app(), terminal_size=size, run_before=run)


def test_help(snap_compare: Compare, app: Maker) -> None:
    assert snap_compare(app(), terminal_size=SMALL, run_before=after("enter", "?"))


def test_flags(snap_compare: Compare, app: Maker) -> None:
    assert snap_compare(app(), terminal_size=SMALL, run_before=after("enter", "f"))


def test_terminal_theme_in_ascii(snap_compare: Compare, app: Maker) -> None:
    run = after("enter", "]")
    made = app(theme="ansi-dark", ascii=True)
    assert snap_compare(made, terminal_size=SMALL, run_before=run)


def test_too_small(snap_compare: Compare, app: Maker) -> None:
    assert snap_compare(app(), terminal_size=(50, 10), run_before=after())
