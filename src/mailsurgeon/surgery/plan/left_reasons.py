"""Why a problem is left alone, in words, and the command that asks for more. Pure."""

from __future__ import annotations

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.selection import command
from mailsurgeon.survey.index.rows import ProblemRow

_HIDES_LOSS = "a whole copy may exist elsewhere, and correcting the size would hide the loss"
_REASONS = {
    "name-clash": "it keeps the name",
    "truncated": _HIDES_LOSS,
    "size-mismatch": _HIDES_LOSS,
    "misfiled": "the only folder around it is INBOX, which takes it only when named",
    "bad-flags": "the separator is the folder's own",
    "uid-clash": "it keeps its UID",
    "unreadable": "its permissions are not the reason",
    "linked": "the directory holds mail, which is to be filed first",
    "bad-date": "the header has no date, or only the name is wrong",
    "stray-directory": "Dovecot lists it as a folder",
    "uidlist-damaged": "its header line is damaged; only the server can make a new one",
    "big-uid": "only new UIDs for the whole folder cure it",
}


def without_remedy(row: ProblemRow, spool: Spool) -> Left:
    """A problem no remedy is proposed for, with the reason."""
    return Left(row.path, _reason(row), (row.code,), False, _hint(row, spool))


def not_taken_on(row: ProblemRow, spool: Spool) -> Left:
    """A problem whose remedy a plain `fix` does not do unasked."""
    reason = f"{row.remedy} is done only when asked for by name"
    return Left(row.path, reason, (row.code,), False, command(spool, f"--only {row.code}"))


def _reason(row: ProblemRow) -> str:
    detail = row.detail
    if detail.get("pending"):
        return "known only after a full survey of the whole spool"
    if row.code == "duplicate-id":
        if detail.get("identical_here"):
            return "the copy that is kept"
        return "no identical copy in the same folder"
    if row.code == "in-tmp":
        if not detail.get("stale", True):
            return "a delivery may be at work"
        return "no mail, or a filed message has its Message-ID: look at it first"
    return _REASONS.get(row.code, "no remedy is proposed")


def _hint(row: ProblemRow, spool: Spool) -> str:
    if row.detail.get("pending"):
        return command(spool, verb="scan")
    if row.code in ("truncated", "size-mismatch"):
        return command(spool, "PATH")
    if row.code == "misfiled":
        return command(spool, "PATH --to INBOX", verb="file")
    if row.code == "in-tmp" and row.detail.get("stale", True):
        return f"{command(spool, 'PATH', verb='file')}, or quarantine add"
    return ""
