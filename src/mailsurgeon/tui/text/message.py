"""The inspector's text for one message: its problems, headers, raw text and history.

A worker calls these functions with its own connection to the index; they return lines.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.text import Text

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.report.evidence import evidence
from mailsurgeon.surgery.model import Act, Left, Plan, QuarantinePath
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import Entry, Place, ProblemRow
from mailsurgeon.text import path_shown, visible
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.text.changes import ARROW, step_lines
from mailsurgeon.tui.text.fields import title
from mailsurgeon.tui.text.hints import advice
from mailsurgeon.tui.text.plan import main_step

TABS = ("problem", "headers", "raw", "history")
READ_LIMIT = 256 * 1024  # bytes of a message that the inspector reads
PARSE_LIMIT = 64 * 1024
"""Bytes that mail-parser gets, at most."""
_FIELD_LIMIT = 8 * 1024  # bytes of a field: parsing time grows with the square of its parameters
_LINE_LIMIT = 2000  # characters of one line
_LINES = 500
_STEPS = 8  # steps of a proposal, at most
_BRIEF = 2  # with more problems than these, the repair takes as few lines as it can
_SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-Z“])")
_FIRST = ("Date", "From", "To", "Cc", "Subject", "Message-ID", "Message-Id", "Reply-To")

DIM, STRONG, LABEL = "dim", "bold", "label"


def inspect(session: SpoolSession, index: Index, entry: Entry, tab: str) -> list[Text]:
    """The lines of one tab for one entry. Errors become a line."""
    try:
        if tab == "problem":
            return list(problem_lines(session, index, entry))
        if tab == "history":
            return history_lines(session, entry)
        data = read_start(session.spool.absolute(entry.path))
        return header_lines(data) if tab == "headers" else raw_lines(data)
    except MailsurgeonError as error:
        return [Text(visible(str(error)))]
    except OSError as error:
        return [Text(f"{path_shown(entry.path)}: {visible(error.strerror or str(error))}")]


# Problem


def problem_lines(session: SpoolSession, index: Index, entry: Entry) -> Iterator[Text]:
    """What is wrong, the repair and what clients notice of it, and only then explanations: the next
    step must not stand below the edge of a small pane."""
    problems = sorted(index.problems(entries=[entry.id]), key=lambda p: (-p.severity, p.code))
    if not problems:
        yield Text("Nothing is wrong with this message.")
        yield Text(path_shown(entry.path), DIM)
        return
    yield from (_head(problem, alone=len(problems) == 1) for problem in problems)
    if any(problem.detail.get("pending") for problem in problems):
        yield _labelled("Repair", "is proposed after a full survey of the whole spool")
    else:
        plan = session.tools.preview(index, entry.id)
        yield from repair_lines(plan, brief=len(problems) > _BRIEF)
    yield Text(path_shown(entry.path), DIM)
    yield from (line for problem in problems for line in _explained(problem))
    yield from _alike(index, problems[0])


def _head(problem: ProblemRow, *, alone: bool) -> Text:
    """One line a problem: what it is, and what was found. Of several, each takes a single line."""
    kind, found = CATALOGUE.get(problem.code), evidence(problem)
    line = Text(style=DIM if problem.severity == Severity.INFO else "")
    word = Severity(problem.severity).word
    line.append(title(problem.code), f"severity-{word}")
    line.append(": ", STRONG)
    first = _sentences(kind.sentence)[0] if kind else ""
    if found and (first and alone):
        line.append(f"{first} Here: {found}.")
    else:
        line.append(found or first)
    return line


def _explained(problem: ProblemRow) -> Iterator[Text]:
    kind = CATALOGUE.get(problem.code)
    if kind is not None:
        yield Text.assemble((f"{kind.title}: ", DIM), (kind.sentence, DIM))


def _sentences(text: str) -> list[str]:
    """The sentences of a text; there is at least one."""
    return _SENTENCE.split(text)


def repair_lines(plan: Plan, *, brief: bool = False) -> Iterator[Text]:
    """The repair with its old and new names, what clients notice, and what is left alone; `brief`:
    without the name of the repair, if its change says it all."""
    for act in plan.acts:
        yield from _act_lines(act, brief=brief)
    for number, effect in enumerate(plan.effects):
        yield _labelled("" if number else "Clients", visible(effect))
    # Two problems of one message may be left for one reason.
    reasons = {(left.refused, left.reason, left.hint): left for left in plan.left}
    yield from map(left_line, reasons.values())
    if not plan.acts and not plan.left:
        yield _labelled("Repair", "none is proposed; m f z r d propose a change all the same")


def _act_lines(act: Act, *, brief: bool) -> Iterator[Text]:
    main = main_step(act)
    moves = main is not None and main.source == act.path and main.target is not None
    if main is None or not moves:
        yield _labelled("Repair", f"{visible(act.verdict)}{_note(act)}")
    elif isinstance(main.target, QuarantinePath):
        yield _labelled("Repair", f"{visible(act.verdict)}: into the quarantine{_note(act)}")
    else:
        before, after = step_lines(main)
        if brief:
            yield Text.assemble((f"{'Repair':<9}", LABEL), before)
        else:
            yield _labelled("Repair", f"{visible(act.verdict)}{_note(act)}")
            yield Text.assemble(" " * 9, before)
        yield Text.assemble(" " * (9 - len(ARROW)), after)
    others = [step for step in act.steps if not moves or step is not main]
    for step in others[:_STEPS]:
        yield from (Text.assemble(" " * 9, line) for line in step_lines(step))
    if len(others) > _STEPS:
        yield Text(f"{'':9}and {len(others) - _STEPS:,} steps more")


def _labelled(label: str, text: str) -> Text:
    return Text.assemble((f"{label:<9}", LABEL), text)


def _note(act: Act) -> str:
    return f", {visible(act.note)}" if act.note else ""


def left_line(left: Left) -> Text:
    """A line for one item that a plan leaves alone, with the reason."""
    word = "refused" if left.refused else "none"
    return _labelled("Repair", f"{word}: {visible(left.reason)}{advice(left.hint)}")


def _alike(index: Index, problem: ProblemRow) -> Iterator[Text]:
    more = index.problem_counts().get(problem.code, 1) - 1
    if more > 0:
        name = title(problem.code)
        yield Text(f"{more:,} more of this kind: {name} (A marks all alike in the list).", DIM)


# Headers and raw text


def read_start(path: bytes) -> bytes:
    """The first READ_LIMIT bytes of the regular file at an absolute path; never follows a link,
    never waits on a FIFO. Raises OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(path, flags)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        pieces: list[bytes] = []
        room = READ_LIMIT
        while room > 0 and (piece := os.read(handle, room)):
            pieces.append(piece)
            room -= len(piece)
        return b"".join(pieces)
    finally:
        os.close(handle)


def raw_lines(data: bytes) -> list[Text]:
    """The text as it is in the file, with control characters escaped."""
    if not data:
        return [Text("The file is empty.")]
    lines = data.split(b"\n")
    shown = [Text(visible(line.removesuffix(b"\r"), _LINE_LIMIT)) for line in lines[:_LINES]]
    if len(lines) > _LINES or len(data) >= READ_LIMIT:
        shown.append(Text("(more follows in the file)", DIM))
    return shown


def header_lines(data: bytes) -> list[Text]:
    """The decoded headers and the parts; if mail-parser fails, the reason and the raw text."""
    if not data:
        return [Text("The file is empty.")]
    import mailparser  # takes 0.1 s, and most runs never need it

    try:
        mail = mailparser.parse_from_bytes(_with_short_fields(data[:PARSE_LIMIT]))
        headers = list(_in_reading_order(mail.headers, mail.message))
        if not headers:
            raise ValueError("no headers")
        return [*headers, *_structure(mail.message), *_rest(data)]
    except Exception as error:  # mail-parser lets any exception through
        head = data.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
        why = visible(f"{type(error).__name__}: {error}", 100)
        return [Text(f"The headers cannot be decoded ({why}); raw:", STRONG), *raw_lines(head)]


def _with_short_fields(data: bytes) -> bytes:
    """The text with every field (a line and the lines that continue it) cut to _FIELD_LIMIT."""
    kept: list[bytes] = []
    length = 0
    for line in data.split(b"\n"):
        before = length if line.startswith((b" ", b"\t")) else 0
        length = before + len(line)
        if before < _FIELD_LIMIT:
            kept.append(line[: _FIELD_LIMIT - before])
    return b"\n".join(kept)


def _rest(data: bytes) -> Iterator[Text]:
    if len(data) > PARSE_LIMIT:
        yield Text(f"(of the first {PARSE_LIMIT // 1024} KiB; raw shows more)", DIM)


def _in_reading_order(headers: dict[str, Any], message: Any) -> Iterator[Text]:
    rest = [name for name in headers if name not in _FIRST]
    for name in [name for name in _FIRST if name in headers] + rest:
        # If mail-parser finds no address in a field, the field is shown as it is written.
        values = [value for value in _values(headers[name]) if value.strip(" <>,")]
        for value in values or _values(message.get_all(name)):
            yield Text.assemble((f"{visible(name)}: ", STRONG), visible(value, _LINE_LIMIT))


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            yield ", ".join(f"{name} <{address}>" if name else address for name, address in value)
        else:
            for item in value:
                yield from _values(item)
    else:
        yield " ".join(str(value).split())


def _structure(message: Any) -> Iterator[Text]:
    parts = list(_parts(message))
    if len(parts) < 2:
        return
    yield Text(f"Parts: {len(parts):,}", STRONG)
    for depth, kind, name in parts[:50]:
        yield Text(f"{'  ' * min(depth + 1, 10)}{visible(kind)}{name}")


def _parts(message: Any) -> Iterator[tuple[int, str, str]]:
    waiting = [(0, message)]
    while waiting:
        depth, part = waiting.pop()
        name = part.get_filename()
        yield depth, part.get_content_type(), f"  {visible(str(name), 100)}" if name else ""
        if part.is_multipart():
            waiting.extend((depth + 1, child) for child in reversed(part.get_payload()))


# History


def history_lines(session: SpoolSession, entry: Entry) -> list[Text]:
    """The journal's steps on this file, found by following its names backwards."""
    if entry.place == Place.FOLDER:
        return [Text("The journal is kept by file; J shows it whole.")]
    lines: list[Text] = []
    for operation, step in session.surgeon.history(entry.path):
        head = f"#{operation.id}  {operation.time}  {operation.kind}  {operation.state}"
        lines.append(Text(visible(head), STRONG))
        lines.extend(Text(f"  {line}") for line in record_lines(step.source, step.target))
    return lines or [Text("Nothing has been done to this message.")]


def record_lines(source: bytes | None, target: bytes | None) -> Iterable[str]:
    """The source and the target of a step, as far as it has them."""
    paths: Sequence[bytes] = [path for path in (source, target) if path is not None]
    return [("-> " if number else "") + path_shown(path) for number, path in enumerate(paths)]
