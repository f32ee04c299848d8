"""After a crash in the middle: which commands report it, which recover, and what is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from mailsurgeon.surgery.model import Report
from mailsurgeon.surgery.servers.lock_wait import Stops
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects

from .conftest import Run, Tree

pytestmark = pytest.mark.crash

KILLED = """
import os, signal, sys
from mailsurgeon.cli import run
from mailsurgeon.surgery.surgeon import Surgeon

really = Surgeon.apply

def apply(self, plan, **how):
    def on_progress(*_figures):
        os.kill(os.getpid(), signal.SIGKILL)
    return really(self, plan, **{**how, "on_progress": on_progress})

Surgeon.apply = apply
run(sys.argv[1:])
"""


@pytest.fixture
def before(clean: Tree) -> dict[bytes, tuple[object, ...]]:
    """The spool as it was; then a fix of 700 messages was killed after its first batch."""
    for number in range(700):
        clean.add(f".Sent/17{number:08}.M1P1.host:2,S")
    picture = clean.picture()
    ended = subprocess.run([sys.executable, "-c", KILLED, "fix", clean, "--yes"], check=False)
    assert ended.returncode == -9
    assert clean.picture() != picture
    return picture


def test_commands_that_look_only_tell_of_it(
    run: Run, clean: Tree, before: dict[bytes, tuple[object, ...]]
) -> None:
    cut_off = clean.picture()
    for words in (("scan", clean), ("log", clean), ("fix", clean, "--dry-run"), ("undo", clean)):
        outcome = run(*words)
        assert "operation 1" in outcome.err
        assert "not finished" in outcome.err
        assert clean.picture() == cut_off
    assert before != cut_off


def test_the_next_command_that_changes_recovers_first(
    run: Run, clean: Tree, before: dict[bytes, tuple[object, ...]]
) -> None:
    outcome = run("undo", clean, "--all", "--yes")
    assert outcome.code == 0
    assert outcome.err.startswith(f"mailsurgeon: {clean}: ")
    assert clean.picture() == before
    assert run("scan", clean).err == ""
    kinds = [row["kind"] for row in run("log", clean, "--format", "json").json["operations"]]
    assert kinds == ["fix", "recover", "undo"]


@pytest.mark.smoke
def test_fix_goes_on_where_it_was_cut_off(
    run: Run, clean: Tree, before: dict[bytes, tuple[object, ...]]
) -> None:
    outcome = run("fix", clean, "--yes")
    assert outcome.code == 0
    assert len([name for name in clean.names() if name.startswith(".Sent/cur/17")]) == 700
    assert run("undo", clean, "--all", "--yes").code == 0
    assert clean.picture() == before


@protects(
    "a recovery that is interrupted is left to the next run", where="surgery/apply/recovery.py"
)
def test_a_recovery_that_is_interrupted_is_left_to_the_next_command(
    run: Run, clean: Tree, before: dict[bytes, tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off = clean.picture()
    really = Surgeon.recover

    def recover(surgeon: Surgeon, stops: Stops, cancelled: Callable[[], bool]) -> Report | None:
        os.kill(os.getpid(), signal.SIGINT)
        return really(surgeon, stops, cancelled)

    with monkeypatch.context() as patched:
        patched.setattr(Surgeon, "recover", recover)
        outcome = run("undo", clean, "--yes")
    assert outcome.code == 130
    assert outcome.complaint.startswith("interrupted while the operation that was cut off")
    assert outcome.complaint.endswith("to go on: run the same command again")
    assert clean.picture() == cut_off
    assert run("undo", clean, "--all", "--yes").code == 0
    assert clean.picture() == before
