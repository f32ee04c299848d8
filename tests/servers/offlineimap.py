"""A real offlineimap between a Dovecot (by a tunnel) and a Maildir."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Hashable
from pathlib import Path

from .conftest import program
from .dovecot import IMAP, Dovecot
from .mbsync import SECONDS, Synced
from .owned import OwnedSpool, Owner
from .syncing import Held, Traffic, on_disk, on_server

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
        self.configuration = far.home / "offlineimaprc"
        tunnel = f"{IMAP} -c {far.configuration}"
        self.configuration.write_text(
            CONFIGURATION.format(home=far.home, spool=self.spool, tunnel=tunnel)
        )
        self.configuration.chmod(0o644)

    def __str__(self) -> str:
        return f"offlineimap {self._ask('--version').stdout.strip()}"

    def must(self) -> Synced:
        """Syncs to the end, which must go well, and compares both sides with what they were."""
        far, near = self.far_side(), self.near_side()
        done = self._ask("-c", str(self.configuration), "-o")
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

    def _ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        path = os.environ.get("PATH", os.defpath)
        return subprocess.run(
            [self.program, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd=self.far.home,
            env={"HOME": str(self.far.home), "USER": "mail", "PATH": path, "TZ": "UTC"},
            timeout=SECONDS,
            check=False,
            **self.owner.switch,
        )  # fmt: skip
