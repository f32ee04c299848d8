"""Dovecot's own program, run as the mail's owner on a spool that it may do with as it likes."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, NamedTuple

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.text import visible

SILENCE = 300.0
"""Seconds without a word after which doveadm is taken to hang."""

_LONGEST_LINE = 64 * 1024
_VERSION = re.compile(rb"# (\d+)\.(\d+)[\w.]*")
_KNOWN = {(2, 2), (2, 3)}  # 2.4 has another language of configuration
_POLL = 0.2  # seconds between two looks at whether the operator has had enough

Line = Callable[[bytes], None]


class Account(NamedTuple):
    """Who a server is when it opens this mail."""

    uid: int
    gid: int
    groups: tuple[int, ...]


def servers_account(spool: Spool) -> Account | None:
    """The spool's owner when we are root, who may become anybody; else None: as ourselves.

    Raises MailsurgeonError when the owner is root: Dovecot opens no mail as root.
    """
    if os.geteuid() != 0:
        return None
    status = os.stat(spool.root)
    if status.st_uid == 0:
        raise MailsurgeonError(
            f"{spool.shown}: belongs to root, and Dovecot opens no mail as root;"
            " give it to the owner of the mail first"
        )
    try:
        owner = pwd.getpwuid(status.st_uid)
    except KeyError:
        return Account(status.st_uid, status.st_gid, ())
    groups = os.getgrouplist(owner.pw_name, owner.pw_gid)
    return Account(status.st_uid, owner.pw_gid, tuple(dict.fromkeys((*groups, status.st_gid))))


@contextmanager
def process_as_account(account: Account | None) -> Iterator[None]:
    """Within it this process may do what the account may, and what it makes is the account's.

    So root follows no symlink and changes no mode in a place that somebody else can write to.
    """
    if account is None:
        yield
        return
    before = os.getgroups()
    os.setgroups(account.groups)
    os.setegid(account.gid)
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        os.setegid(os.getgid())
        os.setgroups(before)


@dataclass
class Doveadm:
    """One `doveadm` with its configuration file.

    `cancelled` is asked while it runs; when it says so doveadm is ended and KeyboardInterrupt
    raised. `user` is a word that no message and no file name can guess: it stands at the head of
    every line doveadm complains in.
    """

    configuration: bytes
    cancelled: Callable[[], bool] = lambda: False
    user: str = field(default_factory=lambda: f"verify{secrets.token_hex(6)}")
    program: str = field(default_factory=lambda: find_doveadm())

    def version(self) -> str:
        """As `2.3.19.1`. Raises MailsurgeonError for one this program does not know."""
        lines: list[bytes] = []
        problems: list[bytes] = []
        self.run(("config", "-n"), lines.append, problems.append)
        found = _VERSION.match(lines[0]) if lines else None
        if found is None:
            told = visible(b" ".join(problems)) or "it does not tell its version"
            raise MailsurgeonError(f"{self.program}: {told}; verify knows Dovecot 2.2 and 2.3")
        version = found[0].removeprefix(b"# ").decode()
        if (int(found[1]), int(found[2])) not in _KNOWN:
            raise MailsurgeonError(
                f"{self.program}: is of Dovecot {version}; verify knows Dovecot 2.2 and 2.3"
            )
        return version

    def run(self, words: Sequence[bytes | str], on_line: Line, on_complaint: Line) -> int:
        """Runs one command, hands over its lines as they come, and gives its exit code.

        Raises MailsurgeonError when it cannot be started or hangs, KeyboardInterrupt.
        """
        command = [self.program, "-c", self.configuration, *words]
        with self._started(command) as process:
            self._listen(process, on_line, on_complaint)
            return process.wait(SILENCE)

    @contextmanager
    def _started(self, command: Sequence[bytes | str]) -> Iterator[subprocess.Popen[bytes]]:
        home = os.path.dirname(self.configuration)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=home,
                env=self._environment(home),
                start_new_session=True,  # what it starts is ended with it
                user=os.geteuid(),
                group=os.getegid(),
            )
        except OSError as error:
            raise MailsurgeonError(
                f"{self.program}: cannot be run in {visible(home)}: {error.strerror}; name a"
                " directory in TMPDIR that the owner of the mail can reach"
            ) from error
        try:
            yield process
        finally:
            _end(process)

    def _environment(self, home: bytes) -> dict[str, str]:
        path = os.environ.get("PATH", os.defpath)
        return {"HOME": os.fsdecode(home), "USER": self.user, "PATH": path, "TZ": "UTC"}

    def _listen(self, process: subprocess.Popen[bytes], on_line: Line, on_complaint: Line) -> None:
        assert process.stdout and process.stderr
        waiting = {process.stdout: _Lines(on_line), process.stderr: _Lines(on_complaint)}
        heard = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for pipe in waiting:
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(_POLL)
                if self.cancelled():
                    raise KeyboardInterrupt
                if ready:
                    heard = time.monotonic()
                elif time.monotonic() - heard > SILENCE:
                    raise MailsurgeonError(
                        f"{self.program}: has said nothing for {SILENCE:,.0f} s and was ended"
                    )
                for key, _ in ready:
                    pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]
                    if not waiting[pipe].feed(os.read(key.fd, 1 << 16)):
                        selector.unregister(pipe)


class _Lines:
    """Cuts what comes into lines; what is longer than any line has a right to be is cut off."""

    def __init__(self, hand_over: Line) -> None:
        self._hand_over = hand_over
        self._rest = b""

    def feed(self, data: bytes) -> bool:
        """False at the end."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._hand_over(line[:_LONGEST_LINE])
        self._rest = self._rest[:_LONGEST_LINE]
        if not data and self._rest:
            self._hand_over(self._rest)
        return bool(data)


def find_doveadm() -> str:
    """Where doveadm is; raises MailsurgeonError with the package that has it."""
    program = shutil.which("doveadm")
    if program is None:
        raise MailsurgeonError(
            "doveadm is not installed, and verify asks Dovecot; install dovecot-core (Debian,"
            " Ubuntu) or dovecot (others)"
        )
    return program


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()
        process.wait()
