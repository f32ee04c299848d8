"""Watching: the screen reads again what changes on disk, and the cursor stays where it is."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import ViewQuery
from mailsurgeon.survey.watch.watcher import News, Watcher
from mailsurgeon.tui.app import MailsurgeonApp
from mailsurgeon.tui.messages import ChangesSurveyed, SpoolChanged, SurveyFinished
from mailsurgeon.tui.screens.help import HelpScreen
from mailsurgeon.tui.screens.main import watch_controller
from mailsurgeon.tui.screens.main.watch_controller import Fresh, WatchController
from mailsurgeon.tui.screens.plan import PlanScreen
from mailsurgeon.tui.widgets.bars import Bar
from mailsurgeon.tui.widgets.folder_tree import Target
from mailsurgeon.tui.widgets.help_rows import HelpRows
from tests.support.protects import protects
from tests.tui.conftest import (
    ScreenMaildir,
    front,
    keys,
    listed,
    main,
    settled,
    status,
    tree_lines,
    typed,
)
from tests.tui.screens.main.alone import Alone
from tests.tui.terminal import Terminal

SIZE = (80, 24)
PATIENCE = 30  # seconds after which a test has failed


class Hand:
    """A watcher that reports the changes that the test gives it."""

    how = "by hand"

    def __init__(self) -> None:
        self.tell: Callable[[News], None] = lambda _news: None
        self.started = False
        self.stopped = False
        self.forgotten: list[tuple[bytes, ...] | None] = []

    def __call__(self, _spool: Any, tell: Callable[[News], None], **_options: Any) -> Hand:
        self.tell = tell
        return self

    def start(self) -> None:
        self.started = True

    def stop(self) -> None:
        self.stopped = True

    def forget(self, folders: tuple[bytes, ...] | None = None) -> None:
        self.forgotten.append(folders)

    def says(self, *folders: bytes, **news: Any) -> None:
        self.tell(News(frozenset(folders), **news))


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture(autouse=True)
def _restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look may follow the other at once."""
    monkeypatch.setattr(watch_controller, "RESURVEY_SHARE", 1.0)


async def until(pilot: Pilot[Any], happened: Callable[[], bool]) -> None:
    """Waits for what has to happen."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    await settled(pilot)


async def open_list(pilot: Pilot[Any], line: str) -> None:
    """Opens the list of a line of the tree, by its name."""
    await settled(pilot)
    found = main(pilot)
    rows = [text.split() for text in tree_lines(pilot)]
    found.lists.tree.go_to(next(n for n, row in enumerate(rows) if line in row[:2]))
    await settled(pilot)
    await keys(pilot, "enter")


@protects(
    "what comes while a spool is watched neither moves the cursor nor takes another's row",
    where="tui/screens/main/watch_controller.py, survey/index/diff.py",
)
async def test_new_mail_is_counted_and_the_place_stays(maildir: ScreenMaildir, hand: Hand) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        await keys(pilot, "j", "j", "space")
        found = main(pilot)
        place, rows, top = found.lists.list.entry_id, listed(pilot), found.lists.list.top()
        for _ in range(3):
            maildir.mail("new/{n}")
        hand.says(b"")
        await settled(pilot)
        assert "+3 new (R)" in status(pilot)
        now = found.lists.list
        assert (now.entry_id, listed(pilot), now.top()) == (place, rows, top)
        assert "1 marked" in status(pilot)
        assert "15 messages" in found.query_one("#top", Bar).text
        assert ["All", "mail", "15"] in [line.split() for line in tree_lines(pilot)]


async def test_r_takes_in_what_is_new_and_only_then_looks_at_everything(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        await keys(pilot, "j")
        place = main(pilot).lists.list.entry_id
        maildir.mail("cur/{n}:2,S")
        hand.says(b"")
        await settled(pilot)
        surveys = len(hand.forgotten)
        await keys(pilot, "R")
        assert len(listed(pilot)) == 7
        assert main(pilot).lists.list.entry_id == place
        assert "new" not in status(pilot)
        assert len(hand.forgotten) == surveys
        await keys(pilot, "R")
        assert hand.forgotten[-1] is None
        assert "surveyed 13" in status(pilot)


async def test_who_leaves_the_list_and_comes_back_sees_it_all(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        maildir.mail("cur/{n}:2,S")
        hand.says(b"")
        await settled(pilot)
        await open_list(pilot, "lists")
        assert "new" not in status(pilot)
        await open_list(pilot, "INBOX")
        assert len(listed(pilot)) == 7


async def test_mail_elsewhere_changes_the_counts_and_not_the_status(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        maildir.mail(".lists/cur/{n},S=1:2,")
        hand.says(b".lists")
        await settled(pilot)
        assert "new" not in status(pilot)
        assert ["!", "SIZE", "Wrong", "size", "3"] in [line.split() for line in tree_lines(pilot)]
        assert ["lists", "3"] in [line.split() for line in tree_lines(pilot)]


async def test_a_message_with_new_flags_is_the_same_message(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "lists")
        found = main(pilot)
        while found.lists.list.entry is None or not found.lists.list.entry.path.endswith(b":2,"):
            await keys(pilot, "j")
        entry = found.lists.list.entry
        await keys(pilot, "space", "k")
        line = found.lists.list.line()
        old = maildir.root / os.fsdecode(entry.path)
        old.rename(old.with_name(old.name + "S"))
        hand.says(b".lists")
        await settled(pilot)
        assert "1 changed (R)" in status(pilot)
        assert "1 marked" in status(pilot)
        assert found.lists.list.line() == line
        (marked,) = found.lists.marks
        (now,) = found.session.index.entries([marked])
        assert now.path == entry.path + b"S"
        assert found.lists.list.view.count(marked) == 1


async def test_a_message_that_changes_twice_has_changed_once(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "lists")
        path = maildir.root / os.fsdecode(main(pilot).lists.list.entry.path)  # type: ignore[union-attr]
        for more in (b"one\n", b"and another\n"):
            with path.open("ab") as file:
                file.write(more)
            hand.says(b".lists")
            await settled(pilot)
        assert "1 changed (R)" in status(pilot)


async def test_a_message_that_is_gone_keeps_its_row_and_nothing_is_done_to_it(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        found = main(pilot)
        await keys(pilot, "j")
        entry = found.lists.list.entry
        assert entry is not None and entry.subject
        (maildir.root / os.fsdecode(entry.path)).unlink()
        hand.says(b"")
        await settled(pilot)
        row = listed(pilot)[1]
        assert "GONE" in row and entry.subject[:8] in row
        assert "1 gone (R)" in status(pilot)
        await keys(pilot, "space", "enter")
        assert front(pilot) is main(pilot)
        assert not found.lists.marks
        await keys(pilot, "v", "j", "v")
        assert len(found.lists.marks) == 1
        await keys(pilot, "R")
        assert not any("GONE" in line for line in listed(pilot))


async def test_a_gone_message_loses_its_mark(maildir: ScreenMaildir, hand: Hand) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        await keys(pilot, "v", "G", "v")
        assert len(main(pilot).lists.marks) == 6
        entry = main(pilot).lists.list.entry
        assert entry is not None
        (maildir.root / os.fsdecode(entry.path)).unlink()
        hand.says(b"")
        await settled(pilot)
        assert len(main(pilot).lists.marks) == 5
        assert "not in view" not in status(pilot)


@protects(
    "what comes while a spool is watched neither moves the cursor nor takes another's row",
    where="tui/screens/main/watch_controller.py, survey/index/diff.py",
)
async def test_a_later_message_never_takes_the_row_of_one_that_is_gone(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    last = maildir.mail("cur/{n}:2,S")
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        last.unlink()
        hand.says(b"")
        await settled(pilot)
        rows = listed(pilot)
        maildir.mail("cur/{n}:2,S")  # the index may give it the id that is free again
        hand.says(b"")
        await settled(pilot)
        assert listed(pilot) == rows
        assert "+1 new, 1 gone (R)" in status(pilot)


async def test_the_list_of_a_kind_stays_when_its_last_problem_is_gone(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "ZERO")
        entry = main(pilot).lists.list.entry
        assert entry is not None
        (maildir.root / os.fsdecode(entry.path)).unlink()
        hand.says(b"")
        await settled(pilot)
        assert main(pilot).lists.shown == Target("code", code="empty")
        assert len(listed(pilot)) == 1
        assert "1 gone" in status(pilot)
        assert not any("ZERO" in line for line in tree_lines(pilot))
        assert main(pilot).lists.tree.target == Target("problems")


async def test_the_list_of_a_folder_stays_when_the_folder_is_gone(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "lists")
        (maildir.root / ".lists").rename(maildir.home / "away")
        hand.says(b".lists")
        await settled(pilot)
        assert all("GONE" in line for line in listed(pilot))
        assert not any("lists" in line for line in tree_lines(pilot))
        assert main(pilot).lists.tree.target == Target("folders")


async def test_a_new_folder_appears_with_its_mail(maildir: ScreenMaildir, hand: Hand) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        maildir.folder("made")
        maildir.mail(".made/{n}:2,S")
        hand.says(b"", b".made")
        await settled(pilot)
        assert ["made", "1"] in [line.split() for line in tree_lines(pilot)]
        assert ["!", "MISF", "Misfiled", "4"] in [line.split() for line in tree_lines(pilot)]
        assert main(pilot).lists.shown.what == "folder"


async def test_a_filter_stays_and_only_what_passes_it_is_new(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        await keys(pilot, "slash")
        await typed(pilot, "Report")
        await keys(pilot, "enter")
        maildir.mail("cur/{n}:2,S", what="Report of the week")
        maildir.mail("cur/{n}:2,S", what="Something else")
        hand.says(b"")
        await settled(pilot)
        assert "+1 new (R)" in status(pilot)
        assert "filter: Report" in status(pilot)


async def test_no_old_summary_stands_beside_new_problems(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        assert "surveyed 12" in status(pilot)
        maildir.mail("{n}")
        hand.says(b"")
        await settled(pilot)
        assert "surveyed" not in status(pilot)
        assert ["!", "MISF", "Misfiled", "4"] in [line.split() for line in tree_lines(pilot)]


async def test_nothing_is_said_or_drawn_when_nothing_has_changed(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        before, snapshot = status(pilot), main(pilot).survey.snapshot
        hand.says(b"", b".lists")
        await settled(pilot)
        assert set(hand.forgotten[-1] or ()) == {b"", b".lists"}
        assert status(pilot) == before
        assert main(pilot).survey.snapshot is snapshot


async def test_the_inspector_tells_of_the_message_as_it_is_now(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "SIZE")
        entry = main(pilot).lists.list.entry
        assert entry is not None
        shown = main(pilot).inspection.pane
        assert "9999" in shown.text or "S=1" in shown.text
        (maildir.root / os.fsdecode(entry.path)).unlink()
        hand.says(b"", b".lists")
        await settled(pilot)
        assert "here no longer" in shown.text


# When a look has to wait, and who waits for it


class Gate:
    """Holds back every survey after the first until it is opened."""

    def __init__(self, session: Any) -> None:
        self._survey = session.survey
        self.waiting = threading.Event()
        self.opened = threading.Event()
        self.running = 0
        self.most = 0
        self.asked: list[Any] = []
        session.survey = self

    def __call__(self, *arguments: Any, folders: Any = None, **options: Any) -> Any:
        self.running += 1
        self.most = max(self.most, self.running)
        self.asked.append(folders)
        if len(self.asked) > 1:
            self.waiting.set()
            assert self.opened.wait(PATIENCE)
        try:
            return self._survey(*arguments, folders=folders, **options)
        finally:
            self.running -= 1


async def test_a_plan_waits_for_the_look_and_is_made_from_what_it_found(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    session = maildir.session(watch=hand)
    gate = Gate(session)
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await open_list(pilot, "MISF")
        hand.says(b".Archives.2012")
        await asyncio.to_thread(gate.waiting.wait, PATIENCE)
        await pilot.press("enter")
        await pilot.pause()
        plan = front(pilot)
        assert isinstance(plan, PlanScreen) and plan.plan is None
        await pilot.press("Y")
        await pilot.pause()
        gate.opened.set()
        await settled(pilot)
        assert plan.plan is not None and len(plan.plan.acts) == 1
        await keys(pilot, "Y")
        assert "1 filed." in status(pilot)
        assert gate.most == 1


async def test_r_during_a_look_comes_after_it(maildir: ScreenMaildir, hand: Hand) -> None:
    session = maildir.session(watch=hand)
    gate = Gate(session)
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        hand.says(b"")
        await asyncio.to_thread(gate.waiting.wait, PATIENCE)
        await pilot.press("R")
        await pilot.pause()
        gate.opened.set()
        await settled(pilot)
        assert gate.asked == [None, frozenset((b"",)), None]
        assert gate.most == 1


@protects(
    "nothing is looked at again while a plan is open or an operation runs",
    where="tui/screens/main/watch_controller.py",
    seen="a survey held back by hand",
)
async def test_nothing_is_looked_at_while_a_plan_is_open(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "MISF")
        await keys(pilot, "enter")
        assert isinstance(front(pilot), PlanScreen)
        looks = len(hand.forgotten)
        maildir.mail("new/{n}")
        hand.says(b"")
        await settled(pilot)
        assert len(hand.forgotten) == looks
        await keys(pilot, "escape")
        assert hand.forgotten[looks:] == [(b"",)]
        assert ["All", "mail", "13"] in [line.split() for line in tree_lines(pilot)]


@protects(
    "nothing is looked at again while a plan is open or an operation runs",
    where="tui/screens/main/watch_controller.py",
)
async def test_what_an_operation_changed_is_looked_at_once(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    session = maildir.session(watch=hand)
    asked: list[Any] = []
    survey = session.survey

    def noted(*arguments: Any, folders: Any = None, **options: Any) -> Any:
        asked.append(folders)
        return survey(*arguments, folders=folders, **options)

    session.survey = noted
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await open_list(pilot, "MISF")
        await keys(pilot, "enter")
        hand.says(b".Archives.2012")  # as a watcher does while the operation runs
        await keys(pilot, "Y")
        assert [set(folders) for folders in asked[1:]] == [{b".Archives.2012"}]


async def test_what_changes_during_the_first_survey_is_looked_at_after_it(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    session = maildir.session(watch=hand)
    survey, begun, go_on = session.survey, threading.Event(), threading.Event()

    def slow(*arguments: Any, **options: Any) -> Any:
        result = survey(*arguments, **options)
        if not begun.is_set():
            begun.set()
            assert go_on.wait(PATIENCE)
        return result

    session.survey = slow
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await asyncio.to_thread(begun.wait, PATIENCE)
        maildir.mail("{n}:2,S")
        hand.says(b"")
        await pilot.pause()
        assert hand.forgotten == [None]
        go_on.set()
        await settled(pilot)
        assert hand.forgotten == [None, (b"",)]
        assert ["!", "MISF", "Misfiled", "4"] in [line.split() for line in tree_lines(pilot)]


async def test_after_a_look_that_took_long_the_next_one_comes_later(
    maildir: ScreenMaildir, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_controller, "RESURVEY_SHARE", 1e-9)
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        hand.says(b"")
        await settled(pilot)
        hand.says(b"", b".lists")
        await settled(pilot)
        assert hand.forgotten == [None, (b"",)]
        await keys(pilot, "R")  # who asks is answered at once
        assert hand.forgotten == [None, (b"",), None]


async def test_a_look_that_fails_says_why(maildir: ScreenMaildir, hand: Hand) -> None:
    session = maildir.session(watch=hand)
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        survey = session.survey

        def fails(*_arguments: Any, **_options: Any) -> Any:
            raise OSError(5, "Input/output error", b"/srv/\x1b[31mmail")

        session.survey = fails
        hand.says(b"")
        await settled(pilot)
        assert "Input/output error" in status(pilot) and "\x1b" not in status(pilot)
        session.survey = survey
        maildir.mail("new/{n}")
        hand.says(b"")
        await settled(pilot)
        assert "+1 new" in status(pilot)


async def test_nothing_is_looked_at_while_another_list_is_coming(
    maildir: ScreenMaildir, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        view, reading, go_on = Index.view, threading.Event(), threading.Event()

        def slow(self: Index, query: ViewQuery) -> Any:
            found = view(self, query)
            if query.folder is not None and not reading.is_set():
                reading.set()
                assert go_on.wait(PATIENCE)
            return found

        monkeypatch.setattr(Index, "view", slow)
        await pilot.press("s")
        await asyncio.to_thread(reading.wait, PATIENCE)
        maildir.mail("new/{n}")
        hand.says(b"")
        await pilot.pause()
        assert hand.forgotten == [None]
        go_on.set()
        await settled(pilot)
        assert hand.forgotten == [None, (b"",)]
        assert len(listed(pilot)) == 6 and "+1 new" in status(pilot)


async def test_a_list_opened_during_a_look_shows_what_it_found(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    session = maildir.session(watch=hand)
    gate = Gate(session)
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await open_list(pilot, "lists")
        hand.says(b"")
        await asyncio.to_thread(gate.waiting.wait, PATIENCE)
        main(pilot).lists.open_target(
            Target("folder", folder=main(pilot).survey.snapshot.folders[0].id)
        )
        await pilot.pause()
        maildir.mail("new/{n}")
        gate.opened.set()
        await settled(pilot)
        assert len(listed(pilot)) == 7


# The controller by itself


@pytest.fixture
def watching(alone: Alone, hand: Hand) -> WatchController:
    alone.session.watch = hand  # type: ignore[assignment]
    given: Any = (alone.session, alone.program, alone.screen, alone.survey, alone.lists)
    inspection: Any = SimpleNamespace(inspect_soon=lambda: None)
    return WatchController(*given, inspection)


def test_watching_begins_with_the_first_survey_and_ends_for_good(
    watching: WatchController, hand: Hand
) -> None:
    assert not hand.started
    watching.before_survey(None)
    watching.before_survey((b".lists",))
    assert hand.started and hand.forgotten == [None, (b".lists",)]
    watching.stop()
    assert hand.stopped


def test_a_screen_left_before_its_first_survey_watches_nothing(
    watching: WatchController, hand: Hand
) -> None:
    watching.stop()
    watching.before_survey(None)
    assert hand.stopped


def test_what_changed_is_surveyed_only_when_nothing_else_is_under_way(
    watching: WatchController, alone: Alone
) -> None:
    changed = SpoolChanged(frozenset((b".lists",)))
    alone.screen.front = False
    watching.spool_changed(changed)
    alone.screen.front, alone.program.operating = True, True
    watching.look_when_possible()
    alone.program.operating, alone.program.surveying = False, True
    watching.look_when_possible()
    assert not alone.screen.posted
    alone.program.surveying = False
    watching.look_when_possible()
    assert isinstance(alone.screen.posted[-1], ChangesSurveyed)


def test_a_survey_waits_for_the_folders_that_are_being_surveyed_again(
    watching: WatchController, alone: Alone
) -> None:
    watching.spool_changed(SpoolChanged(frozenset((b".lists",))))
    over = alone.screen.taken(ChangesSurveyed)
    watching.survey_when_free((b"",))
    assert not alone.screen.posted
    watching.changes_surveyed(over)
    assert alone.screen.taken(SurveyFinished).summary.startswith("surveyed")


def test_what_is_fresh_is_said_in_messages() -> None:
    assert str(Fresh(3, 2, 1)) == "+3 new, 2 gone, 1 changed"
    assert not Fresh() and str(Fresh()) == ""


# The watcher's own news


async def test_a_lost_spool_is_told_and_not_surveyed(maildir: ScreenMaildir, hand: Hand) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        rows, looks = listed(pilot), len(hand.forgotten)
        assert looks == 1
        away = maildir.home / "away"
        maildir.root.rename(away)
        hand.says(b"", lost=True)
        await settled(pilot)
        assert "not there any more" in status(pilot)
        assert listed(pilot) == rows and len(hand.forgotten) == looks
        maildir.root.mkdir()  # as a mount point is, when nothing is mounted
        await keys(pilot, "R")
        assert listed(pilot) == rows and len(hand.forgotten) == looks
        maildir.root.rmdir()
        away.rename(maildir.root)
        hand.says(b"")
        await settled(pilot)
        assert "there again" in status(pilot)
        assert len(hand.forgotten) == looks + 1


async def test_a_note_is_said_in_the_status_and_the_means_in_the_help(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand).run_test(size=SIZE) as pilot:
        await open_list(pilot, "INBOX")
        hand.says(note="Watching by looking every 2 s (the limit is reached).")
        await settled(pilot)
        assert "the limit is reached" in status(pilot)
        await keys(pilot, "question_mark")
        assert isinstance(front(pilot), HelpScreen)
        shown = " ".join(row.plain.strip() for row in front(pilot).query_one(HelpRows).rows)
        assert "found by hand" in shown


async def test_read_only_watches_too_and_the_end_ends_it(
    maildir: ScreenMaildir, hand: Hand
) -> None:
    async with maildir.app(watch=hand, read_only=True).run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert hand.started
        maildir.mail("new/{n}")
        hand.says(b"")
        await settled(pilot)
        assert ["All", "mail", "13"] in [line.split() for line in tree_lines(pilot)]
    assert hand.stopped


@pytest.mark.parametrize("polling", [False, True])
async def test_mail_delivered_by_others_appears_by_itself(
    maildir: ScreenMaildir, polling: bool
) -> None:
    def watch(spool: Any, tell: Any, **options: Any) -> Watcher:
        return Watcher(spool, tell, polling=polling, interval=0.1, **options)

    async with maildir.app(watch=watch).run_test(size=SIZE) as pilot:
        await open_list(pilot, "lists")
        delivered = maildir.mail(".lists/tmp/{n}")
        delivered.rename(maildir.root / ".lists/new" / delivered.name)
        await until(pilot, lambda: "+1 new" in status(pilot))
        await keys(pilot, "R")
        assert len(listed(pilot)) == 3


@pytest.mark.process
def test_in_a_terminal_nothing_is_written_when_a_look_finds_nothing_new(
    maildir: ScreenMaildir,
) -> None:
    terminal = Terminal(maildir)
    try:
        terminal.read_until(b"surveyed 12")
        terminal.rest()
        message = next((maildir.root / "cur").iterdir())
        message.rename(away := maildir.root / "tmp" / message.name)
        away.rename(message)
        assert terminal.rest() == b""
        assert terminal.rest() == b""  # longer than a watcher waits for more
        maildir.mail("new/{n}")
        terminal.read_until(b"13 messages")
    finally:
        terminal.close()
