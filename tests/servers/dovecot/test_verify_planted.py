"""What a real Dovecot complains of in planted spools, the survey has found as well.

`MAILSURGEON_CRASH=full` takes eight spools instead of three.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.planting.combine import build_spool
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner

pytestmark = pytest.mark.servers

FULL = os.environ.get("MAILSURGEON_CRASH") == "full"
OLDEST = "UID larger than next_uid"
"""Said only of lists of version 1. Courier's have that version too, and may have such UIDs, so
mailsurgeon does not judge by it."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a planted spool to its owner")
@pytest.mark.parametrize("seed", range(8 if FULL else 3))
def test_the_server_sees_nothing_that_the_survey_does_not(
    seed: int, home: Path, owner: Owner, operator: Operator
) -> None:
    build_spool(os.fsencode(home / "Maildir"), seed)
    subprocess.run(
        ["chown", "-h", "-R", f"{owner.uid}:{owner.gid}", str(home / "Maildir")], check=True
    )
    found = operator.run("verify", home / "Maildir", "--format", "json").json
    assert sum(folder["seen"] for folder in found["folders"]) > 20
    assert [one for one in found["server_only"] if OLDEST not in one["text"]] == []
