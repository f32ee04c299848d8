"""What an operation did, in a few words that say nothing twice."""

from __future__ import annotations

from mailsurgeon.surgery.journal.records import Operation
from mailsurgeon.text import visible


def operation_title(operation: Operation) -> str:
    """`undo of 1: fix-size 6`, `file 84; 2 refused`, `fix: file 84, fix-size 6`; safe to show.

    The summary in the journal may repeat the operation's kind and numbers: `of 1: undo fix-size 6`.
    """
    return visible(_title(operation.kind, operation.of, operation.summary, operation.id))


def report_title(kind: str, of: int | None, summary: str) -> str:
    """The same for an operation that was just done; safe to show."""
    return visible(_title(kind, of, summary, None))


def _title(kind: str, of: int | None, summary: str, number: int | None) -> str:
    about = kind if of is None else f"{kind} of {of}"
    for named in (of, number):  # a recovery, or the operation that was recovered
        summary = summary.removeprefix(f"operation {named} had been ")
    summary = _without_kind(summary.removeprefix(f"of {of}: "), kind)
    if not summary:
        return about
    if of is None and (summary == kind or summary.startswith(f"{kind} ")):
        return summary
    return f"{about}: {summary}"


def _without_kind(summary: str, kind: str) -> str:
    """The summary of an undo or a restore without that word before each verdict."""
    if kind not in ("undo", "restore"):
        return summary
    done, semicolon, rest = summary.partition(";")
    verdicts = [verdict.removeprefix(f"{kind} ") for verdict in done.split(", ")]
    return ", ".join(verdicts) + semicolon + rest
