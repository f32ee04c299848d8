"""Signals that were ignored from the start stay ignored; Ctrl+Z waits for a safe place."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from mailsurgeon.cli import program
from mailsurgeon.cli.console import stoppable
from mailsurgeon.host.interrupts import interruptible
from tests.support.protects import protects

ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ALL}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@protects("what nohup began goes on without its terminal", where="host/interrupts.py")
@pytest.mark.parametrize("number", ALL[:3])
def test_a_signal_that_is_ignored_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    with interruptible() as interrupted:
        os.kill(os.getpid(), number)
        assert not interrupted()
    assert signal.getsignal(number) is signal.SIG_IGN


def test_other_signals_ask_for_an_end_once() -> None:
    with interruptible() as interrupted:
        os.kill(os.getpid(), signal.SIGHUP)
        assert interrupted()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@protects("Ctrl+Z stops an operation only where it holds no server's lock", where="cli/console.py")
def test_ctrl_z_stops_where_the_operation_says(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[tuple[int, object]] = []

    def kill(_process: int, number: int) -> None:
        stopped.append((number, signal.getsignal(signal.SIGTSTP)))

    signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    really = os.kill
    with stoppable() as stops:
        stops.here()
        really(os.getpid(), signal.SIGTSTP)
        assert stops.wanted() and not stopped
        monkeypatch.setattr(os, "kill", kill)
        stops.here()
        assert not stops.wanted()
        really(os.getpid(), signal.SIGTSTP)
    assert stopped == [(signal.SIGTSTP, signal.SIG_DFL)] * 2  # the second at the end
    assert signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL


def test_where_ctrl_z_is_ignored_nothing_stops() -> None:
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    with stoppable() as stops:
        os.kill(os.getpid(), signal.SIGTSTP)
        assert not stops.wanted()
    assert signal.getsignal(signal.SIGTSTP) is signal.SIG_IGN


def test_an_interrupt_while_the_command_line_is_read_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "application", interrupted)
    assert program.run(["log", "spool"]) == 128 + signal.SIGINT
    assert capsys.readouterr().err == "mailsurgeon: interrupted\n"
