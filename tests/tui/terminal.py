"""The program in a real terminal, read as bytes."""

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
from collections.abc import Iterator

from tests.tui.conftest import ScreenMaildir

PATIENCE = 60  # seconds after which a test has failed
QUIET = 1.0  # seconds without a byte that count as rest
PROGRAM = "from mailsurgeon.cli import main; main()"


class Terminal:
    """The program in a terminal, of 80x24 unless another size is given, read as bytes."""

    def __init__(
        self, maildir: ScreenMaildir, jobs: int = 1, size: tuple[int, int] = (80, 24)
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "HOME": str(maildir.home)}
        environment.pop("COLORTERM", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(maildir.root), "--jobs", str(jobs)],
            stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
            # The terminal must be its controlling one, or no SIGHUP comes when it goes.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)

    def read_until(self, *texts: bytes) -> bytes:
        """Reads until one of these has come."""
        seen = b""
        while not any(text in seen for text in texts):
            ready, _, _ = select.select([self.master], [], [], PATIENCE)
            assert ready, seen[-2000:]
            seen += os.read(self.master, 65536)
        return seen

    def send(self, key: bytes) -> None:
        os.write(self.master, key)

    def rest(self) -> bytes:
        """Reads until nothing has come for a while; what came."""
        seen = b""
        while select.select([self.master], [], [], QUIET)[0]:
            seen += os.read(self.master, 65536)
        return seen

    def press(self, key: bytes) -> bytes:
        self.send(key)
        return self.rest()

    def close(self) -> None:
        """Ends the program, whatever it does."""
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self.master)


@contextlib.contextmanager
def opened(maildir: ScreenMaildir, size: tuple[int, int] = (80, 24)) -> Iterator[Terminal]:
    """The screen over 60 misfiled messages and some more, the survey done and all at rest."""
    for _ in range(60):
        maildir.mail(".lists/{n}:2,S")
    found = Terminal(maildir, size=size)
    try:
        found.read_until(b"surveyed 72")
        found.rest()
        yield found
    finally:
        found.close()
