"""`explain`: prints what the catalogue says about a problem, or about a topic."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from mailsurgeon.diagnosis.catalogue import CATALOGUE, kind_named
from mailsurgeon.diagnosis.explanations import TOPICS
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.report.explain import codes_text, explain_text, topic_text


def explain(
    code: Annotated[
        str | None, Parameter(help="A code, its badge, or a topic: subscriptions.")
    ] = None,
    /,
) -> int:
    """Explain a problem: why it happens, what servers do with it, what the repair does. Without
    CODE it lists all codes."""
    if code is None:
        print(codes_text(), end="")
        return 0
    topic = TOPICS.get(code.lower())
    if topic is not None:
        print(topic_text(topic), end="")
        return 0
    kind = kind_named(code)
    if kind is None:
        known = ", ".join([*CATALOGUE, *TOPICS])
        raise MailsurgeonError(f"{code}: no such code; known are {known}")
    print(explain_text(kind), end="")
    return 0
