"""A real mbsync between a Dovecot (the far side, by a tunnel) and a Maildir (the near side)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.servers.conftest import program
from tests.servers.support.dovecot import IMAP, Dovecot
from tests.servers.support.owned import OwnedSpool, Owner
from tests.servers.support.syncing import Held, Traffic, on_disk, on_server

SECONDS = 120.0
FOLDERS = {"INBOX": "", "Sent": ".Sent"}
SCHEMES = {"in the names": False, "AltMap": True}

CONFIGURATION = """\
IMAPAccount dovecot
Tunnel "{tunnel}"
Timeout 0

IMAPStore far
Account dovecot

MaildirStore near
Inbox {near}
SubFolders Maildir++
AltMap {altmap}

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
"""


@dataclass(frozen=True, slots=True)
class Synced:
    """A run: how it ended, what it said, and what it changed."""

    code: int
    said: str
    far: Traffic
    near: Traffic

    def __str__(self) -> str:
        return f"exit {self.code}, far {self.far}, near {self.near}"


class Mbsync:
    """One channel over all folders. The state of the sync lies in the near Maildir."""

    def __init__(self, far: Dovecot, *, altmap: bool = False, name: str = "Synced") -> None:
        self.program = program("mbsync", "isync")
        self.far = far
        self.owner: Owner = far.owner
        self.mail = OwnedSpool(far.home, far.owner, name)
        self.spool = self.mail.spool
        self.altmap = altmap

    def __str__(self) -> str:
        return f"{version()}, UIDs {'in AltMap' if self.altmap else 'in the names'}"

    def run(self) -> Synced:
        """Syncs to the end, and compares both sides with what they were."""
        far, near = self.far_side(), self.near_side()
        done = subprocess.run(
            self._command(self._tunnel),
            capture_output=True, text=True, errors="replace", cwd=self.far.home, env=self._env,
            timeout=SECONDS, check=False, **self.owner.switch,
        )  # fmt: skip
        return Synced(
            done.returncode,
            done.stdout + done.stderr,
            Traffic.between(far, self.far_side()),
            Traffic.between(near, self.near_side()),
        )

    def must(self) -> Synced:
        """The same, which must end well."""
        done = self.run()
        assert done.code == 0, done
        return done

    @contextmanager
    def stalled(self) -> Generator[subprocess.Popen[str]]:
        """An mbsync in the middle of a message: it has asked for the text and never gets it.

        There must be a message to fetch. It is killed with the block, as by a power cut.
        """
        command = self._command(f"{self._tunnel} | sed -u '/BODY\\\\[/,$d'")
        with background(command, self.far, self._env) as process:
            journal = self.spool / ".mbsyncstate.journal"
            wait_for(lambda: journal.exists() and journal.stat().st_size > 0, process)
            yield process

    @contextmanager
    def begun(self) -> Generator[subprocess.Popen[str]]:
        """An mbsync that runs meanwhile, to its own end if the block waits for it."""
        with background(self._command(self._tunnel), self.far, self._env) as process:
            yield process

    def copy(self) -> Mbsync:
        """The same sync on copies of both sides, for what cannot be taken back."""
        other = Mbsync(self.far.copy("FarCopy"), altmap=self.altmap, name="SyncedCopy")
        subprocess.run(["cp", "-a", str(self.spool), str(other.spool)], check=True)
        return other

    def far_side(self) -> dict[Hashable, Held]:
        return on_server(self.far, *FOLDERS)

    def near_side(self) -> dict[Hashable, Held]:
        return on_disk(self.spool, FOLDERS)

    def _command(self, tunnel: str) -> list[str]:
        text = CONFIGURATION.format(
            tunnel=tunnel, near=self.spool, altmap="yes" if self.altmap else "no"
        )
        place = self.far.home / f"{self.spool.name}.mbsyncrc"
        place.write_text(text)
        place.chmod(0o644)
        return [self.program, "-V", "-c", str(place), "-a"]

    @property
    def _tunnel(self) -> str:
        return f"{IMAP} -c {self.far.configuration} 2>>{self.far.home}/tunnel.log"

    @property
    def _env(self) -> dict[str, str]:
        path = os.environ.get("PATH", os.defpath)
        return {"HOME": str(self.far.home), "USER": "mail", "PATH": path, "TZ": "UTC"}


@contextmanager
def background(
    command: list[str], server: Dovecot, env: dict[str, str]
) -> Generator[subprocess.Popen[str]]:
    """A program of the server's owner that runs meanwhile; it and its children are killed."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        text=True, cwd=server.home, env=env, start_new_session=True, **server.owner.switch,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(come: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Waits for what a running program will bring about."""
    deadline = time.monotonic() + SECONDS
    while not come():
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def version() -> str:
    """What the figures were measured with."""
    words = [shutil.which("mbsync") or "mbsync", "--version"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
