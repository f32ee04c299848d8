"""Runs Dovecot's own program as the mail's owner, on a spool that it may change freely."""

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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import IO, NamedTuple

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.host.interrupts import unbroken
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.text import visible

SILENCE = 300.0
"""Seconds without output after which we take doveadm to hang."""

_LONGEST_LINE = 64 * 1024
_VERSION = re.compile(rb"# (\d+)\.(\d+)[\w.]*")
_KNOWN = {(2, 2), (2, 3)}  # 2.4 has another configuration syntax
_POLL = 0.2  # seconds between two checks whether the operator has cancelled

Line = Callable[[bytes], None]


class Account(NamedTuple):
    """The account a server uses to open this mail."""

    uid: int
    gid: int
    groups: tuple[int, ...]


def servers_account(spool: Spool) -> Account | None:
    """The spool's owner if we are root; None if we are not, and so run it as ourselves.

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
    """Gives this process the account's rights for file access until the block ends.

    So root follows no symlink and changes no mode in a place that another user can write to.
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

    `cancelled` is called while it runs; True kills doveadm and raises KeyboardInterrupt. `user` is
    a random word, which no message or file name can contain: every line of doveadm's complaints
    begins with it.
    """

    configuration: bytes
    cancelled: Callable[[], bool] = lambda: False
    user: str = field(default_factory=lambda: f"verify{secrets.token_hex(6)}")
    program: str = field(default_factory=lambda: find_doveadm())

    def version(self) -> str:
        """Like `2.3.19.1`. Raises MailsurgeonError for a version that `verify` cannot use."""
        lines: list[bytes] = []
        problems: list[bytes] = []
        self.run(("config", "-n"), lines.append, problems.append)
        found = _VERSION.match(lines[0]) if lines else None
        if found is None:
            reason = visible(b" ".join(problems)) or "it does not say its version"
            raise MailsurgeonError(f"{self.program}: {reason}; verify knows Dovecot 2.2 and 2.3")
        version = found[0].removeprefix(b"# ").decode()
        if (int(found[1]), int(found[2])) not in _KNOWN:
            raise MailsurgeonError(
                f"{self.program}: belongs to Dovecot {version}; verify knows Dovecot 2.2 and 2.3"
            )
        return version

    def run(self, words: Sequence[bytes | str], on_line: Line, on_complaint: Line) -> int:
        """Runs one command, passes its lines on as they come, and returns its exit code.

        Raises MailsurgeonError when it cannot be started or hangs, KeyboardInterrupt.
        """
        command = [self.program, "-c", self.configuration, *words]
        with self._started(command) as process:
            self._listen(process, on_line, on_complaint)
            return process.wait(SILENCE)

    @contextmanager
    def _started(self, command: Sequence[bytes | str]) -> Iterator[subprocess.Popen[bytes]]:
        home = os.path.dirname(self.configuration)
        with ExitStack() as stack:
            try:
                with unbroken():
                    process = subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                        cwd=home,
                        env=self._environment(home),
                        start_new_session=True,  # so that its children are killed with it
                        user=os.geteuid(),
                        group=os.getegid(),
                    )
                    stack.callback(_end, process)
            except OSError as error:
                raise MailsurgeonError(
                    f"{self.program}: cannot be run in {visible(home)}: {error.strerror}; name a"
                    " directory in TMPDIR that the owner of the mail can reach"
                ) from error
            yield process

    def _environment(self, home: bytes) -> dict[str, str]:
        path = os.environ.get("PATH", os.defpath)
        return {"HOME": os.fsdecode(home), "USER": self.user, "PATH": path, "TZ": "UTC"}

    def _listen(self, process: subprocess.Popen[bytes], on_line: Line, on_complaint: Line) -> None:
        assert process.stdout and process.stderr
        waiting = {process.stdout: _Lines(on_line), process.stderr: _Lines(on_complaint)}
        last_output = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for pipe in waiting:
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(_POLL)
                if self.cancelled():
                    raise KeyboardInterrupt
                if ready:
                    last_output = time.monotonic()
                elif time.monotonic() - last_output > SILENCE:
                    raise MailsurgeonError(
                        f"{self.program}: has said nothing for {SILENCE:,.0f} s and was ended"
                    )
                for key, _ in ready:
                    pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]
                    if not waiting[pipe].feed(os.read(key.fd, 1 << 16)):
                        selector.unregister(pipe)


class _Lines:
    """Cuts a stream into lines; shortens those over `_LONGEST_LINE` bytes."""

    def __init__(self, hand_over: Line) -> None:
        self._hand_over = hand_over
        self._rest = b""

    def feed(self, data: bytes) -> bool:
        """Passes complete lines on; returns False at the end of the stream."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._hand_over(line[:_LONGEST_LINE])
        self._rest = self._rest[:_LONGEST_LINE]
        if not data and self._rest:
            self._hand_over(self._rest)
        return bool(data)


def find_doveadm() -> str:
    """The path of doveadm. Raises MailsurgeonError, naming the package, if it is not installed."""
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
