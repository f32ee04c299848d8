"""A real offlineimap between a Dovecot (by a tunnel) and a Maildir."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator, Hashable
from contextlib import contextmanager
from pathlib import Path

from tests.servers.conftest import program
from tests.servers.support.dovecot import IMAP, Dovecot
from tests.servers.support.mbsync import SECONDS, Synced, background, wait_for
from tests.servers.support.owned import OwnedSpool, Owner
from tests.servers.support.syncing import Held, Traffic, on_disk, on_server

FOLDERS = {"INBOX": "INBOX", "Sent": "Sent"}

CONFIGURATION = """\
[general]
accounts = test
ui = basic
metadata = {home}/metadata
fsync = false

[Account test]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {spool}

[Repository far]
type = IMAP
preauthtunnel = {tunnel}
remoteuser = mail
"""


class OfflineImap:
    """One account over all folders; what it remembers lies beside the Maildir, not in it."""

    def __init__(self, far: Dovecot) -> None:
        self.program = program("offlineimap", "offlineimap3")
        self.far = far
        self.owner: Owner = far.owner
        self.mail = OwnedSpool(far.home, far.owner, "Offline")
        self.spool: Path = self.mail.spool

    def __str__(self) -> str:
        return f"offlineimap {self._ask('--version').stdout.strip()}"

    def must(self) -> Synced:
        """Syncs to the end, which must go well, and compares both sides with what they were."""
        far, near = self.far_side(), self.near_side()
        done = self._ask(*self._account(f"{IMAP} -c {self.far.configuration}"))
        assert done.returncode == 0, done
        return Synced(
            done.returncode,
            done.stdout + done.stderr,
            Traffic.between(far, self.far_side()),
            Traffic.between(near, self.near_side()),
        )

    def far_side(self) -> dict[Hashable, Held]:
        return on_server(self.far, *FOLDERS)

    def near_side(self) -> dict[Hashable, Held]:
        return on_disk(self.spool, FOLDERS)

    @contextmanager
    def stalled(self) -> Generator[subprocess.Popen[str]]:
        """An offlineimap whose server has not answered yet. It is killed with the block."""
        called = self.far.home / "called"
        command = [self.program, *self._account(f"touch {called}; cat; :")]
        with background(command, self.far, self._env) as process:
            wait_for(called.exists, process)
            yield process

    def _account(self, tunnel: str) -> list[str]:
        """The options that give it this account, the server being reached by a shell command."""
        text = CONFIGURATION.format(home=self.far.home, spool=self.spool, tunnel=tunnel)
        place = self.far.home / "offlineimaprc"
        place.write_text(text)
        place.chmod(0o644)
        return ["-c", str(place), "-o"]

    def _ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            cwd=self.far.home, env=self._env, timeout=SECONDS, check=False,
            **self.owner.switch,
        )  # fmt: skip

    @property
    def _env(self) -> dict[str, str]:
        path = os.environ.get("PATH", os.defpath)
        return {"HOME": str(self.far.home), "USER": "mail", "PATH": path, "TZ": "UTC"}
