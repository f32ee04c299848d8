"""`log`: writes the journal of a spool as a session log."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, Common, UsualSpool
from mailsurgeon.cli.session import surgeon_for
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.report.session_log import write_log


def log(
    spool: UsualSpool = None,
    /,
    *,
    session: Annotated[
        str | None, Parameter(metavar="ID", help="Only this session. Default: all.")
    ] = None,
    format: Annotated[
        Literal["md", "json", "html", "sh"],
        Parameter(metavar="FORM", help="Markdown, JSON, HTML, or a shell script. Default: md."),
    ] = "md",
    output: Annotated[
        Path | None, Parameter(metavar="FILE", help="The file to write. Default: standard output.")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Write the journal of a spool as a session log."""
    with surgeon_for(opened(spool, common), common) as surgeon:
        sessions = sorted({operation.session for operation in surgeon.operations()})
        if session is not None and session not in sessions:
            known = ", ".join(sessions) or "none"
            raise MailsurgeonError(f"{session}: no such session; known are {known}")
        if output is not None:
            _refuse_among_mail(output, surgeon.spool.root, surgeon.quarantine_dir)
        text = write_log(surgeon, format, session=session)
    data = text.encode("utf-8", "surrogateescape")
    if output is not None:
        _save(output, data, executable=format == "sh")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    return 0


def _refuse_among_mail(output: Path, *mail: bytes) -> None:
    """Raises MailsurgeonError if the file lies in one of these directories: it could replace a
    message."""
    path = os.fsencode(os.path.realpath(output))
    for root in mail:
        if path.startswith(os.path.realpath(root).rstrip(b"/") + b"/"):
            raise MailsurgeonError(f"{output}: lies among the mail; name a file elsewhere")


def _save(output: Path, data: bytes, *, executable: bool) -> None:
    """Writes the file for its owner only: names of folders and messages are private."""
    mode = 0o700 if executable else 0o600
    with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
