"""How many bytes a key costs on the line: on a terminal of 80x24 without COLORTERM.

Each is exact: the same keys over the same mail write the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.tui.conftest import ScreenMaildir
from tests.tui.terminal import Terminal, opened

pytestmark = pytest.mark.process

IN_VIEW, SCROLLING, WITH_INSPECTOR = 300, 500, 1200  # bytes a key, the mean
LIST_ROWS = range(2, 15)  # its title, column heads, and messages
_TO_ROW = re.compile(rb"\x1b\[(\d+);\d+H")


def in_rows(written: bytes, rows: range) -> int:
    """How many of the bytes went to these rows of the terminal (the first is 1)."""
    _before, *parts = _TO_ROW.split(written)
    places, texts = parts[::2], parts[1::2]
    return sum(
        len(f"\x1b[{int(place)};99H") + len(text)
        for place, text in zip(places, texts, strict=True)
        if int(place) in rows
    )


@pytest.fixture
def terminal(maildir: ScreenMaildir) -> Iterator[Terminal]:
    with opened(maildir) as found:
        found.press(b"\r")  # from the tree to the list
        yield found


def test_at_rest_nothing_is_written(terminal: Terminal) -> None:
    assert terminal.rest() == b""


def test_a_move_in_view_writes_two_rows_and_a_number(terminal: Terminal) -> None:
    moves = [terminal.press(b"j") for _ in range(6)]
    listed = [in_rows(written, LIST_ROWS) for written in moves]
    assert all(count > 100 for count in listed), "the cursor moved"
    assert sum(listed) / len(listed) <= IN_VIEW, listed
    whole = [len(written) for written in moves]
    assert sum(whole) / len(whole) <= WITH_INSPECTOR, whole


def test_a_passing_pointer_writes_nothing(terminal: Terminal) -> None:
    for row in (1, 2, 3, 8, 16, 17, 24):
        for column in range(1, 80, 13):
            terminal.send(b"\x1b[<35;%d;%dM" % (column, row))
    assert terminal.rest() == b""


def test_scrolling_writes_the_list_once_for_many_keys(terminal: Terminal) -> None:
    moves: list[bytes] = []
    for line in range(2, 42):
        terminal.send(b"j")
        moves.append(terminal.read_until(b" %d/63 " % line))
    moves.append(terminal.rest())
    listed = [in_rows(written, LIST_ROWS) for written in moves]
    assert max(listed) > 1000, "it scrolled"
    assert sum(listed) / (len(moves) - 1) <= SCROLLING, listed
