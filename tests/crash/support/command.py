"""The real command line, run by one person or another on the same spool."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import mailsurgeon

SOMEBODY = 61_236
"""A user and group nobody has."""

MAIL = b"From: a@example.org\nMessage-ID: <%d@example.org>\nSubject: %d\n\nText.\n"
_LONGEST = 60  # seconds for a command


@dataclass(frozen=True)
class Person:
    """Who runs the commands: with a home of their own, in which are their journal and index."""

    home: Path
    spool: Path
    user: int | None = None  # None: whoever runs the tests

    @property
    def quarantine(self) -> Path:
        return self.spool.parent / ".Maildir.quarantine"

    @property
    def lock(self) -> Path:
        """The server's, of INBOX."""
        return self.spool / "dovecot-uidlist.lock"

    def _how(self, umask: int) -> dict[str, Any]:
        hidden = {name for name in os.environ if name.startswith("XDG_")}
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        environment |= {"HOME": str(self.home), "PYTHONPATH": os.pathsep.join(_libraries())}
        who: dict[str, Any] = {}
        if self.user is not None:
            who = {"user": self.user, "group": self.user, "extra_groups": []}
        return {"env": environment, "umask": umask, "text": True, "cwd": "/", **who}

    def command(self, word: str, *options: str) -> list[str]:
        python = sys.executable if self.user is None else of_all() or sys.executable
        return [python, "-m", "mailsurgeon", word, str(self.spool), *options]

    def run(self, word: str, *options: str, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
        command = self.command(word, *options)
        if word == "quarantine":
            command[3:6] = [word, options[0], str(self.spool)]
        return subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, check=False,
            timeout=_LONGEST, **self._how(umask),
        )  # fmt: skip

    @contextmanager
    def waiting(
        self, word: str, *options: str, umask: int = 0o022
    ) -> Iterator[subprocess.Popen[str]]:
        """A command that has begun to change the spool and waits for the server's lock.

        At the end the lock is let go and the command comes to its own end, if it still lives.
        """
        self.lock.write_bytes(b"%d:%s" % (os.getpid(), os.fsencode(socket.gethostname())))
        process = subprocess.Popen(
            self.command(word, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, **self._how(umask),
        )  # fmt: skip
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert "waiting for" in said, said + process.stderr.read()
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            self.lock.unlink(missing_ok=True)
            process.communicate(timeout=_LONGEST)

    def picture(self) -> dict[str, bytes | None]:
        """What is in the spool, but for the server's lock."""
        return {
            str(path.relative_to(self.spool)): path.read_bytes() if path.is_file() else None
            for path in self.spool.rglob("*")
            if path != self.lock
        }


def person_with_spool(home: Path, user: int | None = None) -> Person:
    """A person with a spool that a plain fix has work in, under the server's lock."""
    spool = home / "mail" / "Maildir"
    for part in ("cur", "new", "tmp"):
        (spool / part).mkdir(parents=True)
    names = ("1300000001.M1.host,S=7:2,S", "1300000002.M2.host,S=8:2,", "1300000003.M3.host:2,S")
    for number, name in enumerate(names):
        (spool / "cur" / name).write_bytes(MAIL % (number, number))
    (spool / "dovecot-uidlist").write_bytes(
        b"3 V1300000000 N4 G0123456789abcdef0123456789abcdef\n"
        + b"".join(
            b"%d :%s\n" % (uid, name.split(":")[0].encode()) for uid, name in enumerate(names, 1)
        )
    )
    if user is not None:
        for path in (spool.parent, spool, *spool.rglob("*")):
            os.chown(path, user, user)
    return person(home, spool, "one", None)


def person(home: Path, spool: Path, name: str, user: int | None) -> Person:
    """Somebody with a home of that name."""
    place = home / name
    place.mkdir(mode=0o700)
    if user is not None:
        os.chown(place, user, user)
    return Person(place, spool, user)


def _libraries() -> list[str]:
    """Where our modules and those they need are; another interpreter has its own of the others."""
    own = str(Path(mailsurgeon.__file__).parents[1])
    return [own, *(path for path in sys.path if path.endswith("-packages"))]


@cache
def of_all() -> str:
    """An interpreter that another user can run the program with: ours may lie in root's home.

    Empty where there is none, or we may not become another.
    """
    if os.geteuid() != 0:
        return ""
    for python in (sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        if python is None:
            continue
        how = Person(Path("/"), Path("/nowhere"), SOMEBODY)._how(0o022)
        command = [python, "-m", "mailsurgeon", "scan", "/nowhere"]
        with suppress(OSError):
            tried = subprocess.run(command, capture_output=True, check=False, **how)
            if tried.stderr.startswith("mailsurgeon: /nowhere"):
                return python
    return ""
