"""One short phrase for what was found: the evidence of a problem, for lists and tables."""

from __future__ import annotations

from mailsurgeon.diagnosis.catalogue import problem_kind
from mailsurgeon.survey.index.rows import ProblemRow
from mailsurgeon.text import visible


def evidence(problem: ProblemRow) -> str:
    """What the survey saw, in a few words and safe to show; empty when the code says it all."""
    text = problem_kind(problem.code).evidence(problem.detail)
    if problem.detail.get("pending"):
        text = f"{text}, to be confirmed by a full survey" if text else "needs a full survey"
    return visible(text)
