"""The command line in this process, with an operator at the terminal and accidents at hand."""

from __future__ import annotations

import html
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mailsurgeon.cli import run as run_program

NOT_KILLED = 100
"""The exit code of a command that came to its end though it was to be killed."""


@dataclass(frozen=True)
class Command:
    """One run of the program.

    `line`: its arguments; SPOOL and HOME stand for the places. `gone`: a file,
    relative to the spool, that somebody takes away while the operator is asked; who then says yes.
    `struck`: [name of a function of `os`, text in its arguments, signal]: the process gets the
    signal when the function is about to be called so. `linked`: [file, second name], made
    afterwards, as a kill between link and unlink leaves them. `code`: how it ends.
    """

    line: str
    code: int = 0
    gone: str = ""
    struck: tuple[str, str, str] | tuple[()] = ()
    linked: tuple[str, str] | tuple[()] = ()

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Command:
        """A command as `written` gives it."""
        facts: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
        }
        return cls(**facts)

    def written(self) -> dict[str, Any]:
        """The command as JSON has it."""
        plain = Command(self.line)
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in vars(self).items()
            if key == "line" or value != getattr(plain, key)
        }


class _Stream(io.TextIOWrapper):
    """A stream of this process for a while; `asked` is called when somebody is to answer."""

    def __init__(self, tty: bool, asked: Callable[[], None] = lambda: None) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)
        self._tty = tty
        self._asked = asked

    def isatty(self) -> bool:
        return self._tty

    def readline(self, _size: int | None = -1, /) -> str:
        self._asked()
        return "y\n"

    @property
    def text(self) -> str:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode("utf-8", "surrogateescape")


def run(home: Path, command: Command) -> tuple[int, str]:
    """Runs a command on the spool below `home`; gives its exit code and what it wrote to stdout.

    One that is to be killed runs in a process of its own.
    """
    if command.struck and command.struck[2] == "SIGKILL":
        child = os.fork()
        if child == 0:
            _run_here(home, command)
            os._exit(NOT_KILLED)
        _, status = os.waitpid(child, 0)
        outcome = os.waitstatus_to_exitcode(status), ""
    else:
        outcome = _run_here(home, command)
    if command.linked:
        name, second = (home / "mail" / "Maildir" / part for part in command.linked)
        second.hardlink_to(name)
    return outcome


def _run_here(home: Path, command: Command) -> tuple[int, str]:
    spool = home / "mail" / "Maildir"

    def asked() -> None:
        (spool / command.gone).unlink()

    at_terminal = bool(command.gone)
    out, err = _Stream(tty=False), _Stream(tty=at_terminal)
    words = [_meant(word, home, spool) for word in command.line.split()]
    with ExitStack() as stack:
        stack.enter_context(patch.object(sys, "stdin", _Stream(at_terminal, asked)))
        stack.enter_context(patch.object(sys, "stdout", out))
        stack.enter_context(patch.object(sys, "stderr", err))
        if command.struck:
            stack.enter_context(_struck(*command.struck))
        code = run_program([*words, "--state-dir", str(home / "state")])
    return code, out.text


def _meant(word: str, home: Path, spool: Path) -> str:
    return word.replace("SPOOL", str(spool)).replace("HOME", str(home))


@contextmanager
def _struck(name: str, text: str, number: str) -> Iterator[None]:
    """This process gets a signal, once, before a function of `os` is called with that text."""
    really = getattr(os, name)
    left = [signal.Signals[number]]

    def call(*values: Any, **named: Any) -> Any:
        if left and text in f"{values} {named}":
            os.kill(os.getpid(), left.pop())
        return really(*values, **named)

    with patch.object(os, name, call):
        yield


def places_of(home: Path) -> dict[str, str]:
    """The environment in which the program finds all its places below `home`."""
    return {
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
        "COLUMNS": "120",
    }


def without_home(text: str, home: Path) -> str:
    """A text the program wrote, with HOME for the place, as Markdown and HTML have it too."""
    plain = str(home)
    for known in (re.sub(r"([\\`*_\[\]<>|~&#!])", r"\\\1", plain), html.escape(plain), plain):
        text = text.replace(known, "HOME")
    return text
