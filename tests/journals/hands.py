"""Operations that no command begins: remedies picked one by one on the screen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.plan.propose import propose
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.run import run_survey


def by_hand(home: Path, words: Sequence[str]) -> None:
    """Does a remedy, by its name, to the paths that follow it."""
    remedy, *paths = words
    root = home / "mail" / "Maildir"
    status = root.stat()
    spool = Spool(os.fsencode(root), status.st_dev, status.st_ino, "maildir++")
    index = Index.open(home / "cache" / "by-hand")
    try:
        run_survey(spool, index, Options(clock_ahead=200_000))
        found = [index.entry_at(os.fsencode(path)) for path in paths]
        plan = propose(spool, index, [one.id for one in found if one], remedy)
        with Surgeon(spool, state_dir=home / "state") as surgeon:
            report = surgeon.apply(plan)
    finally:
        index.close()
    assert report.state == "applied" and report.operation, (words, plan.left, report)
