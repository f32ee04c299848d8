"""What is loaded after the screen's first frame, and how a run ends while a thread is stuck."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mailsurgeon.cli.options import Common
from mailsurgeon.cli.startup import LateSurgeon
from mailsurgeon.survey.open_spool import open_spool
from tests.cli.conftest import Tree

PATIENCE = 60  # seconds after which a test has failed


def python(program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE
    )


def test_the_surgeon_is_the_same_for_every_thread(clean: Tree, tmp_path: Path) -> None:
    late = LateSurgeon(open_spool(clean.root), Common(state_dir=tmp_path / "state"))
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(late.open())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1
    assert late.journal_path.is_relative_to(tmp_path / "state")
    late.close()


def ending(held: bool) -> str:
    """A program of which a thread waits for ever (`held`), or ends."""
    return (
        "import os, threading\n"
        "from mailsurgeon.cli.startup import exits_promptly\n"
        "reading, writing = os.pipe()\n"
        f"{'' if held else 'os.close(writing)'}\n"
        "with exits_promptly():\n"
        "    threading.Thread(target=os.read, args=(reading, 1)).start()\n"
        "print('went on')\n"
    )


@pytest.mark.process
def test_a_thread_that_waits_for_ever_does_not_keep_the_program() -> None:
    done = python(ending(held=True))
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.process
def test_without_such_a_thread_the_program_goes_on_to_its_end() -> None:
    done = python(ending(held=False))
    assert (done.stdout, done.returncode) == ("went on\n", 0)


@pytest.mark.process
def test_what_ends_in_an_error_is_not_silenced() -> None:
    done = python(
        "from mailsurgeon.cli.startup import exits_promptly\n"
        "with exits_promptly():\n"
        "    raise KeyError(7)"
    )
    assert (done.returncode, "KeyError: 7" in done.stderr) == (1, True)
