"""Turns errors of workers into one line; the screen stays open."""

from __future__ import annotations

import sqlite3
from concurrent.futures import BrokenExecutor

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.text import visible


def one_line(error: BaseException) -> str:
    """The error as one line for the status line, safe to show."""
    if isinstance(error, MailsurgeonError):
        return visible(str(error))
    if isinstance(error, OSError) and error.strerror:
        name = error.filename
        where = f"{visible(name)}: " if isinstance(name, str | bytes) else ""
        return f"{where}{visible(error.strerror)}"
    if isinstance(error, sqlite3.Error):
        return visible(f"the index cannot be kept ({error}); free some space, R looks again", 300)
    if isinstance(error, BrokenExecutor):
        return "A process that looked at the spool has died; R looks again."
    return visible(f"{type(error).__name__}: {error}", 300)
