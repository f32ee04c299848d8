"""A terminal of its own for a program, which is read as bytes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence

from tests.hostile.stream import Stream

PATIENCE = 60  # seconds after which a test has failed
ANSWER = 3.0  # seconds in which a key draws something, if it does
QUIET = 0.25  # seconds without a byte after which a screen counts as drawn
PROGRAM = [sys.executable, "-c", "from mailsurgeon.cli import main; main()"]


class Terminal:
    """Runs the program in a terminal; everything it was sent is kept."""

    def __init__(
        self, words: Sequence[bytes | str], home: bytes, size: tuple[int, int] = (200, 50),
        more: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.seen = b""
        self.master, slave = pty.openpty()
        columns, rows = size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "HOME": os.fsdecode(home)}
        for name in ("COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
            environment.pop(name, None)
        environment |= {"XDG_CACHE_HOME": os.fsdecode(home) + "/cache", **(more or {})}
        self.process = subprocess.Popen(
            [*PROGRAM, *words], stdin=slave, stdout=slave, stderr=slave, env=environment,
            cwd=home, start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def _read(self, patience: float) -> bool:
        """Takes what has come; False when nothing came in time, or nothing will come."""
        if not select.select([self.master], [], [], patience)[0]:
            return False
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # the other side is closed
            return False
        self.seen += piece
        return bool(piece)

    def until(self, text: bytes, since: int = 0) -> None:
        """Reads until `text` has come, and then until nothing comes any more for a moment."""
        while text not in self.seen[since:]:
            assert self._read(PATIENCE), (text, Stream(self.seen[since:]).text[-3000:])
        while self._read(QUIET):
            pass

    def press(self, keys: bytes, text: bytes = b"") -> bytes:
        """Presses keys; gives what was sent until the screen with `text` was drawn."""
        since = len(self.seen)
        os.write(self.master, keys)
        # The next key must not come before this one has been taken.
        self._read(ANSWER)
        self.until(text, since)
        return self.seen[since:]

    def end(self) -> int:
        """Reads to the end; gives the exit code."""
        while self._read(PATIENCE):
            pass
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Ends the program, however it stands."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self.master)
