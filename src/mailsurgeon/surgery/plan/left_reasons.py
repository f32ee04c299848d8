"""Why a problem is left alone, and the command that requests its repair. Pure."""

from __future__ import annotations

import os
import re
import shlex

from mailsurgeon.diagnosis.catalogue import problem_kind
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.selection import command
from mailsurgeon.survey.index.rows import ProblemRow

_PLACES = re.compile(r"\b(?:SPOOL|DIRECTORY|FOLDER)\b")


def without_remedy(row: ProblemRow, spool: Spool) -> Left:
    """A problem without a proposed remedy, with the reason."""
    why = problem_kind(row.code).why_left(row.detail)
    words = {
        "SPOOL": os.fsdecode(spool.root),
        "DIRECTORY": os.fsdecode(spool.absolute(row.path.rpartition(b"/")[0])),
        "FOLDER": str(row.detail.get("merge", "FOLDER")),
    }
    hint = _PLACES.sub(lambda place: shlex.quote(words[place[0]]), why.hint)
    return Left(row.path, why.reason, (row.code,), False, hint)


def not_taken_on(row: ProblemRow, spool: Spool) -> Left:
    """A problem whose remedy a plain `fix` does not include."""
    reason = f"{row.remedy} is done only when asked for by name"
    return Left(row.path, reason, (row.code,), False, command(spool, f"--only {row.code}"))
