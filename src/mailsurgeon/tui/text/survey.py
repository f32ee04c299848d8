"""The summary of a survey, in a few words."""

from __future__ import annotations

from mailsurgeon.report.output import counted
from mailsurgeon.survey.progress import SurveyResult


def summary_text(result: SurveyResult, left_out: str) -> str:
    """`surveyed 412,113 in 61 seconds, 0 not examined`; `left_out`: the text about directories
    that were given up on, or empty."""
    return (
        f"{'survey stopped: ' if result.cancelled else ''}surveyed {result.messages:,}"
        f" in {_seconds(result.seconds)}, {result.not_examined:,} not examined"
        f"{f'; {left_out}' if left_out else ''}"
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else counted(round(seconds), "second")
