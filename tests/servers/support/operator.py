"""The operator of a mail host: mailsurgeon by its command line, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.support.owned import Owner

SECONDS = 120.0
_PROGRAM = "from mailsurgeon.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Operator:
    """Runs commands as `user` (root, or the owner of the mail), with an index and a journal in
    the `home` of the spool's owner."""

    def __init__(self, home: Path, user: Owner, owner: Owner) -> None:
        self.home = home
        self.user = user
        self.places = home / ("places" if user == owner else "places-of-root")
        self.places.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.places, user.uid, user.gid)

    def run(self, *words: object, before: str = "") -> Outcome:
        """One command. `before`: Python to run ahead of it in its process."""
        done = subprocess.run(
            [sys.executable, "-c", f"{before}\n{_PROGRAM}", *map(str, words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            cwd=self.home,
            env=self._environment(),
            timeout=SECONDS,
            check=False,
            **(self.user.switch if os.geteuid() == 0 else {}),
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout, done.stderr)

    def must(self, *words: object) -> Outcome:
        """The same, which must do all that is asked without any complaint."""
        outcome = self.run(*words)
        assert (outcome.code, outcome.err) == (0, ""), (words, outcome)
        return outcome

    def fix(self, spool: Path, code: str, *words: object) -> dict[str, Any]:
        """Repairs the problems of one code; gives the report."""
        return self.must("fix", spool, "--only", code, "--yes", "--format", "json", *words).json

    def undo(self, spool: Path, *words: object) -> dict[str, Any]:
        """Takes the last operation back; gives the report."""
        return self.must("undo", spool, "--yes", "--format", "json", *words).json

    def codes(self, spool: Path, *words: object) -> dict[str, int]:
        """How many problems of each kind a scan reports."""
        outcome = self.run("scan", spool, "--format", "json", *words)
        assert outcome.err == "", outcome
        return outcome.json["totals"]["problems"]

    def above_info(self, spool: Path) -> list[tuple[str, str]]:
        """What a scan finds wrong or worse, by code and path; it must have examined all."""
        outcome = self.run("scan", spool, "--format", "json")
        assert outcome.err == "", outcome
        found = outcome.json
        assert found["not_examined"] == []
        assert found["totals"]["messages"] > 0
        return [
            (one["code"], one["path"]) for one in found["problems"] if one["severity"] != "info"
        ]

    def _environment(self) -> dict[str, str]:
        names = ("PATH", "PYTHONPATH", "LANG", "LC_ALL")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        return {
            **kept,
            "HOME": str(self.places),
            "XDG_CACHE_HOME": str(self.places / "cache"),
            "XDG_STATE_HOME": str(self.places / "state"),
            "COLUMNS": "120",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
