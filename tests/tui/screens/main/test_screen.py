"""The main screen: seeing what is wrong, and getting about."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from typing import Any

import pytest
from textual.widgets import Input

from mailsurgeon.host.processes import Users
from mailsurgeon.tui.app import MailsurgeonApp
from mailsurgeon.tui.messages import IndexRead
from mailsurgeon.tui.screens.help import HelpScreen
from mailsurgeon.tui.screens.plan import PlanScreen
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.views import alike
from mailsurgeon.tui.widgets.bars import Bar
from mailsurgeon.tui.widgets.folder_tree import Target
from mailsurgeon.tui.widgets.help_rows import HelpRows
from mailsurgeon.tui.widgets.pager import Pager
from tests.support.host import FakeHost
from tests.support.protects import protects
from tests.tui.conftest import (
    ScreenMaildir,
    front,
    key_line,
    keys,
    listed,
    main,
    settled,
    status,
    tree_lines,
    typed,
)

SIZE = (80, 24)


def inspected(pilot: Any) -> str:
    return main(pilot).inspection.pane.text


def drawn(pilot: Any) -> str:
    strips = front(pilot)._compositor.render_strips(front(pilot).size)
    return "\n".join(strip.text for strip in strips)


async def test_the_worst_kind_is_under_the_cursor_when_the_survey_is_done(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = tree_lines(pilot)
        assert lines[0] == "Problems"
        assert [line.split() for line in lines[1:5]] == [
            ["!", "MISF", "Misfiled", "3"], ["!", "SIZE", "Wrong", "size", "2"],
            ["!", "ZERO", "Empty", "1"], ["~", "FLAG", "Bad", "flags", "1"],
        ]  # fmt: skip
        assert main(pilot).lists.shown.code == "misfiled"
        assert len(listed(pilot)) == 3
        assert "surveyed 12" in status(pilot)
        assert "0 not examined" in status(pilot)


async def test_the_tree_shows_folders_by_their_decoded_names_with_their_problems(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        lines = [line.split() for line in tree_lines(pilot)]
        assert ["Entwürfe"] in lines
        assert ["Archives.2012", "3"] in lines
        assert ["All", "mail", "12"] in lines


async def test_every_row_fills_the_screen_exactly(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        found = main(pilot)
        assert all(len(found.lists.list.render_line(y).text) <= 56 for y in range(13))
        assert {found.lists.list.render_line(y).cell_length for y in range(13)} == {56}
        assert {found.lists.tree.size.width + 1, found.lists.list.size.width} == {24, 56}


async def test_the_inspector_says_what_is_wrong_and_the_exact_change(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "down", "enter")  # the wrong sizes
        assert main(pilot).lists.shown.code == "size-mismatch"
        text = inspected(pilot).replace("\n", " ")
        assert "Wrong size:" in text
        assert "S=9,999 is" in text
        assert "Repair   fix-size" in text
        assert "-> cur/" in text


async def test_the_inspector_turns_to_headers_raw_text_and_history(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "down", "]")
        assert "From: 佐藤 健 <sato@example.jp>" in inspected(pilot)
        await keys(pilot, "]")
        assert inspected(pilot).startswith("From: 佐藤 健")
        await keys(pilot, "]")
        assert "Nothing has been done" in inspected(pilot)
        await keys(pilot, "[", "[", "[")
        assert "Misfiled:" in inspected(pilot)


async def test_next_goes_through_all_problems_the_worst_first(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        seen = []
        for _ in range(7):
            await keys(pilot, "n")
            seen.append((main(pilot).lists.shown.code, main(pilot).lists.list.line()))
        assert seen == [
            ("misfiled", 0), ("misfiled", 1), ("misfiled", 2),
            ("size-mismatch", 0), ("size-mismatch", 1), ("empty", 0), ("bad-flags", 0),
        ]  # fmt: skip
        await keys(pilot, "n")
        assert "That was the last problem." in status(pilot)
        await keys(pilot, "N", "N", "N")
        assert (main(pilot).lists.shown.code, main(pilot).lists.list.line()) == ("size-mismatch", 0)


async def test_next_from_a_folder_begins_with_the_problem_under_the_cursor(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "G", "enter")  # the last folder: lists
        entry = main(pilot).lists.list.entry
        assert entry is not None and b".lists/cur" in entry.path
        await keys(pilot, "n")
        assert main(pilot).lists.shown.code == "size-mismatch"
        assert main(pilot).lists.list.entry_id == entry.id


async def test_the_filter_finds_by_sender_and_escape_clears_it(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "/")
        assert isinstance(front(pilot).focused, Input)
        await typed(pilot, "PAUL k")
        assert main(pilot).lists.list.count() == 1
        assert "Paul Kern" in listed(pilot)[0]
        await keys(pilot, "enter")
        assert main(pilot).lists.list.has_focus
        assert "filter: PAUL k" in status(pilot)
        await keys(pilot, "escape")
        assert main(pilot).lists.list.count() == 3
        assert "filter" not in status(pilot)


async def test_letters_typed_into_the_filter_run_nothing(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "/", "d", "Y", "q")
        assert front(pilot) is main(pilot)
        assert front(pilot).query_one("#filter", Input).value == "dYq"


async def test_the_badge_filter_limits_all_mail(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, *["down"] * 5, "enter")
        assert main(pilot).lists.shown.what == "all"
        assert main(pilot).lists.list.count() == 12
        await keys(pilot, "b", "down", "space", "down", "space", "enter")
        assert main(pilot).lists.list.count() == 3
        assert "badge: SIZE ZERO" in status(pilot)
        await keys(pilot, "escape")
        assert main(pilot).lists.list.count() == 12


async def test_sorting_keeps_the_cursor_on_its_message(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter")
        first = main(pilot).lists.list.entry_id
        await keys(pilot, "s")
        assert "newest first" in status(pilot)
        assert main(pilot).lists.list.entry_id == first
        assert main(pilot).lists.list.line() == 2


async def test_marks_survive_filters_and_folders(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "space", "space")
        assert "2 marked" in status(pilot)
        await keys(pilot, "n", "n")  # on to the wrong sizes
        assert main(pilot).lists.shown.code == "size-mismatch"
        assert "2 marked, 2 not in view" in status(pilot)
        await keys(pilot, "space")
        assert "3 marked, 2 not in view" in status(pilot)
        await keys(pilot, "escape")
        assert "no marks" in status(pilot)


async def test_a_range_is_marked_between_two_presses(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "v")
        assert "range begun" in status(pilot)
        await keys(pilot, "G", "v")
        assert "3 marked" in status(pilot)
        await keys(pilot, "escape", "v", "escape")
        assert "no marks" in status(pilot)


async def test_all_alike_means_same_problem_and_remedy_then_any_remedy(
    empty_maildir: ScreenMaildir,
) -> None:
    maildir = empty_maildir.damaged()
    twin = maildir.mail(".Archives.2012/cur/{n}:2,S", content="From: a@b.c\nSubject: x\n\nTwin.\n")
    copy = maildir.root / ".Archives.2012" / "1331099999.M1P1.marcos:2,S"
    copy.write_bytes(twin.read_bytes())
    os.utime(copy, (1_431_000_000, 1_431_000_000))
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "A")
        assert "3 marked: Misfiled, file." in status(pilot)
        await keys(pilot, "A")
        assert "4 marked: Misfiled, all remedies." in status(pilot)


@protects("keys typed ahead wait for the list they mean", where="tui/screens/main/screen.py")
async def test_keys_typed_ahead_wait_for_what_they_go_by(
    empty_maildir: ScreenMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = threading.Event()

    def slow(*args: Any, **options: Any) -> frozenset[int]:
        assert found.wait(10)
        return alike(*args, **options)

    monkeypatch.setattr("mailsurgeon.tui.screens.main.list_controller.alike", slow)
    async with empty_maildir.damaged().app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter")
        pilot.app.simulate_key("A")
        pilot.app.simulate_key("enter")
        await pilot.pause()
        await pilot.pause()
        assert pilot.app.screen is main(pilot)
        found.set()
        await settled(pilot)
        plan = pilot.app.screen
        assert isinstance(plan, PlanScreen)
        assert plan.plan is not None and len(plan.plan) == 3


async def test_folders_by_most_problems_and_without_the_healthy(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "o")
        folders = [line.split()[0] for line in tree_lines(pilot)[7:]]
        assert folders == ["Archives.2012", "INBOX", "lists", "Entwürfe"]
        await keys(pilot, "H")
        assert [line.split()[0] for line in tree_lines(pilot)[7:]] == folders[:3]
        assert "hidden" in status(pilot)


async def test_panes_by_number_tab_and_arrows(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        places = []
        for key in ("2", "3", "1", "tab", "shift+tab", "l", "right", "h", "left", "0"):
            await keys(pilot, key)
            places.append(main(pilot).place())
        assert places == [
            "list", "inspector", "tree", "list", "tree",
            "list", "inspector", "list", "tree", "tree",
        ]  # fmt: skip


async def test_a_pane_grows_to_the_whole_screen_and_back(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "2", "+", "+")
        assert main(pilot).lists.list.size.width == 80
        await keys(pilot, "_", "_")
        assert main(pilot).lists.list.size.width == 56


async def test_the_line_of_keys_is_that_of_the_focused_pane(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert key_line(pilot).startswith("Enter open")
        await keys(pilot, "enter")
        assert key_line(pilot).startswith("Enter repair  A all alike")
        assert key_line(pilot).endswith("? help")


async def test_help_lists_the_keys_and_the_badges(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "?")
        assert isinstance(front(pilot), HelpScreen)
        text = "\n".join(row.plain for row in front(pilot).query_one(HelpRows).rows)
        assert "CLSH" in text and "ctrl+u" in text
        await keys(pilot, "slash")
        await typed(pilot, "ctrl+u")
        assert "  ctrl+u       Half a page up." in drawn(pilot)
        await keys(pilot, "escape")
        await keys(pilot, "escape")
        assert front(pilot) is main(pilot)


async def test_the_palette_runs_what_it_names(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "ctrl+p")
        await pilot.press(*"order folders")
        await settled(pilot)
        await keys(pilot, "enter", "enter")
        assert main(pilot).lists.tree.by_problems


async def test_keys_can_be_remapped(maildir: ScreenMaildir) -> None:
    async with maildir.app(keymap={"order-folders": "f5"}).run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "o")
        assert not main(pilot).lists.tree.by_problems
        await keys(pilot, "f5")
        assert main(pilot).lists.tree.by_problems


async def test_copying_gives_the_path_then_the_message_id(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "enter", "y")
        assert pilot.app.clipboard.startswith(str(maildir.root / ".Archives.2012"))
        await keys(pilot, "y")
        assert pilot.app.clipboard == "<5@example.org>"


async def test_who_has_the_spool_open_is_told(maildir: ScreenMaildir) -> None:
    users = Users({17: ("imap", ("cur",)), 18: ("imap", ("new",))}, hidden=3)
    async with maildir.app(host=FakeHost(users=users)).run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert main(pilot).query_one("#top", Bar).text.endswith("imap ×2 have it open")
        await keys(pilot, "!")
        assert isinstance(front(pilot), ReadingScreen)
        assert "imap, process 17" in front(pilot).query_one(Pager).text
        assert "3 processes of other users" in front(pilot).query_one(Pager).text


async def test_a_sign_is_that_of_what_was_found(maildir: ScreenMaildir) -> None:
    """A kind may be an error elsewhere, and here a remark: a delivery may be at work."""
    young = maildir.mail("tmp/{n}")
    os.utime(young)
    os.rename(young, young.with_name(f"{int(time.time())}.M1P1.marcos"))
    async with maildir.app(now=time.time).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert [".", "TMP", "Left", "in", "tmp/", "1"] in [
            line.split() for line in tree_lines(pilot)
        ]


async def test_a_reason_of_two_problems_is_said_once(maildir: ScreenMaildir) -> None:
    body = 'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\ntext\n'
    maildir.mail(".lists/cur/1300000000.M1P1.cut,S=9999:2,S", content=body)
    async with maildir.app().run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        found = main(pilot)
        found.lists.tree.go_to_target(Target("code", code="truncated"))
        await keys(pilot, "enter")
        text = found.inspection.pane.text
        assert "Wrong size" in text and "Truncated" in text
        assert text.count("a whole copy may exist elsewhere") == 1


async def test_looking_again_finds_what_has_come(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        maildir.mail(".lists/{n}:2,S")
        await keys(pilot, "R")
        assert tree_lines(pilot)[1].split() == ["!", "MISF", "Misfiled", "4"]


@pytest.mark.parametrize(("size", "seen"), [((59, 24), True), ((80, 14), True), ((60, 15), False)])
async def test_a_terminal_that_is_too_small_is_told_so(
    maildir: ScreenMaildir, size: tuple[int, int], seen: bool
) -> None:
    async with maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        assert main(pilot).query_one("#too-small").display is seen
        assert main(pilot).query_one("#panes").display is not seen


@protects(
    "nothing from a message reaches the terminal raw",
    where="text.py",
    seen="every kind of control character in every field",
)
async def test_nothing_from_a_message_reaches_the_screen_raw(empty_maildir: ScreenMaildir) -> None:
    empty_maildir.folder("evil")
    hostile = "a\x1b]0;owned\x07b\u202ec"
    empty_maildir.mail(".evil/{n}:2,S", content=f"From: x@y.z\nSubject: {hostile}\n\n{hostile}\n")
    (empty_maildir.root / ".evil" / "cur" / "1.\x1b[31mred:2,S").write_text("From: a@b.c\n\nx\n")
    async with empty_maildir.app().run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        await keys(pilot, "enter")
        for _ in range(4):
            await keys(pilot, "]")
            assert not {"\x1b", "\x07", "\u202e"} & set(drawn(pilot))
        assert "\\x1b]0;owned" in "".join(listed(pilot))


async def test_ascii_draws_only_ascii(maildir: ScreenMaildir) -> None:
    async with maildir.app(ascii=True).run_test(size=SIZE) as pilot:
        await settled(pilot)
        for key in ("enter", "?", "escape", "ctrl+p"):
            await keys(pilot, key)
            strips = front(pilot)._compositor.render_strips(front(pilot).size)
            assert all(strip.text.isascii() for strip in strips)
            assert {strip.cell_length for strip in strips} == {80}


async def test_a_broken_survey_is_told_and_the_screen_lives_on(maildir: ScreenMaildir) -> None:
    session = maildir.session()

    def survey(*_args: Any, **_options: Any) -> Any:
        raise PermissionError(13, "Permission denied", "/var/mail/x\x1b")

    session.survey = survey
    async with MailsurgeonApp(session).run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert "/var/mail/x\\x1b: Permission denied" in status(pilot)
        await keys(pilot, "2", "?")
        assert isinstance(front(pilot), HelpScreen)


async def test_a_slow_reading_of_the_index_does_not_undo_a_later_one(
    maildir: ScreenMaildir,
) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        stale = dataclasses.replace(main(pilot).survey.snapshot, kinds=(), order=0)
        main(pilot).post_message(IndexRead(stale))
        await settled(pilot)
        assert tree_lines(pilot)[1].split() == ["!", "MISF", "Misfiled", "3"]


@pytest.mark.parametrize("size", [SIZE, (200, 50)])
async def test_the_inspector_tells_of_the_folder_under_the_trees_cursor(
    maildir: ScreenMaildir, size: tuple[int, int]
) -> None:
    (maildir.root / "subscriptions").write_bytes(b"Archives.2012\n")
    (maildir.root / ".lists" / "dovecot-uidlist").write_bytes(b"3 V1300000000 N3 Pabc\n")
    async with maildir.app().run_test(size=size) as pilot:
        await settled(pilot)
        await keys(pilot, "end")
        said = " ".join(inspected(pilot).split())
        assert said.startswith("lists: 2 messages, ")
        assert "Subscribed: no (subscriptions). Clients that show subscribed folders only" in said
        assert "dovecot-uidlist, UIDVALIDITY 1300000000, next UID 3" in said
        assert "1 SIZE Wrong size" in said
        shown = drawn(pilot)
        assert "lists: 2 messages" in shown and "Subscribed: no" in shown
        await keys(pilot, "up", "up")
        assert "Subscribed: yes (subscriptions)" in inspected(pilot)
        await keys(pilot, "up")
        said = " ".join(inspected(pilot).split())
        assert "not in subscriptions, but clients show INBOX all the same" in said


async def test_in_the_list_the_inspector_tells_of_the_message_again(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        await keys(pilot, "end")
        assert "the spool has no list of subscriptions" in inspected(pilot)
        assert "no server has numbered the messages here" in inspected(pilot)
        await keys(pilot, "3")
        assert "Subscribed" in inspected(pilot)  # read where it stands
        await keys(pilot, "2")
        assert "Subscribed" not in inspected(pilot)
        assert ".lists/cur/" in inspected(pilot)
        await keys(pilot, "1", "up", "down")
        assert "Subscribed" in inspected(pilot)
        await keys(pilot, "home")
        assert "Subscribed" not in inspected(pilot)
