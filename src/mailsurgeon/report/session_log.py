"""Writes the journal as a session log: Markdown, JSON, HTML, or a shell script."""

from __future__ import annotations

from collections.abc import Iterator

from mailsurgeon.report.log.contents import read_log
from mailsurgeon.report.log.json_form import json_log
from mailsurgeon.report.log.markdown import markdown_log
from mailsurgeon.report.log.page import page_log
from mailsurgeon.report.shell_script import shell_log
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index

LOG_FORMATS = ("md", "json", "html", "sh")


def log_pieces(
    surgeon: Surgeon,
    format: str,
    *,
    session: str | None = None,
    index: Index | None = None,
    written: float | None = None,
) -> Iterator[str]:
    """The operations of the journal (or of one `session`), oldest first, in one of LOG_FORMATS.

    It comes in pieces, because the journal may have a million steps. `index`, of the last survey,
    tells the subjects of messages; `written` is the time in unix seconds, now by default. Only in
    the form `sh` may the text hold surrogate escapes: a script needs the exact file names. Raises
    JournalError, at any piece.
    """
    if format in ("json", "sh"):
        operations = [one for one in surgeon.operations() if session in (None, one.session)]
        if format == "json":
            yield from json_log(surgeon, operations)
            return
        recorded = ((one, surgeon.steps(one.id)) for one in operations)
        yield from shell_log(surgeon.spool, surgeon.quarantine_dir, recorded)
        return
    log = read_log(surgeon, index, session, written)
    try:
        yield from page_log(log) if format == "html" else markdown_log(log)
    finally:
        log.messages.close()


def write_log(surgeon: Surgeon, format: str, *, session: str | None = None) -> str:
    """The whole of a small log, without what only an index can tell."""
    return "".join(log_pieces(surgeon, format, session=session))
