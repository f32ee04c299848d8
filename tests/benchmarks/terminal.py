"""A terminal of 80x24 in which the program runs, read as bytes with the time they came."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from tests.benchmarks.measuring import Failed

PATIENCE = 60.0  # seconds after which a run has failed
COLUMNS, ROWS = 80, 24
_CONTROL = re.compile(
    r"\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\].*?(?:\x07|\x1b\\)|\x1bP.*?\x1b\\|\x1b[^\[\]P]", re.DOTALL
)


class Screen:
    """What stands on the screen after some bytes: enough of a terminal for what Textual sends."""

    def __init__(self) -> None:
        self.rows = [[" "] * COLUMNS for _ in range(ROWS)]
        self._row = self._column = 0
        self._rest = b""

    @property
    def lines(self) -> list[str]:
        """The lines of the screen."""
        return ["".join(row) for row in self.rows]

    def feed(self, data: bytes) -> None:
        """Takes what was sent; half a control or character waits for its other half."""
        data = self._rest + data
        text = data.decode("utf-8", "ignore")
        self._rest = b""
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self._put(text[at])
                at += 1
            elif control := _CONTROL.match(text, at):
                self._obey(control[1] or "", control[2] or "")
                at = control.end()
            else:
                self._rest = text[at:].encode()
                return

    def _put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._row = min(self._row + 1, ROWS - 1)
        elif character >= " ":
            if self._row < ROWS and self._column < COLUMNS:
                self.rows[self._row][self._column] = character
            self._column += 1

    def _obey(self, arguments: str, final: str) -> None:
        if final == "H":
            numbers = [int(each) if each else 1 for each in (arguments or "1;1").split(";")]
            self._row, self._column = numbers[0] - 1, numbers[-1] - 1
        elif final == "J":
            self.rows = [[" "] * COLUMNS for _ in range(ROWS)]


class Terminal:
    """A program in a terminal. A context manager; the program is ended with it."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", **env}
        for name in ("COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
            environment.pop(name, None)
        self.screen = Screen()
        self.started = time.perf_counter()
        self.last = self.started  # when the last bytes came
        self.process = subprocess.Popen(
            words, stdin=slave, stdout=slave, stderr=slave, env=environment,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self.master)

    def send(self, keys: bytes) -> float:
        """Presses keys; returns when."""
        pressed = time.perf_counter()
        os.write(self.master, keys)
        return pressed

    def take(self, seconds: float) -> int:
        """Takes what comes within so many seconds; returns how many bytes, 0 when none came."""
        if not select.select([self.master], [], [], max(seconds, 0))[0]:
            return 0
        try:
            piece = os.read(self.master, 65536)
        except OSError as error:
            raise Failed("the program ended: " + self.shown()) from error
        self.last = time.perf_counter()
        self.screen.feed(piece)
        return len(piece)

    def rest(self, quiet: float) -> int:
        """Takes all that comes until nothing has come for `quiet` seconds; how many bytes."""
        count = 0
        while got := self.take(quiet):
            count += got
        return count

    def until(self, there: Callable[[], bool], what: str, quiet: float = 0.0) -> float:
        """Reads until `there` is true of the screen, and on until nothing comes for `quiet`
        seconds; returns when the last byte came. Raises Failed when it never comes true."""
        end = time.perf_counter() + PATIENCE
        while not there():
            self.take(min(end - time.perf_counter(), 0.5))
            if time.perf_counter() > end:
                raise Failed(f"{what}: it never came\n{self.shown()}")
        self.rest(quiet)
        return self.last

    def shown(self) -> str:
        """The screen as text."""
        return "\n".join(line.rstrip() for line in self.screen.lines)
