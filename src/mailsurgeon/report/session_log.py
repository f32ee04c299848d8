"""Writes the journal as a session log: Markdown, JSON, HTML, or a shell script."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

from mailsurgeon.report.output import as_json, path_json
from mailsurgeon.report.shell_script import shell_log
from mailsurgeon.surgery.fsops.paths import spelled
from mailsurgeon.surgery.journal.journal import Operation, StepRecord
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.text import visible

LOG_FORMATS = ("md", "json", "html", "sh")


def write_log(surgeon: Surgeon, format: str, *, session: str | None = None) -> str:
    """The operations of the journal (or of one `session`), oldest first, in one of LOG_FORMATS.

    Only in the form `sh` may the text hold surrogate escapes: a script needs the exact file names.
    """
    operations = [
        (operation, list(surgeon.steps(operation.id)))
        for operation in surgeon.operations()
        if session is None or operation.session == session
    ]
    if format == "json":
        return _json(surgeon, operations)
    if format == "html":
        return _html(surgeon, operations)
    if format == "sh":
        return shell_log(surgeon.spool, surgeon.quarantine_dir, operations)
    return _markdown(surgeon, operations)


Recorded = Iterable[tuple[Operation, list[StepRecord]]]


def _json(surgeon: Surgeon, operations: Recorded) -> str:
    log = {
        "schema": 1,
        "spool": surgeon.spool.shown,
        "operations": [_operation(operation, steps) for operation, steps in operations],
    }
    return as_json(log, indent=1) + "\n"


def _operation(operation: Operation, steps: list[StepRecord]) -> dict[str, Any]:
    return {
        "id": operation.id,
        "session": operation.session,
        "time": operation.time,
        "kind": operation.kind,
        "of": operation.of,
        "summary": operation.summary,
        "state": operation.state,
        "steps": [
            {
                "action": step.action.partition("-")[0],
                "source": path_json(spelled(step.step.about)),
                "target": None if step.target is None else path_json(spelled(step.target)),
                "state": step.state,
            }
            for step in steps
        ],
    }


def _heading(operation: Operation) -> str:
    of = f" of {operation.of}" if operation.of is not None else ""
    return f"{operation.id}. {operation.kind}{of}: {operation.summary}"


def _facts(operation: Operation) -> str:
    return f"{operation.time}, session {operation.session}, {operation.state}"


def _markdown(surgeon: Surgeon, operations: Recorded) -> str:
    lines = [f"# mailsurgeon: {_plain(surgeon.spool.shown)}", ""]
    for operation, steps in operations:
        lines += [f"## {_plain(_heading(operation))}", "", _plain(_facts(operation)), ""]
        lines += [f"- clients: {_plain(line)}" for line in operation.effects]
        for step in steps:
            reason = f" ({_plain(step.reason)})" if step.reason else ""
            lines.append(f"- {_plain(step.state)}: {_code_span(step.step.tell())}{reason}")
        lines += [""] if steps or operation.effects else []
    return "\n".join(lines).rstrip() + "\n"


_LINK = re.compile(r"@|:/|www\.", re.IGNORECASE)


def _plain(text: str) -> str:
    """The text with Markdown's special characters escaped.

    A text with an address or a URL becomes a code span: many renderers turn these into links even
    without markup.
    """
    text = visible(text)
    if _LINK.search(text):
        return _code_span(text)
    return re.sub(r"([\\`*_\[\]<>|~&#!])", r"\\\1", text)


def _code_span(text: str) -> str:
    """A code span that holds `text` unchanged, even with backticks (CommonMark 6.1)."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[:1] in "` " or text[-1:] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:75em;margin:2em auto;padding:0 1em}"
    "code{overflow-wrap:anywhere}.refused{color:#b00020}"
)


def _html(surgeon: Surgeon, operations: Recorded) -> str:
    title = f"mailsurgeon: {_escape(surgeon.spool.shown)}"
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body><h1>{title}</h1>",
    ]
    for operation, steps in operations:
        parts.append(f"<h2>{_escape(_heading(operation))}</h2>")
        parts.append(f"<p>{_escape(_facts(operation))}</p>")
        parts += [f"<p>clients: {_escape(line)}</p>" for line in operation.effects]
        parts.append("<ul>")
        for step in steps:
            reason = f" ({_escape(step.reason)})" if step.reason else ""
            parts.append(
                f'<li class="{_escape(step.state)}">{_escape(step.state)}:'
                f" <code>{_escape(step.step.tell())}</code>{reason}</li>"
            )
        parts.append("</ul>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _escape(text: str) -> str:
    return html.escape(visible(text))
