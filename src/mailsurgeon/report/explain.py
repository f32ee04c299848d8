"""A kind of problem explained: why it happens, what servers do with it, what the repair does."""

from __future__ import annotations

import textwrap

from mailsurgeon.diagnosis.catalogue import CATALOGUE, ProblemKind
from mailsurgeon.diagnosis.explanations import EXPLANATIONS, TOPICS, Topic

_WIDTH = 78


def explain_text(kind: ProblemKind) -> str:
    """A kind of problem as plain text of at most 78 columns."""
    head = f"{kind.code} ({kind.badge}): {kind.title}, at worst {kind.severity.word}"
    parts = [head, _filled(kind.sentence)]
    parts += [f"{title}\n{_filled(text, '  ')}" for title, text in _parts(kind)]
    return "\n\n".join(parts) + "\n"


def explain_page(kind: ProblemKind) -> str:
    """A kind of problem as a page of the documentation, in Markdown."""
    lines = [
        f"# {kind.title}",
        f"Code `{kind.code}`, badge `{kind.badge}`, at worst {kind.severity.word};"
        f" of {_ABOUT[kind.scope]}.",
        kind.sentence,
    ]
    for title, text in _parts(kind):
        lines += [f"## {title}", text]
    if kind.remedies:
        lines += ["## By command", _commands(kind)]
    return "\n\n".join(lines) + "\n"


def codes_text() -> str:
    """A line for each kind of problem, and for each topic, of at most 78 columns."""
    width = max(map(len, CATALOGUE))
    lines = [
        f"{kind.badge:<4}  {kind.code:<{width}}  {kind.severity.word:<8}  {kind.title}"
        for kind in CATALOGUE.values()
    ]
    topics = [f"      {name:<{width}}            {topic.title}" for name, topic in TOPICS.items()]
    return "\n".join([*lines, *topics]) + "\n"


def topic_text(topic: Topic) -> str:
    """A topic as plain text of at most 78 columns."""
    return "\n\n".join([topic.title, *map(_filled, topic.paragraphs)]) + "\n"


def topic_page(topic: Topic) -> str:
    """A topic as a page of the documentation, in Markdown."""
    return "\n\n".join([f"# {topic.title}", *topic.paragraphs]) + "\n"


def explain_index() -> str:
    """The page that leads to the pages of all kinds and topics, in Markdown."""
    rows = ["| badge | problem | at worst |", "|---|---|---|"]
    for kind in CATALOGUE.values():
        link = f"[{kind.title}]({kind.code}.md)"
        rows.append(f"| {kind.badge} | {link} | {kind.severity.word} |")
    table = "\n".join(rows)
    topics = "\n".join(f"- [{topic.title}]({name}.md)" for name, topic in TOPICS.items())
    return (
        "# Problems\n\nEvery problem that mailsurgeon knows, a page each; the same is told by"
        f" `mailsurgeon explain CODE`.\n\n{table}\n\n"
        f"Worth knowing beside them (`mailsurgeon explain TOPIC`):\n\n{topics}\n"
    )


_ABOUT = {"message": "a message", "folder": "a folder, a directory or a server's file"}


def _parts(kind: ProblemKind) -> list[tuple[str, str]]:
    text = EXPLANATIONS[kind.code]
    remedies = ", ".join(kind.remedies) or "none is proposed"
    return [
        ("Why it happens", text.why),
        ("What servers and clients do with it", text.servers),
        (f"What the repair does ({remedies})", text.does),
        ("What it does not", text.does_not),
    ]


def _commands(kind: ProblemKind) -> str:
    return (
        "```sh\n"
        f"mailsurgeon scan SPOOL --only {kind.code}\n"
        f"mailsurgeon fix SPOOL --only {kind.code} --dry-run\n"
        f"mailsurgeon fix SPOOL --only {kind.code}\n"
        "mailsurgeon undo SPOOL\n"
        "```"
    )


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)
