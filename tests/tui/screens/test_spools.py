"""The start page: many spools, looked at one by one; Enter goes in, Esc comes back."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from mailsurgeon.procedures.survey_spool import SurveyRequest
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.run import run_survey
from mailsurgeon.tui.app import MailsurgeonApp
from mailsurgeon.tui.screens.main.screen import MainScreen
from mailsurgeon.tui.screens.plan import PlanScreen
from mailsurgeon.tui.screens.spools import SpoolsScreen
from mailsurgeon.tui.spool_sessions import SpoolSessions
from mailsurgeon.tui.widgets.bars import Bar
from tests.support.protects import protects
from tests.tui.conftest import START, key_line, keys, settled, status, tree_lines, typed

MAIL = "From: anna@example.org\nDate: Tue, 06 Mar 2012 02:13:20 +0000\nMessage-ID: <{0}>\n\nText.\n"


class Vmail:
    """`vmail/NAME`: Maildirs with as many wrong sizes as asked for."""

    def __init__(self, home: Path) -> None:
        self.top = home / "vmail"
        self.home = home
        self.opened: list[SpoolSessions] = []
        for name, wrong in (("anna", 0), ("bert", 1), ("carla", 3), ("dirk", 2)):
            self.spool(name, wrong)

    def spool(self, name: str, wrong: int = 0) -> Path:
        for folder in ("", ".Sent"):
            for part in ("cur", "new", "tmp"):
                (self.top / name / folder / part).mkdir(parents=True)
        for number in range(4):
            size = ",S=7" if number < wrong else ""
            path = self.top / name / "cur" / f"13310000{number:02}.M1P1.host{size}:2,S"
            path.write_text(MAIL.format(f"{name.encode().hex()}{number}@example.org"))
            os.utime(path, (1331000000, 1331000000))
        return self.top / name

    def sessions(self, **settings: Any) -> SpoolSessions:
        options = {"inspect_delay": 0.0, "now": lambda: START}
        spools = SpoolSessions(
            os.fsencode(self.top),
            SurveyRequest(Options(), survey=run_survey),
            lambda spool: Surgeon(spool, state_dir=self.home / "state"),
            settings=options,
            **settings,
        )
        self.opened.append(spools)
        return spools

    def app(self, **settings: Any) -> MailsurgeonApp:
        return MailsurgeonApp(self.sessions(**settings))


@pytest.fixture
def vmail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vmail]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    made = Vmail(tmp_path)
    yield made
    for spools in made.opened:
        spools.close()
    monkeypatch.undo()
    time.tzset()


def page(pilot: Pilot[Any]) -> SpoolsScreen:
    assert isinstance(pilot.app.screen, SpoolsScreen)
    return pilot.app.screen


def lines(pilot: Pilot[Any]) -> list[str]:
    found = page(pilot).list
    return [" ".join(found.render_line(y).text.split()) for y in range(found.count())]


def under_cursor(pilot: Pilot[Any]) -> str:
    return lines(pilot)[page(pilot).list.cursor].split()[0]


async def test_it_fills_in_and_moves_no_line(vmail: Vmail) -> None:
    async with vmail.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert lines(pilot) == [
            "anna 4 healthy", "bert 4 SIZE 1", "carla 4 SIZE 3", "dirk 4 SIZE 2",
        ]  # fmt: skip
        title = page(pilot).query_one("#spools-title", Bar).text
        assert title.startswith("~/vmail  4 spools  16 messages  3 with problems")
        assert title.endswith("by path")
        assert "Enter open" in key_line(pilot)


async def test_the_worst_come_first_when_asked_and_the_cursor_stays_on_its_spool(
    vmail: Vmail,
) -> None:
    async with vmail.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "down", "s")
        assert [line.split()[0] for line in lines(pilot)] == ["carla", "dirk", "bert", "anna"]
        assert under_cursor(pilot) == "bert"
        (vmail.top / "bert" / "cur" / "1331000000.M1P1.host,S=7:2,S").unlink()
        for number in range(4):
            path = vmail.top / "anna" / "cur" / f"13310000{number:02}.M1P1.host:2,S"
            path.rename(f"{path.parent}/{path.name[:-4]},S=7:2,S")
        await keys(pilot, "R")
        assert lines(pilot) == [
            "carla 4 SIZE 3", "dirk 4 SIZE 2", "bert 3 healthy", "anna 4 SIZE 4",
        ]  # fmt: skip
        await keys(pilot, "s")
        assert [line.split()[0] for line in lines(pilot)] == ["anna", "carla", "dirk", "bert"]
        assert under_cursor(pilot) == "bert"
        assert status(pilot) == "Sorted worst first."
        await keys(pilot, "s")
        assert status(pilot) == "Sorted by most messages."


async def test_enter_goes_in_and_esc_comes_back(vmail: Vmail) -> None:
    """A repair made inside is on the list afterwards; each spool has a journal of its own."""
    async with vmail.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "down", "enter")
        assert isinstance(pilot.app.screen, MainScreen)
        assert pilot.app.screen.session.spool.root == os.fsencode(vmail.top / "bert")
        assert any("SIZE" in line for line in tree_lines(pilot))
        await keys(pilot, "enter", "enter", "Y")
        assert "u: undo" in status(pilot)
        await keys(pilot, "escape")
        assert lines(pilot)[:2] == ["anna 4 healthy", "bert 4 healthy"]
        assert under_cursor(pilot) == "bert"
        await keys(pilot, "down", "enter", "J")
        assert (
            "Nothing has been done yet" in pilot.app.screen.query_one("#operations").rows[0].plain
        )
        await keys(pilot, "escape", "escape", "up", "enter", "u")
        assert isinstance(pilot.app.screen, PlanScreen)


async def test_esc_clears_the_filter_inside_first(vmail: Vmail) -> None:
    async with vmail.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "slash")
        await typed(pilot, "host")
        await keys(pilot, "enter", "escape")
        assert isinstance(pilot.app.screen, MainScreen)
        await keys(pilot, "escape")
        assert isinstance(pilot.app.screen, SpoolsScreen)


async def test_read_only_holds_inside(vmail: Vmail) -> None:
    async with vmail.app(read_only=True).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "read-only" in page(pilot).query_one("#spools-title", Bar).text
        await keys(pilot, "down", "enter", "enter", "enter", "Y")
        assert "read-only" in status(pilot)
        assert len(list((vmail.top / "bert" / "cur").glob("*,S=7*"))) == 1


async def test_a_spool_that_is_gone_is_told_and_stops_no_other(vmail: Vmail) -> None:
    async with vmail.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        shutil.rmtree(vmail.top / "bert")
        await keys(pilot, "R")
        assert lines(pilot)[1].startswith("bert No such file or directory")
        assert lines(pilot)[2] == "carla 4 SIZE 3"
        await keys(pilot, "down", "enter")
        assert "No such file or directory" in status(pilot)
        await keys(pilot, "down", "enter")
        assert isinstance(pilot.app.screen, MainScreen)


async def test_what_is_far_away_is_found_by_filter_and_by_n(vmail: Vmail) -> None:
    async with vmail.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await keys(pilot, "n", "n")
        assert under_cursor(pilot) == "carla"
        await keys(pilot, "n", "n")
        assert "No other" in status(pilot)
        await keys(pilot, "N", "slash")
        await typed(pilot, "ER")
        await keys(pilot, "enter")
        assert lines(pilot) == ["bert 4 SIZE 1"]
        await keys(pilot, "escape")
        assert len(lines(pilot)) == 4


async def test_what_was_not_searched_is_on_the_list(vmail: Vmail, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (vmail.top / "emil").symlink_to(tmp_path / "elsewhere")
    async with vmail.app().run_test(size=(200, 24)) as pilot:
        await settled(pilot)
        assert lines(pilot)[-1] == "1 directory not searched"
        await keys(pilot, "G", "enter")
        assert "emil" in pilot.app.screen.query_one("#text").render_line(0).text


async def test_a_hostile_name_is_text(vmail: Vmail) -> None:
    vmail.spool("e\x1b[31m[bold]\u202emil")
    async with vmail.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert lines(pilot)[-1] == "e\\x1b[31m[bold]\\u202emil 4 healthy"
        await keys(pilot, "G", "enter")
        assert isinstance(pilot.app.screen, MainScreen)


async def test_the_keys_work_while_a_spool_does_not_answer(vmail: Vmail) -> None:
    spools, answers = vmail.sessions(), threading.Event()
    look = spools.look

    def slow(path: bytes, *more: Any) -> Any:
        if path.endswith(b"anna"):
            answers.wait(60)
        return look(path, *more)

    spools.look = slow  # type: ignore[method-assign]
    app = MailsurgeonApp(spools)
    async with app.run_test(size=(80, 24)) as pilot:
        while page(pilot)._now is None:
            await pilot.pause()
        await pilot.press("down")
        assert under_cursor(pilot) == "bert"
        assert "looked at 0 of 4; anna" in status(pilot)
        await pilot.press("enter")
        while not isinstance(app.screen, MainScreen):
            await pilot.pause()
        await pilot.press("escape")
        answers.set()
        await settled(pilot)
        assert lines(pilot)[0] == "anna 4 healthy"


async def test_what_does_not_answer_is_named_and_can_be_given_up(vmail: Vmail) -> None:
    spools = vmail.sessions()
    look, silent = spools.look, b".Sent/cur"

    def stalled(path: bytes, tell: Any, over: Callable[[], bool], given_up: Any) -> Any:
        if path.endswith(b"anna"):
            tell(SimpleNamespace(stage="listing", done=0, total=0, waiting=silent))
            while not given_up(silent):
                assert not over()
        return look(path, tell, over, given_up)

    spools.look = stalled  # type: ignore[method-assign]
    async with MailsurgeonApp(spools).run_test(size=(80, 24)) as pilot:
        while "waiting for" not in status(pilot):
            await pilot.pause()
        assert "anna: waiting for .Sent/cur" in status(pilot)
        assert "Esc gives up on it" in status(pilot)
        await keys(pilot, "escape")
        assert lines(pilot)[:2] == ["anna 4 healthy", "bert 4 SIZE 1"]
        assert status(pilot) == "Gave up on .Sent/cur."


async def test_going_in_ends_the_survey_of_that_spool(vmail: Vmail) -> None:
    spools, begun = vmail.sessions(), threading.Event()
    look, ended = spools.look, list[bytes]()

    def until_over(path: bytes, tell: Any, over: Callable[[], bool], given_up: Any) -> Any:
        if path.endswith(b"anna") and not begun.is_set():
            begun.set()
            while not over():
                pass
            ended.append(path)
            return None
        return look(path, tell, over, given_up)

    spools.look = until_over  # type: ignore[method-assign]
    async with MailsurgeonApp(spools).run_test(size=(80, 24)) as pilot:
        while not begun.is_set():
            await pilot.pause()
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, MainScreen)
        assert ended == [os.fsencode(vmail.top / "anna")]
        await keys(pilot, "escape")
        assert lines(pilot)[0] == "anna 4 healthy"


@protects(
    "one survey at a time writes an index, the list's or the one inside",
    where="tui/spool_sessions.py",
    seen="seen failing without the turns",
)
def test_two_surveys_never_write_one_index(vmail: Vmail) -> None:
    spools = vmail.sessions()
    path = os.fsencode(vmail.top / "bert")
    session = spools.enter(path)
    begun, go_on, order = threading.Event(), threading.Event(), list[str]()

    def hold(_progress: Any) -> None:
        begun.set()
        go_on.wait(60)
        order.append("list")

    def look() -> None:
        spools.look(path, hold, bool, bool)

    def survey() -> None:
        index = session.index.again()
        session.survey(
            session.spool, index, Options(), on_progress=lambda _: order.append("inside")
        )
        index.close()

    threads = [threading.Thread(target=look)]
    threads[0].start()
    assert begun.wait(60)
    threads.append(threading.Thread(target=survey))
    threads[1].start()
    threads[1].join(0.3)
    assert order == []
    go_on.set()
    for thread in threads:
        thread.join(60)
    first = order.index("inside")
    assert set(order[:first]) == {"list"} and set(order[first:]) == {"inside"}
    assert run_survey(session.spool, session.index).messages == 4
