"""On a real terminal: progress and questions are shown there, and answers are read from there."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys

import pytest

from .conftest import Tree

pytestmark = pytest.mark.process

PROGRAM = [sys.executable, "-c", "from mailsurgeon.cli import main; main()"]
FILED = ".Sent/cur/1600000003.M1P1.host:2,S"


def talk(words: list[str], answer: bytes, after: bytes) -> tuple[int, bytes]:
    """Runs a command on a terminal and types `answer` when it has shown `after`."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *words], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(slave)
    shown = b""
    while True:
        ready, _, _ = select.select([master], [], [], 60)
        assert ready, shown
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        shown += piece
        if answer and after in shown:
            os.write(master, answer)
            answer = b""
    os.close(master)
    return process.wait(60), shown


@pytest.mark.smoke
def test_a_yes_on_the_terminal(broken: Tree) -> None:
    code, shown = talk(["fix", str(broken)], b"y\n", b"[y/N] ")
    assert code == 0
    assert FILED in broken.names()
    assert b"takes it back" in shown


def test_a_no_on_the_terminal(broken: Tree) -> None:
    before = broken.picture()
    code, shown = talk(["fix", str(broken)], b"n\n", b"[y/N] ")
    assert code == 1
    assert b"nothing was changed" in shown
    assert broken.picture() == before


def test_the_end_of_input_is_no_yes(broken: Tree) -> None:
    before = broken.picture()
    code, _ = talk(["fix", str(broken)], b"\x04", b"[y/N] ")
    assert code == 1
    assert broken.picture() == before


def test_progress_is_shown_there(broken: Tree) -> None:
    code, shown = talk(["scan", str(broken)], b"", b"")
    assert code == 1
    assert b"\x1b[" in shown
    code, quiet = talk(["scan", str(broken), "--format", "csv", "-q"], b"", b"")
    assert code == 1
    assert b"\x1b" not in quiet
