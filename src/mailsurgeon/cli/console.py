"""What the operator sees while a command runs: notes and progress, both on stderr only."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from mailsurgeon.pace import Pace, pace_text
from mailsurgeon.surgery.servers.lock_wait import NO_STOPS, Stops
from mailsurgeon.survey.progress import Advance
from mailsurgeon.text import visible

_REDRAWN = 4  # times a second


def replace_closed_streams() -> None:
    """Puts /dev/null in place of standard streams that are closed (`>&-`). Otherwise the next files
    opened, a journal or a list, would have their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
            os.set_inheritable(handle, True)
            setattr(sys, name, os.fdopen(handle, mode))


def complain(message: str) -> None:
    """Prints the message as one line on stderr, after the program's name, made safe to show.
    Nothing stops because stderr cannot be written to: its terminal may be gone."""
    with suppress(OSError):
        print(f"mailsurgeon: {visible(' '.join(message.split()))}", file=sys.stderr)


def say(line: str) -> None:
    """Prints a line on stderr as `complain` does, but leaves its spaces as they are: it has a
    command in it that must mean the same when it is pasted."""
    with suppress(OSError):
        print(f"mailsurgeon: {visible(line)}", file=sys.stderr)


@contextmanager
def goes_on(line: Callable[[], str]) -> Iterator[None]:
    """Gives an interrupt the line that says how to go on, unless it has one from further inside."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if interrupt.args:
            raise
        raise KeyboardInterrupt(line()) from None


def on_terminal() -> bool:
    """Whether a person is there to answer questions."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def asked(question: str) -> bool:
    """Asks on the terminal; only `y` and `yes` count as agreement."""
    return answer(question).lower() in ("y", "yes")


def answer(question: str) -> str:
    """Asks on the terminal and returns the line typed; empty at the end of input."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


@contextmanager
def progress(wanted: bool = True) -> Iterator[Advance]:
    """A line of progress on stderr if that is a terminal, else nothing; yields what advances it."""
    if not wanted or not sys.stderr.isatty():
        yield lambda _stage, _done, _total: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    plain = not (sys.stderr.encoding or "").lower().startswith("utf")
    paces = [Pace()]

    def line() -> Text:
        return Text(pace_text(paces[0], console.width - 1, ascii=plain), no_wrap=True)

    def advance(stage: str, done: int, total: int) -> None:
        paces[0] = paces[0].after(stage, done, total, time.monotonic())

    with Live(get_renderable=line, console=console, refresh_per_second=_REDRAWN, transient=True):
        yield advance


@contextmanager
def stoppable() -> Iterator[Stops]:
    """Lets Ctrl+Z stop the process only where an operation holds no server's lock."""
    if signal.getsignal(signal.SIGTSTP) is not signal.SIG_DFL:
        yield NO_STOPS
        return
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    def stop_here() -> None:
        if not asked:
            return
        asked.clear()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # returns after SIGCONT
        signal.signal(signal.SIGTSTP, note)

    signal.signal(signal.SIGTSTP, note)
    try:
        yield Stops(lambda: bool(asked), stop_here)
    finally:
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        stop_here()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
