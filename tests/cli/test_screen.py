"""The commands that open the screen: when they do, and what they say when they cannot."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.cli import screen
from mailsurgeon.cli.commands import demo
from mailsurgeon.cli.startup import LateSurgeon
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.survey.process.client import Apart

from .conftest import Run, Tree


def test_without_a_terminal_the_commands_are_named(run: Run, clean: Tree) -> None:
    for words in ((clean,), ("demo",)):
        outcome = run(*words)
        assert (outcome.code, outcome.out) == (2, "")
        assert "scan, fix" in outcome.complaint


def test_a_path_that_is_no_spool_is_told_first(run: Run, tmp_path: Path) -> None:
    assert "no Maildir is here" in run(tmp_path).complaint


class _Terminal:
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("kind", ["dumb", ""])
def test_a_dumb_terminal_has_no_screen(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal())
    monkeypatch.setattr(sys, "stdout", _Terminal())
    monkeypatch.setenv("TERM", kind)
    with pytest.raises(MailsurgeonError, match="needs a terminal"):
        screen.terminal_needed()
    monkeypatch.setenv("TERM", "xterm-256color")
    screen.terminal_needed()


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the screen was opened with; it is left at once."""
    calls: list[dict[str, Any]] = []

    def run_app(spool: Any, index: Any, options: Any, surgeon: Any, **more: Any) -> int:
        told = {"spool": spool, "clock": options.clock_ahead, "path": index.path,
                "operations": surgeon.operations()}  # fmt: skip
        calls.append(told | more)
        return 0

    app = types.ModuleType("mailsurgeon.tui.app")
    app.run_app = run_app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mailsurgeon.tui.app", app)
    monkeypatch.setattr(screen, "terminal_needed", lambda: None)
    monkeypatch.setattr(demo, "terminal_needed", lambda: None)
    return calls


def test_the_screen_gets_what_was_asked_for(
    run: Run, clean: Tree, seen: list[dict[str, Any]]
) -> None:
    assert run(clean, "--jobs", 1).code == 0
    options = ("--read-only", "--ascii", "--theme", "nord", "--no-mouse", "--jobs", 1)
    assert run(clean, *options).code == 0
    plain, chosen = seen
    how = ("read_only", "ascii", "theme", "mouse")
    assert [plain[key] for key in how] == [False, False, "", True]
    assert [chosen[key] for key in how] == [True, True, "nord", False]
    assert plain["path"].exists()


def test_it_opens_before_anything_is_prepared(
    run: Run, clean: Tree, seen: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Apart, "start", lambda _self: told.append("survey"))
    monkeypatch.setattr(LateSurgeon, "open", lambda _self: told.append("surgeon"))
    monkeypatch.setattr(LateSurgeon, "operations", lambda _self: [], raising=False)
    assert run(clean, "--jobs", 3).code == 0
    assert told == []
    seen[0]["prepare"]()
    assert told == ["survey", "surgeon"]


def test_the_demo_is_a_copy_that_leaves_nothing(
    run: Run, seen: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert run("demo", "--jobs", 1).code == 0
    (told,) = seen
    assert told["clock"] == 48 * 3600
    assert not Path(told["spool"].shown).exists()
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "cache").exists()
