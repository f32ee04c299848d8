"""In a real terminal: the program ends when the terminal closes, and in order when asked to."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.tui.conftest import ScreenMaildir
from tests.tui.terminal import PATIENCE, Terminal, opened

pytestmark = pytest.mark.process


@pytest.fixture
def terminal(maildir: ScreenMaildir) -> Iterator[Terminal]:
    with opened(maildir) as found:
        yield found


@pytest.mark.parametrize("key", [b"", b"\r"])
def test_the_program_ends_when_its_terminal_is_gone(terminal: Terminal, key: bytes) -> None:
    if key:
        os.write(terminal.master, key * 3)  # it is just drawing
    os.close(terminal.master)
    assert terminal.process.wait(PATIENCE) == 0


def test_the_program_ends_in_order_when_it_is_told_to(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(PATIENCE) == 0
    assert b"\x1b[?1049l" in os.read(terminal.master, 65536)  # the terminal is given back


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (200, 50)], ids="{0[0]}x{0[1]}".format)
def test_ctrl_z_gives_the_terminal_back_and_the_screen_comes_again(
    maildir: ScreenMaildir, size: tuple[int, int]
) -> None:
    with opened(maildir, size) as terminal:
        terminal.send(b"\x1a")
        _, status = os.waitpid(terminal.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert b"\x1b[?1049l" in os.read(terminal.master, 65536)
        terminal.process.send_signal(signal.SIGCONT)
        again = terminal.read_until(b"? \x1b", b"? help", b"help")
        assert b"\x1b[?1049h" in again
        terminal.rest()
        terminal.send(b"J")
        terminal.read_until(b"Journal of")
        terminal.press(b"q")
        terminal.send(b"q")
        assert terminal.process.wait(PATIENCE) == 0


def test_q_leaves_with_the_code_zero(terminal: Terminal) -> None:
    os.write(terminal.master, b"q")
    assert terminal.process.wait(PATIENCE) == 0
