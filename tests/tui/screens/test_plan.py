"""Proposing, agreeing, applying and taking back: by keys alone, on real files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from mailsurgeon.errors import JournalError
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.surgery.servers.lock_wait import Stops
from mailsurgeon.tui.app import MailsurgeonApp
from mailsurgeon.tui.screens.dialogs import AskFolder, FlagsEditor, QuitQuestion
from mailsurgeon.tui.screens.plan import PlanScreen
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.widgets.bars import Bar
from mailsurgeon.tui.widgets.folder_tree import Target
from mailsurgeon.tui.widgets.pager import Pager
from mailsurgeon.tui.widgets.plan_list import PlanList
from mailsurgeon.tui.widgets.rows import Rows
from tests.support.protects import protects
from tests.tui.conftest import ScreenMaildir, front, keys, main, settled, status, tree_lines, typed

SIZE = (80, 24)


def plan_text(pilot: Pilot[Any]) -> str:
    screen = front(pilot)
    assert isinstance(screen, PlanScreen), screen
    return screen.query_one(PlanList).text


def bar(pilot: Pilot[Any], name: str) -> str:
    return front(pilot).query_one(f"#{name}", Bar).text


async def test_a_proposal_opens_the_plan_and_changes_nothing(maildir: ScreenMaildir) -> None:
    before = maildir.picture()
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter")
        text = plan_text(pilot)
        assert "file" in text and ".Archives.2012/ -> .Archives.2012/cur/" in text
        assert "Clients will notice" in text
        assert "3 new messages in Archives.2012" in text
        assert isinstance(front(pilot).focused, PlanList)
        assert maildir.picture() == before


@pytest.mark.parametrize("key", ["escape", "n", "q"])
async def test_everything_but_y_cancels(maildir: ScreenMaildir, key: str) -> None:
    before = maildir.picture()
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter", "y", key)
        assert front(pilot) is main(pilot)
        assert maildir.picture() == before


async def test_y_applies_and_the_cursor_stands_on_the_next_kind(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter", "Y")
        assert front(pilot) is main(pilot)
        assert "3 filed.  u: undo" in status(pilot)
        assert "no marks" in status(pilot)
        assert main(pilot).lists.shown.code == "size-mismatch"
        assert main(pilot).lists.list.has_focus
        assert tree_lines(pilot)[1].split() == ["!", "SIZE", "Wrong", "size", "2"]
    assert len(maildir.names(".Archives.2012/cur")) == 4


async def test_one_message_of_many_leaves_the_cursor_in_its_kind(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "enter", "Y")
        assert "1 filed." in status(pilot)
        assert main(pilot).lists.shown.code == "misfiled"
        assert main(pilot).lists.list.count() == 2


async def test_a_whole_session_repairs_undoes_and_exports(maildir: ScreenMaildir) -> None:
    """From opening to a repaired spool, back again, and the log: keys alone."""
    before = maildir.picture()
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter")
        for _kind in ("misfiled", "size-mismatch", "empty", "bad-flags"):
            await keys(pilot, "A", "enter", "Y")
        assert tree_lines(pilot)[0].split() == ["Problems", "none"]
        await keys(pilot, "e", "enter")
        assert "The session log is in ~/mailsurgeon-Maildir-20120306-0213.md" in status(pilot)
        for _ in range(4):
            await keys(pilot, "u", "Y")
        assert "put back" in status(pilot)
    assert maildir.picture() == before
    place = maildir.home / "mailsurgeon-Maildir-20120306-0213.md"
    assert place.stat().st_mode & 0o777 == 0o600
    log = place.read_text()
    assert "file 3" in log and "quarantine" in log


async def test_undo_says_what_it_does_first_and_redo_does_it_again(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter", "Y", "u")
        assert "undo of operation 1" in bar(pilot, "plan-title")
        await keys(pilot, "escape", "u", "Y")
        assert tree_lines(pilot)[1].split() == ["!", "MISF", "Misfiled", "3"]
        await keys(pilot, "ctrl+r")
        assert "redo" in bar(pilot, "plan-title")
        await keys(pilot, "Y")
        assert tree_lines(pilot)[1].split() == ["!", "SIZE", "Wrong", "size", "2"]


async def test_nothing_to_undo_is_said_on_the_status_line(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "u")
        assert front(pilot) is main(pilot)
        assert "undo" in status(pilot)


async def test_a_row_can_be_dropped_and_taken_back_in(empty_maildir: ScreenMaildir) -> None:
    empty_maildir.damaged()
    empty_maildir.mail("tmp/{n}")
    empty_maildir.mail("tmp/{n}", content="")
    async with empty_maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "down", "down", "enter")
        assert main(pilot).lists.shown.code == "in-tmp"
        await keys(pilot, "A", "A", "enter")
        assert len(front(pilot).plan.acts) == 2
        await keys(pilot, "down", "space")
        assert "dropped" in plan_text(pilot)
        assert len(front(pilot).plan.acts) == 1
        await keys(pilot, "up", "space")
        assert "Nothing is left to apply. Esc goes back." in bar(pilot, "brake")
        await keys(pilot, "space", "down", "space")
        assert "Y applies it" in bar(pilot, "brake")
        assert len(front(pilot).plan.acts) == 2
        await keys(pilot, "space", "Y")
    assert len(list((empty_maildir.root / "tmp").iterdir())) == 1


@pytest.fixture
def two_rows(empty_maildir: ScreenMaildir) -> ScreenMaildir:
    """Sixty messages in tmp that would be filed and two empty files that would be put away."""
    empty_maildir.damaged()
    for _ in range(60):
        empty_maildir.mail("cur/{n}:2,S")
        empty_maildir.mail("tmp/{n}")
    for _ in range(2):
        empty_maildir.mail("tmp/{n}", content="")
    return empty_maildir


async def plan_of_two_rows(pilot: Pilot[Any]) -> None:
    await settled(pilot)
    await keys(pilot, "enter")
    assert main(pilot).lists.shown.code == "in-tmp"
    await keys(pilot, "A", "A", "enter")


async def test_a_row_dropped_takes_along_what_clients_notice_and_what_is_needed(
    two_rows: ScreenMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = two_rows.session()
    given: list[Plan] = []
    apply = session.surgeon.apply

    def applied(plan: Plan, **options: Any) -> Report:
        given.append(plan)
        return apply(plan, **options)

    monkeypatch.setattr(session.surgeon, "apply", applied)
    async with MailsurgeonApp(session).run_test(size=(100, 60)) as pilot:
        await plan_of_two_rows(pilot)
        whole = plan_text(pilot)
        filed, away, home = "60 new messages in INBOX", "2 put away", "\n   quarantine:"
        assert filed in whole and away in whole and home in whole
        assert "Type 62, then press Y" in bar(pilot, "brake")

        await keys(pilot, "down", "space")
        text = plan_text(pilot)
        assert filed in text and away not in text and home not in text
        assert "Type 60, then press Y" in bar(pilot, "brake")
        await keys(pilot, "space")
        assert plan_text(pilot) == whole
        assert "Type 62, then press Y" in bar(pilot, "brake")

        await keys(pilot, "up", "space")
        text = plan_text(pilot)
        assert filed not in text and away in text and home in text
        assert "Y applies it" in bar(pilot, "brake")
        shown = front(pilot).plan
        assert any(away in effect for effect in shown.effects)
        await keys(pilot, "Y")
        assert given == [shown]
        assert [len(act.steps) for act in shown.acts] == [1, 1]
    assert len(two_rows.names("tmp")) == 60


async def test_a_plan_is_not_applied_before_its_effects_are_known(two_rows: ScreenMaildir) -> None:
    session = two_rows.session()
    known, without = threading.Event(), session.tools.without

    def slowly(*given: Any, **options: Any) -> Plan:
        known.wait()
        return without(*given, **options)

    session.tools.without = slowly
    before = two_rows.picture()
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        try:
            await plan_of_two_rows(pilot)
            await pilot.press("down", "space", "Y")
            await pilot.pause()
            assert "The plan is not ready yet." in status(pilot)
            assert "dropped" in plan_text(pilot)
            assert "Clients will notice" not in plan_text(pilot)
            assert front(pilot).plan is None
            await pilot.press("up", "space")  # of what is dropped now, nothing is known yet either
            assert front(pilot).plan is None
        finally:
            known.set()
        await settled(pilot)
        assert "Nothing is left to apply." in bar(pilot, "brake")
        await pilot.press("space", "space")
        await pilot.press("space", "down", "space")
        await settled(pilot)
        assert len(front(pilot).plan.acts) == 62
    assert two_rows.picture() == before


async def test_the_whole_list_shows_every_step(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter")
        assert plan_text(pilot).count("-> .Archives.2012/cur/") == 4  # the kind, and three changes
        await keys(pilot, "w")
        changes = front(pilot).query_one(PlanList)
        assert changes.lines is not None and changes.cursor == changes.lines.first_change
        assert "-> .Archives.2012/cur/" in changes.lines.line(changes.cursor + 1).plain


async def test_a_mark_out_of_view_is_repaired_and_told(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "space")
        main(pilot).lists.go_to_kind("size-mismatch", "first")
        await settled(pilot)
        await keys(pilot, "enter")
        assert "1 is marked that is not in view." in status(pilot)
        assert [act.verdict for act in front(pilot).plan.acts] == ["file"]


async def test_help_over_a_plan_that_comes_to_nothing_is_no_trap(maildir: ScreenMaildir) -> None:
    session = maildir.session()
    known, plan_undo = threading.Event(), session.tools.plan_undo

    def slowly(*given: Any) -> Plan:
        known.wait()
        return plan_undo(*given)

    session.tools.plan_undo = slowly
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await settled(pilot)
        try:
            await pilot.press("u", "question_mark")
            await pilot.pause()
        finally:
            known.set()
        await settled(pilot)
        assert front(pilot) is main(pilot)
        assert "nothing to undo" in status(pilot)
        await keys(pilot, "escape")
        assert front(pilot) is main(pilot)


async def test_a_kind_dropped_at_one_of_its_changes_is_taken_back_in_there(
    two_rows: ScreenMaildir,
) -> None:
    async with two_rows.app().run_test(size=(100, 40)) as pilot:
        await plan_of_two_rows(pilot)
        await keys(pilot, "w", "down", "down", "space")
        assert len(front(pilot).plan.acts) == 2
        await keys(pilot, "space")
        assert len(front(pilot).plan.acts) == 62


async def test_nothing_is_applied_that_is_not_in_view(maildir: ScreenMaildir) -> None:
    before = maildir.picture()
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter")
        await pilot.resize_terminal(50, 10)
        await keys(pilot, "Y")
        assert maildir.picture() == before
        await pilot.resize_terminal(*SIZE)
        await keys(pilot, "Y")
        assert maildir.picture() != before


async def test_a_plan_can_be_read_after_the_terminal_was_too_small(
    two_rows: ScreenMaildir,
) -> None:
    async with two_rows.app().run_test(size=(100, 40)) as pilot:
        await plan_of_two_rows(pilot)
        await pilot.resize_terminal(40, 8)
        await pilot.pause()
        await pilot.resize_terminal(100, 40)
        await settled(pilot)
        await keys(pilot, "down")
        assert front(pilot).query_one(PlanList).cursor == 1


async def test_a_number_typed_for_one_plan_does_not_confirm_another(
    two_rows: ScreenMaildir,
) -> None:
    async with two_rows.app().run_test(size=(100, 40)) as pilot:
        await plan_of_two_rows(pilot)
        await keys(pilot, "6", "0", "down", "space")
        assert "Type 60, then press Y: [___" in bar(pilot, "brake").replace("__]", "___")
        await keys(pilot, "Y")
        assert "Type 60 first" in status(pilot)
    assert len(two_rows.names("tmp")) == 62


async def test_the_brake_wants_the_number_before_y(empty_maildir: ScreenMaildir) -> None:
    empty_maildir.folder("many")
    for _ in range(60):
        empty_maildir.mail(".many/cur/{n}:2,S")
    async with empty_maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "G", "enter", "v", "G", "v", "d")
        assert "Type 60, then press Y" in bar(pilot, "brake")
        await keys(pilot, "Y")
        assert "Type 60 first" in status(pilot)
        await keys(pilot, "6", "1", "Y")
        assert "61 is not 60." in status(pilot)
        await keys(pilot, "6", "1", "enter")
        assert "61 is not 60." in status(pilot)
        await keys(pilot, "6", "0", "enter")
        assert "Now press Y." in status(pilot)
        await keys(pilot, "backspace", "backspace")
        assert len(empty_maildir.names(".many/cur")) == 60
        await keys(pilot, "6", "1", "backspace", "0", "Y")
        assert "60 quarantined." in status(pilot)
    assert empty_maildir.names(".many/cur") == []


async def test_read_only_shows_the_plan_and_says_why_not(maildir: ScreenMaildir) -> None:
    before = maildir.picture()
    async with maildir.app(read_only=True).run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert "read-only" in main(pilot).query_one("#top", Bar).text
        await keys(pilot, "enter", "A", "enter")
        assert "Read-only: nothing will be changed" in bar(pilot, "brake")
        await keys(pilot, "Y")
        assert "--read-only" in status(pilot)
        assert isinstance(front(pilot), PlanScreen)
    assert maildir.picture() == before


async def test_moving_asks_for_the_folder_filled_in(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "m")
        assert isinstance(front(pilot), AskFolder)
        assert front(pilot).focused.value == "Archives.2012"
        await typed(pilot, "nowhere")
        await keys(pilot, "enter")
        assert isinstance(front(pilot), AskFolder)
        await typed(pilot, "Entwürfe")
        await keys(pilot, "enter")
        assert ".Entw&APw-rfe/cur/" in plan_text(pilot)
        await keys(pilot, "Y")
    assert len(maildir.names(".Entw&APw-rfe/cur")) == 1


async def test_the_editor_of_flags_sets_any(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "G", "enter", "f")  # the folder lists
        assert isinstance(front(pilot), FlagsEditor)
        await keys(pilot, "R", "F", "enter")
        assert ":2,FR" in plan_text(pilot)
        await keys(pilot, "Y")
    assert any(name.endswith(":2,FR") for name in maildir.names(".lists/cur"))


async def test_a_folder_is_quarantined_from_the_tree(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "G", "d")
        assert ".lists" in plan_text(pilot)
        await keys(pilot, "Y")
        assert not any("lists" in line for line in tree_lines(pilot))
    assert not (maildir.root / ".lists").exists()


async def test_in_the_tree_a_remedy_for_messages_is_refused_with_the_reason(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "z")
        assert front(pilot) is main(pilot)
        assert "nothing is under the cursor and nothing is marked" in status(pilot)


async def test_the_journal_lists_operations_and_undoes_the_one_chosen(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter", "Y", "A", "enter", "Y", "J")
        rows = [row.plain for row in front(pilot).query_one("#operations", Rows).rows]
        assert len(rows) == 2
        assert "fix-size" in rows[0] and rows[0].endswith("applied")
        await keys(pilot, "down")
        assert ".Archives.2012/cur/" in front(pilot).query_one("#steps", Pager).text
        await keys(pilot, "u", "Y")
        rows = [row.plain for row in front(pilot).query_one("#operations", Rows).rows]
        assert "undo" in rows[0] and "of 1" in rows[0]
        assert rows[2].endswith("undone")
        assert "3 put back.  ctrl+r: redo" in status(pilot)
        await keys(pilot, "escape")
        assert tree_lines(pilot)[1].split() == ["!", "MISF", "Misfiled", "3"]


async def test_the_journal_is_filtered_and_shows_all_steps(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A", "enter", "Y", "A", "enter", "Y", "J", "/")
        await typed(pilot, "fix-size")
        await keys(pilot, "enter")
        assert len(front(pilot).query_one("#operations", Rows).rows) == 1
        await keys(pilot, "enter")
        assert isinstance(front(pilot), ReadingScreen)
        assert front(pilot).query_one(Pager).text.count("rename") == 2
        await keys(pilot, "escape", "escape", "escape")
        assert front(pilot) is main(pilot)


async def test_export_never_overwrites_and_never_writes_into_the_spool(
    maildir: ScreenMaildir,
) -> None:
    taken = maildir.home / "log.md"
    taken.write_text("mine")
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "e")
        for name in ("log.md", "log.txt", str(maildir.root / "log.md")):
            await typed(pilot, name)
            await keys(pilot, "enter")
            assert front(pilot) is not main(pilot)
        await typed(pilot, "log.json")
        await keys(pilot, "enter")
    assert taken.read_text() == "mine"
    assert '"operations": []' in (maildir.home / "log.json").read_text()
    assert not (maildir.root / "log.md").exists()


# While an operation runs


class Slow:
    """A surgeon that works until it is told to stop, as a large operation does."""

    def __init__(self, surgeon: Any) -> None:
        self._surgeon = surgeon
        self.began = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._surgeon, name)

    def apply(
        self,
        plan: Plan,
        *,
        on_progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        stops: Stops,
    ) -> Report:
        del stops
        on_progress(1, len(plan.acts))
        self.began.set()
        patience = threading.Event()
        while not cancelled():
            patience.wait(0.01)
        return Report(7, plan.kind, "partial", "file 1", {"file": 1}, folders=(b".Archives.2012",))


@pytest.fixture
def slow(maildir: ScreenMaildir) -> MailsurgeonApp:
    session = maildir.session()
    session.surgeon = Slow(session.surgeon)
    return MailsurgeonApp(session)


async def applying(pilot: Pilot[Any]) -> PlanScreen:
    """Into the middle of an operation."""
    await settled(pilot)
    await keys(pilot, "enter", "A", "enter")
    plan = front(pilot)
    await pilot.press("Y")
    while not pilot.app.session.surgeon.began.is_set():  # type: ignore[attr-defined]
        await pilot.pause()
    await pilot.pause()
    return plan


async def test_progress_is_shown_and_escape_stops_after_the_batch(slow: MailsurgeonApp) -> None:
    async with slow.run_test(size=SIZE) as pilot:
        plan = await applying(pilot)
        assert "1 of 3 done" in plan.query_one("#brake", Bar).text
        await pilot.press("escape")
        await settled(pilot)
        assert front(pilot) is main(pilot)
        assert "1 filed; partial.  u: undo" in status(pilot)
        assert main(pilot).lists.shown.code == "misfiled"


async def test_quitting_in_the_middle_asks_first(slow: MailsurgeonApp) -> None:
    async with slow.run_test(size=SIZE) as pilot:
        plan = await applying(pilot)
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert isinstance(front(pilot), QuitQuestion)
        await pilot.press("n")
        await pilot.pause()
        assert front(pilot) is plan
        await pilot.press("ctrl+c", "y")
        await settled(pilot)
    assert slow.return_value == 0
    assert slow.return_code == 0


async def test_a_lost_terminal_ends_the_operation_after_its_step(slow: MailsurgeonApp) -> None:
    async with slow.run_test(size=SIZE) as pilot:
        await applying(pilot)
        slow.end_soon()  # what SIGHUP and SIGTERM run
        assert slow.is_running
        await settled(pilot)
    assert slow.return_value == 0


async def test_quitting_with_nothing_under_way_does_not_ask(maildir: ScreenMaildir) -> None:
    app = maildir.app()
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("q")
    assert app.return_value == 0


async def test_a_failed_operation_is_told_in_one_line(maildir: ScreenMaildir) -> None:
    session = maildir.session()
    app = MailsurgeonApp(session)

    def fail(*_args: Any, **_options: Any) -> Report:
        raise OSError(28, "No space left on device", "/var/mail")

    session.surgeon.apply = fail  # type: ignore[method-assign]
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "enter", "Y")
        assert "/var/mail: No space left on device" in status(pilot)
        assert not app.operating


async def test_an_interrupted_operation_is_put_right_at_the_start(maildir: ScreenMaildir) -> None:
    session = maildir.session()
    surgeon = session.surgeon
    told = Report(3, "recover", "applied", "2 of 5 steps were done", {})

    class Broken(Slow):
        def unfinished(self) -> Any:
            return type("Operation", (), {"id": 3})()

        def recover(self) -> Report:
            return told

    session.surgeon = Broken(surgeon)
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert "2 of 5 steps were done" in status(pilot)
    session.read_only = True
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert "Operation 3 was interrupted" in status(pilot)


async def test_what_clients_notice_of_a_recovery_is_shown_at_once(maildir: ScreenMaildir) -> None:
    session = maildir.session()
    told = Report(3, "recover", "applied", "5 done", {}, effects=("2 messages got new UIDs",))

    class Broken(Slow):
        def recover(self) -> Report:
            return told

    session.surgeon = Broken(session.surgeon)
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert isinstance(front(pilot), ReadingScreen)
        assert "2 messages got new UIDs" in front(pilot).query_one(Pager).text
        await keys(pilot, "escape")
        assert "5 done" in status(pilot)


async def test_without_a_sound_journal_only_reading_goes_on(maildir: ScreenMaildir) -> None:
    session = maildir.session()
    session.surgeon.journal_path.parent.mkdir(parents=True)
    session.surgeon.journal_path.write_bytes(b"no journal" * 500)
    app = MailsurgeonApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
    assert isinstance(app.failure, JournalError)
    assert "journal.sqlite" in str(app.failure)
    session.read_only = True
    app = MailsurgeonApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert "journal.sqlite" in status(pilot)
    assert app.failure is None


def test_the_screen_is_pulled_in_by_nothing_below_it() -> None:
    root = Path(__file__).parents[2] / "src" / "mailsurgeon"
    for path in root.rglob("*.py"):
        if "tui" not in path.relative_to(root).parts:
            for line in path.read_text().splitlines():
                assert not line.startswith(("import textual", "from textual")), path


@protects(
    "a key in one burst with the one that opens a list is for the list",
    where="tui/screens/main/list_controller.py",
    seen="seen failing with the focus set a frame later",
)
async def test_a_key_typed_with_the_one_that_opens_the_list_is_for_the_list(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        main(pilot).panes.go_to("tree")
        await settled(pilot)
        for key, character in (("enter", "\r"), ("A", "A")):
            pilot.app.post_message(events.Key(key, character))
        await settled(pilot)
        assert "3 marked" in status(pilot)


async def test_what_has_no_remedy_is_told_on_a_line(maildir: ScreenMaildir) -> None:
    message = maildir.mail("cur/{n}:2,S", what="Twice")
    (maildir.root / ".lists" / "cur" / message.name).write_bytes(message.read_bytes())
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        main(pilot).lists.tree.go_to_target(Target("code", code="duplicate-id"))
        await settled(pilot)
        await keys(pilot, "enter", "enter")
        assert front(pilot) is main(pilot)
        assert "Nothing to do: no identical copy in the same folder." in status(pilot)
        await keys(pilot, "A", "enter")
        assert "Nothing to do for 2: no identical copy in the same folder." in status(pilot)
