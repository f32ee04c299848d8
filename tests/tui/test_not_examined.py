"""What could not be examined is shown: in the top line, the status, the tree, on a screen."""

from __future__ import annotations

import os

from mailsurgeon.tui.widgets.bars import Bar
from tests.support.protects import protects
from tests.tui.conftest import ScreenMaildir, front, keys, main, settled, status, tree_lines

SIZE = (100, 30)


async def test_what_was_not_examined_is_said_and_stays_said(maildir: ScreenMaildir) -> None:
    os.symlink("/", maildir.root / ".Elsewhere")
    (maildir.root / "notes.txt").write_text("No mail at all.\n")
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert "2 not examined" in status(pilot)
        assert any("not examined" in line and line.endswith("2") for line in tree_lines(pilot))
        await keys(pilot, "s")  # another word takes the place of the survey's in the status line
        assert "not examined" not in status(pilot)
        assert "2 not examined" in main(pilot).query_one("#top", Bar).text
        await keys(pilot, "1", "G", "h", "k", "k", "enter")
        shown = front(pilot).query_one("#text").text
        assert ".Elsewhere  a symlink to a directory is not followed" in shown
        assert "notes.txt  not mail" in shown


async def test_where_all_was_looked_at_the_top_line_is_quiet(maildir: ScreenMaildir) -> None:
    async with maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert "0 not examined" in status(pilot)
        assert "not examined" not in main(pilot).query_one("#top", Bar).text


@protects(
    "a name is no markup, link or shell",
    where="tui/widgets/folder_tree.py, report/log/page.py, report/log/markdown.py,"
    " report/shell_script.py",
    seen="seen failing with labels as markup, without code spans and escapes, and with a "
    "dash left first for `printf`",
)
async def test_a_folder_whose_name_is_markup_or_a_sequence(empty_maildir: ScreenMaildir) -> None:
    for name in ("[&AC8-]", "[&AC8-b]", "a\x1b]0;x\x07", "[@click=q]x"):
        empty_maildir.folder(name)
        empty_maildir.mail(f".{name}/{{n}}:2,S")
    async with empty_maildir.app().run_test(size=SIZE) as pilot:
        await settled(pilot)
        shown = "\n".join(tree_lines(pilot))
        for name in ("[/]", "[/b]", "a\\x1b]0;x\\x07", "[@click=q]x"):
            assert name in shown
        await keys(pilot, "2", "A", "m")
        field = front(pilot).query_one("Input")
        field.value = "a\\x1b]0;x\\x07"  # a name is entered as it is shown
        await keys(pilot, "enter", "Y")
    moved = os.listdir(empty_maildir.root / ".a\x1b]0;x\x07" / "cur")
    assert len(moved) == 4
