"""The line of progress of a command: on a terminal only, in characters that it can show."""

from __future__ import annotations

import io
import sys

import pytest

from mailsurgeon.cli.console import progress


class Screen(io.StringIO):
    """A standard error that is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def screen_of(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A screen as standard error; pytest takes it away from what a fixture does."""
    found = Screen()
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return found


def test_a_command_says_how_far_it_is_as_the_screen_does(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    with progress() as advance:
        advance("fix", 0, 3)
        advance("fix", 1, 3)
    assert "fix ███░░░░░░░   33 %  1 of 3" in screen.getvalue()


def test_without_a_total_only_the_stage_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    with progress() as advance:
        advance("listing", 0, 0)
    assert "listing" in screen.getvalue()
    assert "%" not in screen.getvalue() and "░" not in screen.getvalue()


def test_a_terminal_without_unicode_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    monkeypatch.setattr(screen, "encoding", "ascii", raising=False)
    with progress() as advance:
        advance("fix", 1, 3)
    assert "fix ###.......   33 %  1 of 3" in screen.getvalue()
    assert screen.getvalue().isascii()


def test_nothing_is_drawn_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    with progress(wanted=False) as advance:
        advance("fix", 1, 3)
    monkeypatch.setattr(screen, "isatty", lambda: False)
    with progress() as advance:
        advance("fix", 2, 3)
    assert screen.getvalue() == ""
