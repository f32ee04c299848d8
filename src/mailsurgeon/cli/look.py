"""The commands that only look: scan, log, explain."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from mailsurgeon.cli.arguments import checked_codes, checked_folders
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, Codes, Common, Folders, SpoolPath
from mailsurgeon.cli.session import surgeon_for, surveyed
from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.explanations import TOPICS
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.report.explain import explain_text, topic_text
from mailsurgeon.report.scan import Findings, write_scan
from mailsurgeon.report.session_log import write_log


def scan(
    spool: SpoolPath,
    /,
    *,
    quick: Annotated[bool, Parameter(help="Names and sizes alone; no message is opened.")] = False,
    only: Codes = (),
    folder: Folders = (),
    format: Annotated[
        Literal["table", "json", "jsonl", "csv"], Parameter(help="How the problems are written.")
    ] = "table",
    fresh: Annotated[bool, Parameter(help="Forget the last survey and read everything.")] = False,
    common: Common = COMMON,
) -> int:
    """List the problems of a spool. Ends with 1 when there is anything above info."""
    codes = checked_codes(only)
    place = opened(spool, common)
    with surgeon_for(place, common, looks=True):
        pass  # it tells of an unfinished operation
    with surveyed(place, common, quick=quick, fresh=fresh) as bench:
        folders = checked_folders(bench.index, folder)
        findings = Findings(
            place,
            bench.index,
            bench.result,
            codes=codes or None,
            limit=frozenset(row.id for row in folders) or None,
        )
        write_scan(findings, format, sys.stdout, brief=common.quiet)
        return 0 if findings.clean else 1


def log(
    spool: SpoolPath,
    /,
    *,
    session: Annotated[str | None, Parameter(help="Only this session.")] = None,
    format: Annotated[
        Literal["md", "json", "html", "sh"],
        Parameter(help="Markdown, JSON, HTML, or a script of the same acts."),
    ] = "md",
    output: Annotated[
        Path | None, Parameter(help="The file to write; else it goes to standard output.")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Write the journal of a spool as a session log."""
    place = opened(spool, common)
    with surgeon_for(place, common) as surgeon:
        sessions = sorted({operation.session for operation in surgeon.operations()})
        if session is not None and session not in sessions:
            known = ", ".join(sessions) or "none"
            raise MailsurgeonError(f"{session}: no such session; known are {known}")
        if output is not None:
            _elsewhere(output, place.root, surgeon.quarantine_dir)
        text = write_log(surgeon, format, session=session)
    data = text.encode("utf-8", "surrogateescape")
    if output is not None:
        _save(output, data, executable=format == "sh")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    return 0


def _elsewhere(output: Path, *mail: bytes) -> None:
    """Raises MailsurgeonError when the file lies where mail lies: a log never replaces any."""
    path = os.fsencode(os.path.realpath(output))
    for root in mail:
        if path.startswith(os.path.realpath(root).rstrip(b"/") + b"/"):
            raise MailsurgeonError(f"{output}: lies among the mail; name a file elsewhere")


def _save(output: Path, data: bytes, *, executable: bool) -> None:
    """Writes the file, which only its owner can read: names of messages tell of their owner."""
    mode = 0o700 if executable else 0o600
    with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)


def explain(
    code: Annotated[str, Parameter(help="A code, its badge, or a topic: subscriptions.")], /
) -> int:
    """Tell of a problem: why it happens, what servers do with it, what the repair does."""
    topic = TOPICS.get(code.lower())
    if topic is not None:
        print(topic_text(topic), end="")
        return 0
    badges = {kind.badge: kind for kind in CATALOGUE.values()}
    kind = CATALOGUE.get(code) or badges.get(code.upper())
    if kind is None:
        known = ", ".join([*CATALOGUE, *TOPICS])
        raise MailsurgeonError(f"{code}: no such code; known are {known}")
    print(explain_text(kind), end="")
    return 0
