"""A real notmuch over a spool, its database in the spool as it is by default."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable

from tests.servers.conftest import program
from tests.servers.support.owned import OwnedSpool

SECONDS = 120.0

CONFIGURATION = """\
[database]
path={spool}
[user]
name=Ann
primary_email=ann@example.org
[new]
tags=inbox
ignore=maildirfolder
[maildir]
synchronize_flags=true
"""


class Notmuch:
    """The index of one person's mail."""

    def __init__(self, mail: OwnedSpool) -> None:
        self.program = program("notmuch", "notmuch")
        self.mail = mail
        self.configuration = mail.home / "notmuch-config"
        self.configuration.write_text(CONFIGURATION.format(spool=mail.spool))
        self.configuration.chmod(0o644)

    def run(self, *words: str) -> str:
        """One command, which must go without any complaint; what it printed."""
        done = subprocess.run(
            [self.program, f"--config={self.configuration}", *words],
            capture_output=True,
            text=True,
            cwd=self.mail.home,
            env=self._env,
            timeout=SECONDS,
            check=False,
            **self.mail.owner.switch,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), (words, done)
        return done.stdout

    def new(self) -> str:
        """Looks for changes; its last line, which counts them."""
        return self.run("new").splitlines()[-1]

    def tag(self, changes: Iterable[str], query: str) -> None:
        self.run("tag", *changes, "--", query)

    def tags(self) -> dict[str, frozenset[str]]:
        """The tags of every message by its Message-ID."""
        found: dict[str, frozenset[str]] = {}
        for line in self.run("dump").splitlines():
            if not line.startswith("#"):
                words, _, query = line.partition(" -- id:")
                found[query.strip('"')] = frozenset(word[1:] for word in words.split())
        return found

    def files(self, message_id: str) -> list[str]:
        """Where it knows a message to lie."""
        out = self.run("search", "--output=files", "--format=json", f"id:{message_id}")
        return sorted(json.loads(out))

    def version(self) -> str:
        return self.run("--version").strip()

    @property
    def _env(self) -> dict[str, str]:
        path = os.environ.get("PATH", os.defpath)
        return {"HOME": str(self.mail.home), "USER": "mail", "PATH": path, "TZ": "UTC"}
