"""In a real terminal: quiet at rest, frugal on the line, and gone when the terminal is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator

import pytest

from tests.tui.conftest import Ward

PATIENCE = 60  # seconds after which a test has failed
QUIET = 1.0  # seconds without a byte that count as rest
PROGRAM = "from mailsurgeon.cli import main; main()"


class Terminal:
    """The program in a terminal of 80x24, read as bytes."""

    def __init__(self, ward: Ward) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "HOME": str(ward.home)}
        environment.pop("COLORTERM", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(ward.root), "--jobs", "1"],
            stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
            # The terminal must be its controlling one, or no SIGHUP comes when it goes.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)

    def read_until(self, text: bytes) -> None:
        seen = b""
        while text not in seen:
            ready, _, _ = select.select([self.master], [], [], PATIENCE)
            assert ready, seen[-2000:]
            seen += os.read(self.master, 65536)

    def rest(self) -> int:
        """Reads until nothing has come for a while; returns how many bytes there were."""
        count = 0
        while select.select([self.master], [], [], QUIET)[0]:
            count += len(os.read(self.master, 65536))
        return count

    def press(self, key: bytes) -> int:
        os.write(self.master, key)
        return self.rest()

    def close(self) -> None:
        """Ends the program, whatever it does."""
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self.master)


@pytest.fixture
def terminal(ward: Ward) -> Iterator[Terminal]:
    for _ in range(60):
        ward.mail(".lists/{n}:2,S")
    found = Terminal(ward)
    found.read_until(b"surveyed 72")
    found.rest()
    yield found
    found.close()


def test_at_rest_nothing_is_written(terminal: Terminal) -> None:
    assert terminal.rest() == 0


def test_a_move_of_the_cursor_costs_less_than_a_kilobyte(terminal: Terminal) -> None:
    terminal.press(b"\r")
    inside = [terminal.press(b"j") for _ in range(6)]
    assert sum(inside) / len(inside) < 1000, inside


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


def test_q_leaves_with_the_code_zero(terminal: Terminal) -> None:
    os.write(terminal.master, b"q")
    assert terminal.process.wait(PATIENCE) == 0
