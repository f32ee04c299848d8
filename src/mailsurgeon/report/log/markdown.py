"""The session log as Markdown (CommonMark), which is also pleasant to read as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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
    states_text,
    step_words,
)
from mailsurgeon.report.log.titles import operation_title
from mailsurgeon.report.output import counted
from mailsurgeon.surgery.journal.records import Operation
from mailsurgeon.text import visible

_WIDTH = 100  # columns; a longer step gets a line for its new path


def markdown_log(log: SessionLog) -> Iterator[str]:
    """The log in pieces. No text of others is markup or a link in it."""
    yield "\n".join([*_head(log), ""])
    for part in log.parts:
        yield "\n".join(["", *_session(part), ""])
        for operation in part.operations:
            yield "\n".join(["", *_operation(log, operation), ""])
            yield "".join(f"- clients: {plain(effect)}\n" for effect in operation.effects)
            if not operation.counts:
                yield "- no step was written down\n"
            yield from map(_step, log.steps(operation))
    if told := messages_text(log):
        yield f"\n---\n\n{plain(told)}\n"


def _head(log: SessionLog) -> Iterator[str]:
    surgeon, run = log.surgeon, log.surgeon.this_session
    yield f"# Session log of {code_span(surgeon.spool.shown)}"
    yield ""
    for name, value in (
        ("Host", run.host),
        ("Journal", str(surgeon.journal_path)),
        ("Quarantine", surgeon.quarantine_dir),
    ):
        yield f"- {name}: {code_span(visible(value))}"
    version = plain(f"mailsurgeon {run.version}")
    yield f"- Written: {local_text(log.written)}, by {plain(run.user)} with {version}"
    yield "- Times: local; in brackets as the journal holds them, in UTC"
    yield ""
    yield f"{plain(operations_text(log))}."
    if kinds := log.kinds:
        yield f"Changes: {states_text(in_all(kinds))}."
        yield ""
        yield from _table(kinds)


def _table(kinds: Sequence[KindCounts]) -> Iterator[str]:
    """An indented block of code, which nothing in it can end."""
    shown = [state for state in STATES if any(one.states.get(state) for one in kinds)]
    widths = [max(9, *(len(f"{one.states.get(state, 0):,}") for one in kinds)) for state in shown]
    sized = list(zip(shown, widths, strict=True))
    yield "    " + "  ".join([*(f"{state:>{width}}" for state, width in sized), "change"])
    for one in kinds:
        numbers = [f"{one.states.get(state, 0):>{width},}" for state, width in sized]
        yield "    " + "  ".join([*numbers, visible(one.kind)])


def _session(part: SessionPart) -> Iterator[str]:
    again = ", continued" if part.again else ""
    yield f"## Session {code_span(visible(part.id))}{again}"
    yield ""
    number = counted(len(part.operations), "operation")
    session = part.session
    if session is None:
        yield f"{number}. The journal does not say who and where."
        return
    yield (
        f"By {plain(session.user)} on {plain(session.host)}, with"
        f" {plain(f'mailsurgeon {session.version}')}, begun {_moment(session.time)}: {number}."
    )


def _operation(log: SessionLog, operation: Operation) -> Iterator[str]:
    yield f"### {plain(f'{operation.id}. {operation_title(operation)}')}"
    yield ""
    kinds = by_kind(log.of(operation))
    counts = states_text(in_all(kinds))
    yield f"{_moment(operation.time)}, {operation.state}: {counts}."
    if len(kinds) > 1:
        yield ""
        yield from _table(kinds)
    yield ""


def _moment(moment: str) -> str:
    local = journal_time_text(moment)
    return f"{local} ({plain(moment)})" if local else code_span(moment)


def _step(step: LoggedStep) -> str:
    record, words = step.record, step_words(step.record.step)
    state = f"**{record.state.upper()}**" if record.state == "refused" else record.state
    told = f"{words.verb} {words.old}"
    if words.new and len(told) + len(words.new) + len(state) <= _WIDTH:
        lines = [f"- {state}: {code_span(f'{told} -> {words.new}')}"]
    else:
        lines = [f"- {state}: {code_span(told)}"]
        if words.new:
            lines.append(f"  → {code_span(words.new)}")
    if record.reason:
        lines[-1] += f" ({plain(record.reason)})"
    for old, new in words.values:
        lines.append(f"  {code_span(old)} → {code_span(new)}")
    if words.more:
        lines.append(f"  and {words.more:,} more")
    if step.message is not None:
        subject, sender, date = message_words(step.message)
        lines.append(f"  “{plain(subject)}”, {plain(sender)}{date and f', {date}'}")
    return "\n".join(lines) + "\n"


_LINK = re.compile(r"@|:/|www\.", re.IGNORECASE)


def plain(text: str) -> str:
    """The text with Markdown's special characters escaped.

    A text with an address or a URL becomes a code span: many renderers turn these into links even
    without markup.
    """
    text = visible(text)
    if _LINK.search(text):
        return code_span(text)
    return re.sub(r"([\\`*_\[\]<>|~&#!$])", r"\\\1", text)


def code_span(text: str) -> str:
    """A code span that holds `text` unchanged, even with backticks (CommonMark 6.1)."""
    text = visible(text) or " "
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[:1] in "` " or text[-1:] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"
