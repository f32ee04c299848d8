"""`log`: writes the journal of a spool as a session log."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, Common, UsualSpool
from mailsurgeon.cli.session import surgeon_for
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.log.saving import save_log
from mailsurgeon.report.session_log import log_pieces
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import index_path


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
        with _last_index(surgeon.spool) as index:
            pieces = log_pieces(surgeon, format, session=session, index=index)
            if output is None:
                _print(pieces)
            else:
                _refuse_among_mail(output, surgeon.spool.root, surgeon.quarantine_dir)
                save_log(output, pieces, replace=True, executable=format == "sh")
    return 0


@contextmanager
def _last_index(spool: Spool) -> Iterator[Index | None]:
    """The index of the last survey, for the subjects of messages; None without one."""
    index = None
    with suppress(OSError):
        index = Index.existing(index_path(spool))
    try:
        yield index
    finally:
        if index is not None:
            index.close()


def _print(pieces: Iterator[str]) -> None:
    sys.stdout.flush()
    for piece in pieces:
        sys.stdout.buffer.write(piece.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _refuse_among_mail(output: Path, *mail: bytes) -> None:
    """Raises MailsurgeonError if the file lies in one of these directories: it could replace a
    message."""
    path = os.fsencode(os.path.realpath(output))
    for root in mail:
        if path.startswith(os.path.realpath(root).rstrip(b"/") + b"/"):
            raise MailsurgeonError(f"{output}: lies among the mail; name a file elsewhere")
