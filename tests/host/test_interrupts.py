"""Ctrl+C, SIGTERM and SIGHUP end a command wherever it is, but for what must be finished first."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from mailsurgeon.host import interrupts
from mailsurgeon.host.interrupts import ENDING, interruptible, unbroken
from tests.support.protects import protects


class Ended(Exception):
    """The process would have ended."""


@pytest.fixture(autouse=True)
def timers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """A process in which nothing has come yet; the seconds after which it was to end."""
    started: list[float] = []

    class Timer:
        daemon = False

        def __init__(self, seconds: float, _function: object, _code: object) -> None:
            started.append(seconds)

        def start(self) -> None:
            pass

    def exit_now(code: int) -> None:
        raise Ended(code)

    before = {number: signal.getsignal(number) for number in ENDING}
    monkeypatch.setattr(interrupts, "_arrivals", interrupts._Arrivals())
    monkeypatch.setattr(interrupts.threading, "Timer", Timer)
    monkeypatch.setattr(interrupts.os, "_exit", exit_now)
    for number in ENDING:
        signal.signal(number, signal.default_int_handler)
    interrupts.take_signals()
    yield started
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@protects("each signal ends a command, with its own exit code", where="host/interrupts.py")
@pytest.mark.parametrize("number", ENDING)
def test_each_signal_interrupts_at_once_and_has_its_exit_code(
    number: signal.Signals, timers: list[float]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        send(number)
    assert interrupts.came() and interrupts.interrupted_code() == 128 + number
    assert timers == [interrupts.PROMPT]


def test_a_second_signal_does_not_disturb_the_end() -> None:
    with pytest.raises(KeyboardInterrupt):
        send(signal.SIGINT)
    send(signal.SIGTERM)
    assert interrupts.interrupted_code() == 130


@protects("what is begun and must not be left is finished first", where="host/interrupts.py")
def test_a_block_that_is_not_to_be_broken_is_finished_first() -> None:
    finished = False
    with pytest.raises(KeyboardInterrupt), unbroken():
        send(signal.SIGTERM)
        finished = True
    assert finished and interrupts.interrupted_code() == 143


def test_an_operation_is_told_and_goes_on(timers: list[float]) -> None:
    with interruptible() as interrupted:
        assert not interrupted()
        send(signal.SIGHUP)
        assert interrupted() and not timers and not interrupts._arrivals.free.is_set()
    assert timers == []  # its report takes the time it takes, until a second signal comes
    with pytest.raises(KeyboardInterrupt):
        send(signal.SIGHUP)
    assert timers == [interrupts.PROMPT]
    with pytest.raises(Ended, match="129"):
        interrupts._end(None)


def test_once_its_work_is_done_a_signal_ends_the_process_as_usual() -> None:
    interrupts.give_up()
    assert {signal.getsignal(number) for number in ENDING} == {signal.SIG_DFL}
