"""The session log as one HTML page without scripts, which loads nothing from anywhere."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from mailsurgeon.report.log.contents import (
    STATES,
    KindCounts,
    SessionLog,
    SessionPart,
    by_kind,
    in_all,
)
from mailsurgeon.report.log.messages import LoggedStep
from mailsurgeon.report.log.phrases import (
    journal_time_text,
    local_text,
    message_words,
    messages_text,
    operations_text,
    paths_divided,
    states_text,
    step_words,
)
from mailsurgeon.report.log.titles import operation_title
from mailsurgeon.report.output import counted
from mailsurgeon.surgery.journal.records import Operation
from mailsurgeon.text import visible

_SIGNS = {"done": "✓", "undone": "↶", "planned": "…", "refused": "✗"}
_AT_ONCE = 200  # steps of one list: a browser lays out only the lists that are in view
# Even if something in it were taken for markup, no browser would run or load it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page_log(log: SessionLog) -> Iterator[str]:
    """The page in pieces. No text of others is markup in it."""
    yield from _head(log)
    if len(log.operations) > 1:
        yield from _contents(log.operations)
    yield "<main>\n"
    for part in log.parts:
        yield from _session(part)
        for operation in part.operations:
            yield from _operation(log, operation)
        yield "</section>\n"
    yield "</main>\n"
    told = messages_text(log) or "End of the log."
    yield f"<footer><p>{_text(told)}</p></footer>\n</body></html>\n"


# The head


def _head(log: SessionLog) -> Iterator[str]:
    surgeon, run = log.surgeon, log.surgeon.this_session
    spool = _text(surgeon.spool.shown)
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>Session log of {spool}</title>\n<style>\n{_style()}</style></head>\n<body>\n"
        f'<header><p class="brand">mailsurgeon</p>\n<h1>Session log of <code>{spool}</code></h1>\n'
        "<dl>\n"
    )
    for name, value in (
        ("Host", run.host),
        ("User", run.user),
        ("Version", f"mailsurgeon {run.version}"),
        ("Written", local_text(log.written)),
        ("Journal", str(surgeon.journal_path)),
        ("Quarantine", surgeon.quarantine_dir),
    ):
        yield f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>\n"
    yield f"</dl></header>\n<section><h2>Summary</h2>\n<p>{_text(operations_text(log))}.</p>\n"
    kinds = log.kinds
    yield _tiles(log, kinds)
    if kinds:
        yield _table(kinds, "Changes by kind")
    yield (
        '<p class="note">Times are local; beside each stands what the journal holds, in UTC.</p>'
        "\n</section>\n"
    )


def _tiles(log: SessionLog, kinds: Sequence[KindCounts]) -> str:
    """The numbers that are looked for first."""
    changes = in_all(kinds)
    failed = log.operation_states.get("failed", 0)
    number, done = len(log.operations), changes.get("done", 0)
    tiles = [
        ("", number, "operation" if number == 1 else "operations"),
        ("", done, "change done" if done == 1 else "changes done"),
    ]
    for state, name in (("undone", "taken back"), ("planned", "never tried")):
        if changes.get(state):
            tiles.append(("", changes[state], name))
    refused = changes.get("refused", 0)
    tiles.append(("refused" if refused else "", refused, "refused"))
    tiles.append(
        (
            "refused" if failed else "",
            failed,
            "operation failed" if failed == 1 else "operations failed",
        )
    )
    parts = [
        f"<li{_class(kind)}><b>{number:,}</b> {'✗ ' if kind else ''}{name}</li>"
        for kind, number, name in tiles
    ]
    return f'<ul class="tiles">{"".join(parts)}</ul>\n'


def _table(kinds: Sequence[KindCounts], caption: str) -> str:
    shown = [state for state in STATES if any(one.states.get(state) for one in kinds)]
    head = "".join(f'<th scope="col">{state}</th>' for state in shown)
    rows = [f'<tr><th scope="col">change</th>{head}</tr>']
    for one in kinds:
        cells = "".join(_cell(state, one.states.get(state, 0)) for state in shown)
        rows.append(f'<tr><th scope="row">{_text(one.kind)}</th>{cells}</tr>')
    body = "\n".join(rows)
    return f"<table><caption>{caption}</caption>\n{body}</table>\n"


def _cell(state: str, number: int) -> str:
    return f"<td{_class(state if state == 'refused' and number else '')}>{number:,}</td>"


def _contents(operations: Sequence[Operation]) -> Iterator[str]:
    yield "<nav><h2>Operations</h2>\n<ol>\n"
    for one in operations:
        yield (
            f'<li><a href="#op-{one.id}">{one.id}. {_text(operation_title(one))}</a>'
            f" <small>{_text(journal_time_text(one.time)[:16])} {one.state}</small></li>\n"
        )
    yield "</ol></nav>\n"


# Sessions and operations


def _session(part: SessionPart) -> Iterator[str]:
    again = ", continued" if part.again else ""
    yield f'<section class="session"><h2>Session <code>{_text(part.id)}</code>{again}</h2>\n'
    number = counted(len(part.operations), "operation")
    session = part.session
    if session is None:
        yield f"<p>{number}. The journal does not say who and where.</p>\n"
        return
    yield (
        f"<p>By <bdi>{_text(session.user)}</bdi> on <bdi>{_text(session.host)}</bdi>, with"
        f" mailsurgeon {_text(session.version)}, begun {_moment(session.time)}: {number}.</p>\n"
    )


def _operation(log: SessionLog, operation: Operation) -> Iterator[str]:
    kinds = by_kind(log.of(operation))
    yield (
        f'<article id="op-{operation.id}" class="{operation.state}">\n'
        f"<h3>{operation.id}. {_text(operation_title(operation))}"
        f" <em>{operation.state}</em></h3>\n"
        f"<p>{_moment(operation.time)}: {_text(states_text(in_all(kinds)))}.</p>\n"
    )
    if len(kinds) > 1:
        yield _table(kinds, "Changes of this operation")
    if operation.effects:
        effects = "".join(f"<li>{_text(line)}</li>" for line in operation.effects)
        yield f'<h4>Clients notice</h4><ul class="clients">{effects}</ul>\n'
    listed = 0
    for step in log.steps(operation):
        if listed % _AT_ONCE == 0:
            yield '</ul>\n<ul class="steps">\n' if listed else '<ul class="steps">\n'
        yield _step(step)
        listed += 1
    yield "</ul>\n</article>\n" if listed else "<p>No step was written down.</p>\n</article>\n"


def _moment(moment: str) -> str:
    kept = f"<small>{_text(moment)}</small>"
    local = journal_time_text(moment)
    return f'<time datetime="{_text(moment)}">{local}</time> {kept}' if local else kept


# Steps


def _step(step: LoggedStep) -> str:
    record, words = step.record, step_words(step.record.step)
    state = record.state
    parts = [f'<li class="{state}"><i>{_SIGNS[state]} {state}</i> <b>{_text(words.verb)}</b> ']
    if words.new:
        before, after = paths_divided(words.old, words.new)
        parts.append(f"{_path(*before)}<div>→ {_path(*after)}</div>")
    else:
        parts.append(f"<code>{_text(words.old)}</code>")
    parts += [
        f"<div><code>{_text(old)}</code> → <code>{_text(new)}</code></div>"
        for old, new in words.values
    ]
    if words.more:
        parts.append(f"<div>and {words.more:,} more</div>")
    if step.message is not None:
        subject, sender, date = message_words(step.message)
        others = f"<small><bdi>{_text(sender)}</bdi>{date and f', {date}'}</small>"
        parts.append(f"<p><bdi>{_text(subject)}</bdi> {others}</p>")
    if record.reason:
        parts.append(f"<strong>{_text(record.reason)}</strong>")
    return "".join([*parts, "</li>\n"])


def _path(start: str, middle: str, end: str) -> str:
    """A path with the part marked that differs."""
    marked = f"<mark>{_text(middle)}</mark>" if middle else ""
    return f"<code>{_text(start)}{marked}{_text(end)}</code>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _text(text: str | bytes) -> str:
    return html.escape(visible(text))


@cache
def _style() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")
